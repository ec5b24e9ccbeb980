//! Runs compiled plans: what training, evaluation and prediction call.

mod answers;
mod bound;
#[cfg(test)]
mod division_tests;
mod error;
#[cfg(test)]
mod example;
mod exchange;
mod executor;
#[cfg(test)]
mod frozen_tests;
#[cfg(test)]
mod heads_tests;
#[cfg(test)]
mod network_tests;
mod profile;
mod random_key;
#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod ranks_tests;
#[cfg(test)]
mod rematerialize_tests;
mod run;
mod session;
mod team;
mod tune;
mod wait;
#[cfg(test)]
mod ways_tests;

pub use answers::Answers;
pub use error::CompileError;
pub use profile::ProfileRow;
pub use session::{
    CompileOptions, EvalSession, FEATURES_AT_ONCE, Kind, ProbeError, ProbeSession, StepInputs, StepResult,
    TrainSession, VariedSession, evaluation_graph_behind, frozen_graph, optimized_evaluation_graph,
    optimized_training_graph,
};
pub use tune::tune;

pub use crate::jit::CodeLibrary;
