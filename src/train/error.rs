//! What can go wrong with a run and its files. Sentences speak to the user; [`RunError::help`] says what to
//! do.

use std::io;
use std::path::{Path, PathBuf};

use crate::weights::FileError;

/// A run cannot start, go on or end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// E0601: a weights file has other tensors than the model.
    #[error("`{}` does not fit this model: {}", path.display(), differences.join("; "))]
    WeightsDiffer {
        /// The file.
        path: PathBuf,
        /// What is missing, extra or of another shape; at least one.
        differences: Vec<String>,
    },
    /// E0602: a file cannot be opened or read.
    #[error("cannot read `{}`: {}", path.display(), reason(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// E0603: a file is not what it should be.
    #[error("`{}` is not {wanted}: {found}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// `a safetensors file`.
        wanted: &'static str,
        /// What is wrong with it.
        found: String,
    },
    /// E0604: a file or folder cannot be written.
    #[error("cannot write `{}`: {}", path.display(), reason(source))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// E0605: the run's folder holds something already.
    #[error("`{}` is not empty, and a run never overwrites another", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// It has files of a run.
        is_run: bool,
    },
    /// E0606: a run is resumed with other settings.
    #[error("the settings are not those of the run in `{}`: {}", path.display(), changes.join("; "))]
    SettingsChanged {
        /// The run's folder.
        path: PathBuf,
        /// `train.batch was 32, is 64`; at least one.
        changes: Vec<String>,
    },
    /// E0607: a checkpoint's file lies outside the run's folder.
    #[error("`{file}` is not a plain file name: checkpoints are written into the run's own folder")]
    CheckpointPath {
        /// As written.
        file: String,
    },
    /// E0611: a file is not what was written.
    #[error("`{}` is damaged: {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that is seen.
        found: String,
        /// The newest good state of the same run.
        instead: Option<PathBuf>,
    },
    /// E0612: a run is resumed on other data than it was begun with.
    #[error("the data are not those of the run in `{}`: {}", path.display(), differences.join("; "))]
    DataChanged {
        /// The run's folder.
        path: PathBuf,
        /// `3 pictures were added (train: 3), such as …`; at least one.
        differences: Vec<String>,
    },
    /// E0613: another process works in the run's folder.
    #[error("another run works in `{}`: {holder}", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Which process, where and since when.
        holder: String,
    },
    /// E0614: a run's folder has results and no state.
    #[error("`{}` holds results of a run (`{result}`) but no state to go on from", path.display())]
    StateLost {
        /// The folder.
        path: PathBuf,
        /// A file that is only there when training has begun.
        result: String,
    },
    /// E0620: a weights file holds NaN or infinity.
    #[error("`{}` holds weights that are not finite numbers: {tensors}", path.display())]
    NotFiniteWeights {
        /// The file.
        path: PathBuf,
        /// Names, with how many of their numbers are NaN or infinite.
        tensors: String,
    },
    /// E0621: what a model makes of pictures is no number.
    #[error("{what}: {}", where_from(layer.as_deref()))]
    NotFiniteResult {
        /// What is not finite: `the loss is NaN`.
        what: String,
        /// First layer whose result is not finite.
        layer: Option<String>,
    },
    /// E0521: the loss is not a number any more.
    #[error("the loss became {loss} at step {step} (epoch {epoch}, batch {batch}): {}", where_from(layer.as_deref()))]
    NotFinite {
        /// `NaN` or `inf`.
        loss: f32,
        /// From 1.
        step: u64,
        /// From 1.
        epoch: usize,
        /// From 1, within the epoch.
        batch: usize,
        /// First layer whose result is not finite.
        layer: Option<String>,
        /// The learning rate of the step.
        learning_rate: f32,
    },
    /// Images could not be delivered (the data room's own words).
    #[error(transparent)]
    Data(#[from] crate::data::DataError),
    /// The model could not be compiled.
    #[error(transparent)]
    Compile(#[from] crate::runtime::CompileError),
    /// Of the ranks that train together one has ended, or is silent.
    #[error(transparent)]
    Ranks(#[from] crate::ranks::RankError),
}

impl RunError {
    /// The diagnostic's code, for `cnnc explain`; `None` where another room's error is passed on.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            RunError::WeightsDiffer { .. } => Some("E0601"),
            RunError::Read { .. } => Some("E0602"),
            RunError::Format { .. } => Some("E0603"),
            RunError::Write { .. } => Some("E0604"),
            RunError::Occupied { .. } => Some("E0605"),
            RunError::SettingsChanged { .. } => Some("E0606"),
            RunError::CheckpointPath { .. } => Some("E0607"),
            RunError::Damaged { .. } => Some("E0611"),
            RunError::DataChanged { .. } => Some("E0612"),
            RunError::InUse { .. } => Some("E0613"),
            RunError::StateLost { .. } => Some("E0614"),
            RunError::NotFiniteWeights { .. } => Some("E0620"),
            RunError::NotFiniteResult { .. } => Some("E0621"),
            RunError::NotFinite { .. } => Some("E0521"),
            RunError::Compile(error) => error.code(),
            RunError::Data(_) | RunError::Ranks(_) => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            RunError::WeightsDiffer { .. } => {
                Some("give the weights that this model was trained to, or the file that they were trained with".into())
            }
            RunError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("check the path; it is taken from the folder that cnnc was started in".into())
            }
            RunError::Compile(error) => error.help().map(str::to_owned),
            RunError::Read { .. } | RunError::Data(_) | RunError::Ranks(_) => None,
            RunError::Format { .. } => {
                Some("the file may be cut off or of another program; make or copy it anew".into())
            }
            RunError::Write { source, .. } => Some(write_help(source.kind()).into()),
            RunError::Occupied { path, is_run: true } => Some(format!(
                "leave `--out` away for a new folder, or go on with that run: `--resume {}`",
                path.display()
            )),
            RunError::Occupied { is_run: false, .. } => Some("leave `--out` away, or name a new folder".into()),
            RunError::SettingsChanged { .. } => Some(
                "only `train.epochs` may grow; start a new run for other settings, or put the old ones back".into(),
            ),
            RunError::CheckpointPath { .. } => Some("write `checkpoint(\"best.safetensors\")`".into()),
            RunError::Damaged { instead: Some(state), .. } => Some(format!(
                "the newest good state of the run is `{}`: `--resume` goes on from it, and writes this file anew",
                state.display()
            )),
            RunError::Damaged { instead: None, .. } => Some(
                "take a copy of it, or make it anew; a program that changes such a file on purpose must leave its `checksum` out"
                    .into(),
            ),
            RunError::DataChanged { .. } => Some(
                "put the old data back, or start a new run; `--data-changed accept` goes on with the data as they are now, \
                 and the result is then of both"
                    .into(),
            ),
            RunError::InUse { .. } => Some("wait until it ends, or stop it; or choose another folder".into()),
            RunError::StateLost { .. } => Some(
                "weights that are there can be used by `eval` and `predict`, and to begin another run from: `weights:`".into(),
            ),
            RunError::NotFiniteWeights { .. } => Some(
                "take an older file of the run, or train again with a lower learning rate: these weights answer nothing".into(),
            ),
            RunError::NotFiniteResult { .. } => Some(
                "check that `prepare` is the one that the weights were trained with, and the weights themselves".into(),
            ),
            RunError::NotFinite { learning_rate, .. } => Some(format!(
                "lower the learning rate (it was {learning_rate}), and check that `prepare` scales the pictures, as `rescale: 1/255` does"
            )),
        }
    }

    /// A failure to read `path`.
    pub fn read(path: &Path, source: io::Error) -> Self {
        RunError::Read { path: path.to_owned(), source }
    }

    /// A file of weights that cannot be read.
    pub fn of_file(path: &Path, error: FileError) -> Self {
        match error {
            FileError::Read(source) => Self::read(path, source),
            FileError::Format { wanted, found } => Self::Format { path: path.to_owned(), wanted, found },
            FileError::Damaged(found) => Self::damaged(path, found),
        }
    }

    /// A file that is not what was written.
    pub fn damaged(path: &Path, found: impl Into<String>) -> Self {
        RunError::Damaged { path: path.to_owned(), found: found.into(), instead: None }
    }

    /// A failure to write `path`.
    pub fn write(path: &Path, source: io::Error) -> Self {
        RunError::Write { path: path.to_owned(), source }
    }
}

