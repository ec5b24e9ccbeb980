//! Writing: all or nothing.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::descriptor::{self, MOST_LINKS};
use super::unfinished::Unfinished;
use super::{is_dash, kind};

/// Writes a file. A regular one holds either its old contents or all of the new ones, whenever the
/// process or the machine is stopped: a temporary neighbour is written, brought to the disk and
/// renamed. Links are followed; permissions stay, and the owner where that is allowed. Other names of
/// the same file (hard links) keep the old contents. `-` is standard output. What is no regular file
/// (`/dev/stdout`, a pipe, a device) is written through and stays what it is.
/// # Errors
/// The system's, without the name of the temporary file. A file that may not be written is not
/// replaced, nor one in a folder that may not.
pub fn write(path: &Path, contents: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if let Some(stream) = stream(path)? {
        return write_through(stream, contents);
    }
    let about = match fs::metadata(path) {
        Ok(about) => Some(about),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    match about {
        Some(about) if !about.is_file() => {
            if !kind::takes_text(about.file_type()) {
                return Err(kind::refused(about.file_type()));
            }
            write_through(OpenOptions::new().write(true).open(path)?, contents)
        }
        about => replace(path, about.as_ref(), contents),
    }
}

/// Writes a file where nothing stands yet, all of it or nothing.
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where something does, be it a link that leads nowhere.
pub fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists));
    }
    let mut file = Unfinished::beside(path)?;
    file.write_all(contents)?;
    file.put_in_free_place()
}

/// Opens a regular file to add to its end.
/// # Errors
/// The system's; [`io::ErrorKind::InvalidInput`] with the kind in words where it is no regular file.
pub fn append(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() { OpenOptions::new().append(true).open(path) } else { Err(kind::refused(kind)) }
}

/// Whether what is written to a path comes out at standard output, between a command's results.
pub fn goes_to_stdout(path: &Path) -> bool {
    is_dash(path) || descriptor::named_by(path) == Some(descriptor::STDOUT)
}

/// What a path names of this process's own outputs.
fn stream(path: &Path) -> io::Result<Option<Box<dyn Write>>> {
    if goes_to_stdout(path) {
        return Ok(Some(Box::new(io::stdout().lock())));
    }
    Ok(match descriptor::named_by(path) {
        Some(descriptor::STDERR) => Some(Box::new(io::stderr().lock())),
        // behind what is there, as the shell that has opened it wants it
        Some(_) => Some(Box::new(OpenOptions::new().append(true).open(path)?)),
        None => None,
    })
}

fn write_through(
    file: impl Write,
    contents: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    contents(&mut writer)?;
    writer.flush()
}

fn replace(
    path: &Path,
    old: Option<&Metadata>,
    contents: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "the name is that of a folder"));
    }
    if let Some(old) = old {
        may_be_written(path, old)?;
    }
    let mut file = Unfinished::beside(&target_of(path)?).map_err(|error| {
        if old.is_some() && error.kind() == io::ErrorKind::PermissionDenied {
            // Written in place it would be lost if anything went wrong on the way.
            let why = "its folder may not be written to, and files are replaced by new ones beside them";
            return io::Error::new(io::ErrorKind::PermissionDenied, why);
        }
        error
    })?;
    let mut writer = BufWriter::with_capacity(1 << 16, &mut file);
    contents(&mut writer)?;
    writer.flush()?;
    drop(writer);
    if let Some(old) = old {
        keep_owner(file.file(), old);
        file.file().set_permissions(old.permissions())?;
    }
    file.put_in_place()
}

/// Renaming asks nobody whether the file may be written; so we do.
fn may_be_written(path: &Path, about: &Metadata) -> io::Result<()> {
    if about.permissions().readonly() {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    OpenOptions::new().write(true).open(path).map(drop)
}

/// The new file belongs to whom the old one belonged to, where the system lets us.
fn keep_owner(file: &File, old: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let is_same = file.metadata().is_ok_and(|new| (new.uid(), new.gid()) == (old.uid(), old.gid()));
        if !is_same {
            let _ = fchown(file, Some(old.uid()), Some(old.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, old);
}

/// Where a path leads in the end: links are followed, also one whose file is not there yet.
fn target_of(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("it is a link that leads in a circle"))
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

    #[test]
    fn a_new_file_is_never_put_over_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        write_new(&path, b"first").expect("written");
        let failed = write_new(&path, b"second").expect_err("it is there");
        assert_eq!(failed.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).expect("there"), "first");
    }
}
