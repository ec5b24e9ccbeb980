//! Reading: bounded, and never from what may not end.

use std::fs::{File, OpenOptions};
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use super::{MOST_RECORD_BYTES, MOST_STREAM_BYTES, descriptor, is_dash, kind};

/// Opens a regular file.
/// # Errors
/// The system's; [`io::ErrorKind::InvalidInput`] with the kind in words where it is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    // a named pipe is opened without waiting for a writer, so that it can be refused
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let opened = options.open(path);
    #[cfg(unix)]
    let opened = opened.map_err(|error| match (error.raw_os_error(), std::fs::metadata(path)) {
        // sockets cannot be opened at all
        (Some(libc::ENXIO), Ok(about)) => kind::refused(about.file_type()),
        _ => error,
    });
    let file = opened?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() { Ok(file) } else { Err(kind::refused(kind)) }
}

/// A regular file's bytes, `most` of them at most.
/// # Errors
/// As [`open`]; [`io::ErrorKind::FileTooLarge`] where it has more.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    if file.metadata()?.len() > most {
        return Err(too_large(most));
    }
    bounded(file, most)
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

/// What the system tells in a file of its own, such as `/proc/meminfo`.
/// # Errors
/// As [`read_text`].
pub fn system_text(path: impl AsRef<Path>) -> io::Result<String> {
    read_text(path.as_ref(), MOST_RECORD_BYTES)
}

/// What the command line names as an input that is read once: a regular file, `-` for standard
/// input, or a stream that is open already (`/dev/stdin`, `/dev/fd/63` as shells write `<(…)`);
/// `most` bytes at most, and [`MOST_STREAM_BYTES`] of a stream.
/// # Errors
/// As [`read`].
pub fn read_input(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    match stream(path)? {
        Some(stream) => bounded(stream, most.min(MOST_STREAM_BYTES)),
        None => read(path, most),
    }
}

/// What can be read from any place.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// Opens such an input, and says how long it is. A stream is read to its end first.
/// # Errors
/// As [`read_input`].
pub fn open_input(path: &Path) -> io::Result<(Box<dyn ReadSeek>, u64)> {
    Ok(match stream(path)? {
        Some(stream) => {
            let bytes = bounded(stream, MOST_STREAM_BYTES)?;
            let length = bytes.len() as u64;
            (Box::new(Cursor::new(bytes)), length)
        }
        None => {
            let file = open(path)?;
            let length = file.metadata()?.len();
            (Box::new(file), length)
        }
    })
}

/// The stream that a path names; `None` where it names something else.
fn stream(path: &Path) -> io::Result<Option<Box<dyn Read>>> {
    if is_dash(path) {
        return Ok(Some(Box::new(io::stdin().lock())));
    }
    match descriptor::named_by(path) {
        // by its number: a socket or a terminal cannot always be opened again by its name
        Some(descriptor::STDIN) => Ok(Some(Box::new(io::stdin().lock()))),
        Some(_) => {
            let file = File::open(path)?;
            let kind = file.metadata()?.file_type();
            if kind.is_dir() { Err(kind::refused(kind)) } else { Ok(Some(Box::new(file))) }
        }
        None => Ok(None),
    }
}

fn bounded(stream: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(most)) } else { Ok(bytes) }
}

fn too_large(most: u64) -> io::Error {
    let most = match most {
        large if large >= 1 << 30 => format!("{} GiB", large >> 30),
        small => format!("{} MiB", (small >> 20).max(1)),
    };
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {most}"))
}
