//! `history.csv`: one row for each complete epoch, written as the epoch ends.
//!
//! The rows are part of the run's state. The files are copies of them for people, and a run that
//! goes on writes them anew: a file that was deleted, shortened or changed meanwhile is whole
//! again.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::callbacks::EpochValues;
use super::error::RunError;
use crate::files::{self, MOST_RECORD_BYTES};
use crate::ir::Monitor;

/// What an epoch gave.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: usize,
    /// Learning rate of its steps.
    pub learning_rate: f32,
    /// Means over the training images, then over the validation images.
    pub values: EpochValues,
    /// Wall time of its steps, its validation included.
    pub seconds: f64,
}

impl EpochRecord {
    /// A value by its name in the history: `loss`, `val_accuracy`.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values.0.iter().find(|(monitor, _)| monitor.column() == name).map(|(_, value)| *value)
    }
}

/// A row of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// As it stands in the file, without the end of the line.
    text: String,
    /// Files of `csv_log` that have it too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    logs: Vec<String>,
}

/// All rows of a run, and the files that hold them.
#[derive(Debug)]
pub struct History {
    header: String,
    rows: Vec<Row>,
    /// `history.csv`, then what the present phase's `csv_log` asks for.
    open: Vec<Open>,
    /// Whether there are files.
    is_written: bool,
}

#[derive(Debug)]
struct Open {
    /// The name of a `csv_log`; `None` for `history.csv`, which has all rows.
    log: Option<String>,
    path: PathBuf,
    file: File,
}

impl History {
    /// Writes `history.csv` with a column for each of `monitors` and these rows, in place of what
    /// is there. The second value says whether that was anything but these rows.
    /// # Errors
    /// [`RunError::Write`].
    pub fn begin(
        path: &Path,
        monitors: &[Monitor],
        rows: Vec<Row>,
    ) -> Result<(Self, Option<Repair>), RunError> {
        let mut history = Self { is_written: true, ..Self::unwritten(monitors, rows) };
        let repair = history.open(path, None)?;
        Ok((history, repair))
    }

    /// A history that another process writes into files.
    pub fn unwritten(monitors: &[Monitor], rows: Vec<Row>) -> Self {
        Self { header: columns(monitors).join(","), rows, open: Vec::new(), is_written: false }
    }

    /// From now on, rows are written to these files too, and to no others. Each begins with the
    /// rows that belong there.
    /// # Errors
    /// [`RunError::Write`].
    pub fn log_to(
        &mut self,
        logs: impl IntoIterator<Item = (String, PathBuf)>,
    ) -> Result<Vec<Repair>, RunError> {
        self.open.truncate(1);
        let mut repairs = Vec::new();
        let is_written = self.is_written;
        for (name, path) in logs.into_iter().filter(|_| is_written) {
            repairs.extend(self.open(&path, Some(name))?);
        }
        Ok(repairs)
    }

    /// All rows, as a state keeps them.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The text of `history.csv`.
    pub fn text(&self) -> String {
        self.text_of(self.rows.iter())
    }

    fn text_of<'r>(&self, rows: impl Iterator<Item = &'r Row>) -> String {
        let lines = rows.map(|row| row.text.as_str());
        let mut text: String =
            std::iter::once(self.header.as_str()).chain(lines).collect::<Vec<_>>().join("\n");
        text.push('\n');
        text
    }

    /// Adds a row. It is in the files when this returns.
    /// # Errors
    /// [`RunError::Write`].
    pub fn add(&mut self, record: &EpochRecord) -> Result<(), RunError> {
        let mut row = vec![record.epoch.to_string()];
        row.extend(record.values.0.iter().map(|(_, value)| value.to_string()));
        row.push(record.learning_rate.to_string());
        row.push(format!("{:.3}", record.seconds));
        let text = row.join(",");
        let line = text.clone() + "\n";
        for Open { path, file, .. } in &mut self.open {
            file.write_all(line.as_bytes()).map_err(|error| RunError::write(path, error))?;
        }
        let logs = self.open.iter().filter_map(|open| open.log.clone()).collect();
        self.rows.push(Row { text, logs });
        Ok(())
    }

    fn open(&mut self, path: &Path, log: Option<String>) -> Result<Option<Repair>, RunError> {
        let belongs = |row: &&Row| log.as_ref().is_none_or(|log| row.logs.contains(log));
        let text = self.text_of(self.rows.iter().filter(belongs));
        let repair = Repair::between(path, &text);
        files::write(path, |file| file.write_all(text.as_bytes()))
            .map_err(|error| RunError::write(path, error))?;
        let file = files::append(path).map_err(|error| RunError::write(path, error))?;
        self.open.push(Open { log, path: path.to_owned(), file });
        Ok(repair)
    }
}

/// A file that was not as the run had left it, and was written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The file.
    pub path: PathBuf,
    /// What had become of it.
    pub was: Fate,
}

/// What had become of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was not there.
    Missing,
    /// It lacked rows, or had others.
    Changed,
}

impl Repair {
    /// What had become of a file that begins with `text`, unless it does.
    fn between(path: &Path, text: &str) -> Option<Self> {
        let is_new = text.lines().count() <= 1;
        let was = match files::read(path, MOST_RECORD_BYTES) {
            // rows of epochs after the state, and one that was written by half, go without a word:
            // they come again
            Ok(bytes) if bytes.starts_with(text.as_bytes()) => return None,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Fate::Missing,
            Ok(_) | Err(_) => Fate::Changed,
        };
        (!is_new).then(|| Self { path: path.to_owned(), was })
    }
}