fn write_help(kind: io::ErrorKind) -> &'static str {
    if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        "make room on the disk; a run goes on from its last complete epoch with `--resume`"
    } else if matches!(kind, io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory) {
        "a file stands where a folder is wanted; choose another place"
    } else {
        "choose a folder that is there and that you may write to"
    }
}

/// The system's sentence without its number: `No space left on device`.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((sentence, _)) => sentence.to_owned(),
        None => text,
    }
}

/// Which layer a number that is none comes from, in words.
pub(super) fn where_from(layer: Option<&str>) -> String {
    match layer {
        Some(layer) => format!("the result of layer `{layer}` is the first that is not finite"),
        None => "every layer's result is finite, so the loss itself or a weight overflowed".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Language, explain, run_codes};

    #[test]
    fn every_code_has_a_page() {
        let io = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let path = std::path::PathBuf::new;
        let errors = [
            RunError::WeightsDiffer { path: path(), differences: vec![] },
            RunError::Read { path: path(), source: io() },
            RunError::Format { path: path(), wanted: "", found: String::new() },
            RunError::Write { path: path(), source: io() },
            RunError::Occupied { path: path(), is_run: true },
            RunError::SettingsChanged { path: path(), changes: vec![] },
            RunError::CheckpointPath { file: String::new() },
            RunError::damaged(&path(), ""),
            RunError::DataChanged { path: path(), differences: vec![] },
            RunError::InUse { path: path(), holder: String::new() },
            RunError::StateLost { path: path(), result: String::new() },
            RunError::NotFiniteWeights { path: path(), tensors: String::new() },
            RunError::NotFiniteResult { what: String::new(), layer: None },
            RunError::NotFinite {
                loss: f32::NAN,
                step: 1,
                epoch: 1,
                batch: 1,
                layer: None,
                learning_rate: 0.1,
            },
        ];
        for error in &errors {
            let code = error.code().expect("these have codes");
            assert!(explain(code, Language::English).is_some_and(|page| page.starts_with(code)), "{code}");
            assert!(error.help().is_some(), "{code} says nothing of what to do");
        }
        assert_eq!(run_codes(Language::English).count(), errors.len());
    }
}
