//! Loss and metrics of a whole split.

use super::engine::{EvalEngine, TrainEngine};
use super::error::RunError;
use super::interrupt::Interrupt;
use super::state::RunningSums;
use super::weights;
use crate::data::{Batch, Batches};
use crate::ir::Labels;
use crate::runtime::{CompileError, StepResult};

/// What a model made of a split.
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// Adds the next batch; `fault` says that its loss is no number, and why.
    pub(super) fn add(&mut self, result: &StepResult, fault: Option<Fault>) {
        self.sums.add(result);
        self.fault = self.fault.take().or(fault);
    }

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

/// What an end in the middle of an evaluation would lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsaved {
    /// Only the evaluation itself.
    Nothing,
    /// Steps of training.
    Steps,
}

/// What a model answered to the pictures of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'b> {
    /// The pictures, as places in the data set.
    pub items: &'b [u32],
    /// What is right.
    pub labels: Labels<'b>,
    /// The output after its last activation, `[n, outputs]`.
    pub outputs: &'b [f32],
    /// Each picture's own loss, without what the size of weights adds.
    pub losses: &'b [f32],
}

/// Takes the answers, batch by batch.
pub type TakeAnswers<'t> = &'t mut (dyn FnMut(Answered<'_>) + 't);

/// Evaluates all batches; `None` if `interrupt` was raised in between. The answers are made where somebody
/// takes them.
/// # Errors
/// [`RunError::Data`] if a picture cannot be delivered.
pub fn evaluate(
    engine: &mut impl EvalEngine,
    batches: Batches,
    interrupt: (&Interrupt, Unsaved),
    take: Option<TakeAnswers<'_>>,
) -> Result<Option<Evaluation>, RunError> {
    evaluate_through(engine, batches, interrupt, take, |_, _| Ok(false))
}

/// The same; `features` writes what the engine takes in place of pictures, and says whether that is so.
pub(super) fn evaluate_through(
    engine: &mut impl EvalEngine,
    mut batches: Batches,
    (interrupt, unsaved): (&Interrupt, Unsaved),
    mut take: Option<TakeAnswers<'_>>,
    mut features: impl FnMut(&Batch, &mut Vec<f32>) -> Result<bool, CompileError>,
) -> Result<Option<Evaluation>, RunError> {
    let mut evaluation = Evaluation::default();
    let items = if take.is_some() { batches.items().to_vec() } else { Vec::new() };
    let (mut done, mut rows) = (0, Vec::new());
    while let Some(batch) = batches.next_unless(interrupt.flag()) {
        let batch = batch?;
        if unsaved == Unsaved::Nothing && engine.compiles_for(batch.size) {
            let Some(prepared) = interrupt.exposed(|| engine.prepare(batch.size)) else { break };
            prepared?;
        } else {
            engine.prepare(batch.size)?;
        }
        let images = if features(&batch, &mut rows)? { &rows } else { &batch.images };
        let (result, fault) = of_batch(engine, images, batch.as_labels(), evaluation.fault.is_none())?;
        if let Some(take) = &mut take {
            let (outputs, losses) = engine.last(result.images);
            let items = &items[done..][..result.images];
            take(Answered { items, labels: batch.as_labels(), outputs, losses });
            done += result.images;
        }
        evaluation.add(&result, fault);
        if interrupt.is_raised() {
            break;
        }
    }
    Ok(if interrupt.is_raised() { None } else { Some(evaluation) })
}

/// Evaluates a batch; where it is the first whose loss is no number, finds out why.
pub(super) fn of_batch(
    engine: &mut impl EvalEngine,
    images: &[f32],
    labels: Labels<'_>,
    is_first: bool,
) -> Result<(StepResult, Option<Fault>), CompileError> {
    let result = engine.evaluate(images, labels);
    let is_fault = is_first && !result.loss.is_finite();
    let layer = if is_fault { engine.first_non_finite_layer(images)? } else { None };
    let fault = is_fault.then_some(Fault { loss: result.loss, layer });
    Ok((result, fault))
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
