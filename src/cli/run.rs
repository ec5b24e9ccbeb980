//! `cnnc run FILE`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::arguments::{ChoiceArgs, ComputeArgs, MatchArgs, ProgramArgs, TuneArgs};
use super::console::Console;
use super::drawings::{self, Wanted};
use super::failure::Failure;
use super::interrupt::{self, Watcher};
use super::live::{Live, LiveArgs};
use super::load::{self, Look, Told};
use super::progress::Terminal;
use super::ranks::{RankArgs, Ranks};
use super::table::Table;
use super::{cluster, each, members, report, used, verdict};
use crate::data::Split;
use crate::experiment::{self, Event, Experiment, Run, RunOptions, RunPlace, RunStatus, Watch};
use crate::live::Reporter;
use crate::page::Pictures;
use crate::printed::{shell_word, shown_path};

/// What `--data-changed` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DataChanged {
    /// A run whose data are not those it was begun with does not go on.
    Refuse,
    /// It goes on with the data as they are now.
    Accept,
}

impl From<DataChanged> for experiment::DataChanged {
    fn from(said: DataChanged) -> Self {
        match said {
            DataChanged::Refuse => experiment::DataChanged::Refuse,
            DataChanged::Accept => experiment::DataChanged::Accept,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Files of a run: weights.safetensors (at its end, or as far as it came), checkpoints, history.csv (a row an epoch), run.json (settings, timings, results), \
state.safetensors and state-previous.safetensors (to go on from), data-index.csv (which pictures it was trained on), predictions.csv and metrics.json (the answers to all test \
pictures, and what they say), report.html (the results as a page), run.lock (held while \
it runs). Ctrl-C or SIGTERM ends the present step and saves the state and the weights; the exit code is then 1. A second Ctrl-C ends at \
once.

Examples:
  cnnc run models/digits.cnn
  cnnc run models/digits.cnn --epochs 5 --seed 7 --set train.batch=64
  cnnc run models/fashion_mnist.cnn --data-dir ~/data --out runs/fashion
  cnnc run models/digits.cnn --weights runs/digits-1 --set train.optimizer.lr=0.0001
  cnnc run models/digits.cnn --resume runs/digits-1 --epochs 40
  cnnc run models/digits.cnn --ui")]
pub(super) struct RunArgs {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    tuning: TuneArgs,
    /// Folder for the run's files [default: runs/STEM-N, the first that is free]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder, exactly as if it had never stopped
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Begin with these weights in place of random ones: a file, of Keras or PyTorch too, the folder of a run,
    /// or `imagenet`
    #[arg(long, value_name = "WEIGHTS", conflicts_with = "resume")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    matching: MatchArgs,
    /// Layers that `--weights` has nothing for begin at random
    #[arg(long, requires = "weights")]
    partial: bool,
    /// What becomes of a run that goes on where its data are not those that it was begun with
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = DataChanged::Refuse, requires = "resume")]
    data_changed: DataChanged,
    /// Decides initial weights, shuffling, augmentation and dropout: train.seed of the file
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Passes over the training images: train.epochs of the file
    #[arg(long, value_name = "N")]
    epochs: Option<u64>,
    /// Leave out the page, report.html
    #[arg(long)]
    no_report: bool,
    #[command(flatten)]
    live: LiveArgs,
    #[command(flatten)]
    ranks: RankArgs,
}

impl RunArgs {
    /// What it says of ranks.
    pub(super) fn ranks(&self) -> RankArgs {
        self.ranks
    }

