//! `cnnc check FILE…`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::arguments::ChoiceArgs;
use super::cluster;
use super::console::Console;
use super::failure::Failure;
use super::load::{self, Look, Reading, Told};
use super::rewrite::streams_differ;
use super::{each, mend};
use crate::data::cards::CardError;
use crate::diag::{Code, Level, render_json, render_json_rest};
use crate::experiment::{Compute, name_of};
use crate::files;
use crate::printed;
use crate::train::RunError;

#[derive(Debug, Args)]
#[command(after_long_help = "\
At most 100 problems are drawn, errors first; the rest are counted. With --format json every problem is one line on stdout: code, level, message, file, \
span, labels, help, fixes. Of more than 10,000 with one code the rest are counted in a last line, by code.

--fix makes the changes that problems come with, again and again until none is left to make, shows them as a diff and then checks what the files have \
become. Only problems with one right change have one; `--dry-run` shows the diff and changes nothing.

Examples:
  cnnc check models/digits.cnn
  cnnc check models/*.cnn --deny warnings
  cnnc check mine.cnn --data
  cnnc check mine.cnn --fix
  cnnc check mine.cnn --fix --dry-run | less
  cnnc check models/
  cnnc check mine.cnn --format json
  cnnc check mine.cnn --ranks 4
  cnnc check - < mine.cnn")]
pub(super) struct CheckArgs {
    /// The .cnn files, or folders of them; `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Look through the data too, which must be there: pictures in two splits, classes that a split has not, margins around
    /// objects
    #[arg(long)]
    data: bool,
    /// How problems are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Make the changes that problems come with
    #[arg(long)]
    fix: bool,
    /// With --fix: show the changes, write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Warn too where so many machines would send for longer than they compute, by rough figures;
    /// `cnnc summary --ranks` measures
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=1024))]
    ranks: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn check(args: &CheckArgs, console: &Console) -> Result<(), Failure> {
    streams_differ(args.files.iter())?;
    let look = if args.data { Look::Pass } else { Look::Card };
    let files = listed(&args.files)?;
    let mut worst = Ok(());
    let mut found = [0; 2];
    for file in &files {
        let checked = reading(args, file, look, console).and_then(|reading| {
            let problems = &reading.loaded.problems;
            found[0] += problems.count(Level::Error);
            found[1] += problems.count(Level::Warning);
            match args.format {
                Format::Human => show_human(&reading, look, console)?,
                Format::Json => show_json(&reading, look, console)?,
            }
            args.ranks.map_or(Ok(()), |ranks| exchanges(args, file, reading, ranks.into(), console))
        });
        match checked {
            Ok(()) if args.format == Format::Human => {
                console.result(format_args!("{}: ok", printed::shown_path(&name_of(file))))?
            }
            Ok(()) => {}
            Err(failure @ Failure::Unread) => return Err(failure),
            Err(failure) => {
                // Every file is checked; what it fails with is said at once.
                console.failure(&failure);
                worst = Err(if matches!(failure, Failure::ShownUsage | Failure::Usage(_)) {
                    Failure::ShownUsage
                } else {
                    Failure::Shown
                });
            }
        }
    }
    if files.len() > 1 && args.format == Format::Human {
        let count =
            |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let [errors, warnings] = found;
        console.result(format_args!(
            "{}: {}, {}",
            count(files.len(), "file"),
            count(errors, "error"),
            count(warnings, "warning")
        ))?;
    }
    worst
}

/// The files that are named, and in place of a folder all `.cnn` files in and below it, by their names.
/// # Errors
/// [`Failure::Mistake`] if a folder cannot be read, or has none.
fn listed(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        below(path, &mut files)?;
        if files.len() == before {
            return Err(Failure::mistake(
                format!("there is no .cnn file in {} or below it", printed::shown_path(path)),
                "name the files, or a folder that has some",
            ));
        }
    }
    Ok(files)
}

/// Adds the `.cnn` files of a folder and of those below it. Links to folders are not followed: they may lead
/// in circles.
fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let refused = |error| RunError::read(folder, error);
    let entries = fs::read_dir(folder).map_err(refused)?.collect::<Result<Vec<_>, _>>().map_err(refused)?;
    let mut paths: Vec<(PathBuf, bool)> = Vec::with_capacity(entries.len());
    for entry in entries {
        paths.push((entry.path(), entry.file_type().map_err(refused)?.is_dir()));
    }
    paths.sort();
    for (path, is_folder) in paths {
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if is_folder && !is_hidden {
            below(&path, files)?;
        } else if !is_folder && path.extension().is_some_and(|end| end == "cnn") {
            files.push(path);
        }
    }
    Ok(())
}

/// The file as it is to be judged, all its models together.
fn reading(args: &CheckArgs, file: &Path, look: Look, console: &Console) -> Result<Reading, Failure> {
    let choices = each::choices(file, &args.choice)?;
    each::read_together(&choices, |choice| reading_of(args, file, choice, look, console))
}

/// One model of the file: mended first, if that is asked for.
fn reading_of(
    args: &CheckArgs,
    file: &Path,
    choice: &ChoiceArgs,
    look: Look,
    console: &Console,
) -> Result<Reading, Failure> {
    if !args.fix {
        return load::read_looking(file, choice, &[], look, console);
    }
    if !args.dry_run && files::stream_of(file).is_some() {
        return Err(Failure::Usage(format!(
            "`{}` is a stream, and `--fix` writes into files; add `--dry-run` to see what it would change",
            printed::shown_path(file)
        )));
    }
    let mended = mend::mend(file, choice, look, args.dry_run, console)?;
    // with JSON, stdout is for problems alone
    match args.format {
        Format::Human => console.source_text(&mended.diff)?,
        Format::Json => {}
    }
    for (name, count) in mended.changed {
        let s = if count == 1 { "" } else { "s" };
        let done = if args.dry_run { "would be fixed" } else { "fixed" };
        console.note(format_args!("{name}: {count} problem{s} {done}"));
    }
    Ok(mended.reading)
}

fn show_human(reading: &Reading, look: Look, console: &Console) -> Result<(), Failure> {
    load::show(reading, console);
    if let Some(CardError::Malformed(error)) = &reading.card_error {
        return Err(Failure::of_data(error));
    }
    load::verdict(&reading.loaded, console)?;
    match &reading.card_error {
        // that it is not there is a problem of its own; this is what follows from it
        Some(CardError::NotAtHand { what, .. }) if look == Look::Card => {
            console
                .note(format_args!("note: {what} is not at hand: checks that need the data were left out"));
        }
        _ => {}
    }
    for line in reading.loaded.space.iter().flat_map(|space| space.facts().lines()) {
        console.result(line)?;
    }
    all_there(reading, look)
}

/// Warns of exchanges that may take longer than computing, in each model of a sound file.
fn exchanges(
    args: &CheckArgs,
    file: &Path,
    reading: Reading,
    ranks: usize,
    console: &Console,
) -> Result<(), Failure> {
    let choices = each::choices(file, &args.choice)?;
    let all = match &choices[..] {
        [_] => vec![reading.into_experiment()?],
        several => each::ready_together(file, several, &[], (Look::Names, Told::Errors), console)?,
    };
    all.iter().try_for_each(|ready| cluster::warn(ready, ranks, Compute::default(), console))
}

/// Data and weights must be there where `--data` asks for a look at them.
fn all_there(reading: &Reading, look: Look) -> Result<(), Failure> {
    let absent = |code| reading.loaded.problems.iter().any(|problem| problem.code == code);
    match &reading.card_error {
        _ if look != Look::Pass => Ok(()),
        Some(CardError::NotAtHand { what, help, .. }) => {
            Err(Failure::mistake(format!("{what} is not there to be looked through"), help.clone()))
        }
        _ if absent(Code::W0125) => Err(Failure::mistake(
            "a weights file that the program names is not there",
            "put it where the program says, or check without `--data`",
        )),
        _ => Ok(()),
    }
}

fn show_json(reading: &Reading, look: Look, console: &Console) -> Result<(), Failure> {
    for problem in reading.loaded.problems.iter().filter(|problem| problem.level != Level::Hint) {
        console.json(render_json(problem, &reading.loaded.sources, console.language()))?;
    }
    if let Some(rest) = render_json_rest(&reading.loaded.problems) {
        console.json(rest)?;
    }
    if let Some(CardError::Malformed(error)) = &reading.card_error {
        return Err(Failure::of_data(error));
    }
    load::verdict(&reading.loaded, console)?;
    all_there(reading, look)
}
