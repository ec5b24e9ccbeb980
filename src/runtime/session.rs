//! A compiled model with its memory, ready to be fed batches.

use crate::ir::{CheckedProgram, Metric, Param};
use crate::kernel::Target;

/// How to compile.
#[derive(Debug, Clone)]
pub struct CompileOptions {
    /// What the code is generated for.
    pub target: Target,
    /// Worker threads; results do not depend on them. 0: one per core.
    pub threads: usize,
    /// The nominal batch: the largest number of images in one call.
    pub batch: usize,
    /// Dropout and noise work (training only); off: they are the identity.
    pub random: bool,
}

/// Why a model could not be compiled: always a bug of ours or a machine that refuses executable memory.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Executable memory was refused, or generated code was rejected.
    #[error("could not compile the model's kernels: {0}")]
    Code(String),
    /// The model needs more memory than there is.
    #[error("could not allocate {bytes} bytes for the model's activations")]
    Memory {
        /// What was asked for.
        bytes: usize,
    },
}

/// What one training step is given.
#[derive(Debug, Clone, Copy)]
pub struct StepInputs<'a> {
    /// Prepared images `[n, H, W, C]`, `1 ≤ n ≤ batch`.
    pub images: &'a [f32],
    /// Class indices `[n]`.
    pub labels: &'a [i32],
    /// The learning rate of this step.
    pub learning_rate: f32,
    /// Number of this step, from 1: Adam's bias correction, and random keys.
    pub step: u64,
    /// Seed of dropout and noise.
    pub seed: u64,
}

/// What one step, or one evaluated batch, gave.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResult {
    /// Images in the batch.
    pub images: usize,
    /// Mean loss over the batch, f32.
    pub loss: f32,
    /// Number of images that each of the session's metrics counts as right.
    pub correct: Vec<f32>,
}

/// A model compiled for training: forward, loss, backward and update in one plan.
#[derive(Debug)]
pub struct TrainSession {}

impl TrainSession {
    /// Compiles. Parameters are zero until they are written.
    /// # Errors
    /// [`CompileError`].
    pub fn compile(_program: &CheckedProgram, _options: &CompileOptions) -> Result<Self, CompileError> {
        todo!()
    }

    /// All parameters: weights, states, then optimizer slots (names as in the weights file; slots `<weight>.<slot>`).
    pub fn params(&self) -> &[Param] {
        todo!()
    }

    /// Contents of a parameter, in Keras's layout.
    pub fn read(&self, _index: usize) -> Vec<f32> {
        todo!()
    }

    /// Writes a parameter; `values` has as many elements as its shape.
    pub fn write(&mut self, _index: usize, _values: &[f32]) {
        todo!()
    }

    /// The metrics that `StepResult::correct` counts, in order.
    pub fn metrics(&self) -> &[Metric] {
        todo!()
    }

    /// One step: forward, loss, backward, update.
    pub fn step(&mut self, _inputs: &StepInputs<'_>) -> StepResult {
        todo!()
    }

    /// The first layer, in order of evaluation, whose result for the last step's batch is not finite; `None` if all are (then a weight or the loss is at fault).
    pub fn first_non_finite_layer(&mut self, _images: &[f32], _labels: &[i32]) -> Option<String> {
        todo!()
    }

    /// Planned peak memory in bytes: parameters, slots, activations, scratch.
    pub fn planned_bytes(&self) -> usize {
        todo!()
    }
}

/// A model compiled for inference.
#[derive(Debug)]
pub struct EvalSession {}

impl EvalSession {
    /// Compiles. Parameters are zero until they are written.
    /// # Errors
    /// [`CompileError`].
    pub fn compile(_program: &CheckedProgram, _options: &CompileOptions) -> Result<Self, CompileError> {
        todo!()
    }

    /// Weights and states, in the order of the model's layers.
    pub fn params(&self) -> &[Param] {
        todo!()
    }

    /// Writes a parameter. Folded constants are recomputed before the next batch.
    pub fn write(&mut self, _index: usize, _values: &[f32]) {
        todo!()
    }

    /// The metrics that `StepResult::correct` counts, in order.
    pub fn metrics(&self) -> &[Metric] {
        todo!()
    }

    /// Loss (as in training) and metrics of a batch. Only for programs whose loss is known.
    pub fn evaluate(&mut self, _images: &[f32], _labels: &[i32]) -> StepResult {
        todo!()
    }

    /// The model's output after its last activation, `[n, outputs]`.
    pub fn predict(&mut self, _images: &[f32]) -> Vec<f32> {
        todo!()
    }

    /// Planned peak memory in bytes.
    pub fn planned_bytes(&self) -> usize {
        todo!()
    }
}
