//! `cnnc predict FILE --weights W IMAGE…`.

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
use crate::data::{Bounds, DecodedPicture, Preparation, decode, size_text};
use crate::files;
use crate::memory::{Machine, inference_bytes};
use crate::printed::shown_path;
use crate::runtime::CompileError;

/// Larger picture files are refused: 512 MiB.
const MOST_PICTURE_BYTES: u64 = 512 << 20;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Pictures are prepared as the file's `prepare` section says. One that cannot be read is said so in its place; the others are answered, and
the exit code is 1. With --input an array of prepared pictures is taken instead, float32
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
    /// Pictures: PNG, JPEG, PPM, BMP, GIF, WebP; `-` is standard input
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

fn predict_pictures(args: &PredictArgs, ready: &Ready, trained: Trained, console: &Console) -> Result<(), Failure> {
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
    let mut answering =
        Answering { ready, trained, preparation, speaker, outputs, console, waiting: Waiting::default(), refused: 0 };
    for path in &args.images {
        answering.take(path, read(path, ready.locations.bounds))?;
    }
    answering.say()?;
    match (answering.refused, args.images.len()) {
        (0, _) => Ok(()),
        (refused, all) => Err(Failure::Mistake {
            code: None,
            message: format!("{refused} of {all} pictures cannot be taken"),
            help: None,
        }),
    }
}

/// Pictures of one size that follow each other: they go together.
#[derive(Default)]
struct Waiting<'p> {
    paths: Vec<&'p Path>,
    /// `[height, width]`
    size: [usize; 2],
    images: Vec<f32>,
    /// As many of this size as there is room for.
    most: usize,
}

/// Pictures on their way through the model.
struct Answering<'p> {
    ready: &'p Ready,
    trained: Trained,
    preparation: Preparation,
    speaker: Speaker,
    outputs: usize,
    console: &'p Console,
    waiting: Waiting<'p>,
    /// Pictures that could not be taken.
    refused: usize,
}

impl<'p> Answering<'p> {
    /// Takes a picture, or says why it cannot be taken: the others are answered all the same.
    fn take(&mut self, path: &'p Path, picture: Result<DecodedPicture, String>) -> Result<(), Failure> {
        let (size, most, mut image) = match picture.and_then(|picture| self.prepared(&picture)) {
            Ok(prepared) => prepared,
            Err(reason) => {
                // lines stay in the order of the pictures
                self.say()?;
                self.refused += 1;
                self.console.problem(format_args!("`{}` cannot be taken: {reason}", shown_path(path)));
                return self.speaker.refusal(path, &reason).map_or(Ok(()), |line| self.console.result(line));
            }
        };
        if self.waiting.size != size {
            self.say()?;
        }
        (self.waiting.size, self.waiting.most) = (size, most);
        self.waiting.paths.push(path);
        self.waiting.images.append(&mut image);
        if self.waiting.paths.len() >= most { self.say() } else { Ok(()) }
    }

    /// A picture as the model's input, with its height and width, and how many of that size go together.
    fn prepared(&self, picture: &DecodedPicture) -> Result<([usize; 2], usize, Vec<f32>), String> {
        let preparation = self.preparation.at([picture.height, picture.width]);
        let [height, width, _] = preparation.size();
        let size = [height, width];
        // the model's memory is looked at before any of it is taken
        let most = if size == self.waiting.size { self.waiting.most } else { most_together(self.ready, size)? };
        let mut out = vec![0.0; preparation.elements()];
        preparation.apply(&picture.as_picture(), &mut out).map_err(|error| error.to_string())?;
        Ok((size, most, out))
    }

    /// Answers the pictures that wait.
    fn say(&mut self) -> Result<(), Failure> {
        let Waiting { paths, size, images, most: _ } = &mut self.waiting;
        if paths.is_empty() {
            return Ok(());
        }
        self.trained.session.prepare(*size)?;
        let values = self.trained.predict(images)?;
        for (path, values) in paths.drain(..).zip(values.chunks_exact(self.outputs)) {
            self.console.result(self.speaker.line(path, values))?;
        }
        images.clear();
        Ok(())
    }
}

/// Reads and decodes a picture file.
fn read(path: &Path, bounds: Bounds) -> Result<DecodedPicture, String> {
    let most = MOST_PICTURE_BYTES.min(bounds.memory_bytes / 4);
    let bytes = files::read_input(path, most).map_err(|error| error.to_string())?;
    decode(&bytes, bounds)
}

/// How many pictures of a size go together, where the model leaves sizes open: one alone where there is no room for more.
fn most_together(ready: &Ready, size: [usize; 2]) -> Result<usize, String> {
    let (Some(_), Some(machine)) = (ready.program.open_sizes(), Machine::here()) else { return Ok(BATCH) };
    let program = ready.program.at(size).map_err(|error| error.to_string())?;
    let wanted = |batch| inference_bytes(&program, batch, &machine) as u64;
    if wanted(BATCH) <= machine.memory_bytes {
        return Ok(BATCH);
    }
    let one = wanted(1);
    if one <= machine.memory_bytes {
        return Ok(1);
    }
    let ([height, width], one, there) = (size, size_text(one), size_text(machine.memory_bytes));
    Err(format!("for a picture of {height}x{width} the model takes {one}, and the machine has {there}"))
}
