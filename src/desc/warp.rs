//! Images sampled at other places.

use crate::tensor::Layout;

/// What a sample between pixels is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// The pixel that the place lies in.
    Nearest,
    /// Between the centres of the four nearest pixels.
    Bilinear,
}

/// What lies outside an image, as TensorFlow's `ImageProjectiveTransformV3` has it. Coordinates count from
/// the first pixel's centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Border {
    /// The nearest pixel of the border.
    Nearest,
    /// Mirrored at the border: `dcba|abcd|dcba`.
    Reflect,
    /// Repeated: `abcd|abcd|abcd`; between the last pixel and the first the nearer border.
    Wrap,
    /// This number, by its bits.
    Constant(u32),
}

/// Where an output pixel's sample lies. A matrix `[a, b, c, d, e, f]` maps centres of output pixels to places
/// in the input, both counted from the image's upper left corner:
/// ```text
/// x = a (ox + 1/2) + b (oy + 1/2) + c      y = d (ox + 1/2) + e (oy + 1/2) + f
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matrix {
    /// The same one for all images, by the bits of its numbers.
    Fixed([u32; 6]),
    /// One per image, given: six numbers without gaps.
    PerImage,
}

/// Samples `count` images. Arguments: the image, the matrices where they are given, the result.
///
/// `grad`: the image's place is taken by the result's gradient (layout `output`), the result's by the image's
/// gradient (layout `input`). Every element of it is written; what several samples took from one pixel is
/// added up in the order of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WarpDesc {
    /// Layout of the image, or of its gradient.
    pub input: Layout,
    /// Layout of the result, or of its gradient.
    pub output: Layout,
    /// Between pixels.
    pub interpolation: Interpolation,
    /// Outside the image.
    pub border: Border,
    /// Where samples lie.
    pub matrix: Matrix,
    /// The gradient by the image.
    pub grad: bool,
}
