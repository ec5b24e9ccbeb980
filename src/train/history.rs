//! `history.csv`: one row for each complete epoch, written as the epoch ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::callbacks::EpochValues;
use super::error::RunError;
use super::settings::monitor_name;
use crate::files;
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

/// An open `history.csv`.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    file: File,
}

impl History {
    /// Begins a file with a column for each of `monitors`.
    /// # Errors
    /// [`RunError::Write`].
    pub fn create(path: &Path, monitors: &[Monitor]) -> Result<Self, RunError> {
        Self::begin(path, monitors, &[])
    }

    /// Goes on after epoch `last`: later rows, and a row that a killed process left half written, are dropped.
    /// # Errors
    /// [`RunError::Read`] where the file is there and cannot be read, [`RunError::Write`].
    pub fn resume(path: &Path, monitors: &[Monitor], last: usize) -> Result<Self, RunError> {
        let mut kept = Vec::new();
        match File::open(path) {
            Ok(file) => {
                let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
                for row in reader.records() {
                    // A broken row cannot be of a complete epoch.
                    let Ok(row) = row else { break };
                    let epoch = row.get(0).and_then(|text| text.parse::<usize>().ok());
                    if row.len() == columns(monitors).len() && epoch.is_some_and(|epoch| epoch <= last) {
                        kept.push(row);
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(RunError::read(path, error)),
        }
        Self::begin(path, monitors, &kept)
    }

    fn begin(path: &Path, monitors: &[Monitor], rows: &[csv::StringRecord]) -> Result<Self, RunError> {
        files::write(path, |file| {
            writeln!(file, "{}", columns(monitors).join(","))?;
            for row in rows {
                writeln!(file, "{}", row.iter().collect::<Vec<_>>().join(","))?;
            }
            Ok(())
        })
        .map_err(|error| RunError::write(path, error))?;
        let file = OpenOptions::new().append(true).open(path).map_err(|error| RunError::write(path, error))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds a row. It is in the file when this returns.
    /// # Errors
    /// [`RunError::Write`].
    pub fn add(&mut self, record: &EpochRecord) -> Result<(), RunError> {
        let mut row = vec![record.epoch.to_string()];
        row.extend(record.values.0.iter().map(|(_, value)| value.to_string()));
        row.push(record.learning_rate.to_string());
        row.push(format!("{:.3}", record.seconds));
        let line = row.join(",") + "\n";
        self.file.write_all(line.as_bytes()).map_err(|error| RunError::write(&self.path, error))
    }
}

fn columns(monitors: &[Monitor]) -> Vec<String> {
    let mut columns = vec!["epoch".to_owned()];
    columns.extend(monitors.iter().map(|&monitor| monitor_name(monitor)));
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

    #[test]
    fn rows_after_the_state_are_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history.csv");
        let mut history = History::create(&path, &[LOSS, VAL_LOSS]).expect("made");
        for epoch in 1..=3 {
            history.add(&record(epoch)).expect("written");
        }
        let undisturbed = fs::read_to_string(&path).expect("there");
        assert_eq!(
            undisturbed,
            "epoch,loss,val_loss,learning_rate,seconds\n1,0.5,1,0.001,0.250\n2,0.25,1,0.001,0.250\n\
             3,0.16666666666666666,1,0.001,0.250\n"
        );
        // The state is of epoch 2; row 3 was written before the kill, row 4 only half.
        fs::write(&path, format!("{undisturbed}4,0.1")).expect("written");
        let mut history = History::resume(&path, &[LOSS, VAL_LOSS], 2).expect("read");
        history.add(&record(3)).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), undisturbed);
    }

    #[test]
    fn a_lost_history_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history.csv");
        History::resume(&path, &[LOSS], 5).expect("made");
        assert_eq!(fs::read_to_string(&path).expect("there"), "epoch,loss,learning_rate,seconds\n");
    }
}
