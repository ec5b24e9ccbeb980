//! The one way to read and the one way to write files.
//!
//! *Reading*: what a file holds is read up to a stated size, and only where it is of a kind that
//! ends: a regular file, or, for what the command line names ([`read_input`], [`open_input`]), a
//! stream that some process has opened for us (`-`, `/dev/stdin`, `<(…)` of a shell). Devices,
//! sockets, named pipes and folders are refused by kind, without waiting for anybody.
//!
//! *Writing* ([`write()`], [`write_new`]): a regular file holds either its old contents or all of the
//! new ones, whenever the process or the machine stops; links are followed. Whatever is no regular
//! file is written through and stays what it is. What a killed process has left unfinished goes when
//! the next one writes in the same folder.

mod access;
mod descriptor;
mod host;
mod kind;
mod partial;
mod read;
mod unfinished;
mod write;

pub use access::{Access, OUTSIDE};
pub use host::host;
pub use kind::named;
pub use partial::Partial;
pub use read::{open, open_input, read, read_input, read_text, system_text};
pub use unfinished::{Unfinished, clear_unfinished};
pub use write::{append, goes_to_stdout, write, write_new};

use std::path::Path;

/// Largest source file: a program of a million layers is shorter.
pub const MOST_SOURCE_BYTES: u64 = 16 << 20;

/// Largest small file of our own: histories, settings, lists.
pub const MOST_RECORD_BYTES: u64 = 1 << 30;

/// Most that is taken from a stream, whose contents are held in memory.
pub const MOST_STREAM_BYTES: u64 = 1 << 30;

/// Whether a path stands for standard input or output: `-`.
fn is_dash(path: &Path) -> bool {
    path == Path::new("-")
}

/// The descriptor of what a path names where that is a stream, which can be read once only: `-` and
/// `/dev/stdin` are 0, a shell's `<(…)` has a number of its own.
pub fn stream_of(path: &Path) -> Option<u32> {
    if is_dash(path) { Some(descriptor::STDIN) } else { descriptor::named_by(path) }
}
