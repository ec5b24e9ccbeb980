//! A run's folder: `weights.safetensors`, checkpoints, `history.csv`, `run.json`, the states, the index of
//! the data, and the lock.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RunError;
use super::lock::FolderLock;
use super::state::Saved;
use crate::files;
use crate::ir::run_files::{
    self, ENSEMBLE, HISTORY, INDEX, LOCK, METRICS, NEXT_STATE, PAGE, PREDICTIONS, PREVIOUS_STATE, REPORT,
    STATE, WEIGHTS,
};

/// The folder of one run. It belongs to that run alone, and to this process as long as any copy of this value
/// is there.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
    /// `None` where the folder is only looked at.
    _lock: Option<Arc<FolderLock>>,
    /// Another process writes the files.
    is_of_another: bool,
}

/// What there is to go on from in the folder of a run that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Remains {
    /// A state.
    State(Box<Saved>),
    /// Nothing was trained yet: the run begins again from its start.
    Nothing,
    /// It is the run of an ensemble, whose members have folders of their own in it.
    Members,
}

impl RunFolder {
    /// Makes the first of `parent/stem-1`, `parent/stem-2`, … that does not exist yet.
    /// # Errors
    /// [`RunError::Write`].
    pub fn numbered(parent: &Path, stem: &str) -> Result<Self, RunError> {
        fs::create_dir_all(parent).map_err(|error| RunError::write(parent, error))?;
        for number in 1_usize.. {
            let path = parent.join(format!("{stem}-{number}"));
            match fs::create_dir(&path) {
                Ok(()) => return Self::locked(&path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(RunError::write(&path, error)),
            }
        }
        unreachable!("there are more numbers than folders")
    }

    /// Makes a folder, or takes an empty one.
    /// # Errors
    /// [`RunError::Occupied`] if there is anything in it, [`RunError::InUse`], [`RunError::Write`].
    pub fn create(path: &Path) -> Result<Self, RunError> {
        fs::create_dir_all(path).map_err(|error| RunError::write(path, error))?;
        let names = || -> Result<Vec<String>, RunError> {
            let entries = fs::read_dir(path).map_err(|error| RunError::write(path, error))?.flatten();
            Ok(entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        };
        let occupied = |names: &[String]| {
            let is_run = names.iter().any(|name| run_files::is_own(name));
            RunError::Occupied { path: path.to_owned(), is_run }
        };
        let there = names()?;
        if !there.is_empty() {
            FolderLock::ask(&path.join(LOCK))?;
            return Err(occupied(&there));
        }
        let folder = Self::locked(path)?;
        // another run may have begun and ended between the two looks
        let there = names()?;
        if there.iter().any(|name| name != LOCK) { Err(occupied(&there)) } else { Ok(folder) }
    }

    /// The folder of a run that was begun, to go on with it. What a killed process left unfinished is taken
    /// away.
    /// # Errors
    /// [`RunError::Read`] if it is not the folder of a run; [`RunError::InUse`]; [`RunError::StateLost`]
    /// where only its results are left; where no state is good, what is wrong with the newest.
    pub fn open(path: &Path) -> Result<(Self, Remains), RunError> {
        let looked_at = Self { path: path.to_owned(), _lock: None, is_of_another: false };
        let has_state = looked_at.states().iter().any(|state| fs::symlink_metadata(state).is_ok());
        let has_members = looked_at.has_members();
        if !has_state && !has_members {
            looked_at.begun_without_results()?;
        }
        run_files::ALL.iter().try_for_each(|name| is_regular_if_there(&path.join(name)))?;
        let folder = Self::locked(path)?;
        files::clear_unfinished(path);
        if has_members {
            return Ok((folder, Remains::Members));
        }
        if !has_state {
            return Ok((folder, Remains::Nothing));
        }
        let saved = Saved::find(&folder)?.settle(&folder)?;
        Ok((folder, Remains::State(Box::new(saved))))
    }

    /// A folder that belongs to this process from now on, whatever is in it.
    /// # Errors
    /// [`RunError::InUse`], [`RunError::Write`].
    pub fn claim(path: &Path) -> Result<Self, RunError> {
        Self::locked(path)
    }

    /// The folder that a file lies in, without a claim to it.
    pub fn around(file: &Path) -> Self {
        Self { path: file.parent().unwrap_or(Path::new("")).to_owned(), _lock: None, is_of_another: false }
    }

    /// The folder of a run that another process writes, on this machine or elsewhere: nothing is
    /// written here, and the folder need not be there.
    pub fn of_another(path: PathBuf) -> Self {
        Self { path, _lock: None, is_of_another: true }
    }

    /// Whether this process writes the run's files.
    pub fn is_written(&self) -> bool {
        !self.is_of_another
    }

    /// Does what writes files of the run, where this process writes them.
    /// # Errors
    /// Those of `write`.
    pub fn writing<T, E>(&self, write: impl FnOnce() -> Result<T, E>) -> Result<Option<T>, E> {
        self.is_written().then(write).transpose()
    }

    fn locked(path: &Path) -> Result<Self, RunError> {
        let lock = FolderLock::take(&path.join(LOCK))?;
        Ok(Self { path: path.to_owned(), _lock: Some(Arc::new(lock)), is_of_another: false })
    }

    /// Whether its report is that of an ensemble.
    fn has_members(&self) -> bool {
        let report = files::read(&self.report(), files::MOST_RECORD_BYTES).unwrap_or_default();
        let report: Value = serde_json::from_slice(&report).unwrap_or_default();
        report[ENSEMBLE].is_object()
    }

    /// Whether a run was begun here and came to no results.
    fn begun_without_results(&self) -> Result<(), RunError> {
        let missing = |error| RunError::read(&self.state(), error);
        let mut begun = false;
        for entry in fs::read_dir(&self.path).map_err(missing)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            begun |= name == LOCK || name == REPORT;
            let has_rows = |path: &Path| {
                let text = files::read_text(path, files::MOST_RECORD_BYTES);
                text.map_or(true, |text| text.lines().count() > 1)
            };
            if name == WEIGHTS || (name == HISTORY && has_rows(&entry.path())) {
                return Err(RunError::StateLost { path: self.path.clone(), result: name });
            }
        }
        if begun { Ok(()) } else { Err(missing(io::Error::from(io::ErrorKind::NotFound))) }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The final weights.
    pub fn weights(&self) -> PathBuf {
        self.path.join(WEIGHTS)
    }

    /// What a resumed run starts from.
    pub fn state(&self) -> PathBuf {
        self.path.join(STATE)
    }

    /// Where states are, the newest first. See `train/state.rs`.
    pub fn states(&self) -> [PathBuf; 3] {
        [NEXT_STATE, STATE, PREVIOUS_STATE].map(|name| self.path.join(name))
    }

    /// A row an epoch.
    pub fn history(&self) -> PathBuf {
        self.path.join(HISTORY)
    }

    /// Settings, timings, results.
    pub fn report(&self) -> PathBuf {
        self.path.join(REPORT)
    }

    /// Where the answers are to the pictures of the split that was evaluated.
    pub fn predictions(&self) -> PathBuf {
        self.path.join(PREDICTIONS)
    }

    /// Where it stands what these say of the model.
    pub fn metrics(&self) -> PathBuf {
        self.path.join(METRICS)
    }

    /// The results as a page, for people.
    pub fn page(&self) -> PathBuf {
        self.path.join(PAGE)
    }

    /// Which pictures it was trained on, and which not.
    pub fn index(&self) -> PathBuf {
        self.path.join(INDEX)
    }

    /// A checkpoint's file.
    /// # Errors
    /// [`RunError::CheckpointPath`] unless `name` is a plain file name; [`RunError::Read`] where
    /// something else than a file stands there.
    pub fn checkpoint(&self, name: &str) -> Result<PathBuf, RunError> {
        let path = self.of_callback(name)?;
        is_regular_if_there(&path)?;
        Ok(path)
    }

    /// The folder that a callback writes into.
    /// # Errors
    /// [`RunError::CheckpointPath`] unless `name` is a plain name.
    pub fn of_callback(&self, name: &str) -> Result<PathBuf, RunError> {
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(_)), None) if !run_files::is_own(name) => Ok(self.path.join(name)),
            _ => Err(RunError::CheckpointPath { file: name.to_owned() }),
        }
    }
}

