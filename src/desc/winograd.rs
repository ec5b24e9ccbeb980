//! Convolutions with 3x3 windows by Winograd's method.

use super::{ConvDesc, ConvGradWeightDesc};

/// How large the squares are that an image is cut into.
///
/// A square of `m x m` results of a 3x3 window is made of `(m + 2)²` products instead of `9 m²`: 2.25 and 4
/// times fewer. See `kernel::winograd` for the method and its error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Square {
    /// F(2x2, 3x3).
    Two,
    /// F(4x4, 3x3).
    Four,
}

impl Square {
    /// Both.
    pub const ALL: [Square; 2] = [Square::Two, Square::Four];

    /// Results along a side, `m`.
    pub fn side(self) -> usize {
        match self {
            Square::Two => 2,
            Square::Four => 4,
        }
    }

    /// Points along a side, `m + 2`.
    pub fn points(self) -> usize {
        self.side() + 2
    }

    /// Points of a square, `(m + 2)²`: as many matrix products are made.
    pub fn area(self) -> usize {
        self.points() * self.points()
    }
}

/// A convolution of `count` images, or its gradient by the input: what a [`ConvDesc`] with a 3x3 window, no
/// stride, no dilation and no groups is.
///
/// Arguments: those of the [`ConvDesc`], with weights as a [`WinogradWeightDesc`] makes them, and scratch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WinogradDesc {
    /// What is computed.
    pub conv: ConvDesc,
    /// How.
    pub square: Square,
    /// Images of a call, usually.
    pub images: usize,
}

/// A step of [`WinogradStepDesc`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WinogradStep {
    /// From `count` images to their squares' inputs at the points. Arguments: input, inputs at the points.
    Inputs,
    /// Products of `count` points. Arguments, from the first point on: inputs at the points, weights, results
    /// at the points.
    Products {
        /// For the squares of so many images, from those on that the pointers stand at: all of the
        /// batch, or some.
        images: usize,
    },
    /// From results at the points to `count` images. Arguments: results at the points, then from the bias on
    /// as [`ConvDesc`].
    Results,
}

/// One of the three steps of a [`WinogradDesc`] for a whole batch.
///
/// Inputs `[(m + 2)², squares, I]` and results `[(m + 2)², squares, O]` at the points hold the squares of all
/// images, one image's behind the other's, with a gap between the points' matrices as
/// `kernel::winograd::Planes` says. Pointers to them stand at the first square of the call's first image, at
/// the first point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WinogradStepDesc {
    /// What is computed.
    pub conv: ConvDesc,
    /// How.
    pub square: Square,
    /// Images of the batch: there is room for their squares.
    pub images: usize,
    /// Which step.
    pub step: WinogradStep,
}

/// Weights of 3x3 windows at the points of a square: `u = G w Gᵀ` for every pair of channels.
///
/// Arguments: weights `[3, 3, I, O]`, result `[O / W, (m + 2)², I, W]` with `W` of
/// [`WinogradWeightDesc::block`], both from the first row of the call on; `count` is the number of rows,
/// input channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WinogradWeightDesc {
    /// The points.
    pub square: Square,
    /// Taps are taken from last to first, as the gradient by the input wants them.
    pub flipped: bool,
    /// `I`
    pub inputs: usize,
    /// `O`
    pub outputs: usize,
}

impl WinogradWeightDesc {
    /// Output channels that lie together: two vectors, or one where there are no more. Rows of a block follow
    /// each other without a gap, so that a tile's walk through them does not fall on few sets of the caches.
    pub fn block(outputs: usize, lanes: usize) -> usize {
        lanes * outputs.div_ceil(lanes).min(2)
    }

    /// Elements of the result.
    pub fn elements(&self, lanes: usize) -> usize {
        let block = Self::block(self.outputs, lanes);
        self.square.area() * self.inputs * self.outputs.next_multiple_of(block)
    }
}

/// Gradient of such a convolution by its weights, summed over the `count` images of the call; otherwise as
/// [`ConvGradWeightDesc`].
///
/// Arguments: x, dy, dw `[3, 3, I, O]`, scratch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WinogradGradWeightDesc {
    /// What is computed.
    pub conv: ConvGradWeightDesc,
    /// How.
    pub square: Square,
    /// Images of a call, usually.
    pub images: usize,
}
