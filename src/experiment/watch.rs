//! What is told of work that takes a while.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ensemble::MemberFate;
use super::frozen::Frozen;
use super::open::Experiment;
use super::units::bytes;
use crate::data::{Dataset, Progress as DataProgress};
use crate::ir::Metric;
use crate::kernel::Simd;
use crate::train::{EpochRecord, Fate, Progress, Repair, RunningSums, TrainNote};
use crate::weights::FileAccount;

/// Told what happens. Any `FnMut(Event<'_>)` is one; [`Silent`] looks away.
///
/// ```no_run
/// use cnnc::{Event, Experiment, Options, RunOptions};
///
/// let experiment = Experiment::open("models/digits.cnn", &Options::default())?;
/// let run = experiment.train(RunOptions::default(), &mut |event: Event<'_>| match event {
///     Event::EpochEnds(epoch) => println!("epoch {}: {:.1} s", epoch.epoch, epoch.seconds),
///     Event::Warning(warning) => eprintln!("warning: {warning}"),
///     _ => {}
/// })?;
/// # Ok::<(), cnnc::Error>(())
/// ```
pub trait Watch {
    /// Something happens.
    fn see(&mut self, event: Event<'_>);
}

impl<F: FnMut(Event<'_>)> Watch for F {
    fn see(&mut self, event: Event<'_>) {
        self(event);
    }
}

/// Sees nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Silent;

impl Watch for Silent {
    fn see(&mut self, _event: Event<'_>) {}
}

/// Something that happens.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Files are fetched, or pictures decoded.
    ReadingData(DataProgress<'a>),
    /// All pictures are at hand.
    DataRead,
    /// So many of all convolutions are timed.
    TimingKernels {
        /// Timed so far.
        done: usize,
        /// All of them.
        all: usize,
    },
    /// Kernels were to be timed, and are.
    KernelsTimed(Timed),
    /// A run has its folder, and nothing in it yet to go on from.
    Folder(&'a Path),
    /// From now on a run can be gone on with from its folder, whenever it ends. Training begins.
    Begins(&'a Start<'a>),
    /// The next member of an ensemble: what becomes of it, and where the ensemble's files are. From now on the
    /// ensemble can be gone on with from there, whenever it ends.
    Member {
        /// The ensemble's folder.
        folder: &'a Path,
        /// The member's name.
        name: &'a str,
        /// Which it is, from 1.
        number: usize,
        /// How many there are.
        of: usize,
        /// What becomes of it.
        fate: MemberFate,
    },
    /// A phase begins. A run without phases has none.
    Phase(&'a PhaseStart<'a>),
    /// Something is frozen at the beginning of the model, in the phase that begins.
    Frozen(&'a Frozen),
    /// What is frozen has made features of so many pictures, before the first epoch that learns from them.
    MakingFeatures {
        /// Pictures so far.
        done: usize,
        /// All pictures that features are kept of.
        all: usize,
    },
    /// An epoch begins, or goes on after `done` of its `batches`.
    EpochBegins {
        /// From 1.
        epoch: usize,
        /// Batches of the epoch.
        batches: usize,
        /// Those that are done already.
        done: usize,
    },
    /// The pictures of the next step were waited for so long: they are read and varied while others are
    /// learnt from.
    Waited(Duration),
    /// A step is done. The sums are those of the epoch so far.
    Step(&'a RunningSums),
    /// An epoch is complete.
    EpochEnds(&'a EpochRecord),
    /// Training changes its course.
    Training(TrainNote),
    /// The run has ended before its end, because it was told to. Its state is saved, and its weights.
    Interrupted {
        /// Where the run's files are.
        folder: &'a Path,
        /// How far it has come.
        progress: &'a Progress,
    },
    /// A file's weights are taken, and what became of each of its tensors.
    Weights(&'a FileAccount),
    /// Good to know.
    Note(Note),
    /// Better to know.
    Warning(Warning),
}

/// How a run begins, or goes on.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// Where the run's files are.
    pub folder: &'a Path,
    /// The model's name.
    pub model: &'a str,
    /// Images to train on, for validation, for the test.
    pub images: [usize; 3],
    /// Worker threads, of each rank.
    pub threads: usize,
    /// Processes that train together.
    pub ranks: usize,
    /// Machines that they run on.
    pub hosts: usize,
    /// Vector instructions.
    pub simd: Simd,
    /// How far it has come already.
    pub progress: &'a Progress,
    /// Epochs of the schedule.
    pub epochs: usize,
    /// What the metrics of [`Event::Step`] are, in their order.
    pub metrics: &'a [Metric],
    /// What is trained.
    pub(super) experiment: &'a Experiment,
    /// Its pictures.
    pub(super) data: &'a Dataset,
}

/// How a phase begins.
#[derive(Debug, Clone, Copy)]
pub struct PhaseStart<'a> {
    /// Its name.
    pub name: &'a str,
    /// Layers that do not learn in it.
    pub frozen: usize,
    /// All layers.
    pub layers: usize,
}

/// Kernels that were timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timed {
    /// None: the size of the model's pictures is open.
    OpenSize,
    /// Some now, and some before.
    Some {
        /// Convolutions that were timed now.
        new: usize,
        /// Those that were known.
        known: usize,
    },
}

impl fmt::Display for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Timed::OpenSize => {
                f.write_str("kernels were not tuned: the size of the model's pictures is open")
            }
            Timed::Some { new, known } => write!(f, "kernels tuned: {new} convolutions timed, {known} known"),
        }
    }
}

/// Something that is good to know. Its `Display` is an English sentence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Note {
    /// Damaged pictures are not used.
    #[error("{count} damaged pictures were left out (run.json lists them), such as {first}")]
    Damaged {
        /// How many.
        count: usize,
        /// One of them, with the reason.
        first: String,
    },
    /// Files that are no pictures are not used.
    #[error("{count} files are not pictures and were left out, such as `{}`", crate::printed::shown(first))]
    NoPictures {
        /// How many.
        count: usize,
        /// One of them.
        first: String,
    },
    /// A run that was to go on has nothing to go on from.
    #[error("the run in `{}` was ended before its first state: it begins again from the start", folder.display())]
    BeginsAgain {
        /// The run's folder.
        folder: PathBuf,
    },
    /// A run goes on with kernels that were not timed.
    #[error("the run was begun without `--tune-kernels`, and goes on so")]
    BegunUntuned,
    /// An old state does not say what it was trained on.
    #[error("the state is of an older version: it does not say which data it was trained on")]
    UnknownData,
    /// More memory is planned than the system could give at this moment: whether it is there when it is
    /// wanted is for other programs to decide.
    #[error("the run will take {} of memory, and {} are free at the moment", bytes(*planned), bytes(*free))]
    LittleMemory {
        /// What the run takes, in bytes.
        planned: usize,
        /// What is free, in bytes.
        free: usize,
    },
}

