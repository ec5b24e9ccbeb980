//! Why a model of another program is not written as a program.

use std::path::PathBuf;

use crate::import::Refused;
use crate::printed::{few, shown_path};

/// Why a model is not written.
#[derive(Debug, thiserror::Error)]
pub enum NotImported {
    /// Some of it has no words in the language.
    #[error("`{}` has what the language has no words for:\n{}", shown_path(path), lines(refused))]
    Refused {
        /// The file.
        path: PathBuf,
        /// All of that.
        refused: Vec<Refused>,
    },
    /// It gives several results.
    #[error("`{}` gives several results, and a program gives one: {}", shown_path(path), few(names))]
    SeveralOutputs {
        /// The file.
        path: PathBuf,
        /// Their names.
        names: Vec<String>,
    },
    /// There is no such result.
    #[error("`{}` gives no `{asked}`; it gives {}", shown_path(path), few(known))]
    NoOutput {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        asked: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Nothing of it can be written.
    #[error("nothing of `{}` can be written", shown_path(path))]
    Nothing {
        /// The file.
        path: PathBuf,
    },
    /// The network is not one that the language takes.
    #[error("the network of `{}` is none that can be trained and run here: {why}", shown_path(path))]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What the checker says.
        why: String,
    },
    /// What was written means something else.
    #[error("the program made of `{}` is not its network: {found}", shown_path(path))]
    Bug {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },
}

impl NotImported {
    /// It is our fault.
    pub(crate) fn is_bug(&self) -> bool {
        matches!(self, Self::Bug { .. })
    }

    /// What to do about it.
    pub(super) fn help(&self) -> Option<String> {
        Some(match self {
            Self::Refused { .. } => "`--partial` writes the largest part that can be written".to_owned(),
            Self::SeveralOutputs { names, .. } => {
                format!("say which: `--result {}`", names.first().map_or("NAME", String::as_str))
            }
            Self::NoOutput { .. } | Self::Nothing { .. } | Self::Unsound { .. } | Self::Bug { .. } => {
                return None;
            }
        })
    }
}

/// Nodes with what is wrong with them, a line each.
fn lines(refused: &[Refused]) -> String {
    const MOST: usize = 100;
    let mut lines: Vec<String> = refused.iter().take(MOST).map(|one| format!("  {}", line(one))).collect();
    if refused.len() > MOST {
        lines.push(format!("  and {} more", refused.len() - MOST));
    }
    lines.join("\n")
}

/// A node with what is wrong with it, and what is near.
pub(super) fn line(refused: &Refused) -> String {
    let Refused { node, why, nearest } = refused;
    let node = crate::printed::shown(node);
    if nearest.is_empty() {
        format!("`{node}`: {why}")
    } else {
        format!("`{node}`: {why}; nearest is {nearest}")
    }
}
