//! `--ui`: a page of the run while it goes on, and after.

use std::path::Path;

use clap::Args;

use super::console::Console;
use super::failure::Failure;
use super::interrupt::Watcher;
use super::language::spoken;
use super::report;
use crate::experiment::Run;
use crate::files;
use crate::live::{Door, LiveError, Reporter, Searching, Training};
use crate::page::LivePage;
use crate::space::Space;

/// What helps where a port cannot be had.
const OTHER_PORT: &str = "take another port, or any that is free: `--ui` without a number";

/// What the command line says of the page.
#[derive(Debug, Args)]
pub(super) struct LiveArgs {
    /// Show the run in a browser while it goes on, at this port of this computer [default: any that is free]
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    ui: Option<u16>,
    /// End with the run, in place of showing its results until Ctrl-C
    #[arg(long, requires = "ui")]
    ui_exit: bool,
}

/// A page that is served.
pub(super) struct Live {
    training: Training,
    /// It stays when the run has ended.
    stays: bool,
}

impl LiveArgs {
    /// Serves the page where that is asked for, and says where.
    /// # Errors
    /// [`Failure`] where it may not be, or cannot be.
    pub(super) fn open(
        &self,
        file: &Path,
        watcher: &Watcher,
        console: &Console,
    ) -> Result<Option<Live>, Failure> {
        let Some(door) = self.door(console)? else { return Ok(None) };
        let address = door.address();
        let page = LivePage { file, language: spoken() }.to_html();
        let training =
            Training::open(door, page, watcher.stopper()).map_err(|error| not_served(&error, OTHER_PORT))?;
        console.problem(format_args!("live page: {address}"));
        Ok(Some(Live { training, stays: !self.ui_exit }))
    }

    /// Serves the page of a search where that is asked for, and says where.
    /// # Errors
    /// [`Failure`] where it may not be, or cannot be.
    pub(super) fn open_search(
        &self,
        space: Option<Space>,
        watcher: &Watcher,
        console: &Console,
    ) -> Result<Option<LiveSearch>, Failure> {
        let Some(door) = self.door(console)? else { return Ok(None) };
        let address = door.address();
        let searching = Searching::open(door, space, spoken(), watcher.stopper())
            .map_err(|error| not_served(&error, OTHER_PORT))?;
        console.problem(format_args!("live page: {address}"));
        Ok(Some(LiveSearch { searching, stays: !self.ui_exit }))
    }

    /// The port, where a page is asked for.
    fn door(&self, console: &Console) -> Result<Option<Door>, Failure> {
        let Some(port) = self.ui else { return Ok(None) };
        refuse_if_restricted("--ui", console)?;
        Door::open(port, spoken()).map(Some).map_err(|error| not_served(&error, OTHER_PORT))
    }

    /// # Errors
    /// [`Failure::Usage`] where several models are trained: the page is that of one.
    pub(super) fn refuse_several(&self) -> Result<(), Failure> {
        if self.ui.is_none() {
            return Ok(());
        }
        Err(Failure::Usage("the page of `--ui` shows one model: say which, with `--model`".to_owned()))
    }
}

impl Live {
    /// Whoever is told of what happens.
    pub(super) fn reporter(&self) -> Reporter {
        self.training.reporter()
    }

    /// The run has ended, however it has: its page, which may have been written, takes the place of this one.
    pub(super) fn end(&self, (folder, page): (&Path, Option<&Path>), program: &str) {
        if !self.stays {
            return self.training.end(None);
        }
        let written = page.and_then(|page| files::read_text(page, files::MOST_RECORD_BYTES).ok());
        let made = || Some(report::html(&Run::open(folder).ok()?, Some(program)));
        self.training.end(written.or_else(made));
    }

    /// Stays until Ctrl-C, which has been where that has ended the run. What went wrong is said before.
    pub(super) fn stay(
        self,
        outcome: Result<(), Failure>,
        watcher: &Watcher,
        console: &Console,
    ) -> Result<(), Failure> {
        stay(self.stays, self.training.has_report(), outcome, watcher, console)
    }
}

/// The page of a search that is served.
pub(super) struct LiveSearch {
    searching: Searching,
    /// It stays when the search has ended.
    stays: bool,
}

impl LiveSearch {
    /// Whoever is told of what happens.
    pub(super) fn searching(&self) -> &Searching {
        &self.searching
    }

    /// The search has ended, however it has: its page takes the place of this one.
    pub(super) fn end(&self, page: Option<String>) {
        self.searching.end(page.filter(|_| self.stays));
    }

    /// Stays until Ctrl-C, which has been where that has ended the search. What went wrong is said before.
    pub(super) fn stay(
        self,
        outcome: Result<(), Failure>,
        watcher: &Watcher,
        console: &Console,
    ) -> Result<(), Failure> {
        stay(self.stays, self.searching.has_report(), outcome, watcher, console)
    }
}

fn stay(
    stays: bool,
    has_report: bool,
    outcome: Result<(), Failure>,
    watcher: &Watcher,
    console: &Console,
) -> Result<(), Failure> {
    let outcome = match outcome {
        // of a mistake before the first step the page has nothing to show
        Err(failure) if !has_report => return Err(failure),
        Err(failure @ Failure::Mistake { .. }) => {
            console.failure(&failure);
            Err(Failure::Shown)
        }
        outcome => outcome,
    };
    if stays && !watcher.has_signal() {
        console.note("the page stays until Ctrl-C");
        watcher.wait_for_signal();
    }
    outcome
}

/// # Errors
/// [`Failure::Usage`] with `--restricted`: nobody listens there.
pub(super) fn refuse_if_restricted(what: &str, console: &Console) -> Result<(), Failure> {
    if console.permissions().are_narrow() {
        return Err(Failure::Usage(format!(
            "`--restricted` lets nobody listen to a port: leave `{what}` out"
        )));
    }
    Ok(())
}

/// A page that cannot be served.
pub(super) fn not_served(error: &LiveError, help: &str) -> Failure {
    match error {
        LiveError::InUse { .. } | LiveError::Refused { .. } => Failure::mistake(error.to_string(), help),
        LiveError::NoPort { .. } | LiveError::NoRandomness { .. } | LiveError::NoServer { .. } => {
            Failure::Mistake { code: None, message: error.to_string(), help: None }
        }
    }
}
