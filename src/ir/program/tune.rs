//! Search for better settings.

use super::Monitor;
use crate::source::{Span, Spanned};

/// The `tune` section, and the space that the file's `search(…)` values span.
#[derive(Debug, Clone, PartialEq)]
pub struct TuneSpec {
    /// The section's name.
    pub span: Span,
    /// What a trial is judged by. Default val_loss.
    pub objective: Spanned<Monitor>,
    /// How the space is searched.
    pub strategy: Spanned<Strategy>,
    /// In the order of the file.
    pub dimensions: Vec<Dimension>,
}

/// One `search(…)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// Where it stands.
    pub span: Span,
    /// What stands for it in turn, as text; of a continuous one the ends and the middle.
    pub values: Vec<String>,
    /// Any value between the first and the last may be tried.
    pub continuous: bool,
}

/// How a space is searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strategy {
    /// Every point.
    Grid,
    /// Points at random.
    Random {
        /// Number of points. Default 10.
        trials: usize,
    },
    /// Tree of Parzen estimators. Source: Bergstra et al., NIPS 2011.
    Tpe {
        /// Number of points. Default 10.
        trials: usize,
    },
    /// Expected improvement of a Gaussian process. Source: Snoek et al., arXiv:1206.2944.
    GaussianProcess {
        /// Number of points. Default 10.
        trials: usize,
    },
    /// Many short trials, of which the best go on. Source: Li et al., arXiv:1603.06560.
    Hyperband {
        /// Epochs of the longest trials. Default 100.
        max_epochs: usize,
        /// One in so many goes on. Default 3.
        factor: usize,
    },
}
