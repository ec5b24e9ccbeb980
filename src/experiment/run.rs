//! A run that has ended, or is going on elsewhere: what its folder tells.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ensemble::EnsembleOutcome;
use super::error::Error;
use super::scores::Scores;
use crate::assess::Answers;
use crate::data::Split;
use crate::files;
use crate::ir::run_files::{DRAWINGS, ENSEMBLE};
use crate::settings::Settings;
use crate::train::{RunError, RunFolder, Together};

/// A run, by its folder.
///
/// ```no_run
/// use cnnc::{Run, RunStatus};
///
/// let run = Run::open("runs/digits-1")?;
/// assert_eq!(*run.status(), RunStatus::Finished);
/// for row in run.history()? {
///     println!("{}: {:?}", row.epoch, row.value("val_accuracy"));
/// }
/// println!("{:?}", run.test().and_then(|scores| scores.metric("accuracy")));
/// # Ok::<(), cnnc::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    folder: PathBuf,
    file: PathBuf,
    model: String,
    status: RunStatus,
    epochs: usize,
    steps: u64,
    settings: Settings,
    judged: Option<(Split, Scores)>,
    train_seconds: f64,
    peak_bytes: Option<u64>,
    ensemble: Option<EnsembleOutcome>,
}

/// What a run has become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunStatus {
    /// It goes on; or it was killed.
    Running,
    /// It was told to end before its end.
    Interrupted,
    /// It could not go on, for this reason.
    Failed(String),
    /// It is done.
    Finished,
}

/// What an epoch gave, as `history.csv` has it.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryRow {
    /// From 1.
    pub epoch: usize,
    /// Loss and metrics by their names: those of the training images, then those of the validation images,
    /// `val_loss`.
    pub values: Vec<(String, f64)>,
    /// Learning rate of its last step.
    pub learning_rate: f64,
    /// Wall time of its steps, its validation included.
    pub seconds: f64,
}

impl HistoryRow {
    /// A value by its name.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

impl Run {
    /// Reads what a run's folder tells of it. It may be going on meanwhile.
    /// # Errors
    /// [`Error::Run`] if it is not the folder of a run.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        Self::of_report(folder, &report_in(folder)?)
    }

    /// The run of all ranks, as the first one has written of it.
    pub(in crate::experiment) fn of_first_rank(
        folder: &RunFolder,
        ranks: Together<'_>,
    ) -> Result<Self, Error> {
        let read = || report_in(folder.path());
        let report = ranks.first_gives(read, Vec::clone, |given| Some(given.to_vec()))?;
        Self::of_report(folder.path(), &report)
    }

    /// The run in a folder, which need not be there, by its report.
    pub(in crate::experiment) fn of_report(folder: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let folder = folder.to_owned();
        let path = files_of(&folder).report();
        let unsound =
            |found: String| RunError::Format { path: path.clone(), wanted: "the report of a run", found };
        let report: Value = serde_json::from_slice(bytes).map_err(|error| unsound(error.to_string()))?;
        let status = match report["status"].as_str() {
            Some("running") => RunStatus::Running,
            Some("interrupted") => RunStatus::Interrupted,
            Some("failed") => RunStatus::Failed(report["error"].as_str().unwrap_or_default().to_owned()),
            Some("finished") => RunStatus::Finished,
            _ => return Err(unsound("it does not say what has become of the run".to_owned()).into()),
        };
        let settings = serde_json::from_value(report["settings"].clone());
        Ok(Self {
            folder,
            file: PathBuf::from(report["file"].as_str().unwrap_or_default()),
            model: report["model"].as_str().unwrap_or_default().to_owned(),
            status,
            epochs: count(&report["progress"]["epochs"]),
            steps: report["progress"]["steps"].as_u64().unwrap_or_default(),
            settings: settings.map_err(|error| unsound(format!("its settings: {error}")))?,
            train_seconds: report["timings"]["train_s"].as_f64().unwrap_or_default(),
            peak_bytes: report["memory"]["peak_bytes"].as_u64(),
            ensemble: EnsembleOutcome::from_json(&report[ENSEMBLE]),
            judged: [Split::Test, Split::Validation]
                .into_iter()
                .find_map(|split| Some((split, Scores::from_json(&report["results"][split.name()])?))),
        })
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The .cnn file, as it was named.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What has become of it.
    pub fn status(&self) -> &RunStatus {
        &self.status
    }

    /// Complete epochs.
    pub fn epochs(&self) -> usize {
        self.epochs
    }

    /// Steps.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Wall time of its steps and of validation, in seconds.
    pub fn train_seconds(&self) -> f64 {
        self.train_seconds
    }

    /// The most memory that its process took, in bytes, where the system tells.
    pub fn peak_bytes(&self) -> Option<u64> {
        self.peak_bytes
    }

    /// All settings that it was made with, defaults written out.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Loss and metrics of the test split, where it is finished and there is one.
    pub fn test(&self) -> Option<&Scores> {
        self.results().filter(|(split, _)| *split == Split::Test).map(|(_, scores)| scores)
    }

    /// Loss and metrics of the test split, where it is finished; of the split for validation, where there is
    /// no test split. The final weights made them: the best, where a callback restores those.
    pub fn results(&self) -> Option<(Split, &Scores)> {
        self.judged.as_ref().map(|(split, scores)| (*split, scores))
    }

    /// What has become of its members, where it is the run of an ensemble.
    pub fn ensemble(&self) -> Option<&EnsembleOutcome> {
        self.ensemble.as_ref()
    }

    /// Where its weights are, once it is finished; those of an interrupted run are as far as it came.
    pub fn weights(&self) -> PathBuf {
        files_of(&self.folder).weights()
    }

    /// Where its page is: what `cnnc run` and `cnnc report` write for people.
    pub fn page(&self) -> PathBuf {
        files_of(&self.folder).page()
    }

    /// Where the drawings are that its `report` names.
    pub fn drawings(&self) -> PathBuf {
        self.folder.join(DRAWINGS)
    }

    /// Where the index of its pictures is.
    pub(super) fn index(&self) -> PathBuf {
        files_of(&self.folder).index()
    }

    /// Its answer to each picture of the split that [`Run::results`] are of; `None` where it has none: it is
    /// not finished, answers with maps, or was made by a version that did not keep them.
    /// # Errors
    /// [`Error::Run`] if `predictions.csv` cannot be read or is not what a run writes.
    pub fn answers(&self) -> Result<Option<Answers>, Error> {
        let path = files_of(&self.folder).predictions();
        let text = match files::read_text(&path, files::MOST_RECORD_BYTES) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(RunError::read(&path, error).into()),
        };
        let answers = Answers::from_csv(&text).map_err(|found| RunError::Format {
            path,
            wanted: "the predictions of a run",
            found,
        })?;
        Ok(Some(answers))
    }

