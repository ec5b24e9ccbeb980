//! Files on their way: temporary neighbours of what they will replace.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::NamedTempFile;

/// How the names of unfinished files begin.
const UNFINISHED: &str = ".cnnc-unfinished-";

/// A file that is being written, beside the one whose place it will take. It goes away when it is
/// dropped before that. As long as its process lives it is locked, which tells it from what a killed
/// process has left.
#[derive(Debug)]
pub struct Unfinished {
    temporary: NamedTempFile,
    target: PathBuf,
}

impl Unfinished {
    /// Begins a file that will stand at `target`, which must be no link.
    /// # Errors
    /// The system's, without the name of the temporary file.
    pub fn beside(target: &Path) -> io::Result<Self> {
        let folder = folder_of(target);
        clear_once(folder);
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED);
        // A temporary file is private by default; this one becomes an ordinary file of the user's.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        loop {
            let temporary = builder.tempfile_in(folder).map_err(without_path)?;
            if is_ours(temporary.as_file()) {
                return Ok(Self { temporary, target: target.to_owned() });
            }
        }
    }

    /// The file itself.
    pub fn file(&self) -> &File {
        self.temporary.as_file()
    }

    /// What has been written so far, to be read from its beginning.
    /// # Errors
    /// The system's.
    pub fn read_back(&self) -> io::Result<File> {
        self.temporary.reopen()
    }

    /// Puts the file, with all that was written, in its place; what stood there is replaced at that
    /// moment. When this returns, all of it has reached the disk.
    /// # Errors
    /// The system's; what stood there is then whole.
    pub fn put_in_place(self) -> io::Result<()> {
        self.temporary.as_file().sync_all()?;
        // The lock is held until the name is gone. Renamed by the system's C library, as everything here is
        // done: tests stand in for it to let each call fail.
        let (_locked, path) = self.temporary.into_parts();
        fs::rename(&path, &self.target)?;
        path.keep().map_err(|error| error.error)?;
        sync_folder(folder_of(&self.target))
    }

    /// The same where nothing stands yet.
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where something does.
    pub fn put_in_free_place(self) -> io::Result<()> {
        self.temporary.as_file().sync_all()?;
        self.temporary.persist_noclobber(&self.target).map_err(|error| error.error)?;
        sync_folder(folder_of(&self.target))
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.as_file_mut().flush()
    }
}

/// Locks a new temporary file. Says no where another process has taken it for a dead one's in the
/// moment before, and removes it.
fn is_ours(file: &File) -> bool {
    match file.try_lock() {
        Ok(()) => links(file) > 0,
        Err(TryLockError::WouldBlock) => false,
        // where files cannot be locked, nobody takes this one away either
        Err(TryLockError::Error(_)) => true,
    }
}

/// Names that a file has.
#[cfg(unix)]
fn links(file: &File) -> u64 {
    use std::os::unix::fs::MetadataExt;
    file.metadata().map_or(1, |about| about.nlink())
}

#[cfg(not(unix))]
fn links(_file: &File) -> u64 {
    1
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// A new name must reach the disk too. Where a folder cannot be opened (Windows), renaming is
/// already durable, and some file systems know no such thing.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let Ok(folder) = File::open(folder) else { return Ok(()) };
    match folder.sync_all() {
        Err(error) if !is_unknown(error.kind()) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn is_unknown(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

/// The system's error without the temporary file's name, which means nothing to the user.
fn without_path(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::NotFound {
        return io::Error::new(error.kind(), "the folder does not exist");
    }
    io::Error::from(error.kind())
}

/// [`clear_unfinished`] for each folder once: looking through one for every file that is written
/// there would take long where these are thousands.
fn clear_once(folder: &Path) {
    static CLEARED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    // what a panic leaves in the set is true all the same
    let mut cleared = CLEARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if cleared.insert(folder.to_owned()) {
        clear_unfinished(folder);
    }
}

/// Takes away what killed processes have left unfinished in a folder; files that are being written at
/// this moment are locked, and stay.
pub fn clear_unfinished(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_file = || entry.file_type().is_ok_and(|kind| kind.is_file());
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) && is_file() {
            remove_abandoned(&entry.path());
        }
    }
}

/// Removes a file that nobody has locked. One that cannot be removed does no harm.
fn remove_abandoned(path: &Path) {
    let Ok(file) = File::open(path) else { return };
    if file.try_lock().is_ok() {
        // The lock is held until the name is gone: a process that has just made the file notices.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dead_processes_left_goes_and_what_living_ones_write_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let dead = folder.path().join(format!("{UNFINISHED}dead"));
        fs::write(&dead, "half").expect("written");
        let living = Unfinished::beside(&folder.path().join("a")).expect("begun");
        assert!(!dead.exists());
        fs::write(&dead, "half").expect("written");
        clear_unfinished(folder.path());
        assert!(!dead.exists());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        living.put_in_place().expect("written");
        assert!(folder.path().join("a").exists());
        clear_unfinished(folder.path());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_folder_of_that_name_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join(format!("{UNFINISHED}mine"))).expect("made");
        clear_unfinished(folder.path());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
