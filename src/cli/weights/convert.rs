//! `cnnc weights convert FILE -o OUT [--for PROGRAM]`.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use clap::Args;
use ndarray::{ArrayD, IxDyn};
use ndarray_npy::NpzWriter;

use super::{ForArgs, opened};
use crate::cli::account;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::files;
use crate::ir::{Mode, forward};
use crate::tensor::Shape;
use crate::train::weights::{self, Taking};
use crate::train::{RunError, initial_values};
use crate::weights::Archive;
use crate::weights::safetensors::{self, NamedTensor};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Without --for tensors keep their names and lie as they did. With it they have the names and the layouts of the program's model, and a safetensors file also holds \
the program, so that it can predict by itself.

Examples:
  cnnc weights convert vgg16.h5 -o vgg16.safetensors
  cnnc weights convert net.pth --for net.cnn -o net.safetensors")]
pub(super) struct ConvertArgs {
    /// The file of weights, or a run's folder
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file to write: .safetensors or .npz
    #[arg(long, short, value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    of: ForArgs,
    /// Variables that the file has nothing for get what `cnnc init` would give them
    #[arg(long, requires = "program")]
    partial: bool,
}

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Safetensors,
    Npz,
}

pub(super) fn convert(args: &ConvertArgs, console: &Console) -> Result<(), Failure> {
    let format = match args.output.extension().and_then(|end| end.to_str()) {
        Some("safetensors") => Format::Safetensors,
        Some("npz") => Format::Npz,
        _ => {
            return Err(Failure::Usage(
                "weights are written as `.safetensors` or `.npz`: end the name of `--output` so".to_owned(),
            ));
        }
    };
    if args.of.program.is_some() { for_program(args, format, console) } else { as_they_are(args, format) }
}

fn as_they_are(args: &ConvertArgs, format: Format) -> Result<(), Failure> {
    let (path, archive) = opened(&args.file)?;
    let unread = |error| RunError::of_file(&path, error);
    archive.prove().map_err(unread)?;
    let names: Vec<String> = archive.listing.tensors.iter().map(|tensor| tensor.name.clone()).collect();
    let shapes: Vec<&Shape> = archive.listing.tensors.iter().map(|tensor| &tensor.shape).collect();
    // read once before anything is written, so that a broken file leaves nothing behind
    let numbers = numbers(&archive).map_err(unread)?;
    match format {
        Format::Npz => write_npz(&args.output, &names, &shapes, |at| Cow::Borrowed(&numbers[at])),
        Format::Safetensors => {
            let tensors: Vec<NamedTensor<'_>> = names
                .iter()
                .zip(shapes)
                .map(|(name, shape)| NamedTensor { name: name.clone(), shape })
                .collect();
            let texts = [("format", "pt".to_owned())];
            let values = |at: usize| Cow::Borrowed(&numbers[at][..]);
            safetensors::write(&args.output, &texts, &tensors, values)
                .map_err(|source| RunError::write(&args.output, source).into())
        }
    }
}

fn numbers(archive: &Archive) -> Result<Vec<Vec<f32>>, crate::weights::FileError> {
    (0..archive.listing.tensors.len()).map(|at| archive.numbers(at)).collect()
}

fn for_program(args: &ConvertArgs, format: Format, console: &Console) -> Result<(), Failure> {
    let Some(program) = args.of.program(console)? else { return Ok(()) };
    let path = crate::cli::used::weights_at(&args.file)?;
    let params = forward(&program.program, Mode::Inference).graph.params;
    let taking = Taking { matching: args.of.matching.matching(), partial: args.partial };
    let loaded = weights::load(&path, &program.program, &params, taking)?;
    account::tell(&loaded.account, console);
    let seed = program.program.program().train.as_ref().map_or(0, |train| train.seed);
    let mut values: Vec<Vec<f32>> = params.iter().map(|param| initial_values(param, seed)).collect();
    for (at, numbers) in loaded.values {
        values[at] = numbers;
    }
    match format {
        Format::Safetensors => {
            let own = program.weights_info(seed, &program.classes, None);
            // what the file says of itself counts before what the program says
            let info = if loaded.info.source.is_empty() { own } else { loaded.info };
            weights::save(&args.output, &info, &params, |at| Cow::Borrowed(&values[at]))?;
            Ok(())
        }
        Format::Npz => {
            let names: Vec<String> = params.iter().map(|param| param.name.clone()).collect();
            let shapes: Vec<&Shape> = params.iter().map(|param| &param.shape).collect();
            write_npz(&args.output, &names, &shapes, |at| Cow::Borrowed(&values[at]))
        }
    }
}

fn write_npz<'v>(
    path: &Path,
    names: &[String],
    shapes: &[&Shape],
    values: impl Fn(usize) -> Cow<'v, Vec<f32>>,
) -> Result<(), Failure> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut archive = NpzWriter::new(&mut bytes);
    let failed = |why: String| RunError::write(path, std::io::Error::other(why));
    for (at, (name, shape)) in names.iter().zip(shapes).enumerate() {
        let array = ArrayD::from_shape_vec(IxDyn(shape.extents()), values(at).into_owned())
            .map_err(|error| failed(error.to_string()))?;
        archive.add_array(name, &array).map_err(|error| failed(error.to_string()))?;
    }
    archive.finish().map_err(|error| failed(error.to_string()))?;
    let bytes = bytes.into_inner();
    files::write(path, |file| std::io::Write::write_all(file, &bytes))
        .map_err(|source| RunError::write(path, source).into())
}
