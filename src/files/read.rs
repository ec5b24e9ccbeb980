//! Reading: bounded, and never from what may not end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use super::kind;

/// Opens a regular file.
/// # Errors
/// The system's; [`io::ErrorKind::InvalidInput`] with the kind in words where it is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    // a named pipe is opened without waiting for a writer, so that it can be refused
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() { Ok(file) } else { Err(refused(kind)) }
}

/// A regular file's bytes, `most` of them at most.
/// # Errors
/// As [`open`]; [`io::ErrorKind::FileTooLarge`] where it has more.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    bounded(open(path)?, most)
}

/// The same as text.
/// # Errors
/// As [`read`]; [`io::ErrorKind::InvalidData`] where it is no UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let bytes = read(path, most)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("it is not a text file: byte {at} is not UTF-8"))
    })
}

/// What the command line names as an input that is read once: a regular file, `-` for standard input, or a stream that is open already
/// (`/dev/stdin`, `/dev/fd/63` as shells write `<(…)`); `most` bytes at most.
/// # Errors
/// As [`read`].
pub fn read_input(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if path == Path::new("-") {
        return bounded(io::stdin().lock(), most);
    }
    if is_open_stream(path) {
        return bounded(File::open(path)?, most);
    }
    read(path, most)
}

/// Whether a path names a pipe that is one of this process's own descriptors.
fn is_open_stream(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let is_pipe = fs::metadata(path).is_ok_and(|about| about.file_type().is_fifo());
        // `/dev/stdin` → `/proc/self/fd/0` → `pipe:[123]`: the last link's target is no path
        is_pipe && fs::canonicalize(path).is_err()
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

fn bounded(stream: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {}", size(most))));
    }
    Ok(bytes)
}

fn size(bytes: u64) -> String {
    if bytes >= 1 << 30 { format!("{} GiB", bytes >> 30) } else { format!("{} MiB", (bytes >> 20).max(1)) }
}

fn refused(kind: fs::FileType) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is {}", kind::named(kind)))
}
