//! Runs compiled plans: what training, evaluation and prediction call.

mod session;

pub use session::{CompileError, CompileOptions, EvalSession, StepInputs, StepResult, TrainSession};
