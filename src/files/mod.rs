//! The one way to read and the one way to write files.
//!
//! *Reading*: what a file holds is read up to a stated size, and only where it is of a kind that ends: a regular file, or, for what the command line names
//! ([`read_input`]), a stream that some process has opened for us (`-`, `/dev/stdin`, `<(…)` of a shell). Devices, sockets, named pipes and folders
//! are refused by kind, without waiting for anybody.
//!
//! *Writing* ([`write`]): a regular file holds either its old contents or all of the new ones, whenever the process or the machine stops; links are
//! followed. Whatever is no regular file is written through and stays what it is.

mod kind;
mod read;
mod write;

pub use read::{open, read, read_input, read_text};
pub use write::{clear_unfinished, write};

/// Largest source file: a program of a million layers is shorter.
pub const MOST_SOURCE_BYTES: u64 = 16 << 20;

/// Largest small file of our own: histories, settings, lists.
pub const MOST_RECORD_BYTES: u64 = 1 << 30;
