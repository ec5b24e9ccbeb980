//! `cnnc eval FILE --weights W`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::arguments::{ComputeArgs, ProgramArgs, TuneArgs};
use super::console::Console;
use super::failure::Failure;
use super::load;
use super::progress::Terminal;
use crate::data::Split;
use crate::experiment::{Known, Model, ModelOptions};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cnnc eval models/digits.cnn --weights runs/digits-1/weights.safetensors
  cnnc eval models/digits.cnn --weights best.safetensors --split validation --format json")]
pub(super) struct EvalArgs {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    tuning: TuneArgs,
    /// The weights, as a run writes them
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
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
    let ready = load::ready(&args.program.file, &args.program.choice, &[], console)?.for_its_data();
    ready.judged()?;
    let mut watch = Terminal::new(console);
    let options = ModelOptions { compute: args.compute.tuned(args.tuning), ..ModelOptions::default() };
    let mut model = Model::load_with(&ready, &args.weights, options, &mut watch)?;
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
        console.problem(format_args!(
            "warning: the weights were trained on {trained_on} of these {images} pictures: the results are too good"
        ));
    }
}
