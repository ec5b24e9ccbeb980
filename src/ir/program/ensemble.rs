//! Several models that answer together.

use crate::source::{Span, Spanned};
use crate::vocabulary::Combine;

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
