//! How a picture becomes the model's input.

use super::Backbone;
use crate::source::{Span, Spanned};

/// The `prepare` section: the one description of how a picture becomes the model's input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrepareSpec {
    /// New size.
    pub resize: Option<Spanned<Resize>>,
    /// Colour conversion. Without it a picture keeps its channels (built-in sets) or is read as RGB (folders).
    pub color: Option<Spanned<Color>>,
    /// Factor for every value (0..=255 before it).
    pub rescale: Option<Spanned<f32>>,
    /// Shift and scale after that.
    pub normalize: Option<Spanned<Normalize>>,
}

impl PrepareSpec {
    /// Takes over what the weights of a model used as a layer bring and this section does not say. `used` is where the model is used; `size` that of
    /// the whole model's input: a size is taken over only where it is this one.
    pub fn adopt(&mut self, backbone: &Backbone, used: Span, size: Option<[usize; 2]>) {
        let (Some(_), Some(theirs)) = (&backbone.weights, &backbone.prepare) else { return };
        let fits = |resize: &Spanned<Resize>| Some([resize.value.height, resize.value.width]) == size;
        take(&mut self.resize, theirs.resize.as_ref().filter(|resize| fits(resize)), used);
        take(&mut self.color, theirs.color.as_ref(), used);
        take(&mut self.rescale, theirs.rescale.as_ref(), used);
        take(&mut self.normalize, theirs.normalize.as_ref(), used);
    }
}

fn take<T: Clone>(ours: &mut Option<Spanned<T>>, theirs: Option<&Spanned<T>>, used: Span) {
    if ours.is_none() {
        *ours = theirs.map(|theirs| Spanned::new(theirs.value.clone(), used));
    }
}

/// Resizing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resize {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Interpolation. Default bilinear.
    pub method: ResizeMethod,
    /// What happens to another aspect ratio. Default stretch.
    pub fit: Fit,
}

/// Interpolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResizeMethod {
    /// Linear between the four neighbours (half-pixel centres, no antialiasing: as Keras).
    Bilinear,
    /// The nearest pixel (half-pixel centres).
    Nearest,
    /// Mean over the covered area.
    Area,
    /// Lanczos, radius 3, antialiased.
    Lanczos3,
}

/// What happens to another aspect ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Both axes are scaled by themselves.
    Stretch,
    /// The centre, cut to the target's ratio.
    Crop,
    /// The whole picture, with black bars.
    Letterbox,
}

/// Colour conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Three channels; grey is repeated.
    Rgb,
    /// One channel: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded half up.
    Gray,
    /// One channel: CIE L* of the sRGB picture (D65), 0..=100.
    LabL,
}

/// Normalisation after rescaling.
#[derive(Debug, Clone, PartialEq)]
pub enum Normalize {
    /// Each picture to mean 0 and deviation 1 (deviation at least 1/√elements, as TensorFlow's per_image_standardization).
    PerImage,
    /// Each channel by the training split's mean and deviation (found once, stored with the weights).
    Featurewise,
    /// Given per channel: `(x − mean) / std`. `imagenet` and `caffe` lower to this (caffe also swaps to BGR).
    Standard {
        /// Per channel.
        mean: Vec<f32>,
        /// Per channel.
        std: Vec<f32>,
        /// Channels are reversed first.
        bgr: bool,
    },
}