    /// The states that it can be gone on from, the newest first:
    /// [`RunOptions::resume`](super::RunOptions::resume) takes the first that is good.
    pub fn states(&self) -> Vec<PathBuf> {
        files_of(&self.folder).states().into_iter().filter(|state| state.is_file()).collect()
    }

    /// A row for each complete epoch. An ensemble has none of its own: its members have.
    /// # Errors
    /// [`Error::Run`] if `history.csv` cannot be read or is not what a run writes.
    pub fn history(&self) -> Result<Vec<HistoryRow>, Error> {
        if self.ensemble.is_some() {
            return Ok(Vec::new());
        }
        let path = files_of(&self.folder).history();
        let text = files::read_text(&path, files::MOST_RECORD_BYTES)
            .map_err(|error| RunError::read(&path, error))?;
        rows(&text).ok_or_else(|| {
            let found = "its rows are not those of epochs".to_owned();
            RunError::Format { path, wanted: "the history of a run", found }.into()
        })
    }
}

/// The report in the folder of a run.
pub(in crate::experiment) fn report_in(folder: &Path) -> Result<Vec<u8>, RunError> {
    let path = files_of(folder).report();
    files::read(&path, files::MOST_RECORD_BYTES).map_err(|error| RunError::read(&path, error))
}

/// A run's folder, which is only looked at.
fn files_of(folder: &Path) -> RunFolder {
    RunFolder::around(&folder.join("run"))
}

fn count(value: &Value) -> usize {
    value.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

/// Rows of a history: `epoch`, the values, `learning_rate`, `seconds`. A last one without its end is being
/// written.
pub(super) fn rows(text: &str) -> Option<Vec<HistoryRow>> {
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let mut lines = whole.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let [epoch, values @ .., learning_rate, seconds] = &cells[..] else { return None };
        let names = names.get(1..names.len().checked_sub(2)?)?;
        if names.len() != values.len() {
            return None;
        }
        let value = |(name, cell): (&&str, &&str)| Some(((*name).to_owned(), cell.parse::<f64>().ok()?));
        Some(HistoryRow {
            epoch: epoch.parse().ok()?,
            values: names.iter().zip(values).map(value).collect::<Option<_>>()?,
            learning_rate: learning_rate.parse().ok()?,
            seconds: seconds.parse().ok()?,
        })
    };
    lines.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_read_as_it_is_written() {
        let text =
            "epoch,loss,val_loss,learning_rate,seconds\n1,0.5,NaN,0.001,1.250\n2,0.25,0.3,0.0005,1.0\n3,0.1";
        let rows = rows(text).expect("sound");
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[1].value("loss"), rows[1].value("val_loss")), (Some(0.25), Some(0.3)));
        assert!(rows[0].value("val_loss").is_some_and(f64::is_nan) && rows[0].value("accuracy").is_none());
        assert!(super::rows("epoch,loss,learning_rate,seconds\n1,0.5,0.1\n").is_none());
        assert_eq!(super::rows(""), Some(Vec::new()));
    }
}
