//! `cnnc weights show|convert|diff FILE…`: files of weights, of this program and of others.

mod compare;
mod convert;
mod show;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::arguments::{ChoiceArgs, MatchArgs};
use super::console::Console;
use super::failure::Failure;
use super::load::{self, Subject};
use super::used::weights_at;
use crate::experiment::{Experiment, read_text};
use crate::train::RunError;
use crate::weights::{Archive, open};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Files are told apart by what is in them: safetensors; Keras (.keras, .weights.h5, .h5); PyTorch (.pt, .pth); ONNX; NumPy (.npz). Nothing in them is run.

Examples:
  cnnc weights show vgg16.h5                              what is in it
  cnnc weights show vgg16.h5 --for flowers.cnn            what a model would use of it
  cnnc weights convert net.pth -o net.safetensors
  cnnc weights convert net.pth --for net.cnn -o net.safetensors
  cnnc weights diff runs/digits-1 runs/digits-2")]
pub(super) struct WeightsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the tensors of files, or what a program takes of them
    Show(show::ShowArgs),
    /// Write the weights of a file as safetensors, or as NumPy's .npz
    Convert(convert::ConvertArgs),
    /// Compare the tensors of two files
    Diff(compare::DiffArgs),
}

/// The program that weights are for.
#[derive(Debug, Args)]
struct ForArgs {
    /// The .cnn file, or a model of the zoo such as `zoo.vgg16`, that the weights are for
    #[arg(long = "for", value_name = "PROGRAM")]
    program: Option<PathBuf>,
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    matching: MatchArgs,
}

impl ForArgs {
    /// The program, checked.
    fn program(&self, console: &Console) -> Result<Option<Experiment>, Failure> {
        let Some(file) = self.program.as_deref() else { return Ok(None) };
        // what might be better in the program is not what was asked
        let subject = Subject { name: file, file, text: read_text(file)? };
        load::ready_again(subject, &self.choice, &[], console).map(Some)
    }
}

pub(super) fn weights(args: &WeightsArgs, console: &Console) -> Result<(), Failure> {
    match &args.command {
        Command::Show(args) => show::show(args, console),
        Command::Convert(args) => convert::convert(args, console),
        Command::Diff(args) => compare::diff(args, console),
    }
}

/// Opens weights: a file, or those of a run's folder.
fn opened(path: &Path) -> Result<(PathBuf, Archive), Failure> {
    let path = weights_at(path)?;
    let archive = open(&path).map_err(|error| RunError::of_file(&path, error))?;
    Ok((path, archive))
}
