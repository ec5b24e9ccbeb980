//! Training: initial weights, epochs, callbacks, and the files of a run.

mod callbacks;
mod engine;
mod error;
mod evaluate;
mod finite;
mod folder;
mod history;
mod init;
mod interrupt;
mod lock;
mod note;
mod pretrained;
mod record;
mod state;
mod tally;
mod tensor_file;
mod trainer;
pub mod weights;

pub use callbacks::{Action, Callbacks, Counter, EpochValues};
pub use engine::{EvalEngine, TrainEngine};
pub use error::RunError;
pub use evaluate::{Evaluation, Fault, Unsaved, evaluate};
pub use folder::{Remains, RunFolder};
pub use history::{EpochRecord, Fate, History, Repair, Row};
pub use init::initial_values;
pub use interrupt::{End, Interrupt};
pub use note::TrainNote;
pub use pretrained::{Pretrained, pretrained, tensor_shapes};
pub use record::{Arithmetic, RunRecord};
pub use state::{Progress, RunningSums, Saved, State};
pub use tally::Tally;
pub use trainer::{Ending, Plan, Results, Stage, Trainer, Watch, initialise};
