//! Ensembles: their members trained one after the other, each a run of its own in a folder of its own, and
//! what they answer together.
//!
//! ```text
//! runs/digits-1/              the ensemble: weights.safetensors, run.json, predictions.csv, metrics.json, report.html
//! runs/digits-1/Basic_1/      a member, as any run
//! runs/digits-1/Basic_2/
//! ```

mod compose;
mod fit;
mod outcome;
mod report;
mod train;
mod watch;
mod weights;

pub use compose::{Chosen, compose};
pub use outcome::{EnsembleOutcome, Gain, MemberJudged, MemberOutcome};
pub(super) use train::check_settings;
pub use watch::MemberFate;
