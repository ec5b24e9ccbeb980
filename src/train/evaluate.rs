//! Loss and metrics of a whole split.

use std::sync::atomic::{AtomicBool, Ordering};

use super::engine::{EvalEngine, TrainEngine};
use super::error::RunError;
use super::state::RunningSums;
use super::weights;
use crate::data::Batches;

/// Sums over all batches, or `None` if `interrupt` was raised in between.
/// # Errors
/// [`RunError::Data`] if a picture cannot be delivered.
pub fn evaluate(
    engine: &mut impl EvalEngine,
    batches: Batches,
    interrupt: &AtomicBool,
) -> Result<Option<RunningSums>, RunError> {
    let mut sums = RunningSums::default();
    for batch in batches {
        let batch = batch?;
        engine.prepare(batch.size).map_err(RunError::from)?;
        sums.add(&engine.evaluate(&batch.images, batch.as_labels()));
        if interrupt.load(Ordering::Relaxed) {
            return Ok(None);
        }
    }
    Ok(Some(sums))
}

/// Gives an evaluation engine the present weights and states of a training engine of the same model.
pub(super) fn copy_weights(from: &impl TrainEngine, to: &mut impl EvalEngine) {
    let names: Vec<String> = to.params().iter().map(|param| param.name.clone()).collect();
    for (at, param) in from.params().iter().enumerate().filter(|(_, param)| weights::is_saved(param)) {
        if let Some(place) = names.iter().position(|name| *name == param.name) {
            to.write(place, from.values(at));
        }
    }
}
