//! `cnnc ui [DIR]`: all runs below a folder, in a browser.

use std::path::PathBuf;

use clap::Args;

use super::console::Console;
use super::failure::Failure;
use super::interrupt;
use super::language::spoken;
use super::live::{not_served, refuse_if_restricted};
use super::report;
use crate::experiment::Run;
use crate::live::{self, Door};
use crate::printed::shown_path;

#[derive(Debug, Args)]
#[command(after_long_help = "\
The page lists all runs below the folder: model, status, date, results with intervals. A click on a heading sorts; runs that are selected are drawn over \
each other, with the settings that differ; a click on a run opens its report. It stays until Ctrl-C, and is for this computer alone: the address that is \
printed has a token in it.

Examples:
  cnnc ui
  cnnc ui experiments --port 8080")]
pub(super) struct UiArgs {
    /// The folder that the runs lie below
    #[arg(value_name = "DIR", default_value = "runs")]
    folder: PathBuf,
    /// The port of this computer [default: any that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
}

pub(super) fn ui(args: &UiArgs, console: &Console) -> Result<(), Failure> {
    refuse_if_restricted("ui", console)?;
    let UiArgs { folder, port } = args;
    if !folder.is_dir() {
        return Err(Failure::mistake(
            format!("there is no folder `{}`", shown_path(folder)),
            "name the folder that the runs lie below; `cnnc run FILE` makes the first in `runs`",
        ));
    }
    let help = "take another port, or any that is free: leave `--port` out";
    let watcher = interrupt::watch(console.is_silent())?;
    watcher.nothing_is_lost();
    let door = Door::open(*port, spoken()).map_err(|error| not_served(&error, help))?;
    let address = door.address();
    let teller = *console;
    let report = move |run: &Run| report::of(run, &teller);
    let server =
        live::serve_runs(door, folder.clone(), spoken(), report).map_err(|error| not_served(&error, help))?;
    console.result(format_args!("runs of {}: {address}", shown_path(folder)))?;
    console.note("the page stays until Ctrl-C");
    watcher.wait_for_signal();
    drop(server);
    Ok(())
}
