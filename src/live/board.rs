//! What is known of a training at this moment, and what of it a page has not been told yet.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::diag::Language;

/// What the training's thread writes, and the server's reads. Neither waits longer than the other takes to copy
/// numbers.
#[derive(Debug)]
pub(super) struct Shared {
    board: Mutex<Board>,
    changed: watch::Sender<()>,
    /// Pictures that it is trained on, as SVG.
    pub(super) sheet: OnceLock<Bytes>,
    /// The page of the run, once that has ended.
    pub(super) report: OnceLock<Bytes>,
}

/// What is known of a training.
#[derive(Debug)]
pub(super) struct Board {
    /// What it does before it begins.
    pub(super) doing: Option<Doing>,
    pub(super) model: String,
    pub(super) folder: String,
    /// Epochs of the schedule.
    pub(super) epochs: usize,
    pub(super) now: Now,
    /// Names of the values of an epoch.
    pub(super) columns: Vec<String>,
    /// Complete epochs.
    pub(super) rows: Vec<Row>,
    /// What was told beside numbers, in English.
    pub(super) notes: Vec<String>,
    /// It was told to end.
    pub(super) is_stopping: bool,
    pub(super) has_ended: bool,
    begun: Instant,
}

/// Work before the first epoch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Doing {
    /// The page's word for it.
    pub(super) what: &'static str,
    /// The file that is fetched.
    pub(super) file: Option<String>,
    pub(super) done: u64,
    pub(super) all: Option<u64>,
}

/// The epoch that goes on.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Now {
    /// From 1; 0 before the first.
    pub(super) epoch: usize,
    pub(super) batches: usize,
    /// Batches that are done.
    pub(super) done: usize,
    /// Loss and metrics over the pictures of the epoch so far, by their names.
    pub(super) values: Vec<(String, f64)>,
    /// Pictures a second.
    pub(super) rate: Option<f64>,
    /// The share of the time that was waited for pictures.
    pub(super) waited: Option<f64>,
    /// Seconds up to the end of the schedule.
    pub(super) left_seconds: Option<f64>,
}

/// A complete epoch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) epoch: usize,
    /// In the order of the columns.
    pub(super) values: Vec<f64>,
    pub(super) learning_rate: f64,
}

/// How much a page has been told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    rows: usize,
    notes: usize,
}

impl Shared {
    pub(super) fn new() -> Self {
        let board = Board {
            doing: None,
            model: String::new(),
            folder: String::new(),
            epochs: 0,
            now: Now::default(),
            columns: Vec::new(),
            rows: Vec::new(),
            notes: Vec::new(),
            is_stopping: false,
            has_ended: false,
            begun: Instant::now(),
        };
        Self {
            board: Mutex::new(board),
            changed: watch::Sender::new(()),
            sheet: OnceLock::new(),
            report: OnceLock::new(),
        }
    }

    /// Writes something on the board, and wakes whoever reads it.
    pub(super) fn write(&self, write: impl FnOnce(&mut Board)) {
        write(&mut self.board.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
    }

    /// Hears of every change; of many at once as of one.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// What a page has not been told yet: all that is known, and of what only grows what is new.
    pub(super) fn news(&self, told: &mut Told) -> Value {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.news(told, (self.sheet.get().is_some(), self.report.get().is_some()))
    }
}

impl Board {
    fn news(&self, told: &mut Told, (has_sheet, has_report): (bool, bool)) -> Value {
        let from = std::mem::replace(told, Told { rows: self.rows.len(), notes: self.notes.len() });
        let new_rows = self.rows.iter().skip(from.rows);
        let rows: Vec<Value> =
            new_rows.map(|row| json!([row.epoch, row.values, row.learning_rate])).collect();
        let note = |note: &String| json!({ "en": note, "ko": Language::Korean.say(note) });
        let doing = self.doing.as_ref().map(
            |doing| json!({ "what": doing.what, "file": doing.file, "done": doing.done, "all": doing.all }),
        );
        let Now { epoch, batches, done, values, rate, waited, left_seconds } = &self.now;
        json!({
            "doing": doing,
            "model": self.model,
            "folder": self.folder,
            "epochs": self.epochs,
            "epoch": epoch,
            "batches": batches,
            "done": done,
            "now": values,
            "rate": rate,
            "waited": waited,
            "left_s": left_seconds,
            "elapsed_s": self.begun.elapsed().as_secs_f64(),
            "columns": self.columns,
            "rows_from": from.rows,
            "rows": rows,
            "notes_from": from.notes,
            "notes": self.notes.iter().skip(from.notes).map(note).collect::<Vec<_>>(),
            "sheet": has_sheet,
            "stopping": self.is_stopping,
            "ended": self.has_ended,
            "report": has_report,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(epoch: usize) -> Row {
        Row { epoch, values: vec![f64::NAN, 0.5], learning_rate: 0.1 }
    }

    #[test]
    fn everybody_is_told_everything_once() {
        let shared = Shared::new();
        let mut early = Told::default();
        assert_eq!(shared.news(&mut early)["rows"], json!([]));
        shared.write(|board| board.rows.extend([row(1), row(2)]));
        let news = shared.news(&mut early);
        assert_eq!(news["rows"], json!([[1, [null, 0.5], 0.1], [2, [null, 0.5], 0.1]]));
        shared.write(|board| {
            board.rows.push(row(3));
            board.notes.push("stopped after epoch 3: the time limit has passed".to_owned());
        });
        let news = shared.news(&mut early);
        assert_eq!((&news["rows_from"], news["rows"].as_array().map(Vec::len)), (&json!(2), Some(1)));
        // whoever comes late is told all, in both languages
        let news = shared.news(&mut Told::default());
        assert_eq!((&news["rows_from"], news["rows"].as_array().map(Vec::len)), (&json!(0), Some(3)));
        assert!(news["notes"][0]["ko"].as_str().is_some_and(|said| said.contains("에폭 3")), "{news}");
    }
}
