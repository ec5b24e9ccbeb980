//! The user's own files, read and replaced.

use std::path::Path;

use super::failure::Failure;
use crate::files;
use crate::train::RunError;

/// A .cnn file's text.
/// # Errors
/// [`Failure::Mistake`] if it cannot be read or is no text.
pub(super) fn read_text(file: &Path) -> Result<String, Failure> {
    let bytes = files::read_input(file, files::MOST_SOURCE_BYTES).map_err(|error| RunError::read(file, error))?;
    text_of(bytes, &file.display().to_string())
}

/// Bytes as text.
/// # Errors
/// [`Failure::Mistake`] if they are no UTF-8.
pub(super) fn text_of(bytes: Vec<u8>, name: &str) -> Result<String, Failure> {
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
