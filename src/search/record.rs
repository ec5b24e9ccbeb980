//! What a search remembers: one JSON object a line, appended as things happen.
//!
//! The lines stand in the one order in which a strategy is driven ([`super`]): they are the same for any
//! number of jobs, but for `seconds`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The file, in the folder of a search.
pub const FILE: &str = "trials.jsonl";

/// The .cnn file with the values of the best trial, in the same folder.
pub const BEST_FILE: &str = "best.cnn";

/// A line of [`FILE`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Entry {
    /// A search begins, or one that was begun goes on with another space.
    Search(Box<Head>),
    /// A unit is started.
    Started(Started),
    /// A unit has come to its end.
    Ended(Ended),
    /// The search has come to its end.
    Finished {
        /// Why.
        why: Why,
        /// The share of the differences between trials that each parameter accounts for by itself, in the
        /// order of the file; none where there are too few trials.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        importance: Vec<(String, f64)>,
    },
}

/// What is searched, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Of this format: 1.
    pub version: u32,
    /// The .cnn file, as it was named.
    pub file: String,
    /// The model's name.
    pub model: String,
    /// What trials are judged by: `val_accuracy`.
    pub objective: String,
    /// Whether less of it is better.
    pub falls: bool,
    /// As it is written with all its options: `hyperband(max_epochs: 20, factor: 3, sampler: random)`.
    pub strategy: String,
    /// Epochs of a trial that is not stopped before.
    pub epochs: usize,
    /// Proposals know the results of the trials up to so many before them.
    pub parallel: usize,
    /// Runs of each trial, each with another seed.
    pub seeds: usize,
    /// Decides the proposals; that of `train`.
    pub seed: u64,
    /// Parameters in the order of the file: their names, with their values as they are written:
    /// `{"lr": "search(1e-4..=1e-2, scale: log)"}`.
    pub space: Map<String, Value>,
    /// All settings that are not searched for, and the data: a search goes on with the same alone.
    pub settings: Value,
}

/// A unit: some epochs of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// From 0, in the order in which they are started.
    pub unit: usize,
    /// Which trial, from 1. Its first unit names its point.
    pub trial: usize,
    /// The point, for a trial's first unit: each parameter that counts, as it is written: `"32"`, `"relu"`,
    /// `"0.00123"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Map<String, Value>>,
    /// What the trial's folder is called, for its first unit: the same for the same settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The epoch that it ends with, the trial's first being 1.
    pub epochs: usize,
    /// Where it stands, for strategies with rungs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rung: Option<Rung>,
    /// Trials without a result that stood in as constant liars when its point was proposed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub liars: Vec<usize>,
}

/// A round of a bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rung {
    /// From 0, in the order in which they are begun. ASHA has one.
    pub bracket: usize,
    /// From 0, the one with the fewest epochs.
    pub rung: usize,
}

/// The end of a unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Which unit.
    pub unit: usize,
    /// Its trial.
    pub trial: usize,
    /// Epochs that the trial has now; fewer than those of the unit where a callback has ended it.
    pub epochs: usize,
    /// The best value of the objective so far, and the epoch (from 1) that gave it; the mean of all seeds,
    /// and the epoch of the first of them. None where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<(f64, usize)>,
    /// The objective after each epoch of the unit, the mean of all seeds; null where it was no number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<Option<f64>>,
    /// Why it has no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Time that its epochs took, of all seeds together.
    pub seconds: f64,
}

/// Why a search has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The strategy has no more units.
    Complete,
    /// `time_limit`; it is told, and stands in no journal.
    TimeLimit,
    /// `early_stopping`.
    EarlyStopping,
    /// There are no more points that were not tried.
    Exhausted,
}

/// What the lines of a search come to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Record {
    /// Of the newest `search` line.
    pub head: Option<Head>,
    /// By their numbers, from 1.
    pub trials: Vec<Trial>,
    /// Units, in the order in which they were started.
    pub units: Vec<(Started, Option<Ended>)>,
    /// Why it has ended, where it has.
    pub finished: Option<Why>,
    /// How much each parameter matters, in the order of the file, once it has ended: the share of the
    /// differences between trials.
    pub importance: Vec<(String, f64)>,
}

/// A trial, as far as it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// From 1.
    pub number: usize,
    /// Each parameter that counts, as it is written.
    pub point: Map<String, Value>,
    /// What its folder is called.
    pub key: String,
    /// A callback has ended it before the end of its last unit.
    pub is_over: bool,
    /// Epochs that it has.
    pub epochs: usize,
    /// The best value so far, and its epoch.
    pub best: Option<(f64, usize)>,
    /// The objective after each epoch.
    pub curve: Vec<Option<f64>>,
    /// Why it has no value.
    pub failed: Option<String>,
    /// Time that its epochs took.
    pub seconds: f64,
    /// Whether a unit of it is being computed.
    pub is_running: bool,
    /// The last rung that it was in.
    pub rung: Option<Rung>,
}

