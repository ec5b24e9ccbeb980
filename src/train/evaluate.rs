//! Loss and metrics of a whole split.

use std::sync::atomic::{AtomicBool, Ordering};

use super::engine::{EvalEngine, TrainEngine};
use super::error::RunError;
use super::state::RunningSums;
use super::weights;
use crate::data::Batches;

/// What a model made of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Sums over all images.
    pub sums: RunningSums,
    /// The first batch whose loss is no number.
    pub fault: Option<Fault>,
}

/// A loss that is no number, and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// NaN or infinite.
    pub loss: f32,
    /// The first layer whose result is not finite; `None` where all are.
    pub layer: Option<String>,
}

impl Evaluation {
    /// The sums, where they are numbers.
    /// # Errors
    /// [`RunError::NotFiniteResult`].
    pub fn finite(self) -> Result<RunningSums, RunError> {
        match self.fault {
            None => Ok(self.sums),
            Some(Fault { loss, layer }) => {
                Err(RunError::NotFiniteResult { what: format!("the loss is {loss}"), layer })
            }
        }
    }
}

/// Evaluates all batches; `None` if `interrupt` was raised in between.
/// # Errors
/// [`RunError::Data`] if a picture cannot be delivered.
pub fn evaluate(
    engine: &mut impl EvalEngine,
    batches: Batches,
    interrupt: &AtomicBool,
) -> Result<Option<Evaluation>, RunError> {
    let mut evaluation = Evaluation { sums: RunningSums::default(), fault: None };
    for batch in batches {
        let batch = batch?;
        engine.prepare(batch.size).map_err(RunError::from)?;
        let result = engine.evaluate(&batch.images, batch.as_labels());
        if !result.loss.is_finite() && evaluation.fault.is_none() {
            let layer = engine.first_non_finite_layer(&batch.images)?;
            evaluation.fault = Some(Fault { loss: result.loss, layer });
        }
        evaluation.sums.add(&result);
        if interrupt.load(Ordering::Relaxed) {
            return Ok(None);
        }
    }
    Ok(Some(evaluation))
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
