//! Images sampled at other places.

use crate::desc::{Border, Interpolation, Matrix};
use crate::tensor::{Shape, TensorType};

/// A new image out of samples of another: resizing, turning, shifting. See [`Matrix`] for where samples lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Warp {
    /// Rows of the result.
    pub height: usize,
    /// Columns of the result.
    pub width: usize,
    /// Between pixels.
    pub interpolation: Interpolation,
    /// Outside the image.
    pub border: Border,
    /// One for all images, or the second operand: `[6]` per image.
    pub matrix: Matrix,
}

impl Warp {
    /// Result type.
    pub fn infer(&self, operands: &[&TensorType]) -> TensorType {
        TensorType::per_image(Shape::image(self.height, self.width, operands[0].shape.channels()))
    }
}

/// Gradient of a warp by its image.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WarpGrad {
    /// The forward warp.
    pub warp: Warp,
    /// Shape of its image.
    pub input: Shape,
}