impl Record {
    /// What whole lines say; a last one without its end, and lines that are no entries, are left out. Gives
    /// the number of lines that were left out too.
    pub fn read(text: &str) -> (Self, usize) {
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let mut record = Self::default();
        let mut broken = usize::from(whole.len() < text.len());
        for line in whole.lines().filter(|line| !line.trim().is_empty()) {
            let entry = serde_json::from_str(line).ok();
            broken += usize::from(!entry.is_some_and(|entry| record.add(entry)));
        }
        (record, broken)
    }

    /// Adds what a line says; whether it fits to those before it.
    pub fn add(&mut self, entry: Entry) -> bool {
        match entry {
            Entry::Search(head) => {
                self.head = Some(*head);
                self.finished = None;
                self.importance.clear();
            }
            Entry::Started(started) => return self.start(started),
            Entry::Ended(ended) => return self.end(ended),
            Entry::Finished { why, importance } => {
                (self.finished, self.importance) = (Some(why), importance);
            }
        }
        true
    }

    fn start(&mut self, started: Started) -> bool {
        if started.unit != self.units.len() {
            return false;
        }
        let next = self.trials.len() + 1;
        match (&started.point, self.trials.get_mut(started.trial.wrapping_sub(1))) {
            (None, Some(trial)) => (trial.is_running, trial.rung) = (true, started.rung),
            (Some(point), None) if started.trial == next => self.trials.push(Trial {
                number: started.trial,
                point: point.clone(),
                key: started.key.clone().unwrap_or_default(),
                is_over: false,
                epochs: 0,
                best: None,
                curve: Vec::new(),
                failed: None,
                seconds: 0.0,
                is_running: true,
                rung: started.rung,
            }),
            (None, None) | (Some(_), _) => return false,
        }
        self.units.push((started, None));
        true
    }

    fn end(&mut self, ended: Ended) -> bool {
        let Some((started, end @ None)) = self.units.get_mut(ended.unit) else { return false };
        let Some(trial) = self.trials.get_mut(ended.trial.wrapping_sub(1)) else { return false };
        if started.trial != ended.trial {
            return false;
        }
        trial.epochs = ended.epochs;
        trial.is_over = ended.epochs < started.epochs;
        trial.best = ended.best;
        trial.curve.extend(&ended.curve);
        trial.failed.clone_from(&ended.failed);
        trial.seconds += ended.seconds;
        trial.is_running = false;
        *end = Some(ended);
        true
    }

    /// Epochs of all trials.
    pub fn epochs(&self) -> u64 {
        self.trials.iter().map(|trial| trial.epochs as u64).sum()
    }

    /// The parameters by how much they matter, the one that matters most first.
    pub fn important(&self) -> Vec<(&str, f64)> {
        let mut all: Vec<_> = self.importance.iter().map(|(name, share)| (name.as_str(), *share)).collect();
        all.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        all
    }

    /// Trials with a value, the best first; of equal ones the earlier.
    pub fn ranked(&self) -> Vec<&Trial> {
        let falls = self.head.as_ref().is_none_or(|head| head.falls);
        let worth = |trial: &Trial| trial.best.map(|(value, _)| if falls { value } else { -value });
        let mut ranked: Vec<&Trial> = self.trials.iter().filter(|trial| trial.best.is_some()).collect();
        ranked.sort_by(|a, b| worth(a).partial_cmp(&worth(b)).unwrap_or(std::cmp::Ordering::Equal));
        ranked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_to_trials() {
        let text = concat!(
            r#"{"event":"started","unit":0,"trial":1,"point":{"lr":"0.1"},"epochs":2}"#,
            "\n",
            r#"{"event":"started","unit":1,"trial":2,"point":{"lr":"0.2"},"epochs":2}"#,
            "\nnonsense\n",
            r#"{"event":"ended","unit":0,"trial":1,"epochs":2,"best":[0.5,2],"curve":[0.7,0.5],"seconds":1.0}"#,
            "\n",
            r#"{"event":"started","unit":2,"trial":1,"epochs":4,"rung":{"bracket":0,"rung":1}}"#,
            "\n",
            r#"{"event":"ended","unit":1,"trial":2,"epo"#
        );
        let (record, broken) = Record::read(text);
        assert_eq!(broken, 2);
        assert_eq!(record.trials.len(), 2);
        let first = &record.trials[0];
        assert_eq!((first.epochs, first.best, first.is_running), (2, Some((0.5, 2)), true));
        assert_eq!(first.rung, Some(Rung { bracket: 0, rung: 1 }));
        assert_eq!(record.ranked().len(), 1);
    }
}
