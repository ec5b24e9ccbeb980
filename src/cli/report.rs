//! `cnnc report RUN`: the page of a run or a search, and the same in a terminal.

use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::{ChoiceArgs, DataArgs};
use super::console::Console;
use super::failure::Failure;
use super::language::spoken;
use super::load::{self, Look};
use super::searched::{page_of, tell_trials};
use super::used::{self, UsedArgs};
use super::verdict;
use super::{curves, drawings, members};
use crate::data::MAX_PIXELS;
use crate::experiment::{Model, ModelOptions, Run, RunStatus, Silent, is_search, search_record};
use crate::files;
use crate::ir::run_files::PAGE;
use crate::page::{Page, Pictures};
use crate::printed::shown_path;
use crate::train::RunError;
use crate::weights::program_of;

#[derive(Debug, Args)]
#[command(after_long_help = "\
The page is one file, which opens from disk and asks for nothing on the network: how good the model is, what goes wrong, what it is, where the \
time went, how to do it again; of a search, all its trials and what matters. \
It is in English and Korean; `--lang` says which is shown first. `cnnc run` writes it at its end.

Examples:
  cnnc report runs/digits-1
  cnnc report runs/digits-1 -o digits.html --lang ko
  cnnc report runs/digits-1 --text
  cnnc report runs/digits-search-1")]
pub(super) struct ReportArgs {
    /// The folder of a run or of a search, whatever has become of it
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The file to write [default: report.html in the run's folder]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print curves, classes and confusion matrix in place of a page
    #[arg(long, conflicts_with = "output")]
    text: bool,
    /// Draw nothing of the run's pictures, which takes reading them again
    #[arg(long, conflicts_with = "text")]
    no_pictures: bool,
    #[command(flatten)]
    data: DataArgs,
}

pub(super) fn report(args: &ReportArgs, console: &Console) -> Result<(), Failure> {
    if is_search(&args.run) {
        return of_search(args, console);
    }
    let run = Run::open(&args.run)?;
    if args.text {
        return text(&run, console);
    }
    let program = program(&run, console);
    let path = args.output.clone().unwrap_or_else(|| run.page());
    let draws = !args.no_pictures && *run.status() == RunStatus::Finished;
    let pictures = if draws { pictures(args, &run, console) } else { Pictures::default() };
    write(&run, program.as_deref(), pictures, &path)?;
    console.beside(&path, format_args!("report: {}", shown_path(&path)))
}

/// The page of a search, from what its journal says.
fn of_search(args: &ReportArgs, console: &Console) -> Result<(), Failure> {
    let record = search_record(&args.run)
        .map_err(|why| Failure::mistake(why, "`cnnc tune FILE` makes the folder of a search"))?;
    if args.text {
        let (model, strategy) =
            record.head.as_ref().map_or(("", ""), |head| (head.model.as_str(), head.strategy.as_str()));
        console.result(format_args!("model {model}"))?;
        console.result(format_args!("search: {strategy}, {} trials", record.trials.len()))?;
        return tell_trials(&record, console);
    }
    let path = args.output.clone().unwrap_or_else(|| args.run.join(PAGE));
    let html = page_of(&record, &args.run, None);
    files::write(&path, |file| file.write_all(html.as_bytes()))
        .map_err(|error| RunError::write(&path, error))?;
    console.beside(&path, format_args!("report: {}", shown_path(&path)))
}

/// What is drawn of the run's pictures, which are read again.
fn pictures(args: &ReportArgs, run: &Run, console: &Console) -> Pictures {
    let model = || {
        let (ready, weights) = UsedArgs::of_run(&args.run, &args.data).ready(&[], console)?;
        let options = ModelOptions { batch: Some(1), ..ModelOptions::default() };
        Ok(Model::load_with(&ready.for_its_data(), &weights, options, &mut Silent)?)
    };
    drawings::of_run(run, model(), console)
}

/// Writes the page of a run that has just ended, however it has. What goes wrong is a warning: the run's own
/// files are there.
pub(super) fn after_run(
    folder: &Path,
    program: &str,
    pictures: Pictures,
    console: &Console,
) -> Option<PathBuf> {
    let run = Run::open(folder).ok()?;
    let path = run.page();
    match write(&run, Some(program), pictures, &path) {
        Ok(()) => Some(path),
        Err(error) => {
            console.warning(&error);
            console.note(format_args!(
                "the results are safe: `cnnc report {}` writes the page again",
                shown_path(folder)
            ));
            None
        }
    }
}

fn write(run: &Run, program: Option<&str>, pictures: Pictures, path: &Path) -> Result<(), RunError> {
    let html = Page { run, program, pictures, language: spoken() }.to_html();
    files::write(path, |file| file.write_all(html.as_bytes())).map_err(|error| RunError::write(path, error))
}

/// The page of a run without drawings of its pictures, which take reading these again; with the text of its
/// program where that is known.
pub(super) fn html(run: &Run, program: Option<&str>) -> String {
    Page { run, program, pictures: Pictures::default(), language: spoken() }.to_html()
}

/// The same, with the program as far as the run's folder tells it.
pub(super) fn of(run: &Run, console: &Console) -> String {
    html(run, program(run, console).as_deref())
}

/// The text of a run's program: its weights hold it. Of a run without weights it is the file that the run was
/// made of, if that still means the same.
fn program(run: &Run, console: &Console) -> Option<String> {
    if let Ok(Some(text)) = program_of(&run.weights()) {
        return Some(text);
    }
    if console.permissions().are_narrow() {
        return None;
    }
    let file = used::program_file(&run.weights(), console);
    let text = files::read_text(&file, files::MOST_SOURCE_BYTES).ok()?;
    let model = Some(run.model().to_owned()).filter(|model| !model.is_empty());
    let choice =
        ChoiceArgs { model, set: Vec::new(), data: DataArgs { data_dir: None, max_pixels: MAX_PIXELS } };
    let ready = load::judge(&file, text, &choice, &[], Look::Names, console).into_experiment().ok()?;
    let ready = ready.for_its_data();
    (ready.settings() == *run.settings()).then(|| ready.to_text())
}

/// What the page tells, as text: what has become of the run, its curves, what its answers say.
fn text(run: &Run, console: &Console) -> Result<(), Failure> {
    let status = match run.status() {
        RunStatus::Running => "running or killed",
        RunStatus::Interrupted => "interrupted",
        RunStatus::Failed(_) => "failed",
        RunStatus::Finished => "finished",
    };
    console.result(format_args!("model {}", run.model()))?;
    console.result(format_args!("status: {status}, epochs: {}", run.epochs()))?;
    if let RunStatus::Failed(why) = run.status() {
        console.result(why)?;
    }
    console.result("")?;
    let history = run.history()?;
    if history.is_empty() && run.ensemble().is_none() {
        console.result("no epoch is complete")?;
    }
    for line in curves::lines(&history) {
        console.result(line)?;
    }
    let (RunStatus::Finished, Some((split, scores))) = (run.status(), run.results()) else {
        return console.result("there are no results on a test or validation split");
    };
    console.result(format_args!("{} {scores}", split.name()))?;
    let found = run.answers()?.map(|answers| answers.assess());
    members::tell(run, found.as_ref(), console)?;
    match found {
        Some(found) => verdict::tell(&found, split.name(), console),
        None => console.result("its answers to single pictures are not known"),
    }
}
