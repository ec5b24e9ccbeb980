//! Why there is nothing to see.

use crate::experiment;
use crate::printed::shown;
use crate::tensor::Shape;

/// Why there is nothing to see. [`Error::help`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model has no such layer.
    #[error("`{model}` has no layer `{}`", shown(name))]
    NoLayer {
        /// The model.
        model: String,
        /// What was asked for.
        name: String,
        /// What was probably meant.
        near: Option<String>,
    },
    /// The layer makes no map.
    #[error("`{layer}` makes {shape}: there are no places in it")]
    NoMap {
        /// The layer.
        layer: String,
        /// What it makes.
        shape: Box<Shape>,
        /// The last layer that makes one.
        near: Option<String>,
    },
    /// No layer makes a map.
    #[error("no layer of `{model}` makes a map: its results are vectors")]
    NoMaps {
        /// The model.
        model: String,
    },
    /// No layer has kernels.
    #[error("no layer of `{model}` has kernels")]
    NoKernels {
        /// The model.
        model: String,
    },
    /// The model has no such class.
    #[error("there is no class `{}`", shown(class))]
    NoClass {
        /// What was asked for.
        class: String,
        /// What was probably meant.
        near: Option<String>,
        /// All of them, where they are few.
        known: Vec<String>,
    },
    /// The model's answer is a map.
    #[error("the answer of `{model}` is a map ({shape}), and no class has a score")]
    AnswersMap {
        /// The model.
        model: String,
        /// The answer's.
        shape: Box<Shape>,
    },
    /// Labels are no classes.
    #[error("labels are numbers here, or several classes a picture: no answer is taken for another")]
    NoClasses,
    /// A run has no curves.
    #[error("the run in `{run}` has no complete epoch yet")]
    NoEpochs {
        /// Its folder.
        run: String,
    },
    /// A run has no answers.
    #[error("the run in `{run}` has kept no answers")]
    NoAnswers {
        /// Its folder.
        run: String,
    },
    /// A run's answers are no classes.
    #[error("the model of `{run}` does not answer with one class, so it takes none for another")]
    NoConfusions {
        /// Its folder.
        run: String,
    },
    /// The model cannot be asked.
    #[error(transparent)]
    Model(Box<experiment::Error>),
}

impl From<experiment::Error> for Error {
    fn from(error: experiment::Error) -> Self {
        Error::Model(Box::new(error))
    }
}

/// Most classes that a message lists.
pub(super) const MOST_LISTED: usize = 12;

impl Error {
    /// The page of `cnnc explain` on it.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Error::NoLayer { .. } => Some("E0117"),
            Error::Model(error) => error.code(),
            Error::NoMap { .. }
            | Error::NoMaps { .. }
            | Error::NoKernels { .. }
            | Error::NoClass { .. }
            | Error::AnswersMap { .. }
            | Error::NoClasses
            | Error::NoEpochs { .. }
            | Error::NoAnswers { .. }
            | Error::NoConfusions { .. } => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Error::NoLayer { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Error::NoLayer { near: None, .. } => {
                Some("`cnnc summary` lists the layers with their names".to_owned())
            }
            Error::NoMap { near: Some(near), .. } => Some(format!("the last layer with a map is `{near}`")),
            Error::NoClass { near: Some(near), .. } => Some(format!("did you mean `{}`?", shown(near))),
            Error::NoClass { known, .. } if (1..=MOST_LISTED).contains(&known.len()) => {
                let known: Vec<String> = known.iter().map(|class| format!("`{}`", shown(class))).collect();
                Some(format!("the classes are {}", known.join(", ")))
            }
            Error::NoClass { known, .. } => {
                Some(format!("give a name, or a number from 0 to {}", known.len().saturating_sub(1)))
            }
            Error::AnswersMap { .. } => Some("`feature_maps` shows what any layer makes".to_owned()),
            Error::NoClasses => Some("`cnnc predict` says what is answered to a picture".to_owned()),
            Error::NoKernels { .. } => Some("`--layer` names any layer that is to be excited".to_owned()),
            Error::NoEpochs { run } => Some(format!("go on with it: `cnnc run FILE --resume {run}`")),
            Error::NoAnswers { run } => {
                Some(format!("let it answer again: `cnnc eval {run} --output DIR` draws the matrix, too"))
            }
            Error::NoConfusions { run } => Some(format!("`cnnc eval {run}` says how good its answers are")),
            Error::Model(error) => error.help(),
            Error::NoMap { near: None, .. } | Error::NoMaps { .. } => {
                Some("`--method saliency` or `occlusion` looks at the picture itself".to_owned())
            }
        }
    }
}