/// The rows of a run whose state does not hold them (of an older version), as far as `history.csv`
/// has them: those of the epochs up to `last`. `logs` are the files of `csv_log` that have the rows
/// after epoch `logged_after`.
/// # Errors
/// [`RunError::Read`] where the file is there and cannot be read.
pub(super) fn rows_of_file(
    path: &Path,
    monitors: &[Monitor],
    last: usize,
    (logs, logged_after): (&[String], usize),
) -> Result<Vec<Row>, RunError> {
    let bytes = match files::read(path, MOST_RECORD_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(RunError::read(path, error)),
    };
    let text = String::from_utf8_lossy(&bytes);
    let width = columns(monitors).len();
    let row = |text: &str| {
        let epoch: usize = text.split(',').next()?.parse().ok()?;
        let is_whole = text.split(',').count() == width && epoch <= last;
        let logs = if epoch > logged_after { logs.to_vec() } else { Vec::new() };
        is_whole.then(|| Row { text: text.to_owned(), logs })
    };
    Ok(text.lines().filter_map(row).collect())
}

fn columns(monitors: &[Monitor]) -> Vec<String> {
    let mut columns = vec!["epoch".to_owned()];
    columns.extend(monitors.iter().map(|&monitor| monitor.column()));
    columns.extend(["learning_rate".to_owned(), "seconds".to_owned()]);
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const LOSS: Monitor = Monitor { validation: false, metric: None };
    const VAL_LOSS: Monitor = Monitor { validation: true, metric: None };

    fn record(epoch: usize) -> EpochRecord {
        let values = EpochValues(vec![(LOSS, 0.5 / epoch as f64), (VAL_LOSS, 1.0)]);
        EpochRecord { epoch, learning_rate: 0.001, values, seconds: 0.25 }
    }

    /// A history of three epochs, the last two of them in a log too.
    fn three(folder: &Path) -> (PathBuf, PathBuf, Vec<Row>) {
        let (path, log) = (folder.join("history.csv"), folder.join("log.csv"));
        let (mut history, repair) = History::begin(&path, &[LOSS, VAL_LOSS], Vec::new()).expect("made");
        assert_eq!(repair, None);
        history.add(&record(1)).expect("written");
        assert_eq!(history.log_to([("log.csv".to_owned(), log.clone())]).expect("made"), []);
        history.add(&record(2)).expect("written");
        history.add(&record(3)).expect("written");
        (path, log, history.rows().to_vec())
    }

    #[test]
    fn rows_after_the_state_are_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, log, mut rows) = three(folder.path());
        let undisturbed = fs::read_to_string(&path).expect("there");
        assert_eq!(
            undisturbed,
            "epoch,loss,val_loss,learning_rate,seconds\n1,0.5,1,0.001,0.250\n2,0.25,1,0.001,0.250\n\
             3,0.16666666666666666,1,0.001,0.250\n"
        );
        let logged = fs::read_to_string(&log).expect("there");
        assert!(logged.starts_with("epoch,loss,val_loss,learning_rate,seconds\n2,"), "{logged}");
        // The state is of epoch 2; row 3 was written before the kill, row 4 only half.
        fs::write(&path, format!("{undisturbed}4,0.1")).expect("written");
        rows.truncate(2);
        let (mut history, repair) = History::begin(&path, &[LOSS, VAL_LOSS], rows).expect("read");
        assert_eq!(repair, None);
        history.log_to([("log.csv".to_owned(), log.clone())]).expect("made");
        history.add(&record(3)).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), undisturbed);
        assert_eq!(fs::read_to_string(&log).expect("there"), logged);
    }

    #[test]
    fn what_was_done_to_a_file_is_undone_and_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, log, rows) = three(folder.path());
        let undisturbed = fs::read_to_string(&path).expect("there");
        for (was, text) in [
            (Fate::Missing, None),
            (Fate::Changed, Some("")),
            (Fate::Changed, Some(&undisturbed[..60])),
            (Fate::Changed, Some("epoch,loss\n1,1\n")),
        ] {
            match text {
                None => fs::remove_file(&path).expect("removed"),
                Some(text) => fs::write(&path, text).expect("written"),
            }
            let (_, repair) = History::begin(&path, &[LOSS, VAL_LOSS], rows.clone()).expect("made");
            assert_eq!(repair, Some(Repair { path: path.clone(), was }));
            assert_eq!(fs::read_to_string(&path).expect("there"), undisturbed);
        }
        fs::remove_file(&log).expect("removed");
        let (mut history, _) = History::begin(&path, &[LOSS, VAL_LOSS], rows).expect("made");
        let repairs = history.log_to([("log.csv".to_owned(), log.clone())]).expect("made");
        assert_eq!(repairs, [Repair { path: log, was: Fate::Missing }]);
    }

    #[test]
    fn rows_of_an_older_run_come_from_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, _, rows) = three(folder.path());
        let read = rows_of_file(&path, &[LOSS, VAL_LOSS], 2, (&["log.csv".to_owned()], 1)).expect("read");
        assert_eq!(read, rows[..2]);
        assert_eq!(rows_of_file(&folder.path().join("none"), &[LOSS], 2, (&[], 0)).expect("none"), []);
    }
}
