//! `run.json`: what a run was asked to do, how long it took, what it gave.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::feature_uses;
use super::phases::PhaseStarts;
use super::profile;
use super::scores::Scores;
use super::tuning;
use crate::data::{Dataset, Split};
use crate::files;
use crate::ir::run_files::REPORT;
use crate::kernel::Target;
use crate::memory;
use crate::plan::Choices;
use crate::settings::Settings;
use crate::train::{
    Arithmetic, EpochRecord, FeatureUse, Progress, RunError, RunFolder, RunRecord, StepSample,
};

/// What does not change during a run.
#[derive(Debug)]
pub(super) struct Report<'a> {
    /// The .cnn file as given.
    pub(super) file: &'a Path,
    /// The model's name.
    pub(super) model: &'a str,
    /// All settings.
    pub(super) settings: &'a Settings,
    /// Seed of everything but the splits.
    pub(super) seed: u64,
    /// The command line that began it; empty where another program did.
    pub(super) command: Vec<String>,
    /// The weights that it began with, where these were named on the command line.
    pub(super) begins_with: Option<PathBuf>,
    /// Worker threads, of each rank.
    pub(super) threads: usize,
    /// Processes that train together.
    pub(super) ranks: usize,
    /// What code is generated for.
    pub(super) target: Target,
    /// What the run remembers of itself.
    pub(super) record: &'a RunRecord,
    /// Ways of computing convolutions that were timed for this run.
    pub(super) choices: &'a Choices,
    /// The images.
    pub(super) data: &'a Dataset,
    /// Wall time of compiling, in seconds.
    pub(super) compile_seconds: f64,
    /// What the run was planned to take of memory; `None` where the size of its pictures is open.
    pub(super) planned_peak_bytes: Option<usize>,
    /// What its whole time counts from.
    pub(super) since: Instant,
}

/// What a run has become.
#[derive(Debug)]
pub(super) enum Status {
    /// It goes on; or it was killed.
    Running,
    /// It was stopped by Ctrl-C or SIGTERM.
    Interrupted,
    /// It cannot go on.
    Failed(String),
    /// It is done.
    Finished {
        /// Loss and metrics of the test split; where there is none, of the split for validation.
        judged: Option<(Split, Scores)>,
        /// Wall time of the evaluation.
        seconds: f64,
    },
}

/// How far a run has come.
#[derive(Debug)]
pub(super) struct Standing<'s> {
    pub(super) status: &'s Status,
    pub(super) progress: &'s Progress,
    /// The last epoch of this command.
    pub(super) last: Option<&'s EpochRecord>,
    pub(super) phases: &'s PhaseStarts,
    /// How long steps waited for their pictures.
    pub(super) waited: Duration,
    /// Steps that were measured.
    pub(super) sample: Option<&'s StepSample>,
    /// Features that were made once and used in several epochs.
    pub(super) features: &'s [FeatureUse],
}

impl Report<'_> {
    /// Writes the report.
    /// # Errors
    /// [`RunError::Write`].
    pub(super) fn write(&self, folder: &RunFolder, standing: &Standing<'_>) -> Result<(), RunError> {
        let Standing { status, progress, last, phases, waited, sample, features } = *standing;
        let (word, error, seconds) = match status {
            Status::Running => ("running", None, None),
            Status::Interrupted => ("interrupted", None, None),
            Status::Failed(error) => ("failed", Some(error), None),
            Status::Finished { seconds, .. } => ("finished", None, Some(*seconds)),
        };
        let images = |split: Option<usize>| split.map_or(Value::Null, Value::from);
        let report = json!({
            "cnnc": env!("CARGO_PKG_VERSION"),
            "status": word,
            "error": error,
            "command": self.command,
            "file": self.file.display().to_string(),
            "model": self.model,
            "seed": self.seed,
            "weights": self.begins_with.as_ref().map(|path| path.display().to_string()),
            "threads": self.threads,
            "ranks": self.ranks,
            "simd": self.target.simd.to_string(),
            "exact": self.target.exact,
            "kernels": tuning::to_json(self.choices),
            "images": {
                "train": self.data.train.len(),
                "validation": images(self.data.validation.as_ref().map(|split| split.len())),
                "test": images(self.data.test.as_ref().map(|split| split.len())),
            },
            "data": self.record.data.sampled,
            "data_changed_at_steps": self.record.data_changed_at,
            "damaged": self.data.damaged,
            "progress": { "epochs": progress.epoch, "steps": progress.step, "stopped_early": progress.stopped },
            "phases": phases.to_json(),
            "timings": {
                "compile_s": rounded(self.compile_seconds),
                "train_s": rounded(progress.train_seconds),
                "waiting_s": rounded(waited.as_secs_f64()),
                "test_s": seconds.map(rounded),
                "total_s": rounded(self.since.elapsed().as_secs_f64()),
            },
            "step": sample.map(profile::to_json),
            "features": feature_uses::to_json(features),
            "memory": { "planned_peak_bytes": self.planned_peak_bytes, "peak_bytes": memory::peak_rss_bytes() },
            "results": Self::results(status, last),
            "settings": self.settings.to_json(),
        });
        let text = serde_json::to_string_pretty(&report).expect("numbers and texts always serialise") + "\n";
        let path = folder.report();
        files::write(&path, |file| file.write_all(text.as_bytes()))
            .map_err(|error| RunError::write(&path, error))
    }

    fn results(status: &Status, last: Option<&EpochRecord>) -> Value {
        let mut results = Map::new();
        if let Some(record) = last {
            let values = record.values.0.iter().map(|&(monitor, value)| (monitor.column(), json!(value)));
            results.insert("last_epoch".into(), Value::Object(values.collect()));
        }
        if let Status::Finished { judged, .. } = status {
            // that there is no test split is told, too
            results.insert(Split::Test.name().into(), Value::Null);
            results.extend(judged.iter().map(|(split, scores)| (split.name().to_owned(), scores.to_json())));
        }
        Value::Object(results)
    }
}

/// How the run in a folder was begun to compute, as its report tells: for states of older versions, which do
/// not tell it themselves.
pub(super) fn recorded_arithmetic(folder: &Path) -> Arithmetic {
    let report = recorded(folder);
    let text = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
    Arithmetic {
        version: text("cnnc"),
        simd: text("simd"),
        exact: report["exact"].as_bool().unwrap_or(false),
        kernels: tuning::to_texts(&tuning::from_json(&report["kernels"])),
    }
}

/// The weights that the run in a folder was begun with, where its report names any.
pub(super) fn recorded_beginning(folder: &Path) -> Option<PathBuf> {
    recorded(folder)["weights"].as_str().map(PathBuf::from)
}

/// The command line that the run in a folder was begun with, where its report names it.
pub(super) fn recorded_command(folder: &Path) -> Vec<String> {
    let report = recorded(folder);
    let words = report["command"].as_array().map_or(&[][..], Vec::as_slice);
    words.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The report of the run in a folder; nothing where there is none.
pub(super) fn recorded(folder: &Path) -> Value {
    let text = files::read(&folder.join(REPORT), files::MOST_RECORD_BYTES).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Milliseconds are enough.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}
