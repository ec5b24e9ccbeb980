//! `run.json` of an ensemble: what any run's says, its times and steps those of all members, and what has
//! become of each.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::outcome::EnsembleOutcome;
use crate::data::{Dataset, Split, SplitView};
use crate::experiment::details::RunDetails;
use crate::experiment::run::Run;
use crate::experiment::scores::Scores;
use crate::files;
use crate::ir::run_files::ENSEMBLE;
use crate::kernel::Target;
use crate::memory;
use crate::settings::Settings;
use crate::train::{RunError, RunFolder};

/// What does not change during a run.
#[derive(Debug)]
pub(super) struct Report<'a> {
    /// The .cnn file as given.
    pub(super) file: &'a Path,
    /// The ensemble's name.
    pub(super) name: &'a str,
    /// All settings.
    pub(super) settings: &'a Settings,
    /// Seed of the first member.
    pub(super) seed: u64,
    /// The command line that began it; empty where another program did.
    pub(super) command: Vec<String>,
    /// Worker threads.
    pub(super) threads: usize,
    /// Processes that train together.
    pub(super) ranks: usize,
    /// What code is generated for.
    pub(super) target: Target,
    /// What its whole time counts from.
    pub(super) since: Instant,
}

/// What has become of the run so far.
#[derive(Debug, Clone, Copy)]
pub(super) enum Status<'s> {
    /// It goes on; or it was killed.
    Running,
    /// It was told to end.
    Interrupted,
    /// It cannot go on.
    Failed(&'s str),
    /// It is done: loss and metrics of all members together, where there is a split to judge them on, and the
    /// wall time of that.
    Finished(Option<(Split, &'s Scores)>, f64),
}

/// What is known at one time.
#[derive(Debug)]
pub(super) struct Standing<'s> {
    pub(super) status: Status<'s>,
    pub(super) outcome: &'s EnsembleOutcome,
    /// Runs of members, as far as there are any.
    pub(super) runs: &'s [Run],
    /// The pictures and their digest, once they were read for the ensemble.
    pub(super) data: Option<(&'s Dataset, &'s str)>,
}

impl Report<'_> {
    /// Writes the report.
    /// # Errors
    /// [`RunError::Write`].
    pub(super) fn write(&self, folder: &RunFolder, standing: &Standing<'_>) -> Result<(), RunError> {
        let Standing { status, outcome, runs, data } = *standing;
        let (word, error) = match status {
            Status::Running => ("running", None),
            Status::Interrupted => ("interrupted", None),
            Status::Failed(error) => ("failed", Some(error)),
            Status::Finished(..) => ("finished", None),
        };
        let images = |of: &dyn Fn(&Dataset) -> Option<usize>| data.and_then(|(data, _)| of(data));
        let count = |split: &Option<SplitView>| split.as_ref().map(SplitView::len);
        let details: Vec<RunDetails> = runs.iter().map(Run::details).collect();
        let sum = |of: fn(&RunDetails) -> Option<f64>| {
            rounded(details.iter().filter_map(of).fold(0.0, |a, b| a + b))
        };
        let planned = details.iter().filter_map(|run| run.planned_peak_bytes).max();
        let seconds = match status {
            Status::Finished(_, seconds) => Some(rounded(seconds)),
            Status::Running | Status::Interrupted | Status::Failed(_) => None,
        };
        let report = json!({
            "cnnc": env!("CARGO_PKG_VERSION"),
            "status": word,
            "error": error,
            "command": self.command,
            "file": self.file.display().to_string(),
            "model": self.name,
            "seed": self.seed,
            "weights": null,
            "threads": self.threads,
            "ranks": self.ranks,
            "simd": self.target.simd.to_string(),
            "exact": self.target.exact,
            "kernels": {},
            "images": {
                "train": images(&|data| Some(data.train.len())),
                "validation": images(&|data| count(&data.validation)),
                "test": images(&|data| count(&data.test)),
            },
            "data": data.map(|(_, digest)| digest),
            "data_changed_at_steps": [],
            "damaged": data.map_or(&[][..], |(data, _)| &data.damaged),
            "progress": {
                "epochs": runs.iter().map(Run::epochs).sum::<usize>(),
                "steps": runs.iter().map(Run::steps).sum::<u64>(),
                "stopped_early": false,
            },
            "phases": null,
            "timings": {
                "compile_s": sum(|run| run.compile_seconds),
                "train_s": sum(|run| run.train_seconds),
                "waiting_s": sum(|run| run.waiting_seconds),
                "test_s": seconds,
                "total_s": rounded(self.since.elapsed().as_secs_f64()),
            },
            "step": null,
            "features": [],
            "memory": { "planned_peak_bytes": planned, "peak_bytes": memory::peak_rss_bytes() },
            "results": results(status),
            "settings": self.settings.to_json(),
            ENSEMBLE: outcome.to_json(),
        });
        let text = serde_json::to_string_pretty(&report).expect("numbers and texts always serialise") + "\n";
        let path: PathBuf = folder.report();
        files::write(&path, |file| file.write_all(text.as_bytes()))
            .map_err(|error| RunError::write(&path, error))
    }
}

fn results(status: Status<'_>) -> Value {
    let mut results = Map::new();
    if let Status::Finished(judged, _) = status {
        // that there is no test split is told, too
        results.insert(Split::Test.name().into(), Value::Null);
        results.extend(judged.iter().map(|(split, scores)| (split.name().to_owned(), scores.to_json())));
    }
    Value::Object(results)
}

/// Milliseconds are enough.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}
