//! Search for better settings.

use crate::source::{Span, Spanned};
use crate::space::Space;
use crate::vocabulary::{Impossible, Monitor, Strategy};

/// The `tune` section, and the space that the file's `search(…)` values span.
#[derive(Debug, Clone, PartialEq)]
pub struct TuneSpec {
    /// The section's name.
    pub span: Span,
    /// What a trial is judged by. Default val_loss.
    pub objective: Spanned<Monitor>,
    /// How the space is searched. Where it decides the epochs of trials, `train` has them too.
    pub strategy: Spanned<Strategy>,
    /// Runs of each trial, whose mean is judged; at least 1. Default 1.
    pub seeds: usize,
    /// Trials that may run side by side, at least 1: what is known when one is chosen. Default 4.
    pub parallel: Spanned<usize>,
    /// What becomes of points that cannot be trained. Default: they are an error.
    pub impossible: Impossible,
    /// Wall time of the search, in seconds.
    pub time_limit: Option<f64>,
    /// Trials without an improvement that are waited for, at least 1.
    pub patience: Option<usize>,
    /// The parameters, in the order of the file; none where nothing is searched for.
    pub space: Space,
    /// Where the `search(…)` of each parameter stands.
    pub places: Vec<Span>,
}
