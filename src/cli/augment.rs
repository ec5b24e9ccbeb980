//! `cnnc augment FILE`: augmented training pictures, to look at.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::ProgramArgs;
use super::console::Console;
use super::failure::Failure;
use super::load::{self, Look, Reading, Subject, Told};
use super::progress::Terminal;
use super::sheet::{self, FileType, Shown};
use crate::data::{ClassFolders, Dataset, Sample};
use crate::experiment::{Experiment, Options, read_text};
use crate::printed;
use crate::see::varied_sheet;
use crate::train::RunError;
use crate::{files, front};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Pictures are those of the first epoch (then of the next, where more are wanted than there are), changed as a run with this seed changes \
them, before `rescale` and `normalize`. A file of `data` and `augment` alone will do: without a model, pictures keep the sizes they have, and \
a plain folder of pictures needs no folders of classes.

Where layers at the model's beginning vary pictures (random_flip, random_rotation, ...), they are shown as they leave the last of these.

Examples:
  cnnc augment models/fashion_mnist.cnn --output sheet.png
  cnnc augment mine.cnn --picture 0 --count 36 --output one.png
  cnnc augment mine.cnn --count 200 --output more/ --class-folders --type jpg")]
pub(super) struct AugmentArgs {
    #[command(flatten)]
    program: ProgramArgs,
    /// A picture file for one sheet (its type by its name), or a folder (with a slash at its end, or one that
    /// exists) for a file each, at their own size
    #[arg(long, value_name = "PATH", default_value = "augmented.png")]
    output: PathBuf,
    /// Number of pictures [default: `samples` of the file's `augment` section, which is 20 where it says
    /// nothing]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: Option<u32>,
    /// One training picture, by its number, as it is changed in epoch after epoch
    #[arg(long, value_name = "N")]
    picture: Option<usize>,
    /// Decides the changes [default: train.seed of the file]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    files: FileArgs,
}

pub(super) fn augment(args: &AugmentArgs, console: &Console) -> Result<(), Failure> {
    let ready = ready(&args.program, console)?;
    let program = ready.program.program();
    let spec = &program.augment;
    if spec.ops.is_empty() && ready.varying_layer().is_none() {
        console.note("note: the file has no `augment` section: pictures are shown as they are");
    }
    let seed = args.seed.or(program.train.as_ref().map(|train| train.seed)).unwrap_or(0);
    let count = args.count.map_or(spec.samples, |count| count as usize);
    let data = ready.open_data(None, &mut Terminal::new(console))?;
    there_is(args.picture, &data)?;
    let sample = Sample { count, picture: args.picture, batch: ready.batch() };
    let pictures = match ready.varying_layer() {
        Some(layer) => {
            let name = &program.model.layers[layer.index()].path;
            console.note(format_args!(
                "note: layers of the model vary pictures too: they are shown as they leave `{name}`, prepared"
            ));
            ready.varied(layer, &data, seed, sample)?
        }
        None => data.augmented(seed, spec, sample)?,
    };
    let shown: Vec<Shown<'_>> =
        pictures.iter().map(|picture| Shown { size: picture.size, values: &picture.values }).collect();
    if is_folder(&args.output) {
        let range = sheet::shown_range(&shown);
        for (number, picture) in pictures.iter().enumerate() {
            let path = args.output.join(args.files.name(number + 1, &class_name(&data, picture.label)));
            let folder = path.parent().unwrap_or(&args.output);
            fs::create_dir_all(folder).map_err(|error| RunError::write(folder, error))?;
            write(&path, &sheet::alone(shown[number], range, args.files.picture_type)?)?;
        }
        return console.result(format_args!(
            "{} pictures in {}",
            pictures.len(),
            printed::shown_path(&args.output)
        ));
    }
    args.files.refuse_for_a_sheet()?;
    let count = pictures.len();
    let title = format!("{count} training pictures, as they are varied");
    let written = sheet::write(&varied_sheet(&title, &pictures, &data.classes), &args.output, console)?;
    console.beside(&written, format_args!("{count} pictures on {}", printed::shown_path(&written)))
}

