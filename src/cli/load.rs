//! From a file's path to a checked program, its problems shown on the way.

use std::path::Path;

use super::arguments::ChoiceArgs;
use super::bug;
use super::console::Console;
use super::failure::Failure;
use crate::data::cards::CardError;
use crate::data::{Bounds, Locations};
use crate::diag::{Code, Level, render, render_all};
use crate::experiment::{Error, Experiment, Options, name_of, read_text};
use crate::front::Loaded;
use crate::memory::memory_bytes;

pub(super) use crate::experiment::{Look, Reading};

/// What is told of a file's problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// All of them.
    All,
    /// Those of the model: nothing is trained or varied.
    OfTheModel,
    /// The errors: the file was looked at before.
    Errors,
}

/// A text that is judged.
pub(super) struct Subject<'a> {
    /// What it is called in messages.
    pub(super) name: &'a Path,
    /// The file in whose place it is: what it names is looked for beside that.
    pub(super) file: &'a Path,
    pub(super) text: String,
}

/// What the command line says of a file. Settings of `more` come after those of `choice`.
pub(super) fn options(
    file: &Path,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    look: Look,
    console: &Console,
) -> Options {
    let permissions = console.permissions();
    let data = &choice.data;
    let mut locations = permissions.narrow(Locations::of_run(&name_of(file), data.data_dir.as_deref()));
    locations.bounds =
        Bounds { max_pixels: data.max_pixels, memory_bytes: memory_bytes().unwrap_or(u64::MAX) };
    Options {
        model: choice.model.clone(),
        settings: choice.set.iter().chain(more).cloned().collect(),
        locations: Some(locations),
        look,
        memory_bytes: Some(permissions.memory_bytes(u64::MAX)),
    }
}

/// Reads and checks a file.
/// # Errors
/// [`Failure::Mistake`] if the file cannot be read.
pub(super) fn read_looking(
    file: &Path,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    look: Look,
    console: &Console,
) -> Result<Reading, Failure> {
    Ok(judge(file, read_text(file)?, choice, more, look, console))
}

/// Checks a text as if it stood in a file.
pub(super) fn judge(
    file: &Path,
    text: String,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    look: Look,
    console: &Console,
) -> Reading {
    Reading::of_text(file, text, &options(file, choice, more, look, console))
}

/// Shows the problems of a reading on stderr.
pub(super) fn show(reading: &Reading, console: &Console) {
    for drawn in render_all(&reading.loaded.problems, &reading.loaded.sources, console.style()) {
        console.drawn(&drawn);
    }
}

/// How a command ends on what was found, if it does: a wrong choice of the model is wrong usage.
pub(super) fn verdict(loaded: &Loaded, console: &Console) -> Result<(), Failure> {
    let problems = &loaded.problems;
    let errors = || problems.iter().filter(|problem| problem.level == Level::Error);
    if problems.has_errors() {
        return Err(if errors().all(|problem| problem.code == Code::E0021) {
            Failure::ShownUsage
        } else {
            Failure::Shown
        });
    }
    console.permissions().judge(loaded)?;
    let warnings = problems.count(Level::Warning);
    if warnings > 0 && console.denies_warnings() {
        let s = if warnings == 1 { "" } else { "s" };
        return Err(Failure::mistake(
            format!("{warnings} warning{s}, and warnings are denied"),
            "mend the file, or leave `--deny warnings` away",
        ));
    }
    Ok(())
}

/// Reads and checks a file, shows its problems, and goes on only with a sound program.
/// # Errors
/// [`Failure`]: the file cannot be read or has errors.
pub(super) fn ready(
    file: &Path,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    console: &Console,
) -> Result<Experiment, Failure> {
    ready_looking(file, choice, more, Look::Names, console)
}

/// [`ready`], with another look at the data.
/// # Errors
/// As [`ready`].
pub(super) fn ready_looking(
    file: &Path,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    look: Look,
    console: &Console,
) -> Result<Experiment, Failure> {
    ready_text(file, read_text(file)?, choice, more, look, console)
}

/// [`ready_looking`] for a text that has been read already.
/// # Errors
/// [`Failure`]: the text has errors.
pub(super) fn ready_text(
    file: &Path,
    text: String,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    look: Look,
    console: &Console,
) -> Result<Experiment, Failure> {
    let told = if look == Look::Names { Told::OfTheModel } else { Told::All };
    let subject = Subject { name: file, file, text };
    ready_told(subject, &options(file, choice, more, look, console), told, console)
}

/// The program of a text that was looked at before, beside the file in whose place it is.
/// # Errors
/// [`Failure`]: the text has errors.
pub(super) fn ready_again(
    subject: Subject<'_>,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    console: &Console,
) -> Result<Experiment, Failure> {
    let options = options(subject.file, choice, more, Look::Names, console);
    ready_told(subject, &options, Told::Errors, console)
}

/// Shows of a reading's problems what is to be told, and goes on only with a sound program.
/// # Errors
/// [`Failure`]: it has errors, or warnings that are denied.
pub(super) fn tell(reading: &mut Reading, told: Told, console: &Console) -> Result<(), Failure> {
    let told = if console.hides_warnings() { Told::Errors } else { told };
    let is_silent: fn(Code) -> bool = match told {
        Told::All => |_| false,
        Told::OfTheModel => Code::is_about_training,
        Told::Errors => |_| true,
    };
    reading.loaded.problems.silence(is_silent);
    show(reading, console);
    // of data that are there and unsound nothing else needs to be said
    if !matches!(reading.card_error, Some(CardError::Malformed(_))) {
        verdict(&reading.loaded, console)?;
    }
    Ok(())
}

/// The program of a text that stands in the place of a file.
/// # Errors
/// [`Failure`]: the text has errors.
pub(super) fn ready_told(
    subject: Subject<'_>,
    options: &Options,
    told: Told,
    console: &Console,
) -> Result<Experiment, Failure> {
    let mut reading = Reading::of_text(subject.name, subject.text, options);
    tell(&mut reading, told, console)?;
    let experiment = reading.into_experiment()?;
    bug::happens_with(&experiment.program, &experiment.ast);
    Ok(experiment)
}

/// The experiment for pictures of a size that was asked for; else for those of its data, where they have one
/// size.
/// # Errors
/// [`Failure`] if the model leaves the size open and nothing says which is meant, or it does not take that
/// size.
pub(super) fn of_size(experiment: Experiment, asked: Option<[usize; 2]>) -> Result<Experiment, Failure> {
    if let Some(asked) = asked {
        return Ok(experiment.at(asked)?);
    }
    let experiment = experiment.for_its_data();
    match experiment.program.open_sizes() {
        None => Ok(experiment),
        Some(open) => Err(Failure::mistake(
            format!("the model takes pictures of all sizes from {}x{} on", open.least[0], open.least[1]),
            "say which: `--size 224x224`",
        )),
    }
}

/// Shows what of the program is checked but not run by this version.
/// # Errors
/// [`Failure::Shown`] if there is anything.
pub(super) fn runnable(experiment: &Experiment, console: &Console) -> Result<(), Failure> {
    let done = experiment.runnable();
    if let Err(Error::NotRunYet { parts, sources }) = &done {
        for problem in parts {
            console.drawn(&render(problem, sources, console.style()));
        }
    }
    Ok(done?)
}

/// Refuses a program that searches: it has other weights at each point of its space.
/// # Errors
/// [`Failure::Shown`].
pub(super) fn is_single(experiment: &Experiment, console: &Console) -> Result<(), Failure> {
    if experiment.space().is_some() { runnable(experiment, console) } else { Ok(()) }
}
