//! What happens to training images.

use crate::source::{Span, Spanned};
use crate::vocabulary::{AugmentKind, Fill, OptionValue, Words, Written};

/// The `augment` section, in the order written.
#[derive(Debug, Clone, PartialEq)]
pub struct AugmentSpec {
    /// Operations; consecutive affine ones are composed into one matrix and sampled once.
    pub ops: Vec<Spanned<AugmentOp>>,
    /// What lies outside the picture. Default nearest.
    pub fill: Fill,
    /// Pictures that `cnnc augment` writes. Default 20.
    pub samples: usize,
}

impl Default for AugmentSpec {
    fn default() -> Self {
        Self { ops: Vec::new(), fill: Fill::default(), samples: 20 }
    }
}

impl AugmentSpec {
    /// Whether pictures are mixed with others, so that labels are shares of classes.
    pub fn mixes_labels(&self) -> bool {
        self.ops.iter().any(|op| op.value.kind.mixes_labels())
    }
}

/// One operation and how often it happens.
#[derive(Debug, Clone, PartialEq)]
pub struct AugmentOp {
    /// What.
    pub kind: AugmentKind,
    /// Probability, `p:`, in 0..=1. The default is that of the table.
    pub probability: f32,
    /// Where each written option stands: (option's name, its value's span).
    pub options: Vec<(&'static str, Span)>,
}

impl AugmentOp {
    /// An operation of which no option is known by its place.
    pub fn new(kind: AugmentKind, probability: f32) -> Self {
        Self { kind, probability, options: Vec::new() }
    }

    /// As it is written, with how often it happens.
    pub fn written(&self) -> Written {
        let mut written = self.kind.written();
        written.options.push(("p", OptionValue::Float(self.probability)));
        written
    }

    /// [`AugmentOp::written`] as a line of a file.
    pub fn text(&self) -> String {
        let written = self.written();
        written.text(AugmentKind::row(written.keyword).map_or(0, |row| row.word.unnamed))
    }

    /// Where an option's value stands, if it is written.
    pub fn span_of(&self, option: &str) -> Option<Span> {
        self.options.iter().find(|(name, _)| *name == option).map(|(_, span)| *span)
    }
}
