//! `cnnc see filters`.

use clap::Args;

use super::channels::ChannelArgs;
use super::{ColorArgs, OutputArgs};
use crate::cli::arguments::ComputeArgs;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::picture;
use crate::cli::progress::Terminal;
use crate::cli::used::UsedArgs;
use crate::experiment::{Model, ModelOptions};
use crate::printed::shown_path;
use crate::see::{Shown, filters as filters_of, filters_sheet};

/// Pictures that are changed at once.
const TOGETHER: usize = 16;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Of a layer that looks at the picture the kernels themselves; of a deeper one the picture that excites each channel most, found by gradient ascent from \
noise (Erhan et al. 2009), regularised by jitter (Mordvintsev et al. 2015), blur and a drift to grey (Yosinski et al. 2015).

Examples:
  cnnc see filters runs/mine-1
  cnnc see filters runs/mine-1 --layer conv2d_2 --channels 25 -o filters.png")]
pub(super) struct FiltersArgs {
    #[command(flatten)]
    used: UsedArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    /// The layer [default: the first that has kernels]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    #[command(flatten)]
    channels: ChannelArgs,
    /// Decides the noise that pictures begin with
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    colors: ColorArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn filters(args: &FiltersArgs, console: &Console) -> Result<(), Failure> {
    let path = args.output.path("filters");
    picture::type_of(&path)?;
    let (ready, weights) = args.used.ready(&[], console)?;
    let options = ModelOptions {
        compute: args.compute.compute(),
        batch: Some(TOGETHER),
        resize: None,
        matching: args.used.matching(),
    };
    let mut model = Model::load_with(&ready, &weights, options, &mut Terminal::new(console))?;
    let found = filters_of(&mut model, args.layer.as_deref(), args.channels.most(), args.seed)?;
    let written = picture::write(&filters_sheet(&found, args.colors.into()), &path, console)?;
    let what = match &found.shown {
        Shown::Kernels(kernels) => format!("{} kernels", kernels.len()),
        Shown::Pictures(pictures) => format!("pictures that excite {} channels", pictures.len()),
    };
    console.beside(&written, format_args!("{}: {what} in {}", found.layer, shown_path(&written)))
}
