//! How a run was made and what it took, as its report tells.

use std::path::PathBuf;

use super::feature_uses;
use super::phases;
use super::profile::{self, StepTime};
use super::report;
use super::run::Run;
use crate::train::FeatureUse;

/// How a run was made and what it took. What its report does not tell is `None` or empty: it may be of an older
/// version.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RunDetails {
    /// The version of cnnc.
    pub version: String,
    /// The command line that began it.
    pub command: Vec<String>,
    /// The weights that it began with, where they were named on the command line.
    pub begins_with: Option<PathBuf>,
    /// Seed of everything but the splits.
    pub seed: Option<u64>,
    /// Worker threads, of each rank.
    pub threads: Option<u64>,
    /// Processes that trained it together in the last session.
    pub ranks: Option<u64>,
    /// Vector instructions.
    pub simd: String,
    /// Every product was summed up directly.
    pub exact: bool,
    /// Convolutions whose ways of computing were timed.
    pub timed_kernels: usize,
    /// Hash of the data.
    pub data: String,
    /// Pictures to train on, for validation, for the test; `None` without such a split.
    pub images: [Option<u64>; 3],
    /// The phases of training with their first epochs, from 1, as far as it came; empty where there are none,
    /// or they are not known.
    pub phases: Vec<(String, usize)>,
    /// A callback ended it.
    pub stopped_early: bool,
    /// Wall time of compiling, in seconds.
    pub compile_seconds: Option<f64>,
    /// Wall time of the steps and of validation, of all sessions, in seconds.
    pub train_seconds: Option<f64>,
    /// Wall time for which the steps of the last session waited for their pictures, in seconds.
    pub waiting_seconds: Option<f64>,
    /// Thread time of the kernel calls of a training step, the longest first; empty where none was measured.
    pub step: Vec<StepTime>,
    /// What the last session computed once of a frozen network and used in several epochs, for each phase.
    pub features: Vec<FeatureUse>,
    /// Wall time of the last evaluation, in seconds.
    pub test_seconds: Option<f64>,
    /// Wall time of the last session, in seconds.
    pub total_seconds: Option<f64>,
    /// What it was planned to take of memory, in bytes.
    pub planned_peak_bytes: Option<u64>,
}

impl Run {
    /// How it was made and what it took.
    pub fn details(&self) -> RunDetails {
        let report = report::recorded(self.folder());
        let text = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
        let seconds = |key: &str| report["timings"][key].as_f64();
        RunDetails {
            version: text("cnnc"),
            command: report::recorded_command(self.folder()),
            begins_with: report["weights"].as_str().map(PathBuf::from),
            seed: report["seed"].as_u64(),
            phases: phases::recorded_phases(self.folder()),
            threads: report["threads"].as_u64(),
            ranks: report["ranks"].as_u64(),
            simd: text("simd"),
            exact: report["exact"].as_bool().unwrap_or_default(),
            timed_kernels: report["kernels"].as_object().map_or(0, serde_json::Map::len),
            data: text("data"),
            images: ["train", "validation", "test"].map(|split| report["images"][split].as_u64()),
            stopped_early: report["progress"]["stopped_early"].as_bool().unwrap_or_default(),
            compile_seconds: seconds("compile_s"),
            train_seconds: seconds("train_s"),
            waiting_seconds: seconds("waiting_s"),
            step: profile::from_json(&report["step"]),
            features: feature_uses::from_json(&report["features"]),
            test_seconds: seconds("test_s"),
            total_seconds: seconds("total_s"),
            planned_peak_bytes: report["memory"]["planned_peak_bytes"].as_u64(),
        }
    }
}
