//! Arguments that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::permissions::PermissionArgs;
use crate::data::MAX_PIXELS;
use crate::experiment::{Compute, MOST_THREADS};
use crate::ir::Matching;
use crate::kernel::{Simd, Target};
use crate::runtime::CompileOptions;

/// What every command understands.
#[derive(Debug, Args)]
pub(super) struct GlobalArgs {
    /// Print results and errors only
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
    /// Treat warnings as errors
    #[arg(long, value_name = "LEVEL", global = true)]
    pub(super) deny: Option<Deny>,
    /// Language of all that people read [default: that of LC_ALL, LC_MESSAGES or LANG]
    #[arg(long, value_name = "LANG", global = true)]
    pub(super) lang: Option<Lang>,
    #[command(flatten)]
    pub(super) permissions: PermissionArgs,
}

/// What `--lang` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Lang {
    /// English
    En,
    /// 한국어
    Ko,
}

/// What `--deny` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    /// A warning ends the command with exit code 1.
    Warnings,
}

/// Which program is meant, and with which settings.
#[derive(Debug, Args)]
pub(super) struct ProgramArgs {
    /// The .cnn file, or a model of the zoo such as `zoo.vgg16`
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) choice: ChoiceArgs,
}

/// Which model of a file is meant, and what is changed for this command.
#[derive(Debug, Clone, Args)]
pub(super) struct ChoiceArgs {
    /// The model that is meant, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(super) model: Option<String>,
    /// Override a setting of the file, as if written there: --set train.batch=64 (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) set: Vec<(String, String)>,
    #[command(flatten)]
    pub(super) data: DataArgs,
}

/// How the tensors of a weights file are matched with the variables of a model.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct MatchArgs {
    /// How tensors of the weights are found: by the names of their layers, or by their order
    #[arg(long = "match", value_enum, value_name = "HOW", default_value_t = MatchBy::Names)]
    by: MatchBy,
}

/// What `--match` takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum MatchBy {
    /// By what their layers are called
    #[default]
    Names,
    /// The first tensor for the first variable, and so on
    Order,
}

impl MatchArgs {
    pub(super) fn matching(self) -> Matching {
        match self.by {
            MatchBy::Names => Matching::Names,
            MatchBy::Order => Matching::Order,
        }
    }
}

/// A size of pictures, for models that leave it open.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct SizeArgs {
    /// Height and width of the pictures, where the model leaves them open (`input(?x?x3)`)
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub(super) size: Option<[usize; 2]>,
}

/// `224x224`
/// # Errors
/// What to write.
pub(super) fn size(text: &str) -> Result<[usize; 2], String> {
    let extents =
        text.split_once('x').and_then(|(height, width)| Some([height.parse().ok()?, width.parse().ok()?]));
    let within = |size: &[usize; 2]| size.iter().all(|extent| (1..=1 << 16).contains(extent));
    extents.filter(within).ok_or_else(|| "write height and width, as in 224x224".to_owned())
}

/// Where data are looked for.
#[derive(Debug, Clone, Args)]
pub(super) struct DataArgs {
    /// Folder with data sets, looked at before CNNC_DATA_DIR
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Largest picture that is decoded, in pixels; one by its header larger is an error
    #[arg(long, value_name = "N", default_value_t = MAX_PIXELS)]
    pub(super) max_pixels: u64,
}

/// How the model is compiled. Results do not depend on the number of threads.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ComputeArgs {
    /// Worker threads; 0: one for each core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = threads)]
    pub(super) threads: usize,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// What code is generated for.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct TargetArgs {
    /// Vector instructions to use instead of the widest there are: portable, neon, avx2 or avx512
    #[arg(long, value_name = "KIND", value_parser = simd)]
    pub(super) simd: Option<Simd>,
    /// Sum every product up directly: slower, and nearer to the last digit
    #[arg(long)]
    pub(super) exact: bool,
}

impl ComputeArgs {
    /// As the library takes it.
    pub(super) fn compute(&self) -> Compute {
        let Self { threads, target: TargetArgs { simd, exact } } = *self;
        Compute { threads, simd, exact, tune_kernels: false }
    }

    /// The same, with kernels that are timed where that is asked for.
    pub(super) fn tuned(&self, tuning: TuneArgs) -> Compute {
        Compute { tune_kernels: tuning.tune_kernels, ..self.compute() }
    }

    /// The options of a session.
    pub(super) fn options(&self, batch: usize, random: bool) -> CompileOptions {
        self.compute().options(batch, random)
    }

    /// What code is generated for.
    pub(super) fn target(&self) -> Target {
        self.target.target()
    }

    /// The number of worker threads that are used.
    pub(super) fn thread_count(&self) -> usize {
        self.compute().thread_count()
    }
}

impl TargetArgs {
    /// What code is generated for.
    pub(super) fn target(&self) -> Target {
        let Self { simd, exact } = *self;
        Compute { simd, exact, ..Compute::default() }.target()
    }
}

/// Whether kernels are timed.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct TuneArgs {
    /// Time the ways of computing each convolution on this machine and take the fastest, instead of the one
    /// that a model of the processor names. Remembered in the cache directory; the last digits of results may
    /// differ from those without
    #[arg(long)]
    pub(super) tune_kernels: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        Some(_) | None => Err("write a setting and its value, as in train.batch=64".to_owned()),
    }
}

fn threads(text: &str) -> Result<usize, String> {
    let threads = text.parse().map_err(|_| "write a whole number; 0 is one for each core".to_owned())?;
    if threads <= MOST_THREADS {
        return Ok(threads);
    }
    Err(format!(
        "at most {MOST_THREADS}: each takes memory of its own, and more threads than cores gain nothing"
    ))
}

fn simd(text: &str) -> Result<Simd, String> {
    let simd: Simd = text.parse()?;
    if simd.is_available() {
        Ok(simd)
    } else {
        Err(format!("this processor has no {simd}; the widest here is {}", Simd::detect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_split_at_the_first_equals_sign() {
        assert_eq!(key_value("train.batch = 64"), Ok(("train.batch".into(), "64".into())));
        assert_eq!(key_value("data.source=npz(\"a=b\")"), Ok(("data.source".into(), "npz(\"a=b\")".into())));
        assert!(key_value("train.batch").is_err());
        assert!(key_value("=64").is_err());
    }
}
