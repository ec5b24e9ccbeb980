//! Training: initial weights, epochs, callbacks, and the files of a run.

mod callbacks;
mod engine;
mod error;
mod evaluate;
mod features;
mod finite;
mod folder;
mod history;
mod init;
mod interrupt;
mod lock;
mod note;
mod pretrained;
mod record;
mod sample;
mod state;
mod tally;
mod trainer;
pub mod weights;

pub use callbacks::EpochValues;
pub use error::RunError;
pub use evaluate::{Answered, Unsaved, evaluate};
pub use features::FeatureUse;
pub(crate) use finite::all_finite;
pub use folder::{Remains, RunFolder};
pub use history::{EpochRecord, Fate, Repair};
pub use init::initial_values;
pub use interrupt::{End, Interrupt};
pub use note::TrainNote;
pub use pretrained::{Pretrained, pretrained};
pub use record::{Arithmetic, RunRecord};
pub use sample::StepSample;
pub use state::{Progress, RunningSums, Saved, State};
pub use trainer::{Ending, Evaluated, Learnt, PhaseId, PhasePlan, Results, Trainer, Watch, initialise};
