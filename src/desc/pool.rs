//! Pooling.

use crate::tensor::{Layout, Window};

/// What a pool takes of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// The largest; padding never wins.
    Max,
    /// The mean of the elements that lie in the image (padding does not count, as in Keras).
    Average,
}

/// Pools `count` images. Arguments: input, output, winners (where asked). The input needs no halo.
///
/// Winners (max only) are one byte per output element: `ky · Kw + kx` of the first largest in row-major
/// order; windows of more than 256 taps have no winners. A window that lies in the padding alone gives 0
/// (winner 0). NaN wins only as a window's first element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolDesc {
    /// Largest or mean.
    pub kind: PoolKind,
    /// The window (dilation 1).
    pub window: Window,
    /// Layout of the input.
    pub input: Layout,
    /// Layout of the output.
    pub output: Layout,
    /// Layout of the winners.
    pub winners: Option<Layout>,
}

/// Gradient of a pool by its input: every element of `dx` is written, 0 where nothing flows.
/// Arguments: dy, winners (max only), dx.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolGradDesc {
    /// Largest or mean.
    pub kind: PoolKind,
    /// The forward pool's window.
    pub window: Window,
    /// Layout of `dy`.
    pub grad: Layout,
    /// Layout of the winners (max only).
    pub winners: Option<Layout>,
    /// Layout of `dx`.
    pub output: Layout,
}

/// Sums over neighbouring channels: `y[c] = Σ x[k]`, k from `c − before` to `c + after` as far as there are
/// channels. Arguments: input, output. Both layouts have the same extents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NeighbourSumDesc {
    /// Channels before the own one.
    pub before: usize,
    /// Channels behind it.
    pub after: usize,
    /// Layout of x.
    pub input: Layout,
    /// Layout of y.
    pub output: Layout,
}

/// Pools each whole feature map into one vector `[C]` per image. Arguments: input, output.
///
/// `grad` (max only; the mean's gradient is a map kernel): arguments x, y, dy, dx; dy is shared equally by
/// all elements that equal the maximum, as TensorFlow's `reduce_max` does. `input` is the layout of both x
/// and dx when they agree; `output` of y and dy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GlobalPoolDesc {
    /// Largest or mean.
    pub kind: PoolKind,
    /// Layout of the feature map x.
    pub input: Layout,
    /// Layout of the vectors (one pixel).
    pub output: Layout,
    /// Layout of dx, for the gradient.
    pub grad: Option<Layout>,
}
