//! What of memory a model's plans take at their peak.

use super::arguments::ComputeArgs;
use super::eval::batch_of;
use super::failure::Failure;
use crate::ir::{CheckedProgram, Graph};
use crate::plan::plan;
use crate::runtime::{optimized_evaluation_graph, optimized_training_graph};

/// Peaks of the planned memory: parameters, optimizer state, activations, scratch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peaks {
    /// Of a training step; `None` where the file says nothing of training.
    pub(super) training_bytes: Option<usize>,
    /// Of inference.
    pub(super) inference_bytes: usize,
}

/// The peaks of a program at its batch.
/// # Errors
/// [`Failure`] where no training program can be made.
pub(super) fn peaks(program: &CheckedProgram, compute: ComputeArgs) -> Result<Peaks, Failure> {
    let threads = compute.thread_count();
    let peak = |graph: &Graph, of: &CheckedProgram| {
        let plan = plan(graph, compute.target(), batch_of(of.program().train.as_ref()));
        plan.arena_bytes + threads * plan.scratch_bytes
    };
    let trains = program.program().train.is_some() && program.loss().is_some();
    let mut training_bytes = None;
    // of several phases the one that needs most
    for stage in program.stages().iter().filter(|_| trains) {
        let graph = optimized_training_graph(stage, true)?;
        training_bytes = training_bytes.max(Some(peak(&graph, stage)));
    }
    Ok(Peaks { training_bytes, inference_bytes: peak(&optimized_evaluation_graph(program), program) })
}
