//! What is known of a search at this moment, and what of it a page has not been told yet.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::diag::Language;
use crate::page::SearchPage;
use crate::printed::shown;
use crate::search::record::{Ended, Entry, Record, Started};
use crate::space::Space;

/// What the search's thread writes, and the server's reads. The page is written from a copy: neither waits
/// longer than the other takes to make one.
#[derive(Debug)]
pub(super) struct Shared {
    board: Mutex<Board>,
    changed: watch::Sender<()>,
    /// What is searched.
    space: Option<Space>,
    language: Language,
    /// The page of the search, once that has ended.
    pub(super) report: OnceLock<Bytes>,
}

/// What is known of a search.
#[derive(Debug, Clone)]
struct Board {
    folder: PathBuf,
    record: Record,
    /// Counts what has changed in the record.
    version: u64,
    /// Epochs that all trials take at most, where that is known.
    planned: Option<u64>,
    /// Units that were started and have not ended, by their trials.
    running: BTreeMap<usize, Running>,
    is_stopping: bool,
    has_ended: bool,
    begun: Instant,
    /// Epochs that were known before the first was computed here.
    before: Option<u64>,
}

/// A unit that goes on.
#[derive(Debug, Clone, Copy)]
struct Running {
    /// The trial's epochs so far.
    epoch: usize,
    /// Those at the end of the unit.
    epochs: usize,
    /// The objective after the last one.
    value: Option<f64>,
}

/// How much a page has been told.
#[derive(Debug, Default)]
pub(super) struct Told {
    version: Option<u64>,
}

impl Shared {
    pub(super) fn new(space: Option<Space>, language: Language) -> Self {
        let board = Board {
            folder: PathBuf::new(),
            record: Record::default(),
            version: 0,
            planned: None,
            running: BTreeMap::new(),
            is_stopping: false,
            has_ended: false,
            begun: Instant::now(),
            before: None,
        };
        let (board, changed) = (Mutex::new(board), watch::Sender::new(()));
        Self { board, changed, space, language, report: OnceLock::new() }
    }

