//! `cnnc predict FILE --weights W IMAGE…`.

use std::path::{Path, PathBuf};

use clap::Args;
use ndarray::{ArrayD, ArrayView4};

use super::answer::{Format, Speaker};
use super::arguments::{ComputeArgs, TuneArgs};
use super::console::Console;
use super::failure::Failure;
use super::npy::{self, Images};
use super::progress::Terminal;
use super::resize::ResizeArgs;
use super::rows::Rows;
use super::used::UsedArgs;
use crate::data::{DecodedPicture, pictures_named};
use crate::experiment::{BATCH, Model, ModelOptions, read_picture};
use crate::files;
use crate::ir::{Link, Meaning};
use crate::printed::shown_path;
use crate::tensor::Shape;
use crate::vocabulary::Words;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Pictures are prepared as those were that the weights were trained on. One of another size than the model takes is resized as they were; where they \
were not resized it is cut to its middle and resized, unless --resize says how. A picture that cannot be read is said so in its place; the others are \
answered, and the exit code is 1.

Classes are said with their probabilities. Where the model's outputs are scores, probabilities are made of them as its loss does (softmax or sigmoid), \
which is said; numbers are said as they are, and of a map its shape. --output writes the outputs as they are, float32 [N, outputs] or [N, H, W, C], a \
row a picture, and --layer the results of a layer in their place. The row of a picture that cannot be read is NaN.

With --input an array of prepared pictures is taken, float32 [N, H, W, C].

Examples:
  cnnc predict runs/digits-1 seven.png
  cnnc predict models/digits.cnn --weights best.safetensors seven.png
  cnnc predict runs/mine-1 photos/ --format csv > classes.csv
  cnnc predict runs/mine-1 'photos/*.jpg' --resize letterbox
  cnnc predict runs/mine-1 photos/ --output y.npy
  cnnc predict runs/mine-1 photos/ --layer conv2d_1 --output maps.npy
  cnnc predict runs/mine-1 --input x.npy --output y.npy")]
pub(super) struct PredictArgs {
    #[command(flatten)]
    used: UsedArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    tuning: TuneArgs,
    /// Pictures (PNG, JPEG, PPM, BMP, GIF, WebP), folders of pictures, patterns such as 'photos/*.jpg'; `-`
    /// is standard input
    #[arg(value_name = "IMAGE", required_unless_present = "input", conflicts_with = "input")]
    images: Vec<PathBuf>,
    /// How answers are printed; json: one object a line
    #[arg(long, value_enum, default_value_t = Format::Human, conflicts_with_all = ["input", "layer"])]
    format: Format,
    #[command(flatten)]
    resize: ResizeArgs,
    /// Prepared pictures, float32 [N, H, W, C]
    #[arg(long, value_name = "X.npy", requires = "output", conflicts_with = "resize")]
    input: Option<PathBuf>,
    /// The layer whose results are written in place of the model's output (`cnnc summary` names them)
    #[arg(long, value_name = "NAME", requires = "output")]
    layer: Option<String>,
    /// Where the model's outputs are written as they are, a row a picture, float32
    #[arg(long, value_name = "Y.npy")]
    output: Option<PathBuf>,
}

pub(super) fn predict(args: &PredictArgs, console: &Console) -> Result<(), Failure> {
    if goes_to_stdout(args) && args.format != Format::Human {
        return Err(Failure::Usage(
            "standard output is either answers (`--format`) or the array (`--output`)".to_owned(),
        ));
    }
    let (ready, weights) = args.used.ready(&[], console)?;
    let resize = args.resize.resize.map(|resizing| resizing.for_model(&ready)).transpose()?;
    let model = |pictures| {
        // a single picture has a plan of its own, which divides it among the threads
        let batch = Some(if pictures == 1 { 1 } else { BATCH });
        let options = ModelOptions {
            compute: args.compute.tuned(args.tuning),
            batch,
            resize,
            matching: args.used.matching(),
        };
        Model::load_with(&ready, &weights, options, &mut Terminal::new(console))
    };
    match (&args.input, &args.output) {
        (Some(input), Some(output)) => {
            let images = npy::read_images(input, ready.input_shape(), ready.open_axes())?;
            predict_array(args, model(images.count)?, images, output)
        }
        (_, _) => {
            let pictures: Vec<Named<'_>> = args.images.iter().flat_map(|name| named(name)).collect();
            predict_pictures(args, model(pictures.len())?, &pictures, console)
        }
    }
}

