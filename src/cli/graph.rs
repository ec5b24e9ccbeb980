//! `cnnc graph FILE`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::arguments::ProgramArgs;
use super::console::Console;
use super::failure::Failure;
use super::{each, load};
use crate::draw::Diagram;
use crate::experiment::Experiment;
use crate::files;
use crate::train::RunError;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Edges carry the shapes of results, nodes their parameters. In a network of more than about 40 layers, blocks, repeats and models used as \
layers are drawn as one node each, as few as that takes; `--depth 0` folds the outermost, `--depth 1` those within them, and so on. \
Of a file with several models `-o net.svg` writes one picture each: net-Small.svg, net-Large.svg.

Examples:
  cnnc graph models/digits.cnn -o digits.svg
  cnnc graph models/digits.cnn --format dot | dot -Tpdf > digits.pdf")]
pub(super) struct GraphArgs {
    #[command(flatten)]
    program: ProgramArgs,
    /// What is written [default: by the output's name; svg without one]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Fold what lies in as many blocks
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
}

/// What is written: as asked for, else by the output's name.
fn format_of(args: &GraphArgs) -> Result<Format, Failure> {
    let Some(path) = args.output.as_ref().filter(|_| args.format.is_none()) else {
        return Ok(args.format.unwrap_or(Format::Svg));
    };
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    match end.as_deref() {
        None | Some("svg") => Ok(Format::Svg),
        Some("dot" | "gv") => Ok(Format::Dot),
        Some(end) => Err(Failure::Usage(format!(
            "`graph` writes SVG and DOT, not {end}: name the output `….svg`, which browsers show and \
             `rsvg-convert` turns into other formats, or say `--format`"
        ))),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Graphviz's text
    Dot,
    /// A picture that browsers show
    Svg,
}

pub(super) fn graph(args: &GraphArgs, console: &Console) -> Result<(), Failure> {
    let format = format_of(args)?;
    // a stream of several pictures is none
    let is_one_picture = args.output.is_none() && matches!(format, Format::Svg);
    let ProgramArgs { file, choice } = &args.program;
    if is_one_picture {
        return graph_of(args, &load::ready(file, choice, &[], console)?, None, format, console);
    }
    let all = each::ready(file, choice, console)?;
    for ready in &all {
        let of_model = |path: &PathBuf| match &all[..] {
            [_] => path.clone(),
            _ => each::of_model(path, ready.name()),
        };
        graph_of(args, ready, args.output.as_ref().map(of_model).as_deref(), format, console)?;
    }
    Ok(())
}

fn graph_of(
    args: &GraphArgs,
    ready: &Experiment,
    output: Option<&Path>,
    format: Format,
    console: &Console,
) -> Result<(), Failure> {
    let diagram = Diagram::of(&ready.program, args.depth);
    let text = match format {
        Format::Dot => diagram.to_dot(),
        Format::Svg => diagram.to_svg(),
    };
    match output {
        Some(path) => Ok(files::write(path, |out| out.write_all(text.as_bytes()))
            .map_err(|error| RunError::write(path, error))?),
        None => console.source_text(&text),
    }
}
