//! `cnnc predict FILE --weights W IMAGE…`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::answer::{Format, Speaker};
use super::arguments::{ComputeArgs, ProgramArgs};
use super::console::Console;
use super::eval::{BATCH, Trained};
use super::failure::Failure;
use super::load::{self, Ready};
use super::npy::{self, Images};
use super::tuning::TuneArgs;
use crate::data::{Preparation, decode};
use crate::runtime::CompileError;
use crate::train::RunError;

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
    #[command(flatten)]
    tuning: TuneArgs,
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
    let trained =
        |pictures| Trained::open(&ready, (args.compute, args.tuning), batch_of(pictures), &args.weights, console);
    match (&args.input, &args.output) {
        (Some(input), Some(output)) => {
            let images = npy::read_images(input, ready.program.input_shape(), open_axes(&ready))?;
            predict_array(&ready, trained(images.count)?, &images, output)
        }
        (_, _) => predict_pictures(args, &ready, trained(args.images.len())?, console),
    }
}

/// A single picture has a plan of its own, which divides it among the threads.
fn batch_of(pictures: usize) -> usize {
    if pictures == 1 { 1 } else { BATCH }
}

/// Whether the program leaves height and width of its pictures open.
fn open_axes(ready: &Ready) -> [bool; 2] {
    ready.program.open_sizes().map_or([false; 2], |open| open.axes)
}

fn predict_array(ready: &Ready, mut trained: Trained, images: &Images, output: &Path) -> Result<(), Failure> {
    let &Images { count, size, values: ref images } = images;
    let program = ready.program.at(size).map_err(CompileError::from)?;
    trained.session.prepare(size)?;
    let mut values = Vec::with_capacity(count * program.output_shape().elements());
    for batch in images.chunks(BATCH * program.input_shape().elements()) {
        values.extend(trained.predict(batch)?);
    }
    let mut shape = vec![count];
    shape.extend(program.output_shape().extents());
    npy::write(output, &shape, &values)
}

fn predict_pictures(args: &PredictArgs, ready: &Ready, mut trained: Trained, console: &Console) -> Result<(), Failure> {
    let prepare = &ready.program.program().prepare;
    let preparation = Preparation::new(prepare, ready.program.input_shape(), trained.statistics.as_ref())
        .map_err(|error| Failure::Mistake { code: None, message: error.to_string(), help: None })?
        .leaving_open(open_axes(ready));
    let outputs = ready.program.output_shape().elements();
    let known = if trained.info.classes.is_empty() { &ready.classes } else { &trained.info.classes };
    let speaker = Speaker::new(ready.program.program(), known, outputs, args.format);
    if let Some(header) = speaker.header() {
        console.result(header)?;
    }
    // pictures of one size that follow each other go together
    let mut waiting: (Vec<&Path>, [usize; 2], Vec<f32>) = (Vec::new(), [0; 2], Vec::new());
    let mut say = |paths: &mut Vec<&Path>, size: [usize; 2], images: &mut Vec<f32>| -> Result<(), Failure> {
        if paths.is_empty() {
            return Ok(());
        }
        trained.session.prepare(size)?;
        let values = trained.predict(images)?;
        for (path, values) in paths.drain(..).zip(values.chunks_exact(outputs)) {
            console.result(speaker.line(path, values))?;
        }
        images.clear();
        Ok(())
    };
    for path in &args.images {
        let (size, mut picture) = prepared(path, &preparation)?;
        let (paths, present, images) = &mut waiting;
        if paths.len() == BATCH || *present != size {
            say(paths, *present, images)?;
        }
        *present = size;
        paths.push(path);
        images.append(&mut picture);
    }
    let (mut paths, size, mut images) = waiting;
    say(&mut paths, size, &mut images)
}

/// A picture file as the model's input, with its height and width.
fn prepared(path: &Path, preparation: &Preparation) -> Result<([usize; 2], Vec<f32>), Failure> {
    let bytes = fs::read(path).map_err(|error| RunError::read(path, error))?;
    let unfit = |reason: String| Failure::Mistake {
        code: None,
        message: format!("`{}` cannot be taken: {reason}", path.display()),
        help: None,
    };
    let picture = decode(&bytes).map_err(unfit)?;
    let preparation = preparation.at([picture.height, picture.width]);
    let mut out = vec![0.0; preparation.elements()];
    preparation.apply(&picture.as_picture(), &mut out).map_err(|error| unfit(error.to_string()))?;
    let [height, width, _] = preparation.size();
    Ok(([height, width], out))
}