/// Whether standard output is the array, and nothing else.
fn goes_to_stdout(args: &PredictArgs) -> bool {
    args.output.as_deref().is_some_and(files::goes_to_stdout)
}

/// A picture that was named, or a name that stands for none, with the reason.
type Named<'a> = Result<PathBuf, (&'a Path, String)>;

fn named(name: &Path) -> Vec<Named<'_>> {
    match pictures_named(name) {
        Ok(found) => found.into_iter().map(Ok).collect(),
        Err(reason) => vec![Err((name, reason))],
    }
}

fn predict_array(args: &PredictArgs, mut model: Model, images: Images, output: &Path) -> Result<(), Failure> {
    let Images { count, size: [height, width], values } = images;
    let channels = values.len() / (count * height * width);
    let images = ArrayView4::from_shape((count, height, width, channels), &values)
        .expect("whole pictures of one size");
    let (shape, values) = match &args.layer {
        Some(layer) => parts(results(&mut model, images, layer)?),
        None => {
            let shape = model.output_shape_at([height, width])?;
            (shape, model.predict(images)?.into_raw_vec_and_offset().0)
        }
    };
    npy::write(output, &[&[count], shape.extents()].concat(), &values)
}

/// Results of one layer for prepared images.
fn results(model: &mut Model, images: ArrayView4<'_, f32>, layer: &str) -> Result<ArrayD<f32>, Failure> {
    Ok(model.values(images, &[layer])?.swap_remove(0))
}

/// The shape of the result for one picture, and the values for all.
fn parts(results: ArrayD<f32>) -> (Shape, Vec<f32>) {
    (Shape::new(&results.shape()[1..]), results.into_raw_vec_and_offset().0)
}

