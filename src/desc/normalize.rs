//! Statistics over the batch, in parts of fixed size.

use crate::tensor::Layout;

/// Per-channel moments of the `count` images of the call, for a later combination.
///
/// Arguments: x, partial: three vectors `[C]` that follow each other, number of elements n, mean, and sum of
/// squared deviations from that mean (all 0 when `count` is 0). Two passes over the images, so that nothing
/// cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MomentsDesc {
    /// Layout of x.
    pub input: Layout,
}

/// Mean and biased variance of the batch from the partial moments of its shards.
/// ```text
/// n = na + nb    δ = mb − ma    m = ma + δ · nb / n    M2 = M2a + M2b + δ² · na · nb / n     (parts with n = 0 are skipped)
/// ```
/// combined in order: a balanced binary tree over the parts. Source: Chan, Golub & LeVeque (1983),
/// "Algorithms for computing the sample variance". Arguments: partials (`parts` blocks of `[3][C]`), mean
/// `[C]`, variance `[C]`. `count` is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CombineMomentsDesc {
    /// Channels.
    pub channels: usize,
    /// Number of parts.
    pub parts: usize,
}

/// `out[i] = Σ part[p][i]` over a balanced binary tree: `(((p0+p1)+(p2+p3))+…)`, for `count` elements from
/// the argument pointers on. Arguments: partials (part p starts `p · pitch` elements after the first), out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SumPartsDesc {
    /// Number of parts.
    pub parts: usize,
    /// Elements from a part to the next.
    pub pitch: usize,
}

/// Brings each row of channels to mean 0 and variance 1: `y = (x − μ) / √(σ² + ε)`, μ and the biased σ² over
/// the row's channels. Everything without gaps. Arguments: x, y. `grad`: x, dy, dx with `dx = r (dy −
/// mean(dy) − y · mean(dy · y))`, r = 1 / √(σ² + ε). Source: Ba et al., arXiv:1607.06450.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelNormDesc {
    /// Rows of one image.
    pub pixels: usize,
    /// Elements of a row.
    pub channels: usize,
    /// ε, by its bits.
    pub epsilon: u32,
    /// The gradient by x.
    pub grad: bool,
}

/// `l1 · Σ |w| + l2 · Σ w²` over `count` elements. Arguments: w, the sum (one number).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PenaltyDesc {
    /// `[l1, l2]`, by their bits.
    pub factors: [u32; 2],
}
