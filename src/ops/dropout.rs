//! Dropout.

/// Zeroes each element with probability `rate`, scales the others by `1 / (1 − rate)` (inverted dropout).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dropout {
    rate: u32,
}

impl Dropout {
    /// `rate` in [0, 1).
    pub fn new(rate: f32) -> Self {
        Self { rate: rate.to_bits() }
    }

    /// The share of zeroes.
    pub fn rate(self) -> f32 {
        f32::from_bits(self.rate)
    }
}
