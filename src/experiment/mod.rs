//! The experiment as a library: what a program that embeds cnnc calls, and what the command line calls too.
//!
//! Nothing here prints, listens to signals or ends the process: what happens is told to a [`Watch`], what
//! goes wrong is an [`Error`].

mod agreement;
mod answers;
mod assessed;
mod batch_labels;
mod boards;
mod cluster;
mod comparison;
mod compiled;
mod compute;
mod data;
mod details;
mod ensemble;
mod error;
mod evaluate;
mod export;
mod feature_uses;
mod findings;
mod frozen;
mod imagenet;
mod import;
mod index;
mod job;
mod known;
mod mirrored;
mod model;
mod not_imported;
mod open;
mod options;
mod phases;
mod pictured;
mod pictures;
mod probe;
mod profile;
mod reading;
mod report;
mod resume;
mod run;
mod sampled;
mod scores;
pub(crate) mod sheet;
mod summary;
mod train;
mod trials;
mod tuning;
pub(crate) mod units;
mod varied;
mod watch;
mod weights;

pub use answers::Judged;
pub use cluster::{Cluster, ClusterOptions, Expected, Heavy, Slower};
pub use comparison::{Compared, Comparison, PairTest, RunPair, SeedPair, Verdict};
pub use compute::Compute;
pub use details::RunDetails;
pub use ensemble::{Chosen, EnsembleOutcome, Gain, MemberFate, MemberJudged, MemberOutcome, compose};
pub use error::Error;
pub use evaluate::{Answer, Evaluation, Label};
pub use findings::Findings;
pub use frozen::{Frozen, FrozenLayers};
pub use known::Known;
pub use mirrored::{Averaged, MirrorImages, NoFlip};
pub use model::{Model, ModelOptions};
pub use open::Experiment;
pub use options::{Look, Options};
pub use probe::Gradient;
pub use profile::StepTime;
pub use resume::Begun;
pub use run::{HistoryRow, Run, RunStatus};
pub use scores::Scores;
pub use summary::{Memory, Peaks};
pub use train::{DataChanged, RunOptions, RunPlace};
pub use trials::{
    BestTogether, SearchEvent, SearchOptions, SearchPlace, SearchWatch, Searched, is_search, search_record,
};
pub use watch::{Event, Note, PhaseStart, Silent, Start, Timed, Warning, Watch};

// what these are made of, from the rooms below
pub use crate::autodiff::Differentiated;
pub use crate::card::DataCard;
pub use crate::cluster::{Load, Outlook, Simulation, Waited};
pub use crate::data::{
    Bounds, ClassFolders, DataError, DecodedPicture, FeaturePlace, FeaturePlan, FetchPolicy, Kept, Locations,
    NotKept, PrepareError, Progress as DataProgress, Split,
};
pub use crate::files::Access;
pub use crate::ir::{Fit, Link, Meaning, Metric, Monitor, Resize, ResizeMethod, SizeRefused};
pub use crate::kernel::{Simd, Target};
pub use crate::memory::{Machine, MemoryPlan};
pub use crate::ranks::Network;
pub use crate::runtime::CompileError;
pub use crate::search::record::{
    Ended as UnitEnd, Head as SearchHead, Record as SearchRecord, Rung, Started as UnitStart, Trial,
    Why as SearchEnd,
};
pub use crate::settings::Settings;
pub use crate::tensor::Shape;
pub use crate::train::{
    End, EpochRecord, EpochValues, Fate, FeatureUse, Interrupt, Progress, Repair, RunError, RunningSums,
    TrainNote,
};

pub(crate) use batch_labels::BatchLabels;
pub(crate) use compiled::{Compiled, Held};
pub(crate) use compute::MOST_THREADS;
pub(crate) use export::{Exported, OnnxOptions};
pub(crate) use import::{ImportOptions, Imported};
pub use not_imported::NotImported;
pub(crate) use open::{BATCH, batch_of};
pub(crate) use pictures::read as read_picture;
pub(crate) use reading::{Reading, name_of, read_text};
pub(crate) use tuning::timed as timed_kernels;
