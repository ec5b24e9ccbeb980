//! `cnnc eval FILE --weights W`.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::arguments::{ComputeArgs, ProgramArgs};
use super::console::Console;
use super::failure::Failure;
use super::load::{self, Ready};
use super::report::{split_json, split_text};
use super::resume;
use super::tuning::TuneArgs;
use crate::autodiff;
use crate::data::{DataIndex, Featurewise, Split};
use crate::ir::TrainSpec;
use crate::printed;
use crate::runtime::{EvalSession, Kind};
use crate::train::weights::{self, WeightsInfo};
use crate::train::{Interrupt, RunError, RunFolder, Unsaved, evaluate};

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// Images in a batch where the file does not say.
pub(super) const BATCH: usize = 32;

/// The file's batch.
pub(super) fn batch_of(train: Option<&TrainSpec>) -> usize {
    train.map_or(BATCH, |train| train.batch.value)
}

/// A program with trained weights, compiled.
pub(super) struct Trained {
    /// It has the weights.
    pub(super) session: EvalSession,
    /// What their file says about itself.
    pub(super) info: WeightsInfo,
    /// The statistics of the pictures they were trained on, where these are normalised by them.
    pub(super) statistics: Option<Featurewise>,
}

impl Trained {
    /// Compiles a program for batches of a size, with the kernels timed where that is asked for, and reads its weights.
    /// # Errors
    /// [`Failure::Mistake`]: weights that cannot be read, or do not go with the program.
    pub(super) fn open(
        ready: &Ready,
        (compute, tuning): (ComputeArgs, TuneArgs),
        batch: usize,
        path: &Path,
        console: &Console,
    ) -> Result<Self, Failure> {
        let mut options = compute.options(batch, false);
        options.choices = tuning.choices(&[(&ready.program, Kind::Evaluation)], &options, console)?;
        let mut session = EvalSession::compile(&ready.program, &options)?;
        let weights = weights::load(path, session.params(), session.left_out())?;
        for (at, values) in &weights.values {
            session.write(*at, values);
        }
        let statistics = ready.statistics_of(&weights, path)?;
        Ok(Self { session, info: weights.info, statistics })
    }

    /// The model's output for prepared pictures of the size that the session is ready for.
    /// # Errors
    /// [`RunError::NotFiniteResult`].
    pub(super) fn predict(&mut self, images: &[f32]) -> Result<Vec<f32>, Failure> {
        let values = self.session.predict(images);
        if values.iter().all(|value| value.is_finite()) {
            return Ok(values);
        }
        let layer = self.session.first_non_finite_layer(images)?;
        Err(RunError::NotFiniteResult { what: "the model's answer is not a number".to_owned(), layer }.into())
    }
}

pub(super) fn eval(args: &EvalArgs, console: &Console) -> Result<(), Failure> {
    let ready = load::ready(&args.program.file, &args.program.choice, &[], console)?.for_its_data();
    if ready.program.loss().is_none() {
        return Err(Failure::mistake(
            "the file says neither what the data are nor how the model is trained, so there is no loss",
            "add a `data` and a `train` section",
        ));
    }
    let batch = batch_of(ready.program.program().train.as_ref());
    let Trained { mut session, info, statistics } =
        Trained::open(&ready, (args.compute, args.tuning), batch, &args.weights, console)?;
    let mut data = ready.open_data(statistics, console)?;
    if !info.classes.is_empty() && info.classes != data.classes {
        return Err(Failure::mistake(
            format!(
                "`{}` was trained on the classes {:?}, the data have {:?}",
                printed::shown_path(&args.weights),
                info.classes,
                data.classes
            ),
            "list the classes in the weights' order: `classes: […]` in `data`",
        ));
    }
    let (split, name, exists) = match args.split {
        SplitName::Train => (Split::Train, "train", true),
        SplitName::Validation => (Split::Validation, "validation", data.validation.is_some()),
        SplitName::Test => (Split::Test, "test", data.test.is_some()),
    };
    if !exists {
        return Err(Failure::mistake(
            format!("there is no {name} split"),
            format!("write `{name}: 20% of {}` in `data`", if name == "test" { "all" } else { "train" }),
        ));
    }
    let known = data.take_index().and_then(|now| Known::of(&args.weights, &now, split, console));
    let sums = evaluate(&mut session, data.batches(split, batch), (&Interrupt::default(), Unsaved::Nothing))?;
    let sums = sums.expect("nothing interrupts it").finite()?;
    let metrics = autodiff::metrics(&ready.program);
    if let Some(known) = &known {
        known.tell((name, sums.images), console);
    }
    match args.format {
        Format::Human => console.result(format_args!("{name} {}", split_text(&sums, &metrics))),
        Format::Json => {
            let data = known.map(|Known { differences, trained_on }| {
                json!({ "as_trained": differences.is_empty(), "trained_on": trained_on })
            });
            console.json(json!({ "split": name, "results": split_json(&sums, &metrics), "data": data }))
        }
    }
}

/// What the run that made the weights knows of the data they are evaluated on.
struct Known {
    /// In what these are others than it was trained on.
    differences: Vec<String>,
    /// Evaluated pictures that it was trained on.
    trained_on: usize,
}

impl Known {
    /// Where the weights lie in a run's folder.
    fn of(weights: &Path, now: &DataIndex, split: Split, console: &Console) -> Option<Self> {
        match resume::read_index(&RunFolder::around(weights).index()) {
            Ok(before) => {
                let trained_on = now.trained_on(split, &before);
                Some(Self { differences: before.differences(now), trained_on })
            }
            Err(RunError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                console.problem(format_args!("warning: what the weights were trained on is not known: {error}"));
                None
            }
        }
    }

    /// Other data are good to evaluate on; pictures that were learnt are not.
    fn tell(&self, (split, images): (&str, u64), console: &Console) {
        let Self { differences, trained_on } = self;
        let are_other = !differences.is_empty();
        if are_other {
            console.note(format_args!("note: the weights were trained on other data: {}", differences.join("; ")));
        }
        if *trained_on > 0 && (are_other || split != "train") {
            console.problem(format_args!(
                "warning: the weights were trained on {trained_on} of these {images} pictures: the results are too good"
            ));
        }
    }
}