/// A program whose pictures are looked at; a model of no importance stands in for one that is not there.
/// # Errors
/// [`Failure`] if the file cannot be read or has errors.
pub(super) fn ready(program: &ProgramArgs, console: &Console) -> Result<Experiment, Failure> {
    let ProgramArgs { file, choice } = program;
    let text = read_text(file)?;
    let mut options = load::options(file, choice, &[], Look::Names, console);
    if let Some(locations) = options.locations.as_mut().filter(|_| !front::has_model(&text)) {
        // nothing learns from the labels of these pictures
        locations.class_folders = ClassFolders::Optional;
    }
    let with_model = text_with_model(file, &text, &options);
    // what a model that nobody wrote is warned of is nobody's business
    let told = if with_model.is_some() { Told::Errors } else { Told::All };
    let subject = Subject { name: file, file, text: with_model.unwrap_or(text) };
    load::ready_told(subject, &options, told, console)
}

/// # Errors
/// [`Failure::Usage`] if there is no training picture of this number.
pub(super) fn there_is(picture: Option<usize>, data: &Dataset) -> Result<(), Failure> {
    match picture {
        Some(picture) if picture >= data.train.len() => Err(Failure::Usage(format!(
            "there is no training picture {picture}: there are {}",
            data.train.len()
        ))),
        Some(_) | None => Ok(()),
    }
}

/// The text with a model that takes pictures of any size, where it has none: to vary pictures none is needed.
/// `None` where it has one, or something else is wrong with it.
fn text_with_model(file: &Path, text: &str, options: &Options) -> Option<String> {
    // pictures of a single class, too: nothing has to tell them apart
    let outputs = ["classes", "2"];
    let with_model = |(outputs, channels): (&str, usize)| {
        let layers = format!("global_avg_pool2d; dense({outputs}, activation: softmax)");
        format!("{text}\nmodel pictures {{ input(?x?x{channels}); {layers} }}\n")
    };
    let is_sound = |text: &String| {
        let reading = Reading::of_text(file, text.clone(), options);
        !reading.loaded.problems.has_errors()
    };
    if front::has_model(text) {
        return None;
    }
    outputs
        .into_iter()
        .flat_map(|outputs| [3, 1].map(|channels| (outputs, channels)))
        .map(with_model)
        .find(is_sound)
}

/// How the files of a folder are named.
#[derive(Debug, Args)]
struct FileArgs {
    /// In a folder: begin the names of files with this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    prefix: String,
    /// In a folder: a folder for each class, as `folder(…)` reads it
    #[arg(long)]
    class_folders: bool,
    /// In a folder: the type of the files
    #[arg(long = "type", value_enum, value_name = "TYPE", default_value_t = FileType::Png)]
    picture_type: FileType,
}

impl FileArgs {
    /// The path in the folder, by the number from 1 and the class.
    fn name(&self, number: usize, class: &str) -> PathBuf {
        let FileArgs { prefix, class_folders, picture_type } = self;
        let end = picture_type.end();
        if *class_folders {
            Path::new(class).join(format!("{prefix}{number:04}.{end}"))
        } else {
            PathBuf::from(format!("{prefix}{number:04}-{class}.{end}"))
        }
    }

    /// A sheet has one name, and its type.
    fn refuse_for_a_sheet(&self) -> Result<(), Failure> {
        let asked = !self.prefix.is_empty() || self.class_folders || self.picture_type != FileType::Png;
        if asked {
            return Err(Failure::Usage(
                "`--prefix`, `--class-folders` and `--type` are for the files of a folder: `--output pictures/`; \
                 a sheet has the type of its name"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

fn is_folder(path: &Path) -> bool {
    path.is_dir()
        || path.as_os_str().as_encoded_bytes().last().is_some_and(|&last| last == b'/' || last == b'\\')
}

/// The class, as a part of a file's name.
fn class_name(data: &Dataset, label: i32) -> String {
    let name = usize::try_from(label).ok().and_then(|label| data.classes.get(label));
    let plain = |c: char| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' };
    name.map_or_else(|| label.to_string(), |name| name.chars().map(plain).collect())
}

fn write(path: &Path, png: &[u8]) -> Result<(), Failure> {
    files::write(path, |file| file.write_all(png)).map_err(|error| RunError::write(path, error).into())
}
