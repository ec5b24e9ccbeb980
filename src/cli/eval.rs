//! `cnnc eval FILE --weights W`.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::arguments::{ComputeArgs, TuneArgs};
use super::console::Console;
use super::failure::Failure;
use super::progress::Terminal;
use super::resize::{ResizeArgs, Resizing};
use super::used::UsedArgs;
use crate::data::Split;
use crate::experiment::{Known, Model, ModelOptions};
use crate::vocabulary::Words;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Pictures are prepared as those were that the weights were trained on. Data of another size than the model takes need it in --resize, too: --resize 32x32,crop.

Examples:
  cnnc eval runs/digits-1
  cnnc eval models/digits.cnn --weights runs/digits-1/weights.safetensors
  cnnc eval models/digits.cnn --weights best.safetensors --split validation --format json")]
pub(super) struct EvalArgs {
    #[command(flatten)]
    used: UsedArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    tuning: TuneArgs,
    #[command(flatten)]
    resize: ResizeArgs,
    /// The images to evaluate on
    #[arg(long, value_enum, default_value_t = SplitName::Test)]
    split: SplitName,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SplitName {
    Train,
    Validation,
    Test,
}

impl From<SplitName> for Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Train => Split::Train,
            SplitName::Validation => Split::Validation,
            SplitName::Test => Split::Test,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn eval(args: &EvalArgs, console: &Console) -> Result<(), Failure> {
    // data of another size than the model takes are an error of the file, unless it resizes them
    let resizing = args.resize.resize;
    let overrides = resizing.and_then(Resizing::to_written_size);
    let overrides: Vec<_> =
        overrides.map(|to| ("prepare.resize".to_owned(), to.text())).into_iter().collect();
    let (ready, weights) = args.used.ready(&overrides, console)?;
    let ready = ready.for_its_data();
    ready.judged()?;
    let mut watch = Terminal::new(console);
    let resize = resizing.map(|resizing| resizing.for_model(&ready)).transpose()?;
    let options = ModelOptions { compute: args.compute.tuned(args.tuning), batch: None, resize };
    let mut model = Model::load_with(&ready, &weights, options, &mut watch)?;
    let split = args.split.into();
    let (scores, known) = model.pass(split, None, &mut watch)?;
    if let Some(known) = &known {
        tell(known, (split, scores.images), console);
    }
    match args.format {
        Format::Human => console.result(format_args!("{} {scores}", split.name())),
        Format::Json => {
            let data = known.map(|Known { differences, trained_on }| {
                json!({ "as_trained": differences.is_empty(), "trained_on": trained_on })
            });
            console.json(json!({ "split": split.name(), "results": scores.to_json(), "data": data }))
        }
    }
}

/// Other data are good to evaluate on; pictures that were learnt are not.
fn tell(known: &Known, (split, images): (Split, u64), console: &Console) {
    let Known { differences, trained_on } = known;
    let are_other = !differences.is_empty();
    if are_other {
        console
            .note(format_args!("note: the weights were trained on other data: {}", differences.join("; ")));
    }
    if *trained_on > 0 && (are_other || split != Split::Train) {
        console.warning(format_args!(
            "the weights were trained on {trained_on} of these {images} pictures: the results are too good"
        ));
    }
}