    /// Hears of every change; of many at once as of one.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Writes something on the board, and wakes whoever reads it.
    fn write(&self, write: impl FnOnce(&mut Board)) {
        write(&mut self.board.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
    }

    fn copy(&self) -> Board {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn begins(&self, folder: PathBuf, record: Record, planned: Option<u64>) {
        self.write(|board| {
            (board.folder, board.record, board.planned) = (folder, record, planned);
            board.version += 1;
        });
    }

    pub(super) fn started(&self, unit: &Started, record: &Record) {
        self.write(|board| {
            board.add(Entry::Started(unit.clone()), record);
            let epoch = board.trial_epochs(unit.trial);
            board.running.insert(unit.trial, Running { epoch, epochs: unit.epochs, value: None });
        });
    }

    pub(super) fn epoch(&self, trial: usize, epoch: usize, value: Option<f64>) {
        self.write(|board| {
            board.before.get_or_insert_with(|| board.record.epochs());
            if let Some(running) = board.running.get_mut(&trial) {
                (running.epoch, running.value) = (epoch, value);
            }
        });
    }

    pub(super) fn ended(&self, unit: &Ended, record: &Record) {
        self.write(|board| {
            board.add(Entry::Ended(unit.clone()), record);
            board.running.remove(&unit.trial);
        });
    }

    pub(super) fn is_stopping(&self) {
        self.write(|board| board.is_stopping = true);
    }

    pub(super) fn has_ended(&self) {
        self.write(|board| board.has_ended = true);
    }

    /// The page as it is now.
    pub(super) fn page(&self) -> String {
        let board = self.copy();
        self.page_of(&board).to_served_html()
    }

    fn page_of<'b>(&'b self, board: &'b Board) -> SearchPage<'b> {
        SearchPage {
            record: &board.record,
            space: self.space.as_ref(),
            folder: &board.folder,
            best: None,
            is_running: true,
            language: self.language,
        }
    }

    /// What a page has not been told yet: how far it is, and all that changes with a result where there is one.
    pub(super) fn news(&self, told: &mut Told) -> Value {
        let board = self.copy();
        let is_new = told.version.replace(board.version) != Some(board.version);
        let page = is_new.then(|| self.page_of(&board).news());
        board.news(page, self.report.get().is_some())
    }
}

impl Board {
    /// Adds what has happened. A record that went another way is taken as it is.
    fn add(&mut self, entry: Entry, record: &Record) {
        if self.record.head != record.head {
            self.record.head.clone_from(&record.head);
        }
        if !self.record.add(entry) {
            self.record = record.clone();
        }
        self.version += 1;
    }

    fn trial_epochs(&self, trial: usize) -> usize {
        self.record.trials.get(trial.wrapping_sub(1)).map_or(0, |trial| trial.epochs)
    }

    /// Epochs of all trials, those of units that go on among them.
    fn done(&self) -> u64 {
        let of_units = self.running.iter();
        let more = of_units.map(|(trial, running)| running.epoch.saturating_sub(self.trial_epochs(*trial)));
        self.record.epochs() + more.sum::<usize>() as u64
    }

    /// Seconds to the end, if all epochs are computed that are planned and take as long as those so far.
    fn left_seconds(&self, done: u64) -> Option<f64> {
        let here = done.checked_sub(self.before?).filter(|here| *here > 0)?;
        let left = self.planned?.saturating_sub(done);
        Some(self.begun.elapsed().as_secs_f64() * left as f64 / here as f64)
    }

    fn news(&self, page: Option<Value>, has_report: bool) -> Value {
        let running = self.running.iter().map(|(trial, &Running { epoch, epochs, value })| {
            json!({ "trial": trial, "epoch": epoch, "epochs": epochs, "value": value })
        });
        let objective = self.record.head.as_ref().map_or("", |head| &*head.objective);
        let done = self.done();
        json!({
            "page": page,
            "running": running.collect::<Vec<_>>(),
            "objective": shown(objective),
            "done": done,
            "planned": self.planned,
            "elapsed_s": self.begun.elapsed().as_secs_f64(),
            "left_s": self.left_seconds(done),
            "stopping": self.is_stopping,
            "ended": self.has_ended,
            "report": has_report,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::from_value;

    fn started(trial: usize) -> Started {
        let unit = json!({ "unit": trial - 1, "trial": trial, "point": { "lr": "0.1" }, "epochs": 4 });
        from_value(unit).expect("a unit")
    }

    fn ended(trial: usize) -> Ended {
        let unit = json!({
            "unit": trial - 1, "trial": trial, "epochs": 4, "best": [0.5, 3], "curve": [0.7, 0.6, 0.5, 0.6], "seconds": 1.0,
        });
        from_value(unit).expect("a unit")
    }

    #[test]
    fn a_page_is_told_what_is_new() {
        let shared = Shared::new(None, Language::English);
        let mut record = Record::default();
        shared.begins("run".into(), record.clone(), Some(8));
        for trial in [1, 2] {
            record.add(Entry::Started(started(trial)));
            shared.started(&started(trial), &record);
        }
        let mut told = Told::default();
        assert!(shared.news(&mut told)["page"].is_object());
        shared.epoch(1, 2, Some(0.6));
        let news = shared.news(&mut told);
        // nothing has ended: how far it is is all that is new
        assert!(news["page"].is_null(), "{news}");
        assert_eq!(news["running"][0], json!({ "trial": 1, "epoch": 2, "epochs": 4, "value": 0.6 }));
        assert_eq!((&news["done"], &news["planned"]), (&json!(2), &json!(8)));
        assert!(news["left_s"].is_number(), "{news}");
        record.add(Entry::Ended(ended(1)));
        shared.ended(&ended(1), &record);
        let news = shared.news(&mut told);
        assert_eq!((&news["running"][0]["trial"], &news["done"]), (&json!(2), &json!(4)));
        assert_eq!(news["page"]["data"]["trials"][0], json!([1, 0, 0.5, 3, 4, [], [0.7, 0.6, 0.5, 0.6]]));
        // whoever comes late is told all
        assert!(shared.news(&mut Told::default())["page"].is_object());
        // a record that went another way is taken as it is
        shared.ended(&ended(1), &record);
        assert_eq!(shared.copy().record, record);
    }
}
