//! The graphs that engines run.

use super::{CompileError, CompileOptions, FEATURES_AT_ONCE};
use crate::autodiff::{evaluation_graph, training_graph};
use crate::ir::{CheckedProgram, FrozenPart, Graph, Loss, TrainSpec, forward_of_part};
use crate::opt;

/// What an engine computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Forward, loss, backward and update; of what stands behind the frozen part, where there is one.
    Training,
    /// Forward, of the whole model.
    Evaluation,
    /// Forward, of the frozen part.
    Frozen,
    /// Forward, of what stands behind the frozen part.
    Behind,
}

impl Kind {
    /// The nominal batch.
    pub(in crate::runtime) fn batch(self, options: &CompileOptions) -> usize {
        match self {
            Kind::Training | Kind::Evaluation | Kind::Behind => options.batch,
            Kind::Frozen => FEATURES_AT_ONCE,
        }
    }

    /// The graph that is run, after its passes.
    pub(in crate::runtime) fn graph(
        self,
        (program, part): (&CheckedProgram, Option<&FrozenPart>),
        options: &CompileOptions,
    ) -> Result<Graph, CompileError> {
        Ok(match (self, part) {
            (Kind::Training, _) => trained_graph((program, part), options.random)?,
            (Kind::Frozen, Some(part)) => frozen_graph(program, part),
            (Kind::Evaluation | Kind::Frozen, _) => evaluated_graph(program, None),
            (Kind::Behind, _) => evaluated_graph(program, part),
        })
    }
}

/// The graph of training steps after its passes: of what stands behind the program's frozen part, where there
/// is one.
pub fn optimized_training_graph(program: &CheckedProgram, random: bool) -> Result<Graph, CompileError> {
    trained_graph((program, program.frozen_part().as_ref()), random)
}

/// The inference graph after its passes.
pub fn optimized_evaluation_graph(program: &CheckedProgram) -> Graph {
    evaluated_graph(program, None)
}

/// The inference graph of what stands behind a frozen part, after its passes.
pub fn evaluation_graph_behind(program: &CheckedProgram, part: &FrozenPart) -> Graph {
    evaluated_graph(program, Some(part))
}

fn trained_graph(
    (program, part): (&CheckedProgram, Option<&FrozenPart>),
    random: bool,
) -> Result<Graph, CompileError> {
    let (train, loss) = schedule(program)?;
    let mut graph = training_graph((program, part), loss, train, random);
    opt::run(&mut graph, opt::TRAINING);
    Ok(graph)
}

fn evaluated_graph(program: &CheckedProgram, part: Option<&FrozenPart>) -> Graph {
    let mut graph = evaluation_graph(program, part);
    opt::run(&mut graph, opt::INFERENCE);
    graph
}

/// The graph of a program's frozen part after its passes.
pub fn frozen_graph(program: &CheckedProgram, part: &FrozenPart) -> Graph {
    let mut graph = forward_of_part(program, part);
    opt::run(&mut graph, opt::INFERENCE);
    graph
}

pub(super) fn schedule(program: &CheckedProgram) -> Result<(&TrainSpec, Loss), CompileError> {
    let train = program.program().train.as_ref().ok_or(CompileError::NoSchedule)?;
    Ok((train, program.loss().ok_or(CompileError::NoSchedule)?))
}
