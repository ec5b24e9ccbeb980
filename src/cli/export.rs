//! `cnnc export FILE --weights W -o X`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::console::Console;
use super::failure::Failure;
use super::progress::Terminal;
use super::used::UsedArgs;
use crate::experiment::{Exported, OnnxOptions};
use crate::files;
use crate::onnx::{MapLayout, Opset};
use crate::zoo::Layout;

#[derive(Debug, Args)]
#[command(after_long_help = "\
ONNX is the whole model: other programs (ONNX Runtime, OpenVINO, OpenCV) run the file by itself. It takes `pictures`, uint8 [N, C, H, W] of the \
model's size, and prepares them as those were that the weights were trained on; with --no-prepare it takes prepared ones, float32. N is open. \
Resizing belongs before it. Class names, `prepare` and the program are in its metadata.

A safetensors file is the tensors alone. With --names torch or keras they are called and laid out as there, so that the equal model takes them: \
networks of the zoo as in the implementation that they follow, other layers by their names here (`conv1.weight`, `conv1/kernel`).

Examples:
  cnnc export runs/digits-1 -o digits.onnx
  cnnc export models/digits.cnn --weights best.safetensors -o digits.onnx --opset 13
  cnnc export runs/mine-1 -o mine.onnx --layout nhwc --no-prepare
  cnnc export runs/mine-1 -o mine.safetensors --names torch")]
pub(super) struct ExportArgs {
    #[command(flatten)]
    used: UsedArgs,
    /// The file to write, .onnx or .safetensors
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// What is written [default: by the output's name]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// ONNX: the version of its operators, 13 to 23 [default: 17]
    #[arg(long, value_name = "N", value_parser = opset)]
    opset: Option<Opset>,
    /// ONNX: how pictures lie, and answers that are maps [default: nchw]
    #[arg(long, value_enum)]
    layout: Option<LayoutArg>,
    /// ONNX: take prepared pictures, float32
    #[arg(long)]
    no_prepare: bool,
    /// Auxiliary outputs, too
    #[arg(long)]
    heads: bool,
    /// Safetensors: whose names and layouts [default: own]
    #[arg(long, value_enum)]
    names: Option<Names>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The whole model
    Onnx,
    /// Its tensors
    Safetensors,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LayoutArg {
    /// Channels before height and width
    Nchw,
    /// Channels last
    Nhwc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Names {
    /// Those of cnnc's own weights files
    Own,
    /// A state dict of PyTorch
    Torch,
    /// The variables of a Keras model
    Keras,
}

fn opset(text: &str) -> Result<Opset, String> {
    let version = text.parse().ok().and_then(Opset::new);
    version.ok_or_else(|| format!("opsets {} to {} can be written", Opset::OLDEST, Opset::NEWEST))
}

pub(super) fn export(args: &ExportArgs, console: &Console) -> Result<(), Failure> {
    let format = format_of(args)?;
    refuse_others(args, format)?;
    let (ready, weights) = args.used.ready_or_unlearned(console)?;
    let exported = Exported::load(
        &ready,
        weights.as_deref(),
        args.used.matching(),
        args.heads,
        &mut Terminal::new(console),
    )?;
    match format {
        Format::Safetensors => {
            let names = match args.names.unwrap_or(Names::Own) {
                Names::Own => None,
                Names::Torch => Some(Layout::Torch),
                Names::Keras => Some(Layout::Keras),
            };
            Ok(exported.write_tensors(&args.output, names)?)
        }
        Format::Onnx => {
            let layout = match args.layout {
                Some(LayoutArg::Nhwc) => MapLayout::Nhwc,
                Some(LayoutArg::Nchw) | None => MapLayout::Nchw,
            };
            let opset = args.opset.unwrap_or(Opset::USUAL);
            let options = OnnxOptions { opset, layout, prepares: !args.no_prepare };
            let signature = exported.write_onnx(&args.output, options)?;
            if !files::goes_to_stdout(&args.output) {
                console.note(format_args!("takes {}; gives {}", signature.takes, signature.gives));
            }
            Ok(())
        }
    }
}

/// What is written: as asked for, else by the output's name.
fn format_of(args: &ExportArgs) -> Result<Format, Failure> {
    if let Some(format) = args.format {
        return Ok(format);
    }
    match end_of(&args.output).as_deref() {
        Some("onnx") => Ok(Format::Onnx),
        Some("safetensors") => Ok(Format::Safetensors),
        _ => Err(Failure::Usage(
            "`export` writes ONNX and safetensors: name the output `….onnx` or `….safetensors`, or say `--format`"
                .to_owned(),
        )),
    }
}

fn end_of(path: &Path) -> Option<String> {
    path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase())
}

/// What belongs to the other format is not ignored.
fn refuse_others(args: &ExportArgs, format: Format) -> Result<(), Failure> {
    let of_onnx = [
        ("--opset", args.opset.is_some()),
        ("--layout", args.layout.is_some()),
        ("--no-prepare", args.no_prepare),
    ];
    let of_tensors = [("--names", args.names.is_some())];
    let first = |options: &[(&'static str, bool)]| {
        options.iter().find(|(_, is_given)| *is_given).map(|(option, _)| *option)
    };
    Err(Failure::Usage(match format {
        Format::Onnx => match first(&of_tensors) {
            Some(option) => format!("`{option}` is for safetensors files"),
            None => return Ok(()),
        },
        Format::Safetensors => match first(&of_onnx) {
            Some(option) => format!("`{option}` is for ONNX files"),
            None => return Ok(()),
        },
    }))
}
