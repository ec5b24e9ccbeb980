//! Why a file of weights cannot be read.

use std::io;

/// Why; the file is known to whoever asked.
#[derive(Debug)]
pub enum FileError {
    /// It cannot be opened or read.
    Read(io::Error),
    /// It is not what it should be.
    Format {
        /// `a safetensors file`
        wanted: &'static str,
        /// What is wrong with it.
        found: String,
    },
    /// It was sound when it was written.
    Damaged(String),
}

impl FileError {
    /// Something else than what is wanted.
    pub(super) fn format(wanted: &'static str, found: impl Into<String>) -> Self {
        Self::Format { wanted, found: found.into() }
    }

    /// Why, without the file.
    pub fn reason(&self) -> String {
        match self {
            Self::Read(error) => {
                let text = error.to_string();
                text.split_once(" (os error").map_or(text.clone(), |(sentence, _)| sentence.to_owned())
            }
            Self::Format { wanted, found } => format!("it is not {wanted}: {found}"),
            Self::Damaged(found) => found.clone(),
        }
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}