fn predict_pictures(
    args: &PredictArgs,
    mut model: Model,
    pictures: &[Named<'_>],
    console: &Console,
) -> Result<(), Failure> {
    model.preparation()?;
    let meaning = model.meaning();
    let speaker = Speaker::new(model.interpretation(), args.format);
    let speaks = args.layer.is_none() && !goes_to_stdout(args);
    if speaks {
        explain(meaning, &model, args.output.is_none(), console);
        speaker.header().map_or(Ok(()), |header| console.record(header))?;
    }
    let bounds = model.experiment().locations.bounds;
    let rows = args.output.as_ref().map(|_| Rows::new(pictures.len(), bounds.memory_bytes / 2));
    let mut answering = Answering {
        model,
        layer: args.layer.as_deref(),
        speaker: speaks.then_some(speaker),
        rows,
        console,
        waiting: Waiting::default(),
        refused: 0,
        has_cut: false,
    };
    for picture in pictures {
        match picture {
            Ok(path) => answering.take(path, read_picture(path, bounds))?,
            Err((name, reason)) => answering.take(name, Err(reason.clone()))?,
        }
    }
    answering.say()?;
    if let (Some(rows), Some(output)) = (answering.rows, &args.output) {
        rows.write(output)?;
    }
    match (answering.refused, pictures.len()) {
        (0, _) => Ok(()),
        (refused, all) => Err(Failure::Mistake {
            code: None,
            message: format!("{refused} of {all} pictures cannot be taken"),
            help: None,
        }),
    }
}

/// Says what the answers are, where they are not what the model's output says by itself.
fn explain(meaning: Meaning, model: &Model, is_lost: bool, console: &Console) {
    let loss = || {
        let loss = model.experiment().program.loss();
        loss.map_or(String::new(), |loss| format!(", as in its loss `{}`", loss.text()))
    };
    match meaning {
        Meaning::Scores { link: Some(link @ (Link::Softmax | Link::Sigmoid)) } => console.note(format_args!(
            "note: the model's outputs are scores; probabilities are made of them by {}{}",
            link.name(),
            loss()
        )),
        Meaning::Scores { link: None } => console
            .note(format_args!("note: the model's outputs are scores and no probabilities{}", loss())),
        Meaning::Map if is_lost => console.note(
            "note: the model's output is a map; `--output maps.npy` writes all its numbers, float32 [N, H, W, C]",
        ),
        Meaning::Probabilities { .. } | Meaning::Numbers | Meaning::Map => {}
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
    /// Whose results are wanted; `None`: the output.
    layer: Option<&'p str>,
    /// `None` where answers are only written.
    speaker: Option<Speaker>,
    /// What is written.
    rows: Option<Rows>,
    console: &'p Console,
    waiting: Waiting<'p>,
    /// Pictures that could not be taken.
    refused: usize,
    /// It has been said that pictures are cut.
    has_cut: bool,
}

impl<'p> Answering<'p> {
    /// Takes a picture, or says why it cannot be taken: the others are answered all the same.
    fn take(&mut self, path: &'p Path, picture: Result<DecodedPicture, String>) -> Result<(), Failure> {
        let (size, most, mut image) = match picture.and_then(|picture| self.prepared(path, &picture)) {
            Ok(prepared) => prepared,
            Err(reason) => {
                // lines stay in the order of the pictures
                self.say()?;
                return self.refuse(path, &reason);
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

    fn refuse(&mut self, path: &Path, reason: &str) -> Result<(), Failure> {
        self.refused += 1;
        self.console.problem(format_args!("`{}` cannot be taken: {reason}", shown_path(path)));
        self.rows.iter_mut().for_each(Rows::leave_out);
        let line = self.speaker.as_ref().and_then(|speaker| speaker.refusal(path, reason));
        line.map_or(Ok(()), |line| self.console.record(line))
    }

    /// A picture as the model's input, with its height and width, and how many of that size go together.
    fn prepared(
        &mut self,
        path: &Path,
        picture: &DecodedPicture,
    ) -> Result<([usize; 2], usize, Vec<f32>), String> {
        let [height, width] = self.model.size_of(picture);
        // the model's memory is looked at before any of it is taken
        let most = self.model.most_together([height, width])?;
        let found = [picture.height, picture.width];
        if !self.has_cut && self.model.cuts(found).map_err(|error| error.to_string())? {
            self.has_cut = true;
            self.console.note(format_args!(
                "note: `{}` is {}x{} and the model takes {height}x{width}: pictures of another size are cut to \
                 their middle and resized; `--resize letterbox` or `--resize stretch` for another way",
                shown_path(path),
                found[0],
                found[1],
            ));
        }
        let image = self.model.prepare(picture).map_err(|error| error.to_string())?;
        Ok(([height, width], most, image.into_raw_vec_and_offset().0))
    }

    /// Answers the pictures that wait.
    fn say(&mut self) -> Result<(), Failure> {
        let Waiting { paths, size: [height, width], images, most: _ } = &mut self.waiting;
        if paths.is_empty() {
            return Ok(());
        }
        let channels = images.len() / (paths.len() * *height * *width);
        let batch = ArrayView4::from_shape((paths.len(), *height, *width, channels), images)
            .expect("whole pictures of one size");
        let (shape, values) = match self.layer {
            Some(layer) => parts(results(&mut self.model, batch, layer)?),
            None => {
                let shape = self.model.output_shape_at([*height, *width])?;
                (shape, self.model.predict(batch)?.into_raw_vec_and_offset().0)
            }
        };
        for (path, answer) in paths.drain(..).zip(values.chunks_exact(shape.elements())) {
            if let Some(speaker) = &self.speaker {
                let line = speaker.line(path, answer, &shape);
                if speaker.is_for_people() { self.console.result(line) } else { self.console.record(line) }?;
            }
            self.rows.as_mut().map_or(Ok(()), |rows| rows.add(path, answer, &shape))?;
        }
        images.clear();
        Ok(())
    }
}
