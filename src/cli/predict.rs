//! `cnnc predict FILE --weights W IMAGE…`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::arguments::{ComputeArgs, ProgramArgs};
use super::console::Console;
use super::eval::{BATCH, fill};
use super::failure::Failure;
use super::load::{self, Ready};
use super::npy;
use crate::data::{Preparation, decode};
use crate::runtime::EvalSession;
use crate::train::RunError;
use crate::train::weights::Weights;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Pictures are prepared as the file's `prepare` section says. With --input an array of prepared pictures is taken instead, float32
[N, H, W, C], and the model's output is written to --output, float32 [N, outputs].

Examples:
  cnnc predict models/digits.cnn --weights runs/digits-1/weights.safetensors seven.png
  cnnc predict mine.cnn --weights w.safetensors photos/*.jpg --format csv > classes.csv
  cnnc predict mine.cnn --weights w.safetensors --input x.npy --output y.npy")]
pub(super) struct PredictArgs {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    /// The weights, as a run writes them
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    /// Pictures: PNG, JPEG, PPM, BMP, GIF, WebP
    #[arg(value_name = "IMAGE", required_unless_present = "input", conflicts_with = "input")]
    images: Vec<PathBuf>,
    /// How results are printed; json: one object a line
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Prepared pictures, float32 [N, H, W, C]
    #[arg(long, value_name = "X.npy", requires = "output")]
    input: Option<PathBuf>,
    /// Where the model's output is written, float32 [N, outputs]
    #[arg(long, value_name = "Y.npy", requires = "input")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
    Csv,
}

pub(super) fn predict(args: &PredictArgs, console: &Console) -> Result<(), Failure> {
    let ready = load::ready(&args.program.file, &args.program.choice, &[], console)?;
    let mut session = EvalSession::compile(&ready.program, &args.compute.options(BATCH, false))?;
    let weights = fill(&mut session, &args.weights)?;
    match (&args.input, &args.output) {
        (Some(input), Some(output)) => predict_array(&ready, &mut session, input, output),
        (_, _) => predict_pictures(args, &ready, &mut session, &weights, console),
    }
}

fn predict_array(ready: &Ready, session: &mut EvalSession, input: &Path, output: &Path) -> Result<(), Failure> {
    let (count, images) = npy::read_images(input, ready.program.input_shape())?;
    let mut values = Vec::with_capacity(count * ready.program.output_shape().elements());
    for batch in images.chunks(BATCH * ready.program.input_shape().elements()) {
        values.extend(session.predict(batch));
    }
    let mut shape = vec![count];
    shape.extend(ready.program.output_shape().extents());
    npy::write(output, &shape, &values)
}

fn predict_pictures(
    args: &PredictArgs,
    ready: &Ready,
    session: &mut EvalSession,
    weights: &Weights,
    console: &Console,
) -> Result<(), Failure> {
    let statistics = ready.statistics_of(weights, &args.weights)?;
    let preparation =
        Preparation::new(&ready.program.program().prepare, ready.program.input_shape(), statistics.as_ref())
            .map_err(|error| Failure::Mistake { code: None, message: error.to_string(), help: None })?;
    let outputs = ready.program.output_shape().elements();
    let classes =
        class_names(if weights.info.classes.is_empty() { &ready.classes } else { &weights.info.classes }, outputs);
    if args.format == Format::Csv {
        let names = classes.iter().map(|name| csv_cell(name)).collect::<Vec<_>>().join(",");
        console.result(format_args!("file,class,score,{names}"))?;
    }
    for paths in args.images.chunks(BATCH) {
        let mut images = vec![0.0; paths.len() * preparation.elements()];
        for (path, out) in paths.iter().zip(images.chunks_exact_mut(preparation.elements())) {
            prepare(path, &preparation, out)?;
        }
        let values = session.predict(&images);
        for (path, values) in paths.iter().zip(values.chunks_exact(outputs)) {
            let scores = scores_of(values);
            console.result(line(args.format, path, &classes, &scores))?;
        }
    }
    Ok(())
}

fn prepare(path: &Path, preparation: &Preparation, out: &mut [f32]) -> Result<(), Failure> {
    let bytes = fs::read(path).map_err(|error| RunError::read(path, error))?;
    let unfit = |reason: String| Failure::Mistake {
        code: None,
        message: format!("`{}` cannot be taken: {reason}", path.display()),
        help: None,
    };
    let picture = decode(&bytes).map_err(unfit)?;
    preparation.apply(&picture.as_picture(), out).map_err(|error| unfit(error.to_string()))
}

/// A score for each class. A single unit's output is the second class's.
fn scores_of(values: &[f32]) -> Vec<f32> {
    match *values {
        [one] => vec![1.0 - one, one],
        _ => values.to_vec(),
    }
}

/// Names of the classes; indices where they are not known.
fn class_names(known: &[String], outputs: usize) -> Vec<String> {
    let count = if outputs == 1 { 2 } else { outputs };
    (0..count).map(|index| known.get(index).cloned().unwrap_or_else(|| index.to_string())).collect()
}

fn line(format: Format, path: &Path, classes: &[String], scores: &[f32]) -> String {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let best = order[0];
    match format {
        Format::Human => {
            let shown = |&at: &usize| format!("{} {:.1}%", classes[at], scores[at] * 100.0);
            let others: Vec<String> = order[1..].iter().take(2).map(shown).collect();
            format!("{}: {} ({})", path.display(), shown(&best), others.join(", "))
        }
        Format::Json => {
            let all: Map<String, Value> =
                classes.iter().zip(scores).map(|(class, &score)| (class.clone(), json!(score))).collect();
            json!({
                "file": path.display().to_string(),
                "class": classes[best],
                "index": best,
                "score": scores[best],
                "scores": all,
            })
            .to_string()
        }
        Format::Csv => {
            let all = scores.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            format!("{},{},{},{all}", csv_cell(&path.display().to_string()), csv_cell(&classes[best]), scores[best])
        }
    }
}

/// A cell, in quotes where it needs them (RFC 4180).
fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_picture() {
        let classes = class_names(&["cat".to_owned(), "dog, big".to_owned()], 1);
        let scores = scores_of(&[0.75]);
        let path = Path::new("a.png");
        assert_eq!(line(Format::Human, path, &classes, &scores), "a.png: dog, big 75.0% (cat 25.0%)");
        assert_eq!(line(Format::Csv, path, &classes, &scores), "a.png,\"dog, big\",0.75,0.25,0.75");
        assert_eq!(
            line(Format::Json, path, &classes, &scores),
            r#"{"file":"a.png","class":"dog, big","index":1,"score":0.75,"scores":{"cat":0.25,"dog, big":0.75}}"#
        );
    }

    #[test]
    fn unknown_classes_have_numbers() {
        assert_eq!(class_names(&[], 3), ["0", "1", "2"]);
    }
}
