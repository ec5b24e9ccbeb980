//! Sums over neighbouring channels.

/// `y[c] = Σ x[k]` for k from `c − before` to `c + after`, as far as there are channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NeighbourSum {
    /// Channels before the own one.
    pub before: usize,
    /// Channels behind it.
    pub after: usize,
}

impl NeighbourSum {
    /// The sum that takes a gradient back: `x[k]` is in `y[c]` for c from `k − after` to `k + before`.
    pub fn transposed(self) -> Self {
        Self { before: self.after, after: self.before }
    }
}
