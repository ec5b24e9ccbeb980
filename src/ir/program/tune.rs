//! Search for better settings.

use crate::source::{Span, Spanned};
use crate::vocabulary::{Monitor, Strategy};

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
