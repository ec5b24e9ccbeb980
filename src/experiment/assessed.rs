//! How right a run is, as its files tell in short.

use serde_json::Value;

use super::run::Run;
use crate::assess::Interval;
use crate::files;
use crate::train::RunFolder;

/// How right a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Assessed {
    /// The share of right answers (of several labels a picture: of pictures with all of them right), and where
    /// it lies. Where numbers are predicted there is none.
    pub(crate) accuracy: Option<(f64, Option<Interval>)>,
    /// What its answers say of it was kept. Versions before did not.
    pub(crate) is_kept: bool,
}

impl Run {
    /// How right it is, once it is finished, from `metrics.json`: the answers to all pictures are not read for
    /// it. Of an older version it is the accuracy of its results, with the interval of as many pictures.
    pub(crate) fn assessed(&self) -> Assessed {
        let Some((_, scores)) = self.results() else { return Assessed::default() };
        let path = RunFolder::around(&self.weights()).metrics();
        let kept = files::read(&path, files::MOST_RECORD_BYTES).ok();
        let kept: Option<Value> = kept.and_then(|text| serde_json::from_slice(&text).ok());
        let Some(kept) = kept else {
            let accuracy = scores.metric("accuracy").map(|accuracy| {
                let hits = (accuracy * scores.images as f64).round() as u64;
                (accuracy, Interval::wilson(hits.min(scores.images), scores.images))
            });
            return Assessed { accuracy, is_kept: false };
        };
        let share = |name: &str| {
            let ends = &kept["assessment"][format!("{name}_interval")];
            let interval = ends[0].as_f64().zip(ends[1].as_f64()).map(|(low, high)| Interval { low, high });
            Some((kept["assessment"][name].as_f64()?, interval))
        };
        Assessed { accuracy: share("accuracy").or_else(|| share("exact")), is_kept: true }
    }
}
