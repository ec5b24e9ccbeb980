//! `cnnc see samples`.

use clap::Args;

use super::{ColorArgs, OutputArgs};
use crate::cli::arguments::ProgramArgs;
use crate::cli::augment;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::picture;
use crate::cli::progress::Terminal;
use crate::data::Sample;
use crate::printed::shown_path;
use crate::see::{class_name, sample_sheet, samples as samples_of, samples_sheet};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Pictures are those of the training split, in the order of the first epoch. A file of `data` alone will do: no model is needed.

Examples:
  cnnc see samples models/digits.cnn
  cnnc see samples mine.cnn --count 49 -o samples.png
  cnnc see samples mine.cnn --augmented             (beside each what `augment` makes of it)
  cnnc see samples mine.cnn --picture 0 --colors gray")]
pub(super) struct SamplesArgs {
    #[command(flatten)]
    program: ProgramArgs,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=2_500))]
    count: u32,
    /// Beside each picture the same as it is augmented
    #[arg(long, conflicts_with = "picture")]
    augmented: bool,
    /// One training picture, by its number, large and with the scale of its values
    #[arg(long, value_name = "N", conflicts_with = "count")]
    picture: Option<usize>,
    #[command(flatten)]
    colors: ColorArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn samples(args: &SamplesArgs, console: &Console) -> Result<(), Failure> {
    let path = args.output.path("samples");
    picture::type_of(&path)?;
    let ready = augment::ready(&args.program, console)?;
    let data = ready.open_data(None, &mut Terminal::new(console))?;
    augment::there_is(args.picture, &data)?;
    let count = if args.picture.is_some() { 1 } else { (args.count as usize).min(data.train.len()) };
    let sample = Sample { count, picture: args.picture, batch: ready.batch() };
    if args.augmented && !ready.varies_pictures() {
        console.note("note: the file has no `augment` section: pictures are not varied");
    }
    let found = samples_of(&ready, &data, sample, args.augmented)?;
    let scene = match (args.picture, &found[..]) {
        (Some(number), [one, ..]) => {
            let class = class_name(&data.classes, &one.original).unwrap_or_default();
            let title = format!("training picture {number}: {class}");
            sample_sheet(title.trim_end_matches([':', ' ']), &one.original, args.colors.into())
        }
        (_, _) => {
            let title = format!("{} of {} training pictures", found.len(), data.train.len());
            samples_sheet(&title, &found, &data.classes)
        }
    };
    let written = picture::write(&scene, &path, console)?;
    console.beside(&written, format_args!("{} pictures in {}", found.len(), shown_path(&written)))
}
