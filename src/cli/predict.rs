//! `cnnc predict FILE --weights W IMAGE…`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::answer::{Format, Speaker};
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
    let known = if weights.info.classes.is_empty() { &ready.classes } else { &weights.info.classes };
    let speaker = Speaker::new(ready.program.program(), known, outputs, args.format);
    if let Some(header) = speaker.header() {
        console.result(header)?;
    }
    for paths in args.images.chunks(BATCH) {
        let mut images = vec![0.0; paths.len() * preparation.elements()];
        for (path, out) in paths.iter().zip(images.chunks_exact_mut(preparation.elements())) {
            prepare(path, &preparation, out)?;
        }
        let values = session.predict(&images);
        for (path, values) in paths.iter().zip(values.chunks_exact(outputs)) {
            console.result(speaker.line(path, values))?;
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
