//! Files with several models: a command that is not told which one is meant does its work for each.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::arguments::ChoiceArgs;
use super::failure::Failure;
use crate::experiment::read_text;
use crate::files;
use crate::front::several_models;

/// The choice as it was made, or one for each model of a file that has several. A stream can be read once
/// only: there the choice must be made.
/// # Errors
/// [`Failure`] if the file cannot be read.
pub(super) fn choices(file: &Path, choice: &ChoiceArgs) -> Result<Vec<ChoiceArgs>, Failure> {
    if choice.model.is_some() || files::stream_of(file).is_some() {
        return Ok(vec![choice.clone()]);
    }
    let models = several_models(&read_text(file)?);
    if models.is_empty() {
        return Ok(vec![choice.clone()]);
    }
    Ok(models.into_iter().map(|model| ChoiceArgs { model: Some(model), ..choice.clone() }).collect())
}

/// `net.svg` as `net-Small.svg`.
pub(super) fn of_model(path: &Path, model: &str) -> PathBuf {
    let stem = path.file_stem().map(OsStr::to_string_lossy).unwrap_or_default();
    let end = path.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{model}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named_by_their_models() {
        assert_eq!(of_model(Path::new("a/net.svg"), "Small"), Path::new("a/net-Small.svg"));
        assert_eq!(of_model(Path::new("net"), "Small"), Path::new("net-Small"));
    }
}
