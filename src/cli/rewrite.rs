//! The user's own files, read and replaced.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::files;
use crate::printed;
use crate::train::RunError;

/// What a .cnn file is called in messages. A stream lies in the present folder: what its text names is
/// looked for there.
pub(super) fn name_of(file: &Path) -> PathBuf {
    match files::stream_of(file) {
        Some(0) => PathBuf::from("stdin"),
        Some(_) => PathBuf::from("pipe"),
        None => file.to_owned(),
    }
}

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

/// A .cnn file's text.
/// # Errors
/// [`Failure::Mistake`] if it cannot be read or is no text.
pub(super) fn read_text(file: &Path) -> Result<String, Failure> {
    let bytes = files::read_input(file, files::MOST_SOURCE_BYTES).map_err(|error| RunError::read(file, error))?;
    text_of(bytes, &name_of(file).display().to_string())
}

/// Bytes as text.
/// # Errors
/// [`Failure::Mistake`] if they are no UTF-8.
fn text_of(bytes: Vec<u8>, name: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::mistake(
            format!("`{name}` is not a text file: byte {at} is not UTF-8"),
            "give a .cnn file, saved as UTF-8",
        )
    })
}

/// Replaces a file's text at one moment: whoever reads it finds the old text or the new one. A link stays a link, and the file's permissions stay.
/// # Errors
/// [`Failure::Mistake`] if it cannot be written.
pub(super) fn replace(file: &Path, text: &str) -> Result<(), Failure> {
    files::write(file, |out| out.write_all(text.as_bytes())).map_err(|error| RunError::write(file, error).into())
}
