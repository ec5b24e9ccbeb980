//! `cnnc see confusion_matrix RUN`.

use std::path::PathBuf;

use clap::Args;

use super::{ColorArgs, OutputArgs};
use crate::assess::{Assessment, Findings};
use crate::chart;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::picture;
use crate::experiment::Run;
use crate::printed::shown_path;

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
    let folder = shown_path(&args.run);
    let (Some((split, _)), Some(answers)) = (run.results(), run.answers()?) else {
        return Err(Failure::mistake(
            format!("the run in `{folder}` has kept no answers"),
            format!("let it answer again: `cnnc eval {folder} --output DIR` draws the matrix, too"),
        ));
    };
    let Assessment { names, findings: Findings::Classes(found), .. } = answers.assess() else {
        return Err(Failure::mistake(
            format!("the model of `{folder}` does not answer with one class, so it takes none for another"),
            format!("`cnnc eval {folder}` says how good its answers are"),
        ));
    };
    let path = args.output.path("confusion_matrix");
    let scene = chart::confusion(&found, &names, split.name(), args.colors.into());
    let written = picture::write(&scene, &path, console)?;
    console.beside(&path, format_args!("{} classes: {}", names.len(), shown_path(&written)))
}