/// A run replaces its files, and reads them back: what is no regular file (a named pipe, which would
/// wait for somebody) is none of them.
fn is_regular_if_there(path: &Path) -> Result<(), RunError> {
    match files::open(path) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(RunError::read(path, error)),
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_and_nothing_is_overwritten() {
        let parent = tempfile::tempdir().expect("a folder");
        let runs = parent.path().join("runs");
        let names: Vec<String> = (0..3)
            .map(|_| {
                let folder = RunFolder::numbered(&runs, "digits").expect("made");
                folder.path().file_name().expect("named").to_string_lossy().into_owned()
            })
            .collect();
        assert_eq!(names, ["digits-1", "digits-2", "digits-3"]);
    }

    #[test]
    fn an_occupied_folder_is_refused() {
        let parent = tempfile::tempdir().expect("a folder");
        let held = RunFolder::create(parent.path()).expect("it is empty");
        fs::write(parent.path().join("run.json"), "{}").expect("written");
        assert!(matches!(RunFolder::create(parent.path()), Err(RunError::InUse { .. })));
        assert!(matches!(RunFolder::open(parent.path()), Err(RunError::InUse { .. })));
        drop(held);
        assert!(matches!(RunFolder::create(parent.path()), Err(RunError::Occupied { .. })));
        fs::write(parent.path().join("file"), "").expect("written");
        assert!(matches!(RunFolder::create(&parent.path().join("file")), Err(RunError::Write { .. })));
    }

    #[test]
    fn resuming_wants_a_run() {
        let parent = tempfile::tempdir().expect("a folder");
        assert!(matches!(RunFolder::open(parent.path()), Err(RunError::Read { .. })));
        fs::write(parent.path().join("notes.txt"), "").expect("written");
        assert!(matches!(RunFolder::open(parent.path()), Err(RunError::Read { .. })));
        assert!(!parent.path().join(LOCK).exists(), "nothing is left in a folder that is none of ours");
    }

    #[test]
    fn a_run_that_was_only_begun_begins_again() {
        let parent = tempfile::tempdir().expect("a folder");
        drop(RunFolder::create(parent.path()).expect("it is empty"));
        let remains = || RunFolder::open(parent.path()).map(|(_, remains)| remains);
        assert_eq!(remains().expect("begun"), Remains::Nothing);
        for name in [REPORT, INDEX, HISTORY] {
            fs::write(parent.path().join(name), "epoch,loss\n").expect("written");
        }
        assert_eq!(remains().expect("begun"), Remains::Nothing);
        fs::write(parent.path().join(HISTORY), "epoch,loss\n1,0.5\n").expect("written");
        assert!(matches!(remains(), Err(RunError::StateLost { result, .. }) if result == HISTORY));
        fs::write(parent.path().join(HISTORY), "epoch,loss\n").expect("written");
        fs::write(parent.path().join(WEIGHTS), "").expect("written");
        assert!(matches!(remains(), Err(RunError::StateLost { result, .. }) if result == WEIGHTS));
    }

    #[test]
    fn checkpoints_stay_in_the_folder() {
        let folder = RunFolder { path: PathBuf::from("runs/a-1"), _lock: None, is_of_another: false };
        assert_eq!(
            folder.checkpoint("best.safetensors").expect("plain"),
            Path::new("runs/a-1/best.safetensors")
        );
        for name in ["../best", "/tmp/best", "a/b", "", ".", "..", "state.safetensors"] {
            assert!(matches!(folder.checkpoint(name), Err(RunError::CheckpointPath { .. })), "{name}");
        }
    }
}
