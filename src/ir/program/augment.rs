//! What happens to training images.

use crate::source::Spanned;

/// The `augment` section, in the order written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AugmentSpec {
    /// Operations; consecutive affine ones are composed into one matrix and sampled once.
    pub ops: Vec<Spanned<AugmentOp>>,
    /// What lies outside the picture. Default nearest.
    pub fill: Fill,
}

/// One operation and how often it happens.
#[derive(Debug, Clone, PartialEq)]
pub struct AugmentOp {
    /// What.
    pub kind: AugmentKind,
    /// Probability, `p:`. Default 1 (flips: 0.5).
    pub probability: f32,
}

/// Augmentations, with their ranges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AugmentKind {
    /// Mirror left and right.
    FlipHorizontal,
    /// Mirror up and down.
    FlipVertical,
    /// Uniform in ± this many degrees, around the centre.
    Rotation {
        /// Largest angle.
        degrees: f32,
    },
    /// Uniform in ± these shares of width and height.
    Shift {
        /// Share of the width.
        width: f32,
        /// Share of the height.
        height: f32,
    },
    /// Uniform in ± this angle, as Keras's ImageDataGenerator shears.
    Shear {
        /// Largest angle.
        degrees: f32,
    },
    /// Factor uniform in 1 ± this share, the same for both axes.
    Zoom {
        /// Largest change.
        amount: f32,
    },
}

/// What lies outside the picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Fill {
    /// The nearest pixel of the border.
    #[default]
    Nearest,
    /// Mirrored at the border.
    Reflect,
    /// Repeated.
    Wrap,
    /// This value (of the picture as it is before `rescale`).
    Constant(f32),
}
