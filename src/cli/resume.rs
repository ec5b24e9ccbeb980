//! `cnnc run --resume`: what a run that goes on must have in common with the one that was begun,
//! and what is said where it has not.

use std::path::Path;

use clap::ValueEnum;

use super::arguments::ComputeArgs;
use super::console::Console;
use super::report;
use super::tuning::{self, TuneArgs};
use crate::data::{DataDigest, DataIndex};
use crate::files;
use crate::kernel::Simd;
use crate::plan::Choices;
use crate::settings::Settings;
use crate::train::{Arithmetic, Fate, Remains, Repair, RunError, RunFolder, RunRecord, Saved};

/// Larger indices are not read: one of a hundred million pictures.
const MOST_INDEX_BYTES: u64 = 8 << 30;

/// What `--data-changed` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DataChanged {
    /// A run whose data are not those it was begun with does not go on.
    Refuse,
    /// It goes on with the data as they are now.
    Accept,
}

/// A run that goes on.
#[derive(Debug)]
pub(super) struct Resumed {
    pub(super) folder: RunFolder,
    pub(super) saved: Saved,
    /// How it was begun to compute.
    pub(super) arithmetic: Arithmetic,
}

/// Opens the folder of a run.
/// # Errors
/// As [`RunFolder::open`].
pub(super) fn open(path: &Path, console: &Console) -> Result<(RunFolder, Option<Resumed>), RunError> {
    let (folder, remains) = RunFolder::open(path)?;
    let Remains::State(saved) = remains else {
        console.problem(format_args!(
            "note: the run in `{}` was ended before its first state: it begins again from the start",
            path.display()
        ));
        return Ok((folder, None));
    };
    for reason in &saved.passed_over {
        console.problem(format_args!("warning: {reason}"));
    }
    if !saved.passed_over.is_empty() {
        console.problem(format_args!(
            "warning: going on from `{}`, the newest good state: what it lacks is trained again, to the same numbers",
            saved.path.display()
        ));
    }
    let recorded = saved.record.as_ref().map(|record| record.arithmetic.clone());
    let arithmetic = recorded.unwrap_or_else(|| report::recorded_arithmetic(folder.path()));
    let resumed = Resumed { folder: folder.clone(), saved: *saved, arithmetic };
    Ok((folder, Some(resumed)))
}

impl Resumed {
    /// Whatever rounds in another manner: a run goes on as it was begun, where that is possible and
    /// nothing else was asked for.
    pub(super) fn keep_arithmetic(&self, compute: &mut ComputeArgs, tuning: TuneArgs, console: &Console) -> Choices {
        let warn = |text: String| console.problem(format_args!("warning: {text}"));
        let Arithmetic { version, simd, exact, kernels } = &self.arithmetic;
        let differ = "with others its numbers differ in the last digits";
        if version != env!("CARGO_PKG_VERSION") && !version.is_empty() {
            let now = env!("CARGO_PKG_VERSION");
            warn(format!(
                "the run was begun with cnnc {version}, and this is {now}: numbers may differ in the last digits"
            ));
        }
        match (compute.simd, simd.parse::<Simd>()) {
            (None, Ok(recorded)) if recorded.is_available() => compute.simd = Some(recorded),
            (Some(asked), Ok(recorded)) if asked == recorded => {}
            // an old run whose report is gone
            (_, Err(_)) if simd.is_empty() => {}
            (_, _) => warn(format!("the run was begun with {simd} kernels; {differ}")),
        }
        if compute.exact && !exact {
            warn(format!("the run was begun without `--exact`; {differ}"));
        }
        compute.exact |= exact;
        if tuning.tune_kernels && kernels.is_empty() {
            console.note("note: the run was begun without `--tune-kernels`, and goes on so");
        }
        let choices = tuning::of_texts(kernels);
        let unknown = kernels.len() - choices.len();
        if unknown > 0 {
            warn(format!(
                "{unknown} of the kernels that were timed for the run are not known to this version; {differ}"
            ));
        }
        choices
    }

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
        console: &Console,
    ) -> Result<RunRecord, RunError> {
        let digest = now.digest();
        let Some(record) = &self.saved.record else {
            console.note("note: the state is of an older version: it does not say which data it was trained on");
            return Ok(RunRecord { arithmetic: self.arithmetic.clone(), data: digest, data_changed_at: Vec::new() });
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
        console.problem(format_args!("warning: the run goes on with other data: {}", differences.join("; ")));
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

/// Reads a run's index.
/// # Errors
/// [`RunError::Read`], [`RunError::Damaged`].
pub(super) fn read_index(path: &Path) -> Result<DataIndex, RunError> {
    let bytes = files::read(path, MOST_INDEX_BYTES).map_err(|error| RunError::read(path, error))?;
    DataIndex::from_text(&bytes).map_err(|found| RunError::damaged(path, found))
}

/// Writes the index of a run's data, unless a good one of the same data is there.
/// # Errors
/// [`RunError::Write`].
pub(super) fn keep_index(path: &Path, now: &DataIndex, console: &Console) -> Result<(), RunError> {
    match read_index(path) {
        Ok(there) if there.digest().is(&now.digest()) => return Ok(()),
        Err(error @ RunError::Damaged { .. }) => console.problem(format_args!("warning: {error}; it is written anew")),
        Ok(_) | Err(_) => {}
    }
    let text = now.to_text();
    files::write(path, |file| file.write_all(text.as_bytes())).map_err(|error| RunError::write(path, error))
}

/// Says what had become of the run's files, and of what cannot be mended.
pub(super) fn tell_repairs(repairs: &[Repair], lost_rows: usize, console: &Console) {
    for Repair { path, was } in repairs {
        let was = match was {
            Fate::Missing => "was not there",
            Fate::Changed => "was not as the run had left it",
        };
        console.problem(format_args!("warning: `{}` {was}: it is written anew, from the state", path.display()));
    }
    if lost_rows > 0 {
        console.problem(format_args!(
            "warning: `history.csv` lacks the rows of {lost_rows} epochs, and the state is of an older version, which does not hold them"
        ));
    }
}
