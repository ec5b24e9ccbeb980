//! A compiled model with its memory, ready to be fed batches.
//!
//! Sessions differ in what they feed and read back; the engine below them is one.

mod engine;
mod eval;
mod frozen;
mod graphs;
mod probe;
mod train;
mod varied;

pub use eval::EvalSession;
pub use frozen::FEATURES_AT_ONCE;
pub use graphs::{
    Kind, evaluation_graph_behind, frozen_graph, optimized_evaluation_graph, optimized_training_graph,
};
pub use probe::{ProbeError, ProbeSession};
pub use train::TrainSession;
pub use varied::VariedSession;

use std::sync::Arc;

use self::engine::Engine;
use super::answers::Answers;
use super::error::CompileError;
use crate::ir::Labels;
use crate::jit::CodeLibrary;
use crate::kernel::Target;
use crate::plan::Choices;
use crate::ranks::Communicator;

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
    /// Ways of computing convolutions that were chosen by `tune`; the others follow the models of the
    /// kernels.
    pub choices: Arc<Choices>,
    /// Code that is shared with other sessions.
    pub library: Option<Arc<CodeLibrary>>,
    /// The ranks that train together: each of them compiles the same, and runs its part of each step. Does
    /// not change results.
    pub ranks: Option<Communicator>,
}

/// What one training step is given.
#[derive(Debug, Clone, Copy)]
pub struct StepInputs<'a> {
    /// Prepared images `[n, H, W, C]`, `1 ≤ n ≤ batch`; for [`TrainSession::learn`] what the frozen part makes of
    /// them.
    pub images: &'a [f32],
    /// Labels of the images, of the program's kind. Where it mixes pictures, shares of classes, a number for
    /// each output; or classes all the same.
    pub labels: Labels<'a>,
    /// How much the loss of each image counts, where the program weighs classes ([`crate::ir::ClassWeight`]);
    /// empty: all alike.
    pub weights: &'a [f32],
    /// The learning rate of this step.
    pub learning_rate: f32,
    /// Number of this step, from 1: random keys.
    pub step: u64,
    /// Number of this update by the present optimizer, from 1: what its formula corrects by. The step's
    /// number, unless the optimizer has begun anew.
    pub update: u64,
    /// Seed of dropout and noise.
    pub seed: u64,
    /// This rank wants to end behind the step. All ranks learn of it ([`StepResult::stop`]).
    pub stop: bool,
}

/// What one step, or one evaluated batch, gave.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResult {
    /// Images in the batch.
    pub images: usize,
    /// Mean loss over the batch (the sum of what its images count by the number of images), and what the size
    /// of weights adds to it. Not finite: the step has changed no weight.
    pub loss: f32,
    /// Each of the session's metrics, summed over the images: the number of right ones, or errors. 0 for
    /// those that count answers.
    pub correct: Vec<f32>,
    /// The answers, where a metric counts them.
    pub answers: Option<Answers>,
    /// Some rank wanted to end behind this step.
    pub stop: bool,
}
