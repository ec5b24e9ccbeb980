//! `cnnc see mistakes`.

use clap::Args;

use super::{ColorArgs, OutputArgs};
use crate::cli::arguments::ComputeArgs;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::picture;
use crate::cli::progress::Terminal;
use crate::cli::split::SplitArgs;
use crate::cli::used::UsedArgs;
use crate::experiment::{Model, ModelOptions};
use crate::printed::shown_path;
use crate::see::{Look, mistakes as mistakes_of, mistakes_sheet};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Each picture stands beside the same with what speaks for the wrong answer (Grad-CAM at the last layer with a map).

Examples:
  cnnc see mistakes runs/mine-1
  cnnc see mistakes models/digits.cnn --weights runs/digits-1 --count 24 -o mistakes.svg")]
pub(super) struct MistakesArgs {
    #[command(flatten)]
    used: UsedArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    split: SplitArgs,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=400))]
    count: u32,
    #[command(flatten)]
    colors: ColorArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn mistakes(args: &MistakesArgs, console: &Console) -> Result<(), Failure> {
    let path = args.output.path("mistakes");
    picture::type_of(&path)?;
    let (ready, weights) = args.used.ready(&[], console)?;
    let ready = ready.for_its_data();
    ready.judged()?;
    let mut watch = Terminal::new(console);
    let options = ModelOptions {
        compute: args.compute.compute(),
        batch: None,
        resize: None,
        matching: args.used.matching(),
    };
    let mut model = Model::load_with(&ready, &weights, options, &mut watch)?;
    let found = mistakes_of(&mut model, args.split.split(), args.count as usize, &mut watch)?;
    console.beside(
        &path,
        format_args!("{}: {} of {} pictures are wrong", found.split.name(), found.wrong, found.images),
    )?;
    let look = Look { colors: args.colors.into(), ..Look::default() };
    let written = picture::write(&mistakes_sheet(&found, look), &path, console)?;
    console.beside(&written, format_args!("{} of them in {}", found.worst.len(), shown_path(&written)))
}
