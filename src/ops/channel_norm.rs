//! Normalisation over the channels.

/// `y = (x − μ) / √(σ² + ε)`, mean and biased variance over the channels of each pixel.
/// Source: Ba et al., arXiv:1607.06450.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelNorm {
    epsilon: u32,
}

impl ChannelNorm {
    /// With this ε.
    pub fn new(epsilon: f32) -> Self {
        Self { epsilon: epsilon.to_bits() }
    }

    /// ε, by its bits.
    pub fn epsilon_bits(self) -> u32 {
        self.epsilon
    }
}
