//! `cnnc weights diff A B`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::opened;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::table::Table;
use crate::train::RunError;
use crate::weights::Archive;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Tensors are compared by their names; points and strokes in them are the same. The difference of two tensors is the largest of their numbers' differences, \
absolute and as a share of the largest number of A.

Example:
  cnnc weights diff runs/digits-1 runs/digits-2")]
pub(super) struct DiffArgs {
    /// A file of weights, or a run's folder
    #[arg(value_name = "A")]
    first: PathBuf,
    /// Another file of weights, or a run's folder
    #[arg(value_name = "B")]
    second: PathBuf,
}

/// How two tensors of a name differ.
struct Difference {
    absolute: f32,
    largest: f32,
}

pub(super) fn diff(args: &DiffArgs, console: &Console) -> Result<(), Failure> {
    let (first_path, first) = opened(&args.first)?;
    let (second_path, second) = opened(&args.second)?;
    let (ours, theirs) = (by_name(&first), by_name(&second));
    let mut table = Table::new(3, &["tensor", "A", "B", "largest difference", "relative"]);
    let (mut equal, mut differ) = (0, 0);
    for (name, &at) in &ours {
        let shape = &first.listing.tensors[at].shape;
        let Some(&other) = theirs.get(name) else {
            differ += 1;
            table.row([name.clone(), shape.to_string(), String::new(), String::new(), String::new()]);
            continue;
        };
        let other_shape = &second.listing.tensors[other].shape;
        if shape != other_shape {
            differ += 1;
            table.row([
                name.clone(),
                shape.to_string(),
                other_shape.to_string(),
                String::new(),
                String::new(),
            ]);
            continue;
        }
        let left = first.numbers(at).map_err(|error| RunError::of_file(&first_path, error))?;
        let right = second.numbers(other).map_err(|error| RunError::of_file(&second_path, error))?;
        if left.iter().zip(&right).all(|(a, b)| a.to_bits() == b.to_bits()) {
            equal += 1;
            continue;
        }
        differ += 1;
        let Difference { absolute, largest } = difference(&left, &right);
        let relative = if largest > 0.0 { format!("{:.2e}", absolute / largest) } else { String::new() };
        let (shape, other_shape) = (shape.to_string(), other_shape.to_string());
        table.row([name.clone(), shape, other_shape, format!("{absolute:.2e}"), relative]);
    }
    for (name, &at) in theirs.iter().filter(|(name, _)| !ours.contains_key(*name)) {
        differ += 1;
        let shape = second.listing.tensors[at].shape.to_string();
        table.row([name.clone(), String::new(), shape, String::new(), String::new()]);
    }
    if differ > 0 {
        console.result_text(&table.text())?;
    }
    console.result(format_args!("{equal} tensors are equal to the bit, {differ} differ"))
}

/// Indices of tensors, by layer and variable.
fn by_name(archive: &Archive) -> BTreeMap<String, usize> {
    let named = archive.listing.tensors.iter().enumerate().map(|(at, tensor)| {
        let name = match tensor.layer.as_str() {
            "" => tensor.variable.clone(),
            layer => format!("{layer}.{}", tensor.variable),
        };
        (name, at)
    });
    named.collect()
}

fn difference(left: &[f32], right: &[f32]) -> Difference {
    let absolute = left.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let largest = left.iter().map(|a| a.abs()).fold(0.0, f32::max);
    Difference { absolute, largest }
}
