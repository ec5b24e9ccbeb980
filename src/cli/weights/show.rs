//! `cnnc weights show FILE… [--for PROGRAM]`.

use std::path::PathBuf;

use clap::Args;

use super::{ForArgs, opened};
use crate::cli::account;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::table::{Table, bytes, thousands};
use crate::experiment::Experiment;
use crate::printed::{few, shown, shown_path};
use crate::weights::Archive;

#[derive(Debug, Args)]
#[command(after_long_help = "\
With --for each variable of the program's model stands beside the tensor that it would start from; what is missing, has another shape or is not used is said. \
The exit code is 1 where something is missing or has another shape.

Example:
  cnnc weights show resnet50.pth --for flowers.cnn")]
pub(super) struct ShowArgs {
    /// Files of weights, or folders of runs
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    of: ForArgs,
}

pub(super) fn show(args: &ShowArgs, console: &Console) -> Result<(), Failure> {
    let program = args.of.program(console)?;
    let mut fits = true;
    for (at, file) in args.files.iter().enumerate() {
        if at > 0 {
            console.result("")?;
        }
        let (path, archive) = opened(file)?;
        head(&path, &archive, console)?;
        match &program {
            Some(program) => fits &= account_of(program, (path, &archive), args, console)?,
            None => tensors(&archive, console)?,
        }
    }
    if fits { Ok(()) } else { Err(Failure::Shown) }
}

fn head(path: &std::path::Path, archive: &Archive, console: &Console) -> Result<(), Failure> {
    let listing = &archive.listing;
    let numbers: usize = listing.tensors.iter().map(|tensor| tensor.shape.elements()).sum();
    console.result(format_args!(
        "{}: {}, {} tensors, {} numbers, {}",
        shown_path(path),
        listing.format,
        thousands(listing.tensors.len() as u64),
        thousands(numbers as u64),
        bytes(usize::try_from(archive.bytes).unwrap_or(usize::MAX)),
    ))
}

fn tensors(archive: &Archive, console: &Console) -> Result<(), Failure> {
    let listing = &archive.listing;
    let mut table = Table::new(2, &["tensor", "shape", "numbers"]);
    for tensor in &listing.tensors {
        // files of Keras 3 have layers by class, and their names beside
        let named = match &tensor.class {
            Some(_) => format!("{} ({})", tensor.name, tensor.layer),
            None => tensor.name.clone(),
        };
        table.row([named, tensor.shape.to_string(), thousands(tensor.shape.elements() as u64)]);
    }
    console.result_text(&table.text())?;
    if !listing.beside.is_empty() {
        let names: Vec<String> = listing.beside.iter().map(|name| format!("`{}`", shown(name))).collect();
        console.result(format_args!("beside the weights: {}", few(&names)))?;
    }
    Ok(())
}

/// What the program's model takes of a file; whether it has all that it needs.
fn account_of(
    program: &Experiment,
    (path, archive): (PathBuf, &Archive),
    args: &ShowArgs,
    console: &Console,
) -> Result<bool, Failure> {
    let found = program.account_of(path, archive, args.of.matching.matching());
    console.result_text(&account::table(&found))?;
    Ok(found.account.is_complete())
}