    fn overrides(&self) -> Vec<(String, String)> {
        let setting = |key: &str, value: Option<u64>| value.map(|value| (key.to_owned(), value.to_string()));
        setting("train.epochs", self.epochs).into_iter().chain(setting("train.seed", self.seed)).collect()
    }
}

pub(super) fn run(
    args: &RunArgs,
    console: &Console,
    start: Instant,
    ranks: &mut Ranks,
) -> Result<(), Failure> {
    ranks.meet()?;
    // the parser lets it pass beside an option that `--resume` excludes
    if args.data_changed == DataChanged::Accept && args.resume.is_none() {
        return Err(Failure::Usage("`--data-changed` goes with `--resume`".to_owned()));
    }
    let mut choices = each::choices(&args.program.file, &args.program.choice)?;
    if let (Some(folder), [_, _, ..]) = (&args.resume, &choices[..]) {
        // a run that is gone on with has its model
        let model = Some(ranks.of_first(|| Ok(Run::open(folder)?.model().to_owned()))?);
        choices = vec![ChoiceArgs { model, ..args.program.choice.clone() }];
    }
    if args.weights.is_some() && choices.len() > 1 {
        return Err(Failure::Usage("weights are those of one model: say which, with `--model`".to_owned()));
    }
    if let Some(weights) = &args.weights {
        used::tell_unfinished(weights, console);
    }
    if choices.len() > 1 {
        args.live.refuse_several()?;
    }
    let watcher = interrupt::watch(console.is_silent())?;
    // one page, of rank 0
    let live = if ranks.is_first() { args.live.open(&args.program.file, &watcher, console)? } else { None };
    let (file, overrides) = (&args.program.file, args.overrides());
    if let [only] = &choices[..] {
        let ready = || load::ready_looking(file, only, &overrides, Look::SmallPass, console);
        let seen = Seen { console, watcher: &watcher, live: live.as_ref(), ranks };
        let outcome = run_of(args, ready, args.out.clone(), seen, start).map(drop);
        return match live {
            Some(live) => {
                // the other ranks do not stay with the page
                let outcome = ranks.ended(outcome);
                live.stay(outcome, &watcher, console)
            }
            None => outcome,
        };
    }
    // before the first is trained, all must be sound
    let all = each::ready_together(file, &choices, &overrides, (Look::SmallPass, Told::All), console)?;
    for ready in &all {
        ready.schedule()?;
        load::runnable(ready, console)?;
    }
    let mut runs = Vec::with_capacity(all.len());
    for ready in all {
        let name = ready.name().to_owned();
        console.result(format_args!("model {name}"))?;
        let out = args.out.as_ref().map(|out| out.join(name));
        let seen = Seen { console, watcher: &watcher, live: None, ranks };
        runs.push(run_of(args, || Ok(ready), out, seen, Instant::now())?);
        console.result("")?;
    }
    console.result_text(&compared(&runs))
}

/// The results of several runs, side by side.
fn compared(runs: &[Run]) -> String {
    let metrics: Vec<String> = runs.first().and_then(Run::results).map_or_else(Vec::new, |(_, scores)| {
        scores.metrics.iter().map(|(metric, _)| metric.clone()).collect()
    });
    let mut heading = vec!["model", "epochs"];
    heading.extend(metrics.iter().map(String::as_str));
    heading.extend(["loss", "folder"]);
    let mut table = Table::new(1, &heading);
    for run in runs {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        let values =
            metrics.iter().map(|name| number(run.results().and_then(|(_, scores)| scores.metric(name))));
        let mut row = vec![run.model().to_owned(), run.epochs().to_string()];
        row.extend(values);
        row.extend([
            number(run.results().map(|(_, scores)| scores.loss)),
            run.folder().display().to_string(),
        ]);
        table.row(row);
    }
    table.text()
}

/// Where a run is seen, and what ends it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    console: &'a Console,
    watcher: &'a Watcher,
    live: Option<&'a Live>,
    ranks: &'a Ranks,
}

fn run_of(
    args: &RunArgs,
    ready: impl FnOnce() -> Result<Experiment, Failure>,
    out: Option<PathBuf>,
    Seen { console, watcher, live, ranks }: Seen<'_>,
    start: Instant,
) -> Result<Run, Failure> {
    let page = live.map(Live::reporter);
    let mut watch = RunWatch { terminal: Terminal::new(console), page, watcher, console, folder: None };
    let named = args.weights.as_deref().filter(|weights| !used::are_published(weights));
    let mut options = RunOptions {
        compute: ranks.share(args.compute.tuned(args.tuning)),
        ranks: ranks.communicator(),
        interrupt: Arc::clone(&watcher.interrupt),
        data_changed: args.data_changed.into(),
        weights: named.map(used::weights_at).transpose()?,
        matching: args.matching.matching(),
        partial: args.partial,
        command: std::env::args().collect(),
        since: start,
        ..RunOptions::default()
    };
    match (&args.resume, out) {
        (Some(folder), _) => options.resume(folder, &mut watch)?,
        (None, Some(out)) => options.place = RunPlace::New(out),
        (None, None) => {}
    }
    if let Some(folder) = options.resumes() {
        watcher.say_at_the_end(how_to_go_on("interrupted; the state is as it was. To go on", folder));
    }
    let ready = ready()?;
    if ready.program.program().ensemble.is_some() {
        args.live.refuse_several()?;
    }
    ready.schedule()?;
    load::runnable(&ready, console)?;
    if args.weights.as_deref().is_some_and(used::are_published) {
        options.weights = Some(used::published(&ready, console)?);
    }
    let compute = options.compute;
    // on one machine nothing goes over a network
    if let Some(together) = options.ranks.as_ref().filter(|ranks| ranks.is_first() && ranks.hosts() > 1) {
        cluster::warn(&ready, together.size(), compute, console)?;
    }
    let outcome = ready.train_keeping(options, &mut watch).map(|(run, data)| {
        if !ranks.is_first() {
            return (run, Pictures::default());
        }
        let wanted = Wanted { files: true, page: !args.no_report };
        let pictures = drawings::after_run(&run, (&ready, data), (compute, wanted), (console, watcher));
        (run, pictures)
    });
    let (outcome, pictures) = match outcome {
        Ok((run, pictures)) => (Ok(run), pictures),
        Err(error) => (Err(error), Pictures::default()),
    };
    // a run that failed or was interrupted has a page as well
    let (folder, program) = (watch.folder, ready.to_text());
    let written = folder.as_ref().filter(|_| !args.no_report && ranks.is_first());
    let page = written.and_then(|folder| report::after_run(folder, &program, pictures, console));
    if let (Some(live), Some(folder)) = (live, &folder) {
        live.end((folder, page.as_deref()), &program);
    }
    let run = outcome?;
    match run.status() {
        RunStatus::Interrupted => return Err(Failure::Interrupted),
        RunStatus::Running | RunStatus::Failed(_) | RunStatus::Finished if ranks.is_first() => {
            tell(&run, page.as_deref(), console)?;
        }
        // its files are with rank 0
        RunStatus::Running | RunStatus::Failed(_) | RunStatus::Finished => {}
    }
    Ok(run)
}

