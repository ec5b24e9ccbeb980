//! What kind of thing a path names, in words.

use std::fs::FileType;
use std::io;

/// The error for something of a kind that cannot be taken: `it is a folder`.
pub(super) fn refused(kind: FileType) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is {}", named(kind)))
}

/// What something that is no regular file is: `a folder`, `a named pipe`.
pub fn named(kind: FileType) -> &'static str {
    if kind.is_dir() {
        return "a folder";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
        if kind.is_socket() {
            return "a socket";
        }
    }
    "not a regular file"
}

/// Whether something that is no regular file can be written to all the same.
pub(super) fn takes_text(kind: FileType) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        kind.is_fifo() || kind.is_char_device() || kind.is_block_device()
    }
    #[cfg(not(unix))]
    {
        !kind.is_dir()
    }
}
