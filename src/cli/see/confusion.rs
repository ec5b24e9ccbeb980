//! `cnnc see confusion_matrix RUN`.

use std::path::PathBuf;

use clap::Args;

use super::{ColorArgs, OutputArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::picture;
use crate::experiment::Run;
use crate::printed::shown_path;
use crate::see;

#[derive(Debug, Args)]
#[command(after_long_help = "\
A row for each class, a column for each answer, coloured by the share of the row. It is drawn from the answers that the run has kept; of other weights or \
another split `cnnc eval … --output DIR` draws it.

Examples:
  cnnc see confusion_matrix runs/digits-1
  cnnc see confusion_matrix runs/digits-1 --colors gray -o confusion.svg")]
pub(super) struct ConfusionArgs {
    /// The folder of a run that has ended
    #[arg(value_name = "RUN")]
    run: PathBuf,
    #[command(flatten)]
    colors: ColorArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn confusion(args: &ConfusionArgs, console: &Console) -> Result<(), Failure> {
    let run = Run::open(&args.run)?;
    let path = args.output.path("confusion_matrix");
    let scene = see::confusion_of(&run, args.colors.into())?;
    let written = picture::write(&scene, &path, console)?;
    console.beside(&path, format_args!("confusion matrix: {}", shown_path(&written)))
}
