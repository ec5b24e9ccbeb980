//! Going on with a run: what it must have in common with the one that was begun, and what is said where it
//! has not.

use std::path::Path;
use std::sync::Arc;

use super::compute::Compute;
use super::index::read_index;
use super::report;
use super::train::DataChanged;
use super::tuning;
use super::watch::{Event, Note, Warning, Watch};
use crate::data::{DataDigest, DataIndex};
use crate::kernel::Simd;
use crate::plan::Choices;
use crate::settings::Settings;
use crate::train::{Arithmetic, Remains, Repair, RunError, RunFolder, RunRecord, Saved, Together};

/// The folder of a run that was begun. It belongs to whoever holds this.
#[derive(Debug)]
pub struct Begun {
    pub(super) folder: RunFolder,
    /// What there is to go on from; `None`: it begins again from its start, or its members have states of
    /// their own.
    pub(super) resumed: Option<Resumed>,
    /// It is the run of an ensemble.
    pub(super) is_of_members: bool,
}

/// A run that goes on.
#[derive(Debug)]
pub(super) struct Resumed {
    folder: RunFolder,
    pub(super) saved: Saved,
    /// How it was begun to compute.
    arithmetic: Arithmetic,
    /// The ways of computing convolutions that were timed for it.
    pub(super) choices: Arc<Choices>,
}

impl Begun {
    /// Opens the folder of a run. `compute` becomes what it was begun with, where that is possible and
    /// nothing else was asked for.
    /// # Errors
    /// As [`RunFolder::open`].
    pub(super) fn open(
        path: &Path,
        compute: &mut Compute,
        ranks: Together<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Self, RunError> {
        let Found { folder, remains, arithmetic } = Found::in_folder(path, ranks)?;
        let saved = match remains {
            Remains::State(saved) => saved,
            Remains::Members => {
                // each member goes on as it was begun; those that were not begun do as the first
                keep_arithmetic(&arithmetic, compute, watch);
                return Ok(Self { folder, resumed: None, is_of_members: true });
            }
            Remains::Nothing => {
                watch.see(Event::Note(Note::BeginsAgain { folder: path.to_owned() }));
                return Ok(Self { folder, resumed: None, is_of_members: false });
            }
        };
        for why in &saved.passed_over {
            watch.see(Event::Warning(Warning::StatePassedOver { why: why.clone() }));
        }
        if !saved.passed_over.is_empty() {
            watch.see(Event::Warning(Warning::OlderState { state: saved.path.clone() }));
        }
        let choices = Arc::new(keep_arithmetic(&arithmetic, compute, watch));
        let resumed = Resumed { folder: folder.clone(), saved: *saved, arithmetic, choices };
        Ok(Self { folder, resumed: Some(resumed), is_of_members: false })
    }

    /// Whether there is a state to go on from, of the run or of its members.
    pub(super) fn has_states(&self) -> bool {
        self.resumed.is_some() || self.is_of_members
    }
}

/// What the folder of a run tells before anything else is read.
struct Found {
    folder: RunFolder,
    remains: Remains,
    /// How it was begun to compute.
    arithmetic: Arithmetic,
}

impl Found {
    /// The first rank looks, and tells the others, which see no folder.
    fn in_folder(path: &Path, ranks: Together<'_>) -> Result<Self, RunError> {
        let look = || {
            let (folder, remains) = RunFolder::open(path)?;
            let recorded = match &remains {
                Remains::State(saved) => saved.record.as_ref().map(|record| record.arithmetic.clone()),
                Remains::Members | Remains::Nothing => None,
            };
            let arithmetic = recorded.unwrap_or_else(|| report::recorded_arithmetic(path));
            Ok(Self { folder, remains, arithmetic })
        };
        let tell = |found: &Self| {
            let told = (&found.remains, &found.arithmetic);
            serde_json::to_vec(&told).expect("numbers and texts always serialise")
        };
        let hear = |told: &[u8]| {
            let (remains, arithmetic) = serde_json::from_slice(told).ok()?;
            Some(Self { folder: RunFolder::of_another(path.to_owned()), remains, arithmetic })
        };
        ranks.first_gives(look, tell, hear)
    }
}

/// Whatever rounds in another manner: a run goes on as it was begun, where that is possible and nothing else
/// was asked for.
fn keep_arithmetic(begun: &Arithmetic, compute: &mut Compute, watch: &mut dyn Watch) -> Choices {
    let Arithmetic { version, simd, exact, kernels } = begun;
    let mut warn = |warning| watch.see(Event::Warning(warning));
    let now = env!("CARGO_PKG_VERSION");
    if version != now && !version.is_empty() {
        warn(Warning::OtherVersion { begun: version.clone(), now });
    }
    match (compute.simd, simd.parse::<Simd>()) {
        (None, Ok(recorded)) if recorded.is_available() => compute.simd = Some(recorded),
        (Some(asked), Ok(recorded)) if asked == recorded => {}
        // an old run whose report is gone
        (_, Err(_)) if simd.is_empty() => {}
        (_, _) => warn(Warning::OtherKernels { begun: simd.clone() }),
    }
    if compute.exact && !exact {
        warn(Warning::BegunInexact);
    }
    compute.exact |= exact;
    if compute.tune_kernels && kernels.is_empty() {
        watch.see(Event::Note(Note::BegunUntuned));
    }
    let choices = tuning::of_texts(kernels);
    let count = kernels.len() - choices.len();
    if count > 0 {
        watch.see(Event::Warning(Warning::UnknownKernels { count }));
    }
    choices
}

impl Resumed {
    /// Settings that are not what the data decide must be the run's, before anything is read.
    /// # Errors
    /// [`RunError::SettingsChanged`].
    pub(super) fn check_settings(&self, now: &Settings) -> Result<(), RunError> {
        let changes = self.saved.settings.changes_to(now);
        // the number of classes decides the size of a layer: that the data are others is the better
        // news
        if changes.iter().all(|change| change.starts_with("`model.")) {
            return Ok(());
        }
        Err(RunError::SettingsChanged { path: self.folder.path().to_owned(), changes })
    }

