//! `cnnc see curves RUN…`.

use std::path::PathBuf;

use clap::Args;

use super::OutputArgs;
use crate::chart;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::picture;
use crate::experiment::Run;
use crate::printed::shown_path;
use crate::see;

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
        drawn.push(see::curves_of(&Run::open(folder)?)?);
    }
    let path = args.output.path("curves");
    let written = picture::write(&chart::curves(&drawn), &path, console)?;
    console.beside(&path, format_args!("{} runs: {}", drawn.len(), shown_path(&written)))
}
