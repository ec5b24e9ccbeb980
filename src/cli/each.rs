//! Files with several models: a command that is not told which one is meant does its work for each.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::arguments::ChoiceArgs;
use super::console::Console;
use super::failure::Failure;
use super::load::{self, Look, Reading, Subject, Told};
use crate::experiment::{Experiment, read_text};
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

/// What is found in all models of a file: what they share is told once.
/// # Errors
/// [`Failure`] of the first that cannot be read.
pub(super) fn read_together(
    choices: &[ChoiceArgs],
    mut read: impl FnMut(&ChoiceArgs) -> Result<Reading, Failure>,
) -> Result<Reading, Failure> {
    let mut whole = read(&choices[0])?;
    for choice in &choices[1..] {
        let other = read(choice)?;
        whole.loaded.problems.extend(other.loaded.problems);
        whole.card_error = whole.card_error.or(other.card_error);
    }
    Ok(whole)
}

/// The programs of all models of a file, once all are sound. What they share is told once.
/// # Errors
/// [`Failure`]: one of them has errors.
pub(super) fn ready_together(
    file: &Path,
    choices: &[ChoiceArgs],
    more: &[(String, String)],
    (look, told): (Look, Told),
    console: &Console,
) -> Result<Vec<Experiment>, Failure> {
    let mut whole = read_together(choices, |choice| load::read_looking(file, choice, more, look, console))?;
    load::tell(&mut whole, told, console)?;
    let text = whole.loaded.sources.main().text.to_string();
    let again = |choice: &ChoiceArgs| {
        let subject = Subject { name: file, file, text: text.clone() };
        load::ready_again(subject, choice, more, console)
    };
    choices.iter().map(again).collect()
}

/// [`ready_together`] for whoever looks at models: all of a file, or the one that is meant.
/// # Errors
/// As [`ready_together`].
pub(super) fn ready(file: &Path, choice: &ChoiceArgs, console: &Console) -> Result<Vec<Experiment>, Failure> {
    match &choices(file, choice)?[..] {
        [only] => Ok(vec![load::ready(file, only, &[], console)?]),
        several => ready_together(file, several, &[], (Look::Names, Told::OfTheModel), console),
    }
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
