//! `cnnc init FILE --output W`.

use std::path::PathBuf;

use clap::Args;

use super::arguments::ProgramArgs;
use super::console::Console;
use super::failure::Failure;
use super::load;
use crate::experiment::Silent;
use crate::ir::{Mode, forward};
use crate::train::{initial_values, weights};

#[derive(Debug, Args)]
#[command(after_long_help = "\
The weights are those that `cnnc run` with the same seed begins with.

Example:
  cnnc init models/digits.cnn --seed 7 --output w0.safetensors")]
pub(super) struct InitArgs {
    #[command(flatten)]
    program: ProgramArgs,
    /// Decides the weights [default: train.seed of the file]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn init(args: &InitArgs, console: &Console) -> Result<(), Failure> {
    let ready = load::ready(&args.program.file, &args.program.choice, &[], console)?;
    load::is_single(&ready, console)?;
    let seed = args.seed.or(ready.program.program().train.as_ref().map(|train| train.seed)).unwrap_or(0);
    // auxiliary outputs are trained: they begin as well
    let params = forward(&ready.program, Mode::Training { random: false }).graph.params;
    let info = ready.weights_info(seed, &ready.classes, None);
    let pretrained = ready.pretrained(&mut Silent)?;
    weights::save(&args.output, &info, &params, |at| {
        pretrained
            .get(&params[at].name)
            .map_or_else(|| initial_values(&params[at], seed).into(), |known| known.into())
    })?;
    Ok(())
}
