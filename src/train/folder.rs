//! A run's folder: `weights.safetensors`, checkpoints, `history.csv`, `run.json`, `state.safetensors`.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::error::RunError;
use crate::files;

/// The folder of one run. It belongs to that run alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
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
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(RunError::write(&path, error)),
            }
        }
        unreachable!("there are more numbers than folders")
    }

    /// Makes a folder, or takes an empty one.
    /// # Errors
    /// [`RunError::Occupied`] if there is anything in it, [`RunError::Write`].
    pub fn create(path: &Path) -> Result<Self, RunError> {
        let failed = |error| RunError::write(path, error);
        fs::create_dir_all(path).map_err(failed)?;
        if fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(RunError::Occupied { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The folder of a run that was begun, to go on with it. What a killed process left unfinished is taken away.
    /// # Errors
    /// [`RunError::Read`] if there is no state in it.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let folder = Self { path: path.to_owned() };
        let state = folder.state();
        fs::metadata(&state).map_err(|error| RunError::read(&state, error))?;
        files::clear_unfinished(path);
        Ok(folder)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The final weights.
    pub fn weights(&self) -> PathBuf {
        self.path.join("weights.safetensors")
    }

    /// What a resumed run starts from.
    pub fn state(&self) -> PathBuf {
        self.path.join("state.safetensors")
    }

    /// A row an epoch.
    pub fn history(&self) -> PathBuf {
        self.path.join("history.csv")
    }

    /// Settings, timings, results.
    pub fn report(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// A checkpoint's file.
    /// # Errors
    /// [`RunError::CheckpointPath`] unless `name` is a plain file name.
    pub fn checkpoint(&self, name: &str) -> Result<PathBuf, RunError> {
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(_)), None) if !OWN_FILES.contains(&name) => Ok(self.path.join(name)),
            _ => Err(RunError::CheckpointPath { file: name.to_owned() }),
        }
    }
}

/// Names that a checkpoint must not take.
const OWN_FILES: [&str; 4] = ["weights.safetensors", "state.safetensors", "history.csv", "run.json"];

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
        RunFolder::create(parent.path()).expect("it is empty");
        fs::write(parent.path().join("run.json"), "{}").expect("written");
        assert!(matches!(RunFolder::create(parent.path()), Err(RunError::Occupied { .. })));
        fs::write(parent.path().join("file"), "").expect("written");
        assert!(matches!(RunFolder::create(&parent.path().join("file")), Err(RunError::Write { .. })));
    }

    #[test]
    fn resuming_wants_a_state() {
        let parent = tempfile::tempdir().expect("a folder");
        assert!(matches!(RunFolder::open(parent.path()), Err(RunError::Read { .. })));
    }

    #[test]
    fn checkpoints_stay_in_the_folder() {
        let folder = RunFolder { path: PathBuf::from("runs/a-1") };
        assert_eq!(folder.checkpoint("best.safetensors").expect("plain"), Path::new("runs/a-1/best.safetensors"));
        for name in ["../best", "/tmp/best", "a/b", "", ".", "..", "state.safetensors"] {
            assert!(matches!(folder.checkpoint(name), Err(RunError::CheckpointPath { .. })), "{name}");
        }
    }
}
