//! Large files that come piece by piece, and may break off: what has come is kept, so that the next attempt
//! goes on from there.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::unfinished::{folder_of, sync_folder};

/// A file on its way, beside the place that it will take: `NAME.part`. One process at a time works on it.
#[derive(Debug)]
pub struct Partial {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Partial {
    /// Opens what has come so far of the file that will stand at `target`, or begins it.
    /// # Errors
    /// The system's; [`io::ErrorKind::ResourceBusy`] where another process works on it.
    pub fn beside(target: &Path) -> io::Result<Self> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let path = target.with_file_name(name);
        let file = OpenOptions::new().create(true).truncate(false).read(true).append(true).open(&path)?;
        match file.try_lock() {
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { file, path, target: target.to_owned() }),
            Err(TryLockError::WouldBlock) => Err(io::Error::from(io::ErrorKind::ResourceBusy)),
        }
    }

    /// Bytes that have come.
    /// # Errors
    /// The system's.
    pub fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Throws away what has come.
    /// # Errors
    /// The system's.
    pub fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// What has come, from its beginning.
    /// # Errors
    /// The system's.
    pub fn read_back(&mut self) -> io::Result<impl Read> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.try_clone()
    }

    /// Puts the file in its place; what stood there is replaced at that moment.
    /// # Errors
    /// The system's; what has come is kept then.
    pub fn put_in_place(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        sync_folder(folder_of(&self.target))
    }

    /// Leaves nothing behind where nothing has come.
    /// # Errors
    /// The system's.
    pub fn discard_empty(self) -> io::Result<()> {
        if self.length()? == 0 {
            self.discard();
        }
        Ok(())
    }

    /// Removes what has come.
    pub fn discard(self) {
        // a file that cannot be removed is not taken for a whole one either
        let _ = fs::remove_file(&self.path);
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_come_is_kept_until_the_file_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("w.h5");
        let mut part = Partial::beside(&target).expect("begun");
        part.write_all(b"abc").expect("written");
        let busy = Partial::beside(&target).expect_err("another works on it");
        assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
        drop(part);
        let mut part = Partial::beside(&target).expect("gone on with");
        assert_eq!(part.length().expect("known"), 3);
        part.write_all(b"de").expect("written");
        let mut text = String::new();
        part.read_back().expect("there").read_to_string(&mut text).expect("read");
        assert_eq!(text, "abcde");
        part.put_in_place().expect("whole");
        assert_eq!(fs::read(&target).expect("there"), b"abcde");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
