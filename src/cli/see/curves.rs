//! `cnnc see curves RUN…`.

use std::path::PathBuf;

use clap::Args;

use super::OutputArgs;
use crate::chart::{self, Curves};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::picture;
use crate::experiment::{HistoryRow, Run};
use crate::printed::shown_path;

#[derive(Debug, Args)]
#[command(after_long_help = "\
A field each for the loss, every metric and the learning rate; of several runs each has its colour. What spans more than one and a half orders of magnitude has \
a logarithmic axis.

Examples:
  cnnc see curves runs/digits-1
  cnnc see curves runs/plain-1 runs/dropout-1 -o curves.svg")]
pub(super) struct CurvesArgs {
    /// Folders of runs; one that is going on is drawn as far as it has come
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn curves(args: &CurvesArgs, console: &Console) -> Result<(), Failure> {
    let mut drawn = Vec::with_capacity(args.runs.len());
    for folder in &args.runs {
        let run = Run::open(folder)?;
        let history = run.history()?;
        if history.is_empty() {
            let folder = shown_path(folder);
            return Err(Failure::mistake(
                format!("the run in `{folder}` has no complete epoch yet"),
                format!("go on with it: `cnnc run FILE --resume {folder}`"),
            ));
        }
        drawn.push(of_history(shown_path(folder), &history));
    }
    let path = args.output.path("curves");
    let written = picture::write(&chart::curves(&drawn), &path, console)?;
    console.beside(&path, format_args!("{} runs: {}", drawn.len(), shown_path(&written)))
}

/// The columns of a history.
fn of_history(name: String, history: &[HistoryRow]) -> Curves {
    let names = history.first().map_or(&[][..], |row| &row.values);
    let column = |(name, _): &(String, f64)| {
        let value = |row: &HistoryRow| row.value(name).unwrap_or(f64::NAN);
        (name.clone(), history.iter().map(value).collect::<Vec<f64>>())
    };
    let rates = history.iter().map(|row| row.learning_rate).collect();
    let columns = names.iter().map(column).chain([("learning_rate".to_owned(), rates)]).collect();
    Curves { name, columns, best_epoch: None }
}