/// What a run has come to, and where it is.
fn tell(run: &Run, page: Option<&Path>, console: &Console) -> Result<(), Failure> {
    match run.results() {
        Some((split, scores)) => {
            if split != Split::Test {
                console.result("there is no test split: the pictures for validation stand in for it")?;
            }
            console.result(format_args!("{} {scores}", split.name()))?;
            let found = run.answers()?.map(|answers| answers.assess());
            members::tell(run, found.as_ref(), console)?;
            if let Some(found) = &found {
                verdict::tell(found, split.name(), console)?;
            }
        }
        None => console.result("there is no test split and none for validation, so there are no results")?,
    }
    console.result(format_args!("weights: {}", run.weights().display()))?;
    match page {
        Some(page) => console.result(format_args!("report: {}", shown_path(page))),
        None => Ok(()),
    }
}

/// Tells what happens, and what is to be said if the process is ended at once.
struct RunWatch<'a> {
    terminal: Terminal<'a>,
    /// The page, where one is served.
    page: Option<Reporter>,
    watcher: &'a Watcher,
    console: &'a Console,
    /// Where the run's files are, once that is known.
    folder: Option<PathBuf>,
}

impl Watch for RunWatch<'_> {
    fn see(&mut self, event: Event<'_>) {
        let farewell = |sentence, folder| self.watcher.say_at_the_end(how_to_go_on(sentence, folder));
        match &event {
            Event::Folder(folder) => {
                farewell("interrupted before the first step. To begin again", folder);
                self.folder = Some((*folder).to_owned());
            }
            Event::Begins(start) => {
                farewell("interrupted; the state is saved. To go on", start.folder);
                self.folder = Some(start.folder.to_owned());
            }
            Event::Member { folder, .. } => {
                farewell("interrupted; the state is saved. To go on", folder);
                self.folder = Some((*folder).to_owned());
            }
            Event::Interrupted { folder, progress } => {
                let (epoch, steps) = (progress.epoch + 1, progress.batch);
                let what = format!(
                    "interrupted in epoch {epoch} after {steps} of its steps; state and weights are saved. To go on"
                );
                self.console.problem(how_to_go_on(&what, folder));
            }
            Event::ReadingData(_)
            | Event::DataRead
            | Event::TimingKernels { .. }
            | Event::KernelsTimed(_)
            | Event::Phase(_)
            | Event::Frozen(_)
            | Event::MakingFeatures { .. }
            | Event::EpochBegins { .. }
            | Event::Waited(_)
            | Event::Step(_)
            | Event::EpochEnds(_)
            | Event::Training(_)
            | Event::Weights(_)
            | Event::Note(_)
            | Event::Warning(_) => {}
        }
        if let Some(page) = &mut self.page {
            page.hear(&event);
        }
        self.terminal.see(event);
    }
}

/// A sentence, and the command that goes on with this run.
fn how_to_go_on(sentence: &str, folder: &Path) -> String {
    format!("{sentence}:\n  {}", resume_command(std::env::args(), folder))
}

/// The command that goes on with this run: this one, with `--resume`.
pub(super) fn resume_command(arguments: impl Iterator<Item = String>, folder: &Path) -> String {
    let mut words = Vec::new();
    let mut skip = false;
    for argument in arguments {
        // data that were accepted and weights that it began with are the run's own from then on
        let names_folder = ["--out", "--resume", "--data-changed", "--weights"].into_iter().any(|flag| {
            argument == flag || argument.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='))
        });
        if !skip && !names_folder {
            words.push(shell_word(&argument));
        }
        skip = !skip && names_folder && !argument.contains('=');
    }
    words.push("--resume".to_owned());
    words.push(shell_word(&folder.display().to_string()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_go_on_is_the_same_command() {
        let command =
            |words: &[&str]| resume_command(words.iter().map(|&word| word.to_owned()), Path::new("runs/a-1"));
        assert_eq!(command(&["cnnc", "run", "a.cnn"]), "cnnc run a.cnn --resume runs/a-1");
        assert_eq!(
            command(&["cnnc", "run", "--out", "b", "a b.cnn", "--epochs", "3"]),
            "cnnc run 'a b.cnn' --epochs 3 --resume runs/a-1"
        );
        assert_eq!(
            command(&["cnnc", "run", "a.cnn", "--resume=runs/a-1", "--weights", "w", "--seed=1"]),
            "cnnc run a.cnn --seed=1 --resume runs/a-1"
        );
    }
}
