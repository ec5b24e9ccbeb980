//! `cnnc eval FILE --weights W`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::arguments::{ComputeArgs, TuneArgs};
use super::averages;
use super::console::Console;
use super::failure::Failure;
use super::picture;
use super::progress::Terminal;
use super::resize::{ResizeArgs, Resizing};
use super::split::SplitArgs;
use super::used::UsedArgs;
use super::verdict;
use crate::assess::{Assessment, Findings};
use crate::chart;
use crate::data::Split;
use crate::draw::colors::ColorMap;
use crate::experiment::{Error, Judged, Known, Model, ModelOptions, RunError};
use crate::ir::run_files::{METRICS, PREDICTIONS};
use crate::printed::shown_path;
use crate::vocabulary::Words;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Pictures are prepared as those were that the weights were trained on. Data of another size than the model takes need it in --resize, too: --resize 32x32,crop.

Examples:
  cnnc eval runs/digits-1
  cnnc eval models/digits.cnn --weights runs/digits-1/weights.safetensors
  cnnc eval runs/digits-1 --split train --output answers
  cnnc eval runs/cifar10-1 --tta
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
    #[command(flatten)]
    split: SplitArgs,
    /// Folder for predictions.csv (the answer to each picture), metrics.json (all figures) and, of classes, the
    /// confusion matrix and the reliability diagram as SVG and PNG
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Also average the answers to each picture and to its mirror image: where mirrored pictures are of the same
    /// class, or `mirror:` in `data` says of which
    #[arg(long)]
    tta: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// The answers averaged over a flip, in the folder of `--output`.
const AVERAGED: &str = "predictions-tta.csv";

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
    let options = ModelOptions {
        compute: args.compute.tuned(args.tuning),
        batch: None,
        resize,
        matching: args.used.matching(),
    };
    let mut model = Model::load_with(&ready, &weights, options, &mut watch)?;
    // refused before anything takes long
    let images = args.tta.then(|| model.mirror_images(&mut watch)).transpose()?;
    let (judged, known) = judge(&mut model, args.split.split(), &mut watch, console)?;
    let averaged = images.map(|images| model.averaged(&judged, &images)).transpose()?.flatten();
    let (split, scores) = (judged.split, &judged.scores);
    if let Some(known) = &known {
        tell(known, (split, scores.images), console);
    }
    if let Some(folder) = &args.output {
        fs::create_dir_all(folder).map_err(|error| RunError::write(folder, error))?;
        let [predictions, metrics] = [PREDICTIONS, METRICS].map(|name| folder.join(name));
        judged.write(&predictions, &metrics)?;
        console.note(format_args!("written: {}, {}", shown_path(&predictions), shown_path(&metrics)));
        if let Some(averaged) = &averaged {
            let path = folder.join(AVERAGED);
            averaged.write(&path)?;
            console.note(format_args!("written: {}", shown_path(&path)));
        }
        draw(&judged, folder, console)?;
    }
    match args.format {
        Format::Human => {
            console.result(format_args!("{} {scores}", split.name()))?;
            let Some(answers) = &judged.answers else { return Ok(()) };
            verdict::tell(&answers.assess(), split.name(), console)?;
            averaged.map_or(Ok(()), |averaged| averages::tell(answers, &averaged, console))
        }
        Format::Json => {
            let data = known.map(|Known { differences, trained_on }| {
                json!({ "as_trained": differences.is_empty(), "trained_on": trained_on })
            });
            let mut all = judged.to_json();
            all["data"] = json!(data);
            if let Some(averaged) = averaged {
                all["tta"] = averaged.to_json();
            }
            console.json(all)
        }
    }
}

/// Draws what can be drawn of the answers: the confusion matrix, and whether the model is as sure as it is
/// right.
fn draw(judged: &Judged, folder: &Path, console: &Console) -> Result<(), Failure> {
    let Some(answers) = &judged.answers else { return Ok(()) };
    let Assessment { names, findings: Findings::Classes(found), .. } = answers.assess() else {
        return Ok(());
    };
    let split = judged.split.name();
    let mut scenes = vec![("confusion", chart::confusion(&found, &names, split, ColorMap::default()))];
    scenes.extend(found.calibration.iter().map(|found| ("reliability", chart::reliability(found, split))));
    for (name, scene) in scenes {
        // SVG for a page, PNG for a text
        for end in ["svg", "png"] {
            let path = folder.join(name).with_extension(end);
            let written = picture::write(&scene, &path, console)?;
            console.note(format_args!("written: {}", shown_path(&written)));
        }
    }
    Ok(())
}

/// Evaluates a split: where none is named the test split, and the one for validation where there is no other.
fn judge(
    model: &mut Model,
    split: Option<Split>,
    watch: &mut Terminal<'_>,
    console: &Console,
) -> Result<(Judged, Option<Known>), Failure> {
    match model.judge(split.unwrap_or(Split::Test), watch) {
        Err(Error::NoSplit { split: Split::Test }) if split.is_none() => {
            let judged = model.judge(Split::Validation, watch)?;
            console.note("note: there is no test split: the pictures for validation stand in for it");
            Ok(judged)
        }
        other => Ok(other?),
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
