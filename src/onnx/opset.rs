//! Versions of ONNX's operators.

use std::fmt;

/// The version of the set of operators that a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opset(i64);

impl Opset {
    /// From here on softmax is over one axis, and axes of `Squeeze` are an operand.
    pub const OLDEST: Opset = Opset(13);
    /// What most programs read that have been renewed since 2022.
    pub const USUAL: Opset = Opset(17);
    /// The newest that what is written here has been held against.
    pub const NEWEST: Opset = Opset(23);
    /// `Resize` takes the size of some axes alone.
    pub(super) const RESIZES_ANY: Opset = Opset(18);

    /// `None` where nothing is written in it.
    pub fn new(version: i64) -> Option<Self> {
        (Self::OLDEST.0..=Self::NEWEST.0).contains(&version).then_some(Self(version))
    }

    /// Its number.
    pub fn version(self) -> i64 {
        self.0
    }

    /// Whether it has what came with a version.
    pub(super) fn has(self, version: i64) -> bool {
        self.0 >= version
    }

    /// The version of the file format that came with it.
    pub(super) fn ir_version(self) -> i64 {
        match self.0 {
            ..15 => 7,
            15..19 => 8,
            19..21 => 9,
            21..23 => 10,
            _ => 11,
        }
    }
}

impl fmt::Display for Opset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
