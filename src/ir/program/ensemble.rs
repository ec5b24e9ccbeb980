//! Several models that answer together.

use crate::source::{Span, Spanned};

/// `ensemble Vote { members: […]; combine: mean }`
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleSpec {
    /// Its name.
    pub name: Spanned<String>,
    /// The section's name.
    pub span: Span,
    /// Models of the file, at least two.
    pub members: Vec<Spanned<String>>,
    /// How the answers become one. Default mean.
    pub combine: Combine,
}

/// How several answers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Combine {
    /// The mean of the outputs.
    #[default]
    Mean,
    /// The class that most members name; of equal ones the one with the larger mean.
    Vote,
}
