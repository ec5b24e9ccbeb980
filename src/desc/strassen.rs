//! Convolutions with 1x1 windows by Strassen's method.

use super::{ConvDesc, WinogradWeightDesc};

/// Products of quarters, instead of eight.
pub const STRASSEN_PRODUCTS: usize = 7;

/// A convolution of `count` images, or its gradient by the input: what a [`ConvDesc`] with a 1x1 window, no
/// padding, no groups, no pool and even numbers of channels is; the gradient without stride. See
/// `kernel::strassen` for the method and its error.
///
/// Arguments: those of the [`ConvDesc`], with weights as a [`StrassenWeightDesc`] makes them, and scratch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StrassenDesc {
    /// What is computed.
    pub conv: ConvDesc,
    /// Images of a call, usually.
    pub images: usize,
}

/// Weights `[I, O]` as the seven products want them: sums of their quarters.
///
/// Output channels are cut into parts of `part`, each computed by a call of its own, and the halves of a
/// quarter are those of a part.
///
/// Arguments: weights `[I, O]`, result `[O / part, part / 2 / W, 7, I / 2, W]` with `W` of [`Self::block`],
/// both from the first row of the call on; `count` is the number of rows, half as many as there are input
/// channels: row `r` is made of `r` and `r + I / 2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StrassenWeightDesc {
    /// `I`
    pub inputs: usize,
    /// `O`
    pub outputs: usize,
    /// Output channels of a call.
    pub part: usize,
}

impl StrassenWeightDesc {
    /// Output channels of a half that lie together.
    pub fn block(&self, lanes: usize) -> usize {
        WinogradWeightDesc::block(self.part / 2, lanes)
    }

    /// Matrices `[I / 2, W]` of the result.
    pub fn matrices(&self, lanes: usize) -> usize {
        self.outputs / self.part * (self.part / 2).div_ceil(self.block(lanes)) * STRASSEN_PRODUCTS
    }

    /// Elements of the result.
    pub fn elements(&self, lanes: usize) -> usize {
        self.matrices(lanes) * self.inputs / 2 * self.block(lanes)
    }
}