    /// What the run remembers from now on. Its data must be the ones that it was begun with, unless
    /// others are accepted.
    /// # Errors
    /// [`RunError::DataChanged`] with all that differs.
    pub(super) fn record(
        &self,
        now: &DataIndex,
        changed: DataChanged,
        watch: &mut dyn Watch,
    ) -> Result<RunRecord, RunError> {
        let digest = now.digest();
        let Some(record) = &self.saved.record else {
            watch.see(Event::Note(Note::UnknownData));
            return Ok(RunRecord {
                arithmetic: self.arithmetic.clone(),
                data: digest,
                data_changed_at: Vec::new(),
            });
        };
        if record.data.is(&digest) {
            return Ok(record.clone());
        }
        let mut differences = differences(&self.folder.index(), &record.data, now);
        if differences.is_empty() {
            differences.push("the pictures stand in another order".to_owned());
        }
        if changed == DataChanged::Refuse {
            return Err(RunError::DataChanged { path: self.folder.path().to_owned(), differences });
        }
        watch.see(Event::Warning(Warning::OtherData { differences }));
        let mut record = RunRecord { data: digest, ..record.clone() };
        record.data_changed_at.push(self.saved.progress.step);
        Ok(record)
    }
}

/// What differs between the data of a run, by its index, and those of now.
fn differences(index: &Path, digest: &DataDigest, now: &DataIndex) -> Vec<String> {
    let unsaid = |why: String| vec![format!("how they differ cannot be said: {why}")];
    match read_index(index) {
        Ok(before) if before.digest().is(digest) => before.differences(now),
        Ok(_) => unsaid(format!("`{}` is of other data", index.display())),
        Err(error) => unsaid(error.to_string()),
    }
}

/// Says what had become of the run's files, and of what cannot be mended.
pub(super) fn tell_repairs(repairs: &[Repair], rows: usize, watch: &mut dyn Watch) {
    for repair in repairs {
        watch.see(Event::Warning(Warning::Repaired { repair: repair.clone() }));
    }
    if rows > 0 {
        watch.see(Event::Warning(Warning::RowsLost { rows }));
    }
}
