//! Padding, cropping, joining and slicing.

use crate::tensor::{Shape, TensorType};

/// Zeros around the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pad {
    /// `[top, bottom, left, right]` in pixels.
    pub amounts: [usize; 4],
}

impl Pad {
    /// Shape with the zeros.
    pub fn padded(&self, shape: &Shape) -> Shape {
        let (h, w, c) = shape.as_pixels();
        let [top, bottom, left, right] = self.amounts;
        Shape::image(top + h + bottom, left + w + right, c)
    }
}

/// The inside of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unpad {
    /// Pixels taken away, `[top, bottom, left, right]`.
    pub amounts: [usize; 4],
}

impl Unpad {
    /// Shape without the border.
    pub fn cropped(&self, shape: &Shape) -> Shape {
        let (h, w, c) = shape.as_pixels();
        let [top, bottom, left, right] = self.amounts;
        Shape::image(h - top - bottom, w - left - right, c)
    }
}

/// A range of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slice {
    /// First channel.
    pub start: usize,
    /// Number of channels.
    pub channels: usize,
}

impl Slice {
    /// Result type.
    pub fn infer(&self, operands: &[&TensorType]) -> TensorType {
        let mut extents = operands[0].shape.extents().to_vec();
        if let Some(last) = extents.last_mut() {
            *last = self.channels;
        }
        TensorType { shape: Shape::new(extents), ..operands[0].clone() }
    }
}

/// The type of feature maps (or vectors) joined along their last axis.
pub(super) fn concat_type(operands: &[&TensorType]) -> TensorType {
    let mut extents = operands[0].shape.extents().to_vec();
    if let Some(last) = extents.last_mut() {
        *last = operands.iter().map(|ty| ty.shape.channels()).sum();
    }
    TensorType { shape: Shape::new(extents), ..operands[0].clone() }
}
