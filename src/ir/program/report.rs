//! Drawings of what a trained model has learnt.

use crate::source::Spanned;
use crate::vocabulary::Drawing;

/// The `report` section.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportSpec {
    /// Test pictures that drawings are made of. Default 8.
    pub images: usize,
    /// In the order written.
    pub drawings: Vec<Spanned<Drawing>>,
}
