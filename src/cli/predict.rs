//! `cnnc predict FILE --weights W IMAGE…`.

use std::path::{Path, PathBuf};

use clap::Args;
use ndarray::ArrayView4;

use super::answer::{Format, Speaker};
use super::arguments::{ComputeArgs, ProgramArgs, TuneArgs};
use super::console::Console;
use super::failure::Failure;
use super::load;
use super::npy::{self, Images};
use super::progress::Terminal;
use crate::data::DecodedPicture;
use crate::experiment::{BATCH, Experiment, Model, ModelOptions, read_picture};
use crate::printed::shown_path;
use crate::runtime::CompileError;

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
    let model = |pictures| {
        // a single picture has a plan of its own, which divides it among the threads
        let batch = Some(if pictures == 1 { 1 } else { BATCH });
        let options = ModelOptions { compute: args.compute.tuned(args.tuning), batch };
        Model::load_with(&ready, &args.weights, options, &mut Terminal::new(console))
    };
    match (&args.input, &args.output) {
        (Some(input), Some(output)) => {
            let images = npy::read_images(input, ready.input_shape(), ready.open_axes())?;
            predict_array(&ready, model(images.count)?, images, output)
        }
        (_, _) => predict_pictures(args, model(args.images.len())?, console),
    }
}

fn predict_array(ready: &Experiment, mut model: Model, images: Images, output: &Path) -> Result<(), Failure> {
    let Images { count, size, values } = images;
    let program = ready.program.at(size).map_err(CompileError::from)?;
    let (height, width, channels) = program.input_shape().as_pixels();
    let images = ArrayView4::from_shape((count, height, width, channels), &values)
        .expect("whole pictures of one size");
    let values = model.predict(images)?.into_raw_vec_and_offset().0;
    let mut shape = vec![count];
    shape.extend(program.output_shape().extents());
    npy::write(output, &shape, &values)
}

fn predict_pictures(args: &PredictArgs, mut model: Model, console: &Console) -> Result<(), Failure> {
    model.preparation()?;
    let outputs = model.outputs();
    let speaker = Speaker::new(model.experiment().program.program(), model.classes(), outputs, args.format);
    if let Some(header) = speaker.header() {
        console.result(header)?;
    }
    let bounds = model.experiment().locations.bounds;
    let mut answering = Answering { model, speaker, console, waiting: Waiting::default(), refused: 0 };
    for path in &args.images {
        answering.take(path, read_picture(path, bounds))?;
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
    model: Model,
    speaker: Speaker,
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
    fn prepared(&mut self, picture: &DecodedPicture) -> Result<([usize; 2], usize, Vec<f32>), String> {
        let [height, width] = self.model.size_of(picture);
        // the model's memory is looked at before any of it is taken
        let most = self.model.most_together([height, width])?;
        let image = self.model.prepare(picture).map_err(|error| error.to_string())?;
        Ok(([height, width], most, image.into_raw_vec_and_offset().0))
    }

    /// Answers the pictures that wait.
    fn say(&mut self) -> Result<(), Failure> {
        let Waiting { paths, size: [height, width], images, most: _ } = &mut self.waiting;
        if paths.is_empty() {
            return Ok(());
        }
        let shape = (paths.len(), *height, *width, images.len() / (paths.len() * *height * *width));
        let batch = ArrayView4::from_shape(shape, images).expect("whole pictures of one size");
        let answers = self.model.predict(batch)?;
        for (path, answer) in paths.drain(..).zip(answers.outer_iter()) {
            self.console.result(self.speaker.line(path, answer.as_slice().unwrap_or_default()))?;
        }
        images.clear();
        Ok(())
    }
}
