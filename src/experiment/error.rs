//! What can go wrong with an experiment.

use std::path::PathBuf;

use super::findings::Findings;
use super::mirrored::NoFlip;
use super::not_imported::NotImported;
use crate::data::{DataError, PrepareError, Split};
use crate::diag::{Diagnostic, Language, Level};
use crate::ir::SizeRefused;
use crate::kernel::Simd;
use crate::onnx::{OnnxFile, Unsupported};
use crate::printed::shown_path;
use crate::ranks::RankError;
use crate::runtime::CompileError;
use crate::source::SourceMap;
use crate::train::RunError;

/// An experiment cannot be opened, trained or used. [`Error::help`] says what to do, [`Error::code`] which
/// page of `cnnc explain` tells more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file has errors.
    #[error("{}", first_error(findings.of_level(Level::Error)))]
    Problems {
        /// Everything that was found.
        findings: Box<Findings>,
    },
    /// The file asks for something that is checked, but not run by this version.
    #[error("{}", first_error(parts.iter()))]
    NotRunYet {
        /// What that is, in the order in which it is told.
        parts: Vec<Diagnostic>,
        /// The texts that their places point into.
        sources: Box<SourceMap>,
    },
    /// The file is no text.
    #[error("`{name}` is not a text file: byte {at} is not UTF-8")]
    NotText {
        /// The file.
        name: String,
        /// The first byte that is not.
        at: usize,
    },
    /// The file has no `train` section.
    #[error("the file has no `train` section")]
    NoSchedule,
    /// Nothing is searched for.
    #[error("the file has no search: no `tune` section, or no `search(…)`")]
    NoSearch,
    /// Trials cannot answer together.
    #[error("an ensemble of trials needs answers that are probabilities of classes, and a validation split")]
    NotTogether,
    /// A search cannot go on with another file.
    #[error("`{}` was begun with other settings: {}", shown_path(path), differences.join("; "))]
    SearchChanged {
        /// The folder of the search.
        path: PathBuf,
        /// What differs, a sentence each.
        differences: Vec<String>,
    },
    /// The file has no `data` section.
    #[error("the file has no `data` section")]
    NoData,
    /// Nothing says what answers are compared by.
    #[error("the file says neither what the data are nor how the model is trained, so there is no loss")]
    NoLoss,
    /// The data have no such split.
    #[error("there is no {} split", split.name())]
    NoSplit {
        /// The split.
        split: Split,
    },
    /// This processor has no such instructions.
    #[error("this processor has no {asked}; the widest here is {widest}")]
    NoVectors {
        /// What was asked for.
        asked: Simd,
        /// What there is.
        widest: Simd,
    },
    /// More threads than make sense.
    #[error("{asked} threads are too many: at most {most}")]
    ManyThreads {
        /// What was asked for.
        asked: usize,
        /// The most.
        most: usize,
    },
    /// A number of ranks that none can be predicted for.
    #[error("{asked} ranks: from 2 to {most} are possible")]
    ManyRanks {
        /// What was asked for.
        asked: usize,
        /// The most.
        most: usize,
    },
    /// A weights file says what nobody understands of how its pictures were prepared.
    #[error("`{}` says of its `prepare` what cannot be understood", shown_path(path))]
    PrepareUnsound {
        /// The weights.
        path: PathBuf,
    },
    /// Statistics that come with weights are none.
    #[error(
        "`{}` normalises pictures by means {mean:?} and deviations {std:?}, which must be finite, and the \
         deviations above 0",
        path.display()
    )]
    StatisticsUnsound {
        /// The weights.
        path: PathBuf,
        /// Of each channel.
        mean: Vec<f32>,
        /// Of each channel.
        std: Vec<f32>,
    },
    /// Weights were trained on other classes than the data have.
    #[error("`{}` was trained on the classes {trained:?}, the data have {found:?}", shown_path(path))]
    ClassesDiffer {
        /// The weights.
        path: PathBuf,
        /// Their classes.
        trained: Vec<String>,
        /// Those of the data.
        found: Vec<String>,
    },
    /// Images have another shape than the model takes.
    #[error("images of {found:?} were given, and the model takes {wanted:?} (`[N, H, W, C]`)")]
    Images {
        /// Their shape.
        found: Vec<usize>,
        /// What is taken; the number of images is theirs.
        wanted: Vec<usize>,
    },
    /// As many classes or shares were given as there are not images, or outputs.
    #[error("what is to be differentiated is given by {found:?}, and must be by {wanted:?}")]
    Weighting {
        /// The shape that was given.
        found: Vec<usize>,
        /// The shape that is wanted.
        wanted: Vec<usize>,
    },
    /// A class was asked for that the model does not know.
    #[error("there is no class {class}: the model knows {classes}, from 0 on")]
    NoClass {
        /// What was asked for.
        class: usize,
        /// How many there are.
        classes: usize,
    },
    /// A layer works in training alone.
    #[error("`{name}` belongs to an auxiliary output, which is trained and no part of inference")]
    LeftOut {
        /// The layer.
        name: String,
    },
    /// The model has no such layer.
    #[error("the model computes no value named `{name}`; it has {}", list(known))]
    NoValue {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A value has no part in what is to be differentiated.
    #[error("the model's output does not depend on `{name}`")]
    NoGradient {
        /// The value.
        name: String,
    },
    /// A picture cannot be taken.
    #[error("`{}` cannot be taken: {why}", shown_path(path))]
    Picture {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Answers cannot be averaged over a flip.
    #[error(transparent)]
    NoFlip(#[from] NoFlip),
    /// The file's `prepare` does not make what the model takes.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A run, its files or its weights.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model could not be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The processes that train together.
    #[error(transparent)]
    Ranks(#[from] RankError),
    /// A layer cannot be written as ONNX.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// Two parameters have one name in another framework.
    #[error("two parameters would both be called `{name}`")]
    OneName {
        /// The name.
        name: String,
    },
    /// A model of another program cannot be written as a program.
    #[error(transparent)]
    Import(#[from] Box<NotImported>),
    /// A file of ONNX would be larger than its format allows.
    #[error("the file would have {bytes} bytes, and ONNX files have at most {}", OnnxFile::MOST_BYTES)]
    OnnxTooLarge {
        /// Its size.
        bytes: u64,
    },
}

impl Error {
    /// The page of `cnnc explain` on it.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Error::Run(error) => error.code(),
            Error::Compile(error) => error.code(),
            Error::Problems { .. }
            | Error::NotRunYet { .. }
            | Error::NotText { .. }
            | Error::NoSchedule
            | Error::NoSearch
            | Error::NotTogether
            | Error::SearchChanged { .. }
            | Error::NoData
            | Error::NoLoss
            | Error::NoSplit { .. }
            | Error::NoVectors { .. }
            | Error::ManyThreads { .. }
            | Error::ManyRanks { .. }
            | Error::PrepareUnsound { .. }
            | Error::StatisticsUnsound { .. }
            | Error::ClassesDiffer { .. }
            | Error::Images { .. }
            | Error::Weighting { .. }
            | Error::NoClass { .. }
            | Error::LeftOut { .. }
            | Error::NoValue { .. }
            | Error::NoGradient { .. }
            | Error::Picture { .. }
            | Error::NoFlip(_)
            | Error::Prepare(_)
            | Error::Unsupported(_)
            | Error::OneName { .. }
            | Error::Import(_)
            | Error::OnnxTooLarge { .. }
            | Error::Ranks(_)
            | Error::Data(_) => None,
        }
    }

    /// What has happened between the ranks of a run, where that is it.
    pub fn of_ranks(&self) -> Option<&RankError> {
        match self {
            Error::Ranks(error)
            | Error::Run(RunError::Ranks(error) | RunError::Compile(CompileError::Ranks(error)))
            | Error::Compile(CompileError::Ranks(error)) => Some(error),
            Error::Problems { .. }
            | Error::NotRunYet { .. }
            | Error::NotText { .. }
            | Error::NoSchedule
            | Error::NoSearch
            | Error::NotTogether
            | Error::SearchChanged { .. }
            | Error::NoData
            | Error::NoLoss
            | Error::NoSplit { .. }
            | Error::NoVectors { .. }
            | Error::ManyThreads { .. }
            | Error::ManyRanks { .. }
            | Error::PrepareUnsound { .. }
            | Error::StatisticsUnsound { .. }
            | Error::ClassesDiffer { .. }
            | Error::Images { .. }
            | Error::Weighting { .. }
            | Error::NoClass { .. }
            | Error::LeftOut { .. }
            | Error::NoValue { .. }
            | Error::NoGradient { .. }
            | Error::Picture { .. }
            | Error::NoFlip(_)
            | Error::Prepare(_)
            | Error::Run(_)
            | Error::Data(_)
            | Error::Compile(_)
            | Error::Unsupported(_)
            | Error::OneName { .. }
            | Error::Import(_)
            | Error::OnnxTooLarge { .. } => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Error::NotText { .. } => "give a .cnn file, saved as UTF-8",
            Error::NoSchedule => "add one: `train { epochs: 10; optimizer: adam }`",
            Error::NoData => "add one: `data { source: digits; test: 20% of all }`",
            Error::NoLoss => "add a `data` and a `train` section",
            Error::NoSplit { split } => {
                let of = if *split == Split::Test { "all" } else { "train" };
                return Some(format!("write `{}: 20% of {of}` in `data`", split.name()));
            }
            Error::NoSearch => {
                "write `search([3, 5])` or `search(16..=64, step: 16)` in place of a value, and a section `tune`"
            }
            Error::NotTogether => "search without `--ensemble`",
            Error::SearchChanged { .. } => {
                "trials go on only where all that is not searched for is the same: give the file of that search, or begin a new one with `--out`"
            }
            Error::PrepareUnsound { .. } => "write the weights anew with this version of cnnc",
            Error::StatisticsUnsound { .. } => {
                "take weights that have not been changed since they were trained"
            }
            Error::ClassesDiffer { .. } => "list the classes in the weights' order: `classes: […]` in `data`",
            Error::NoFlip(why) => return Some(why.help()),
            Error::Unsupported(error) => return Some(error.help()),
            Error::Import(error) => return error.help(),
            Error::OneName { .. } => "give one of their layers another name",
            Error::OnnxTooLarge { .. } => "write its tensors alone: `-o model.safetensors`",
            Error::Ranks(error) => return error.help(),
            Error::Run(error) => return error.help(),
            Error::Compile(error) => return error.help().map(str::to_owned),
            Error::Problems { .. }
            | Error::NotRunYet { .. }
            | Error::NoVectors { .. }
            | Error::ManyThreads { .. }
            | Error::ManyRanks { .. }
            | Error::Images { .. }
            | Error::Weighting { .. }
            | Error::NoClass { .. }
            | Error::LeftOut { .. }
            | Error::NoValue { .. }
            | Error::NoGradient { .. }
            | Error::Picture { .. }
            | Error::Prepare(_)
            | Error::Data(_) => return None,
        };
        Some(help.to_owned())
    }
}

impl From<SizeRefused> for Error {
    fn from(refused: SizeRefused) -> Self {
        CompileError::from(refused).into()
    }
}

/// The first error in one sentence, and how many more there are.
fn first_error<'a>(mut errors: impl Iterator<Item = &'a Diagnostic>) -> String {
    let Some(first) = errors.next() else { return "the file has errors".to_owned() };
    let more = match errors.count() {
        0 => String::new(),
        1 => " (and one more error)".to_owned(),
        more => format!(" (and {more} more errors)"),
    };
    format!("{}: {}{more}", first.code, first.message(Language::English))
}

/// Some names, and how many more there are.
fn list(names: &[String]) -> String {
    const MOST: usize = 12;
    let shown: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(MOST);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    shown.join(", ") + &rest
}
