//! Windows that slide over a picture, as convolutions and pools declare them.

use super::{InferError, image_of};
use crate::tensor::{Padding, Shape, Window, WindowTooLarge};

/// What is made of the values in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlidingKind {
    /// Their sum, each times a number of the kernel.
    Convolution,
    /// Their largest, or their mean.
    Pooling,
}

/// A window that slides over a picture, before the picture's size is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sliding {
    /// What is made of the values in it.
    pub kind: SlidingKind,
    /// `[vertical, horizontal]`.
    pub extents: [usize; 2],
    /// `[vertical, horizontal]`.
    pub stride: [usize; 2],
    /// `[vertical, horizontal]`.
    pub dilation: [usize; 2],
    /// What is put around the picture.
    pub padding: Padding,
}

impl Sliding {
    /// Its positions over a feature map.
    pub(super) fn over(&self, input: &Shape) -> Result<Window, InferError> {
        let Self { extents, stride, dilation, padding, kind: _ } = *self;
        let (height, width, _) = image_of(input)?;
        let too_large = |WindowTooLarge { .. }| {
            let effective = |axis: usize| dilation[axis] * (extents[axis] - 1) + 1;
            let pad = if let Padding::Explicit(n) = padding { 2 * n } else { 0 };
            InferError::WindowTooLarge {
                window: [effective(0), effective(1)],
                input: [height + pad, width + pad],
            }
        };
        Window::resolve([height, width], extents, stride, dilation, padding).map_err(too_large)
    }
}
