//! `run.lock`: one process at a time works in a run's folder.
//!
//! The lock is the system's, on the open file: it is gone with the process that holds it, however
//! that ends. The file's text says who holds it, for the message to others. Whoever only reads
//! (`eval`, `predict`) does not ask for it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::error::RunError;
use crate::files;

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

/// Who holds a lock.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
    /// Seconds since 1970.
    since: u64,
}

/// Larger files were not written by us.
const MOST_BYTES: u64 = 4096;

impl FolderLock {
    /// Takes the lock of the folder that `path` lies in.
    /// # Errors
    /// [`RunError::InUse`] where another process has it, [`RunError::Write`].
    pub(super) fn take(path: &Path) -> Result<Self, RunError> {
        let failed = |error| RunError::write(path, error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        // what stands there may be a named pipe: nobody is waited for
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
        #[allow(
            clippy::disallowed_methods,
            reason = "a lock is held on the file that stands there, not on a new one"
        )]
        let mut file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path)),
            // a file system without locks: then there is no protection, as before
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let text = serde_json::to_string(&Holder::this_process()).unwrap_or_default() + "\n";
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
        written.map_err(failed)?;
        Ok(Self { _file: file })
    }

    /// Whether another process holds the lock of a folder, if there is one.
    /// # Errors
    /// [`RunError::InUse`] if so.
    pub(super) fn ask(path: &Path) -> Result<(), RunError> {
        let Ok(file) = files::open(path) else { return Ok(()) };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(in_use(path)),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
        }
    }
}

impl Holder {
    fn this_process() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let host = files::host().unwrap_or_else(|| "this machine".to_owned());
        Self { pid: std::process::id(), host, since }
    }

    /// `process 4711 on atlas, for 12 minutes`.
    fn in_words(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let seconds = now.saturating_sub(self.since);
        let (count, unit) = match seconds {
            0..60 => (seconds, "second"),
            60..3600 => (seconds / 60, "minute"),
            _ => (seconds / 3600, "hour"),
        };
        let s = if count == 1 { "" } else { "s" };
        format!("process {} on {}, for {count} {unit}{s}", self.pid, self.host)
    }
}

fn in_use(path: &Path) -> RunError {
    let text = files::read(path, MOST_BYTES).unwrap_or_default();
    let holder = serde_json::from_slice::<Holder>(&text).map(|holder| holder.in_words());
    RunError::InUse {
        path: path.parent().unwrap_or(path).to_owned(),
        holder: holder.unwrap_or_else(|_| "its process has not said its name yet".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_goes_with_its_holder() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.lock");
        FolderLock::ask(&path).expect("nobody is there");
        let held = FolderLock::take(&path).expect("free");
        let pid = format!("process {} on ", std::process::id());
        for refused in [FolderLock::take(&path).map(drop), FolderLock::ask(&path)] {
            let error = refused.expect_err("it is held").to_string();
            assert!(error.contains(&pid) && error.contains("for 0 seconds"), "{error}");
        }
        drop(held);
        FolderLock::ask(&path).expect("free again");
        FolderLock::take(&path).expect("free again");
    }
}
