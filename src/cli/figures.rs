//! What a model costs: parameters, work and memory, layer by layer and as a whole.

use super::arguments::ComputeArgs;
use super::eval::batch_of;
use super::failure::Failure;
use crate::ir::{CheckedProgram, Graph, LayerId};
use crate::layers::ParamSpec;
use crate::plan::plan;
use crate::runtime::{optimized_evaluation_graph, optimized_training_graph};
use crate::tensor::Shape;

/// A layer and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LayerFigures {
    /// Full name.
    pub(super) path: String,
    /// Keyword.
    pub(super) kind: &'static str,
    /// Shape of its result.
    pub(super) output: Shape,
    /// Parameters that the optimizer changes.
    pub(super) trainable: u64,
    /// Parameters that it does not.
    pub(super) fixed: u64,
    /// Multiplications and additions of one picture's forward pass.
    pub(super) flops: u64,
}

impl LayerFigures {
    /// All parameters.
    pub(super) fn parameters(&self) -> u64 {
        self.trainable + self.fixed
    }
}

/// The layers of a program, in the order of evaluation.
pub(super) fn layers(program: &CheckedProgram) -> Vec<LayerFigures> {
    let nodes = program.program().model.layers.iter().enumerate();
    let figures = nodes.map(|(at, node)| {
        let layer = node.layer.as_op();
        let inputs: Vec<Shape> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
        let params = layer.params(&inputs);
        let elements = |wanted: bool| {
            let of_kind = params.iter().filter(|param: &&ParamSpec| param.trainable == wanted);
            of_kind.map(|param| param.shape.elements() as u64).sum::<u64>()
        };
        LayerFigures {
            path: node.path.clone(),
            kind: layer.keyword(),
            output: program.shape(LayerId(u32::try_from(at).unwrap_or(u32::MAX))).clone(),
            trainable: elements(true),
            fixed: elements(false),
            flops: layer.flops(&inputs),
        }
    });
    figures.collect()
}

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
