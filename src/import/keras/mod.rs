//! Models of Keras: `.keras`, and `.h5` of whole models, of Keras 2 and 3.
//!
//! ```text
//! configuration ──[`calls`]──▶ layers and what they are called with ──[`layers`]──▶ words and options ──[`build`]──▶ Network
//! ```

mod build;
mod calls;
mod config;
mod layers;
mod random;
mod tensors;
#[cfg(test)]
mod tests;
mod values;
mod windows;
mod written;

use std::path::Path;

use serde_json::Value;

use super::network::{Asked, Network};
use super::open::OF_TORCH;
use crate::weights::{self, FileError, MODEL, VERSION};

/// What the file is called in messages.
const WANTED: &str = "a whole model of Keras";

/// Reads a model.
/// # Errors
/// [`FileError`].
pub(super) fn read(path: &Path, asked: &Asked) -> Result<Network, FileError> {
    let archive = weights::open(path)?;
    let Some(text) = archive.texts.get(MODEL) else {
        if archive.listing.format == "PyTorch" {
            return Err(unsound(OF_TORCH));
        }
        return Err(unsound(format!(
            "it holds weights of {}, and not the network they belong to: save the whole model (`model.save`)",
            archive.listing.format
        )));
    };
    let config: Value =
        serde_json::from_str(text).map_err(|error| unsound(format!("its configuration is {error}")))?;
    let version = archive.texts.get(VERSION).cloned().unwrap_or_else(|| version_of(&config));
    build::network(&archive, &config, &version, asked)
}

/// A sentence on a file that is not as it should be.
fn unsound(found: impl Into<String>) -> FileError {
    FileError::Format { wanted: WANTED, found: found.into() }
}

/// Keras 3 writes modules beside classes.
fn version_of(config: &Value) -> String {
    if config.get("module").is_some() { "3".to_owned() } else { String::new() }
}