/// Something that had better be known. Its `Display` is an English sentence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// A state cannot be used.
    #[error("{why}")]
    StatePassedOver {
        /// The reason, which names the file.
        why: String,
    },
    /// An older state is gone on from.
    #[error(
        "going on from `{}`, the newest good state: what it lacks is trained again, to the same numbers",
        state.display()
    )]
    OlderState {
        /// Its file.
        state: PathBuf,
    },
    /// A run goes on that another version began.
    #[error("the run was begun with cnnc {begun}, and this is {now}: numbers may differ in the last digits")]
    OtherVersion {
        /// The version that began it.
        begun: String,
        /// This one.
        now: &'static str,
    },
    /// A run goes on with other vector instructions.
    #[error("the run was begun with {begun} kernels; {DIFFER}")]
    OtherKernels {
        /// Those that it was begun with.
        begun: String,
    },
    /// A run goes on with direct sums.
    #[error("the run was begun without `--exact`; {DIFFER}")]
    BegunInexact,
    /// Kernels of a run are not known any more.
    #[error("{count} of the kernels that were timed for the run are not known to this version; {DIFFER}")]
    UnknownKernels {
        /// How many.
        count: usize,
    },
    /// A run goes on with other data, as it was told to.
    #[error("the run goes on with other data: {}", differences.join("; "))]
    OtherData {
        /// What differs.
        differences: Vec<String>,
    },
    /// The index of a run's data was damaged.
    #[error("{why}; it is written anew")]
    IndexDamaged {
        /// How that is seen.
        why: String,
    },
    /// A file of a run was not as the run had left it.
    #[error(
        "`{}` {}: it is written anew, from the state",
        repair.path.display(),
        match repair.was {
            Fate::Missing => "was not there",
            Fate::Changed => "was not as the run had left it",
        }
    )]
    Repaired {
        /// The file, and what had become of it.
        repair: Repair,
    },
    /// Rows of the history are lost for ever.
    #[error(
        "`history.csv` lacks the rows of {rows} epochs, and the state is of an older version, which does not hold them"
    )]
    RowsLost {
        /// How many.
        rows: usize,
    },
    /// A picture that event files should hold cannot be drawn.
    #[error("TensorBoard will not show `{what}`: {why}")]
    NotDrawn {
        /// Its name there.
        what: &'static str,
        /// The reason.
        why: String,
    },
    /// The event files of a run lack its results.
    #[error("TensorBoard will not show the results of the run: {why}")]
    BoardUnfinished {
        /// The reason.
        why: String,
    },
    /// What was timed is forgotten.
    #[error("what was timed will not be remembered: {why}")]
    NotRemembered {
        /// The reason.
        why: String,
    },
    /// The file prepares pictures in another way than those were that the weights were trained on.
    #[error(
        "pictures are prepared as those were that `{}` was trained on: {}",
        crate::printed::shown_path(weights),
        both_sides(differences)
    )]
    OtherPrepare {
        /// The weights.
        weights: PathBuf,
        /// Settings of `prepare` as they are for the weights, and as the file has them.
        differences: Vec<[String; 2]>,
    },
    /// A run begins with weights that were trained on pictures prepared in another way than its own.
    #[error(
        "`{}` was trained on pictures prepared otherwise: {}",
        crate::printed::shown_path(weights),
        both_sides(differences)
    )]
    BeginsOtherwise {
        /// The weights.
        weights: PathBuf,
        /// Settings of `prepare` as they were for the weights, and as the file has them.
        differences: Vec<[String; 2]>,
    },
    /// Nobody knows what weights were trained on.
    #[error("what the weights were trained on is not known: {why}")]
    UnknownTraining {
        /// The reason.
        why: String,
    },
}

/// `rescale: 1/255` (the file says `rescale: 1/16`)
fn both_sides(differences: &[[String; 2]]) -> String {
    let said = differences.iter().map(|[theirs, written]| format!("{theirs} (the file says {written})"));
    said.collect::<Vec<_>>().join(", ")
}

const DIFFER: &str = "with others its numbers differ in the last digits";
