//! `cnnc tune FILE`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use super::arguments::{ComputeArgs, ProgramArgs};
use super::console::Console;
use super::failure::Failure;
use super::interrupt::{self, Watcher};
use super::live::{LiveArgs, LiveSearch};
use super::load::{self, Look};
use super::ranks::{RankArgs, Ranks};
use super::run::resume_command;
use super::searched::{page_of, tell_trials, written_page};
use super::trial_progress::TrialProgress;
use crate::experiment::{Experiment, SearchEvent, SearchOptions, SearchPlace, SearchWatch, Searched};
use crate::front::SpaceView;
use crate::ir::run_files::PAGE;
use crate::live::Searching;
use crate::printed::shown_path;
use crate::search::record::Why;

#[derive(Debug, Args)]
#[command(after_long_help = "\
The file says what is searched: `search([3, 5])` or `search(16..=64, step: 16)` in place of a value; and how, in its section `tune`. \
All points are checked before the first trial starts.

Files of a search: trials.jsonl (a line an event), trials/ (a folder a trial: history, the weights of the best 20, answers to the pictures for validation), best.cnn (the file with the \
best values filled in: `cnnc run` repeats that trial to the bit), report.html. Ctrl-C or SIGTERM saves the states of the trials that run; the exit code is then 1. Which trials there are, and what they \
give, does not depend on the number of jobs or threads.

Examples:
  cnnc tune model.cnn
  cnnc tune model.cnn --out runs/search --jobs 2
  cnnc tune model.cnn --resume runs/search
  mpirun -n 5 cnnc tune model.cnn")]
pub(super) struct SearchArgs {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Trials that are computed side by side, at most `parallel` of the file; they share the threads
    /// [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Folder for the search's files [default: runs/STEM-search-N, the first that is free]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Go on with the search in this folder; trials that still lie in a space that was changed are taken over
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Put the best trials together, at most this many: ensemble.cnn and ensemble.safetensors
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=100))]
    ensemble: Option<u16>,
    /// Leave out the page, report.html
    #[arg(long)]
    no_report: bool,
    #[command(flatten)]
    live: LiveArgs,
    /// With `mpirun`: so many ranks train a trial together, in place of one; rank 0 proposes trials and trains none
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u16).range(1..))]
    ranks_per_trial: Option<u16>,
    #[command(flatten)]
    ranks: RankArgs,
}

impl SearchArgs {
    /// What it says of ranks.
    pub(super) fn ranks(&self) -> RankArgs {
        self.ranks
    }

    /// What goes with several ranks, and what does not.
    /// # Errors
    /// [`Failure::Usage`].
    fn fit(&self, ranks: &Ranks) -> Result<(), Failure> {
        let why = match (ranks.communicator(), self.jobs, self.ranks_per_trial) {
            (Some(_), Some(_), _) => {
                "several ranks have no `--jobs`: they train a trial each, or `--ranks-per-trial` of them one"
            }
            (None, _, Some(_)) => "`--ranks-per-trial` goes with several processes, started by `mpirun`",
            (Some(_), None, _) | (None, _, None) => return Ok(()),
        };
        Err(Failure::Usage(why.to_owned()))
    }
}

pub(super) fn tune(
    args: &SearchArgs,
    console: &Console,
    start: Instant,
    ranks: &mut Ranks,
) -> Result<(), Failure> {
    args.fit(ranks)?;
    ranks.meet()?;
    let watcher = interrupt::watch(console.is_silent())?;
    let (file, choice) = (&args.program.file, &args.program.choice);
    let ready = load::ready_looking(file, choice, &[], Look::SmallPass, console)?;
    ready.schedule()?;
    for line in ready.space().iter().flat_map(|space| space.facts().lines()) {
        console.note(line);
    }
    let space = ready.space().map(|view| view.space().clone());
    // one page, of rank 0
    let live = if ranks.is_first() { args.live.open_search(space, &watcher, console)? } else { None };
    let outcome = search(args, &ready, (&watcher, live.as_ref(), ranks), console, start);
    match live {
        Some(live) => {
            // the other ranks do not stay with the page
            let outcome = ranks.ended(outcome);
            live.stay(outcome, &watcher, console)
        }
        None => outcome,
    }
}

fn search(
    args: &SearchArgs,
    ready: &Experiment,
    (watcher, live, ranks): (&Watcher, Option<&LiveSearch>, &Ranks),
    console: &Console,
    start: Instant,
) -> Result<(), Failure> {
    let jobs = args.jobs.map(usize::from);
    let per_trial = args.ranks_per_trial.map_or(1, usize::from);
    let mut watch = Seen {
        progress: TrialProgress::new(console),
        live,
        watcher,
        console,
        jobs,
        ranks: ranks.communicator().map_or(0, |ranks| ranks.size() - 1),
        per_trial,
    };
    let place = match (&args.resume, &args.out) {
        (Some(folder), _) => SearchPlace::Begun(folder.clone()),
        (None, Some(out)) => SearchPlace::New(out.clone()),
        (None, None) => SearchPlace::Numbered,
    };
    let options = SearchOptions {
        compute: ranks.share_of_crew(args.compute.compute()),
        jobs,
        ranks: ranks.communicator(),
        ranks_per_trial: per_trial,
        place,
        ensemble: args.ensemble.map(usize::from),
        interrupt: Arc::clone(&watcher.interrupt),
        since: start,
    };
    let searched = ready.tune(options, &mut watch)?;
    drop(watch);
    let page = page_of(&searched.record, &searched.folder, ready.space().map(SpaceView::space));
    let written = (!args.no_report && ranks.is_first())
        .then(|| written_page(&page, searched.folder.join(PAGE), console))
        .flatten();
    if let Some(live) = live {
        live.end(Some(page));
    }
    tell(&searched, console)?;
    tell_together(&searched, args.ensemble.is_some(), console)?;
    match written {
        Some(page) => console.result(format_args!("report: {}", shown_path(&page))),
        None => Ok(()),
    }
}

