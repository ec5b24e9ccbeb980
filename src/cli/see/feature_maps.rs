//! `cnnc see feature_maps`.

use clap::Args;

use super::channels::ChannelArgs;
use super::pictures::PictureArgs;
use super::{ColorArgs, OutputArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::picture;
use crate::printed::shown_path;
use crate::see::{feature_maps as maps_of, maps_sheet};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Each channel is shown from its least to its greatest value, which stand below it.

Examples:
  cnnc see feature_maps runs/mine-1 --image cat.jpg --layer conv2d
  cnnc see feature_maps runs/mine-1 --image cat.jpg --layer conv2d conv2d_1 --channels all -o maps.png
  cnnc see feature_maps edges.cnn --image photo.jpg       (a model that has nothing to learn)")]
pub(super) struct FeatureMapsArgs {
    #[command(flatten)]
    pictures: PictureArgs,
    /// The layers, by name (`cnnc summary` lists them) [default: the last with a map of at least 4x4]
    #[arg(long, value_name = "NAME", num_args = 1..)]
    layer: Vec<String>,
    #[command(flatten)]
    channels: ChannelArgs,
    #[command(flatten)]
    colors: ColorArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn feature_maps(args: &FeatureMapsArgs, console: &Console) -> Result<(), Failure> {
    let path = args.output.path("feature_maps");
    picture::type_of(&path)?;
    let layers: Vec<&str> = args.layer.iter().map(String::as_str).collect();
    let found = args.pictures.each(console, |model, photo| Ok(maps_of(model, photo, &layers)?))?;
    for (photo, layers) in &found.seen {
        for maps in layers {
            let (height, width, channels) = maps.maps.dim();
            console
                .beside(&path, format_args!("{}: {} {height}x{width}x{channels}", photo.name, maps.layer))?;
        }
    }
    let scene = maps_sheet("feature maps", &found.seen, args.channels.most(), args.colors.into());
    let written = picture::write(&scene, &path, console)?;
    console.beside(&written, format_args!("feature maps in {}", shown_path(&written)))?;
    found.done()
}
