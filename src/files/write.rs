//! Writing: all or nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// How the names of unfinished files begin.
const UNFINISHED: &str = ".cnnc-unfinished-";

/// Writes a file. A regular one holds either its old contents or all of the new ones, whenever the process or the machine is stopped: a temporary
/// neighbour is written, brought to the disk and renamed. Links are followed. What is no regular file (`/dev/stdout`, a pipe, a device) is written
/// through and stays what it is.
/// # Errors
/// The system's, without the name of the temporary file.
pub fn write(path: &Path, contents: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let about = match fs::metadata(path) {
        Ok(about) => Some(about),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if about.as_ref().is_some_and(|about| !about.is_file()) {
        return write_through(path, contents);
    }
    let target = target_of(path)?;
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    if about.as_ref().is_some_and(|about| about.permissions().readonly()) {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    // A temporary file is private by default; this one becomes an ordinary file of the user's.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(folder).map_err(without_path)?;
    let mut writer = BufWriter::with_capacity(1 << 16, temporary.as_file());
    contents(&mut writer)?;
    writer.flush()?;
    drop(writer);
    if let Some(about) = about {
        temporary.as_file().set_permissions(about.permissions())?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(&target).map_err(|error| error.error)?;
    // The new name must reach the disk too. Where a folder cannot be opened (Windows), renaming is already durable.
    if let Ok(folder) = File::open(folder) {
        folder.sync_all()?;
    }
    Ok(())
}

fn write_through(path: &Path, contents: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(1 << 16, OpenOptions::new().write(true).open(path)?);
    contents(&mut writer)?;
    writer.flush()
}

/// Where a path leads in the end: links are followed, also one whose file is not there yet.
fn target_of(path: &Path) -> io::Result<PathBuf> {
    /// As many as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("it is a link that leads in a circle"))
}

/// The system's error without the temporary file's name, which means nothing to the user.
fn without_path(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::NotFound {
        return io::Error::new(error.kind(), "the folder does not exist");
    }
    io::Error::from(error.kind())
}

/// Takes away what a killed process left unfinished in a folder.
pub fn clear_unfinished(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            // One that cannot be removed does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        fs::write(&path, "old").expect("written");
        let failed = write(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        });
        assert_eq!(failed.expect_err("the disk is full").kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&path).expect("there"), "old");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