/// What a search has come to.
fn tell(searched: &Searched, console: &Console) -> Result<(), Failure> {
    let record = &searched.record;
    tell_trials(record, console)?;
    let Some(why) = searched.why else {
        let command = resume_command(std::env::args(), &searched.folder);
        console.problem(format_args!(
            "the search has not come to its end after {} trials; it goes on with:\n  {command}",
            record.trials.len()
        ));
        return Err(Failure::Interrupted);
    };
    console.result("")?;
    match why {
        Why::Complete => {}
        Why::TimeLimit => {
            let command = resume_command(std::env::args(), &searched.folder);
            console.result(format_args!("the time limit has passed; to go on:\n  {command}"))?;
        }
        Why::EarlyStopping => {
            console.result("ended early: no trial was better for as long as `early_stopping` waits")?
        }
        Why::Exhausted => console.result("all points of the space were tried")?,
    }
    match &searched.best_file {
        Some(best) => {
            let best = shown_path(best);
            console.result(format_args!("best: {best}"))?;
            console.result(format_args!("train it, and evaluate it on the test split: cnnc run {best}"))
        }
        None if why == Why::TimeLimit => Ok(()),
        None => Err(Failure::mistake(
            "no trial has a value".to_owned(),
            "the sentences above say why; a smaller learning rate is what helps most often",
        )),
    }
}

/// What the best trials are worth together.
fn tell_together(searched: &Searched, is_asked: bool, console: &Console) -> Result<(), Failure> {
    let Some(together) = &searched.together else {
        return match is_asked {
            true => {
                console.result("no trials answer better together than the best alone: there is no ensemble")
            }
            false => Ok(()),
        };
    };
    let objective = searched.record.head.as_ref().map_or("", |head| head.objective.as_str());
    let members: Vec<String> = together
        .members
        .iter()
        .map(|(trial, times)| if *times == 1 { trial.to_string() } else { format!("{trial} (x{times})") })
        .collect();
    let what = if objective == "val_accuracy" { objective } else { "val_loss" };
    console.result(format_args!("together: trials {}, {what} {:.4}", members.join(", "), together.value))?;
    let (program, weights) = (shown_path(&together.program), shown_path(&together.weights));
    console.result(format_args!("evaluate them on the test split: cnnc eval {program} --weights {weights}"))
}

/// Tells what happens, and what is to be said if the process is ended at once.
struct Seen<'a> {
    progress: TrialProgress<'a>,
    /// The page, where one is served.
    live: Option<&'a LiveSearch>,
    watcher: &'a Watcher,
    console: &'a Console,
    /// Jobs that were asked for.
    jobs: Option<usize>,
    /// Ranks besides rank 0.
    ranks: usize,
    /// Ranks that train a trial together.
    per_trial: usize,
}

impl Seen<'_> {
    /// Ranks that will wait all the time, and why.
    fn tell_idle(&self, idle: usize) {
        let Self { ranks, per_trial, console, .. } = self;
        if idle >= *per_trial {
            console.note(format_args!(
                "note: {idle} of {ranks} ranks train nothing: `parallel` of `tune` says how many trials may run side by side"
            ));
        } else if idle > 0 {
            console.note(format_args!(
                "note: {idle} of {ranks} ranks train nothing: another trial side by side takes {per_trial} of them"
            ));
        }
    }
}

impl SearchWatch for Seen<'_> {
    fn see(&mut self, event: SearchEvent<'_>) {
        if let SearchEvent::Begins { folder, jobs, idle_ranks, .. } = &event {
            self.watcher.say_at_the_end(how_to_go_on(folder));
            if let Some(asked) = self.jobs.filter(|asked| asked > jobs) {
                self.console.note(format_args!(
                    "note: {jobs} of {asked} jobs have work: `parallel` of `tune` says how many trials may run side by side"
                ));
            }
            self.tell_idle(*idle_ranks);
        }
        if let Some(live) = self.live {
            hear(live.searching(), &event);
        }
        self.progress.see(event);
    }
}

/// Tells the page that is served.
fn hear(page: &Searching, event: &SearchEvent<'_>) {
    match *event {
        SearchEvent::Preparing(_) | SearchEvent::Broken { .. } => {}
        SearchEvent::Begins { folder, record, epochs, .. } => {
            page.begins(folder, record, epochs.and_then(|epochs| u64::try_from(epochs).ok()));
        }
        SearchEvent::Started { unit, record } => page.started(unit, record),
        SearchEvent::Epoch { trial, epoch, value } => page.epoch(trial, epoch, value),
        SearchEvent::Ended { unit, record, .. } => page.ended(unit, record),
    }
}

fn how_to_go_on(folder: &Path) -> String {
    format!("interrupted. To go on:\n  {}", resume_command(std::env::args(), folder))
}
