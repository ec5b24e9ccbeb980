//! `cnnc fmt FILE…`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::console::Console;
use super::failure::Failure;
use super::rewrite::{replace, streams_differ};
use super::text_diff::unified;
use crate::diag::render_all;
use crate::experiment::{name_of, read_text};
use crate::files;
use crate::format::{FormatError, format};
use crate::source::{SourceFile, SourceMap};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Only blanks and line ends change: four blanks a level, lines of 100 columns, one statement a line, at most one empty line between \
two. What is written on one line between braces stays there if it fits, and a chain keeps its line ends behind `->`. Comments stay \
where they are. A file with mistakes of syntax is not touched. Names of files that change are printed.

Examples:
  cnnc fmt models/*.cnn
  cnnc fmt --check models/*.cnn      what would change, and exit code 1 if anything would
  cnnc fmt - < mine.cnn              from stdin to stdout, for editors")]
pub(super) struct FmtArgs {
    /// The .cnn files; `-` for stdin. What is read from a pipe is printed
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Change nothing: print what would change, and end with exit code 1 if anything would
    #[arg(long)]
    check: bool,
}

pub(super) fn fmt(args: &FmtArgs, console: &Console) -> Result<(), Failure> {
    streams_differ(args.files.iter())?;
    let mut worst = Ok(());
    for file in &args.files {
        match one(args, file, console) {
            Ok(()) => {}
            Err(failure @ Failure::Unread) => return Err(failure),
            Err(failure) => {
                // Every file is laid out; what it fails with is said at once.
                console.failure(&failure);
                worst = Err(Failure::Shown);
            }
        }
    }
    worst
}

fn one(args: &FmtArgs, file: &Path, console: &Console) -> Result<(), Failure> {
    let name = name_of(file).display().to_string();
    let text = read_text(file)?;
    let formatted = laid_out(&name, &text, console)?;
    if args.check {
        if formatted == text {
            return Ok(());
        }
        console.source_text(&unified(&name, &text, &formatted))?;
        return Err(Failure::Shown);
    }
    if files::stream_of(file).is_some() {
        return console.source_text(&formatted);
    }
    if formatted != text {
        replace(file, &formatted)?;
        console.result(&name)?;
    }
    Ok(())
}

/// The text in canonical layout; its problems are shown where it has none.
fn laid_out(name: &str, text: &str, console: &Console) -> Result<String, Failure> {
    match format(text) {
        Ok(formatted) => Ok(formatted),
        Err(FormatError::Syntax(problems)) => {
            let sources = SourceMap::new(SourceFile::new(name, text));
            for drawn in render_all(&problems, &sources, console.style()) {
                console.drawn(&drawn);
            }
            Err(Failure::Shown)
        }
        Err(FormatError::Changed(_)) => {
            Err(Failure::Bug(format!("`{name}` was left as it is: laid out, it would say something else")))
        }
    }
}
