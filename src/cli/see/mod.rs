//! `cnnc see WHAT FILE`: pictures of what a trained model sees.

mod channels;
mod confusion;
mod curves;
mod embedding;
mod feature_maps;
mod filters;
mod grad_cam;
mod mistakes;
mod pictures;
mod samples;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::console::Console;
use super::failure::Failure;
use crate::draw::colors::ColorMap;
use crate::see;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Pictures are written as PNG or SVG, by the name of --output. FILE is a run's folder, or a program with its --weights.
Short forms: cam, maps, confusion.

Examples:
  cnnc see grad_cam runs/mine-1 --image cat.jpg
  cnnc see feature_maps runs/mine-1 --image cat.jpg --layer conv2d_1
  cnnc see grad_cam models/digits.cnn --weights runs/digits-1 --image seven.png -o seven.svg")]
pub(super) struct SeeArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Pictures of the data with their labels
    Samples(samples::SamplesArgs),
    /// What of a picture speaks for the answer: a heat map beside the picture and over it
    #[command(name = "grad_cam", alias = "cam")]
    GradCam(grad_cam::GradCamArgs),
    /// What layers make of a picture, channel by channel
    #[command(name = "feature_maps", alias = "maps")]
    FeatureMaps(feature_maps::FeatureMapsArgs),
    /// What the channels of a layer look for: kernels, or pictures that excite them
    Filters(filters::FiltersArgs),
    /// The wrong answers that the model is surest of
    Mistakes(mistakes::MistakesArgs),
    /// Pictures as points: those that the model holds to be alike lie near each other
    Embedding(embedding::EmbeddingArgs),
    /// Loss, metrics and learning rate of runs, epoch by epoch
    Curves(curves::CurvesArgs),
    /// How often each class was taken for each other one
    #[command(name = "confusion_matrix", alias = "confusion")]
    Confusion(confusion::ConfusionArgs),
}

pub(super) fn see(args: &SeeArgs, console: &Console) -> Result<(), Failure> {
    match &args.what {
        What::Samples(args) => samples::samples(args, console),
        What::GradCam(args) => grad_cam::grad_cam(args, console),
        What::FeatureMaps(args) => feature_maps::feature_maps(args, console),
        What::Filters(args) => filters::filters(args, console),
        What::Mistakes(args) => mistakes::mistakes(args, console),
        What::Embedding(args) => embedding::embedding(args, console),
        What::Curves(args) => curves::curves(args, console),
        What::Confusion(args) => confusion::confusion(args, console),
    }
}

/// Where the picture goes.
#[derive(Debug, Args)]
struct OutputArgs {
    /// The picture to write, PNG or SVG by its name [default: the name of what is seen, with .png]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl OutputArgs {
    fn path(&self, what: &str) -> PathBuf {
        self.output.clone().unwrap_or_else(|| PathBuf::from(format!("{what}.png")))
    }
}

/// Colours of maps.
#[derive(Debug, Clone, Copy, Args)]
struct ColorArgs {
    /// Colours of maps
    #[arg(long, value_enum, value_name = "COLORS", default_value_t = Colors::Viridis)]
    colors: Colors,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colors {
    /// As bright as the value is large, for all eyes and in print
    Viridis,
    /// From blue over green to red, as in many tutorials
    Jet,
    /// From black to white
    Gray,
    /// From white to black
    Binary,
    /// From black over red to white
    Magma,
}

impl From<ColorArgs> for ColorMap {
    fn from(args: ColorArgs) -> Self {
        match args.colors {
            Colors::Viridis => ColorMap::Viridis,
            Colors::Jet => ColorMap::Jet,
            Colors::Gray => ColorMap::Gray,
            Colors::Binary => ColorMap::Binary,
            Colors::Magma => ColorMap::Magma,
        }
    }
}

impl From<see::Error> for Failure {
    fn from(error: see::Error) -> Self {
        let (code, help) = (error.code(), error.help());
        match error {
            see::Error::Model(error) => (*error).into(),
            see::Error::NoLayer { .. }
            | see::Error::NoMap { .. }
            | see::Error::NoMaps { .. }
            | see::Error::NoKernels { .. }
            | see::Error::NoClass { .. }
            | see::Error::AnswersMap { .. }
            | see::Error::NoClasses
            | see::Error::NoEpochs { .. }
            | see::Error::NoAnswers { .. }
            | see::Error::NoConfusions { .. } => Failure::Mistake { code, message: error.to_string(), help },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_colour_maps_can_be_asked_for() {
        let names = Colors::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
        assert_eq!(names, ColorMap::ALL.map(ColorMap::name));
    }
}
