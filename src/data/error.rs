//! What can be wrong with data: which file, what about it, what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::printed::{shown, shown_path};

/// Why data could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Nothing of that name in any of the places.
    #[error("{what} was not found\n  looked for {}\n  help: {help}", Lines(looked))]
    NotFound {
        /// What was looked for, as the user would name it.
        what: String,
        /// The places.
        looked: Vec<PathBuf>,
        /// What to do.
        help: String,
    },
    /// A file could not be read.
    #[error("could not read {}: {source}", shown_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// E0632: a place that a restricted program may not read.
    #[error("`{}` cannot be read: {}", path.display(), crate::files::OUTSIDE)]
    Outside {
        /// As written, from the folder it was looked for in.
        path: PathBuf,
    },
    /// A file is not what it should be.
    #[error("{}: {problem}\n  help: {help}", shown_path(path))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with numbers.
        problem: String,
        /// What to do.
        help: String,
    },
    /// Pictures that cannot be decoded.
    #[error("{count} of {total} pictures cannot be read\n  {}{}\n  help: repair these files, take them out, or write `damaged: skip` in `data`", examples.join("\n  "), Rest(count - examples.len()))]
    Unreadable {
        /// How many.
        count: usize,
        /// Out of how many.
        total: usize,
        /// The first few, each with its reason.
        examples: Vec<String>,
    },
    /// The classes that were found are not those that were expected.
    #[error("{}: the classes are not those of {expected_of}{}\n  help: {help}", shown_path(path), ClassDifference { missing, unexpected })]
    Classes {
        /// The folder or file with the classes that were found.
        path: PathBuf,
        /// What says which classes there should be.
        expected_of: String,
        /// Classes that should be there.
        missing: Vec<String>,
        /// Classes that should not.
        unexpected: Vec<String>,
        /// What to do.
        help: String,
    },
    /// A picture does not fit the model's input.
    #[error("{}: {problem}", shown(picture))]
    Picture {
        /// Which picture.
        picture: String,
        /// What is wrong, with numbers, and what to do.
        problem: super::prepare::PrepareError,
    },
    /// `prepare` and the model's input contradict each other.
    #[error(transparent)]
    Prepare(#[from] super::prepare::PrepareError),
    /// The splits cannot be made as written.
    #[error("{problem}\n  help: {help}")]
    Split {
        /// What is wrong, with numbers.
        problem: String,
        /// What to do.
        help: String,
    },
    /// A set could not be fetched.
    #[error(transparent)]
    Fetch(#[from] super::fetch::FetchError),
    /// Loading stopped without a reason of the data's: a thread could not be started or broke off.
    #[error("loading stopped: {0}")]
    Loader(String),
}

impl DataError {
    /// A file that could not be read.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        DataError::Io { path: path.to_path_buf(), source }
    }

    /// A file that is not what it should be.
    pub(crate) fn malformed(path: &Path, problem: impl Into<String>, help: impl Into<String>) -> Self {
        DataError::Malformed { path: path.to_path_buf(), problem: problem.into(), help: help.into() }
    }

    /// Whether the data are simply not there (and nothing is known to be wrong with them).
    pub fn is_not_at_hand(&self) -> bool {
        matches!(self, DataError::NotFound { .. } | DataError::Fetch(_))
    }
}

/// Paths, one a line.
pub(super) struct Lines<'a>(pub(super) &'a [PathBuf]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, path) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "\n             " };
            write!(f, "{separator}{}", shown_path(path))?;
        }
        Ok(())
    }
}

/// `and 3 more`
struct Rest(usize);

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, "\n  and {} more", self.0) }
    }
}

struct ClassDifference<'a> {
    missing: &'a [String],
    unexpected: &'a [String],
}

impl fmt::Display for ClassDifference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, names) in [("missing", self.missing), ("not expected", self.unexpected)] {
            if !names.is_empty() {
                let shown: Vec<String> =
                    names.iter().take(8).map(|name| format!("`{}`", shown(name))).collect();
                let more =
                    if names.len() > 8 { format!(" and {} more", names.len() - 8) } else { String::new() };
                write!(f, "\n  {what}: {}{more}", shown.join(", "))?;
            }
        }
        Ok(())
    }
}
