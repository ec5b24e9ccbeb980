//! The user's own files, read and replaced.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::files;
use crate::printed;
use crate::train::RunError;

/// Refuses a stream that is given twice: the second time there is nothing left to read.
/// # Errors
/// [`Failure::Usage`].
pub(super) fn streams_differ<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Result<(), Failure> {
    let mut seen = Vec::new();
    for (stream, file) in files.filter_map(|file| Some((files::stream_of(file)?, file))) {
        if seen.contains(&stream) {
            let file = printed::shown_path(file);
            return Err(Failure::Usage(format!("`{file}` can be read once, and is given twice")));
        }
        seen.push(stream);
    }
    Ok(())
}

/// Replaces a file's text at one moment: whoever reads it finds the old text or the new one. A link stays a
/// link, and the file's permissions stay.
/// # Errors
/// [`Failure::Mistake`] if it cannot be written.
pub(super) fn replace(file: &Path, text: &str) -> Result<(), Failure> {
    files::write(file, |out| out.write_all(text.as_bytes()))
        .map_err(|error| RunError::write(file, error).into())
}
