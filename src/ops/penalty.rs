//! Penalties on the size of weights.

use crate::vocabulary::Regularizer;

/// `l1 · Σ |w| + l2 · Σ w²` of a tensor that is not per image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Penalty {
    /// By its bits.
    l1: u32,
    /// By its bits.
    l2: u32,
}

impl Penalty {
    /// The penalty of a regularizer.
    pub fn new(regularizer: Regularizer) -> Self {
        Self { l1: regularizer.l1.to_bits(), l2: regularizer.l2.to_bits() }
    }

    /// `[l1, l2]`
    pub fn factors(self) -> [f32; 2] {
        [self.l1, self.l2].map(f32::from_bits)
    }
}
