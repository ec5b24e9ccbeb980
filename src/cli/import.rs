//! `cnnc import MODEL -o model.cnn`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::console::Console;
use super::failure::Failure;
use crate::experiment::{ImportOptions, Imported};
use crate::files;
use crate::import::Asked;
use crate::printed::{shown_path, thousands};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Two files are written: a program that can be read and changed, with repeated parts as blocks, and its weights beside it, `model.safetensors`. \
What the file is, is seen from its contents. Nothing in it is run. The program is checked, and compared with the file's network layer by layer, \
before anything is written.

Everything that the language has no words for is listed at once. With --partial the largest part that can be written is.

Examples:
  cnnc import resnet50.keras -o resnet50.cnn
  cnnc predict resnet50.cnn --weights resnet50.safetensors photo.jpg
  cnnc import detector.onnx -o backbone.cnn --result features
  cnnc import net.onnx -o net.cnn --input 224x224x3
  cnnc import strange.onnx -o part.cnn --partial")]
pub(super) struct ImportArgs {
    /// The model: ONNX, or Keras (`.keras`, `.h5` of a whole model)
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The program to write; `-` for stdout
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Where its weights are written [default: beside the program, as .safetensors]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// The result that is meant, where the model gives several; or the layer to end with
    #[arg(long, value_name = "NAME")]
    result: Option<String>,
    /// Height, width and channels of the pictures, where the model leaves them open
    #[arg(long, value_name = "HxWxC", value_parser = input)]
    input: Option<[usize; 3]>,
    /// Write the largest part that can be written, where all cannot
    #[arg(long)]
    partial: bool,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

fn input(text: &str) -> Result<[usize; 3], String> {
    let extents: Option<Vec<usize>> = text.split('x').map(|extent| extent.parse().ok()).collect();
    match extents.as_deref() {
        Some(&[height, width, channels])
            if [height, width, channels].iter().all(|extent| (1..=1 << 16).contains(extent)) =>
        {
            Ok([height, width, channels])
        }
        _ => Err("height, width and channels are wanted, such as 224x224x3".to_owned()),
    }
}

pub(super) fn import(args: &ImportArgs, console: &Console) -> Result<(), Failure> {
    let weights = match &args.weights {
        Some(weights) => weights.clone(),
        None if files::goes_to_stdout(&args.output) => {
            return Err(Failure::Usage("say where the weights go: `--weights model.safetensors`".to_owned()));
        }
        None => args.output.with_extension("safetensors"),
    };
    if weights == args.output {
        return Err(Failure::Usage("program and weights cannot be one file".to_owned()));
    }
    if !args.force {
        [&args.output, &weights].into_iter().try_for_each(|path| is_free(path))?;
    }
    let options = ImportOptions {
        asked: Asked { input: args.input },
        result: args.result.clone(),
        partial: args.partial,
    };
    let imported = Imported::read(&args.model, &args.output, &options)?;
    imported.write(&args.output, &weights)?;
    imported.lacks().iter().for_each(|lack| console.warning(lack));
    let [layers, blocks, numbers] = imported.counts();
    let lines = imported.text().lines().count();
    let (program, weights) = (shown_path(&args.output), shown_path(&weights));
    if files::goes_to_stdout(&args.output) {
        return Ok(());
    }
    let numbers = thousands(numbers as u64);
    console.result(format_args!("{program}: {layers} layers in {lines} lines; blocks: {blocks}"))?;
    console.result(format_args!("{weights}: {numbers} parameters"))
}

/// Files are not replaced without being asked.
fn is_free(path: &Path) -> Result<(), Failure> {
    let is_there = fs::symlink_metadata(path).is_ok_and(|about| about.is_file());
    if !is_there || files::goes_to_stdout(path) {
        return Ok(());
    }
    Err(Failure::mistake(
        format!("`{}` is there already", shown_path(path)),
        "give another name, or replace it with `--force`",
    ))
}
