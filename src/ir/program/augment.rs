//! What happens to training images.

use std::fmt;

use crate::source::{Span, Spanned};

/// The `augment` section, in the order written.
#[derive(Debug, Clone, PartialEq)]
pub struct AugmentSpec {
    /// Operations; consecutive affine ones are composed into one matrix and sampled once.
    pub ops: Vec<Spanned<AugmentOp>>,
    /// What lies outside the picture. Default nearest.
    pub fill: Fill,
    /// Pictures that `cnnc augment` writes. Default 20.
    pub samples: usize,
}

impl Default for AugmentSpec {
    fn default() -> Self {
        Self { ops: Vec::new(), fill: Fill::default(), samples: 20 }
    }
}

impl AugmentSpec {
    /// Whether pictures are mixed with others, so that labels are shares of classes.
    pub fn mixes_labels(&self) -> bool {
        self.ops.iter().any(|op| op.value.kind.mixes_labels())
    }
}

/// One operation and how often it happens.
#[derive(Debug, Clone, PartialEq)]
pub struct AugmentOp {
    /// What.
    pub kind: AugmentKind,
    /// Probability, `p:`, in 0..=1. The default is that of the table, [`AugmentInfo::usual`].
    pub probability: f32,
    /// Where each written option stands: (option's name, its value's span).
    pub options: Vec<(&'static str, Span)>,
}

impl AugmentOp {
    /// An operation of which no option is known by its place.
    pub fn new(kind: AugmentKind, probability: f32) -> Self {
        Self { kind, probability, options: Vec::new() }
    }

    /// Where an option's value stands, if it is written.
    pub fn span_of(&self, option: &str) -> Option<Span> {
        self.options.iter().find(|(name, _)| *name == option).map(|(_, span)| *span)
    }
}

/// Augmentations, with their ranges. Shares are in 0..=1, angles in degrees, lengths in pixels of the arranged picture (after `color` and `resize`);
/// values of pixels lie in 0..=255, and colour operations clip to that.
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
    /// A window at a random place of the picture with a margin around it, made as large as the picture.
    Crop {
        /// Rows and columns of the window.
        size: [usize; 2],
        /// Margin on every side, filled as `fill` says.
        pad: usize,
    },
    /// A window of random area and ratio at a random place, made as large as the picture.
    ResizedCrop {
        /// Smallest share of the picture's area; uniform from it to 1.
        area: f32,
        /// Largest ratio of the window's sides, compared with the picture's; its logarithm is uniform in ± this one's.
        ratio: f32,
    },
    /// Adds one number to all values, uniform in ± this share of 255.
    Brightness {
        /// Largest change.
        amount: f32,
    },
    /// Multiplies the distance of each value from its channel's mean by a factor uniform in 1 ± this share.
    Contrast {
        /// Largest change.
        amount: f32,
    },
    /// Multiplies the distance of each colour from its grey by a factor uniform in 1 ± this share.
    Saturation {
        /// Largest change.
        amount: f32,
    },
    /// Turns the hue by an angle uniform in ± this one.
    Hue {
        /// Largest angle.
        degrees: f32,
    },
    /// Adds a number to each channel, uniform in ± this share of 255.
    ChannelShift {
        /// Largest change.
        amount: f32,
    },
    /// Makes all channels the picture's grey.
    Grayscale,
    /// 255 minus each value.
    Invert,
    /// Adds to each value a number of a normal distribution.
    Noise {
        /// Standard deviation, a share of 255.
        deviation: f32,
    },
    /// Gaussian blur of a radius uniform in 0..=this.
    Blur {
        /// Largest standard deviation, in pixels.
        sigma: f32,
    },
    /// Covers rectangles at random places.
    Cutout {
        /// Rows and columns of one.
        size: [usize; 2],
        /// How many.
        holes: usize,
        /// What they show.
        value: f32,
    },
    /// One corner moves along one of its sides.
    SkewCorner {
        /// Largest way, a share of the side.
        amount: f32,
    },
    /// The picture leans to one of four sides: both corners of that side move towards each other.
    Skew {
        /// Largest way of each, a share of half the side.
        amount: f32,
    },
    /// Displaces each pixel by a smooth random field.
    Elastic {
        /// Factor of the field, in pixels.
        alpha: f32,
        /// Standard deviation of the Gaussian that smooths it, in pixels.
        sigma: f32,
    },
    /// Moves the inner corners of a grid, and with them what lies between.
    RandomDistortion {
        /// Rows and columns of cells.
        grid: [usize; 2],
        /// Largest way along each axis, in pixels.
        magnitude: f32,
    },
    /// Mixes two pictures and their labels in a proportion of Beta(α, α).
    Mixup {
        /// α.
        alpha: f32,
    },
    /// Puts a rectangle of another picture in, and mixes the labels by area; the share is of Beta(α, α).
    Cutmix {
        /// α.
        alpha: f32,
    },
}

impl AugmentKind {
    /// As it is called in a file.
    pub fn keyword(self) -> &'static str {
        match self {
            AugmentKind::FlipHorizontal | AugmentKind::FlipVertical => "flip",
            AugmentKind::Rotation { .. } => "rotation",
            AugmentKind::Shift { .. } => "shift",
            AugmentKind::Shear { .. } => "shear",
            AugmentKind::Zoom { .. } => "zoom",
            AugmentKind::Crop { .. } => "crop",
            AugmentKind::ResizedCrop { .. } => "resized_crop",
            AugmentKind::Brightness { .. } => "brightness",
            AugmentKind::Contrast { .. } => "contrast",
            AugmentKind::Saturation { .. } => "saturation",
            AugmentKind::Hue { .. } => "hue",
            AugmentKind::ChannelShift { .. } => "channel_shift",
            AugmentKind::Grayscale => "grayscale",
            AugmentKind::Invert => "invert",
            AugmentKind::Noise { .. } => "noise",
            AugmentKind::Blur { .. } => "blur",
            AugmentKind::Cutout { .. } => "cutout",
            AugmentKind::SkewCorner { .. } => "skew_corner",
            AugmentKind::Skew { .. } => "skew",
            AugmentKind::Elastic { .. } => "elastic",
            AugmentKind::RandomDistortion { .. } => "random_distortion",
            AugmentKind::Mixup { .. } => "mixup",
            AugmentKind::Cutmix { .. } => "cutmix",
        }
    }

    /// Whether it mixes pictures of a batch, and their labels.
    pub fn mixes_labels(self) -> bool {
        matches!(self, AugmentKind::Mixup { .. } | AugmentKind::Cutmix { .. })
    }
}

/// The operation as a file could write it, without `p:`.
impl fmt::Display for AugmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keyword = self.keyword();
        match self {
            AugmentKind::FlipHorizontal => write!(f, "flip(horizontal)"),
            AugmentKind::FlipVertical => write!(f, "flip(vertical)"),
            AugmentKind::Rotation { degrees } | AugmentKind::Shear { degrees } | AugmentKind::Hue { degrees } => {
                write!(f, "{keyword}({degrees}deg)")
            }
            AugmentKind::Shift { width, height } => write!(f, "shift(width: {width}, height: {height})"),
            AugmentKind::Zoom { amount }
            | AugmentKind::Brightness { amount }
            | AugmentKind::Contrast { amount }
            | AugmentKind::Saturation { amount }
            | AugmentKind::ChannelShift { amount }
            | AugmentKind::SkewCorner { amount }
            | AugmentKind::Skew { amount } => write!(f, "{keyword}({amount})"),
            AugmentKind::Crop { size: [height, width], pad } => write!(f, "crop({height}x{width}, pad: {pad})"),
            AugmentKind::ResizedCrop { area, ratio } => write!(f, "resized_crop(area: {area}, ratio: {ratio})"),
            AugmentKind::Grayscale | AugmentKind::Invert => f.write_str(keyword),
            AugmentKind::Noise { deviation } => write!(f, "noise({deviation})"),
            AugmentKind::Blur { sigma } => write!(f, "blur({sigma})"),
            AugmentKind::Cutout { size: [height, width], holes, value } => {
                write!(f, "cutout({height}x{width}, holes: {holes}, value: {value})")
            }
            AugmentKind::Elastic { alpha, sigma } => write!(f, "elastic(alpha: {alpha}, sigma: {sigma})"),
            AugmentKind::RandomDistortion { grid: [rows, columns], magnitude } => {
                write!(f, "random_distortion(grid: {rows}x{columns}, magnitude: {magnitude})")
            }
            AugmentKind::Mixup { alpha } | AugmentKind::Cutmix { alpha } => write!(f, "{keyword}(alpha: {alpha})"),
        }
    }
}

/// How an operation is written: what lowering, diagnostics and the reference read.
#[derive(Debug, Clone, Copy)]
pub struct AugmentInfo {
    /// `resized_crop`
    pub keyword: &'static str,
    /// Options in the order of positional arguments, with what each takes and its default (empty: it must be written). `p` follows them.
    pub options: &'static [[&'static str; 3]],
    /// How often it happens where `p:` is not written.
    pub usual: f32,
    /// One sentence for the reference.
    pub help: &'static str,
}

const fn info(
    keyword: &'static str,
    options: &'static [[&'static str; 3]],
    usual: f32,
    help: &'static str,
) -> AugmentInfo {
    AugmentInfo { keyword, options, usual, help }
}

/// All operations, in the order of the reference.
pub const AUGMENTATIONS: &[AugmentInfo] = &[
    info("rotation", &[["angle", "an angle", ""]], 1.0, "Turned around the centre, uniform in ± the angle."),
    info(
        "shift",
        &[["width", "a share of the width", "0"], ["height", "a share of the height", "0"]],
        1.0,
        "Moved, uniform in ± these shares; at least one is written.",
    ),
    info("shear", &[["angle", "an angle", ""]], 1.0, "Uniform in ± the angle, as Keras's `ImageDataGenerator` shears."),
    info(
        "zoom",
        &[["amount", "a share below 1", ""]],
        1.0,
        "Factor uniform in 1 ± the share, the same for both axes; above 1 shows more.",
    ),
    info(
        "flip",
        &[["direction", "`horizontal` or `vertical`", ""]],
        0.5,
        "Mirrored. Of data with a `mirror:` a horizontal flip changes the label too.",
    ),
    info(
        "crop",
        &[["size", "pixels such as 28 or 28x28", ""], ["pad", "pixels", "0"]],
        1.0,
        "A window at a random place of the picture with `pad` pixels of `fill` around it, made as large as the picture.",
    ),
    info(
        "resized_crop",
        &[["area", "a share", "8%"], ["ratio", "a number from 1 on", "4/3"]],
        1.0,
        "A window of an area uniform in `area`..1 and a ratio of sides up to `ratio` (or 1/`ratio`) times the picture's, its logarithm uniform.",
    ),
    info("brightness", &[["amount", "a share of 255", ""]], 1.0, "One number is added to all values."),
    info(
        "contrast",
        &[["amount", "a share", ""]],
        1.0,
        "The distance from the channel's mean, times a factor uniform in 1 ± the share (as Keras's `RandomContrast`).",
    ),
    info(
        "saturation",
        &[["amount", "a share", ""]],
        1.0,
        "The distance from the pixel's grey (BT.601), times a factor uniform in 1 ± the share.",
    ),
    info("hue", &[["angle", "an angle", ""]], 1.0, "The hue (of HSV), turned by an angle uniform in ± this one."),
    info("channel_shift", &[["amount", "a share of 255", ""]], 1.0, "To each channel a number of its own is added."),
    info("grayscale", &[], 0.5, "All channels become the grey (BT.601)."),
    info("invert", &[], 0.5, "255 minus each value."),
    info(
        "noise",
        &[["deviation", "a share of 255", ""]],
        1.0,
        "To each value a number of a normal distribution with this deviation is added.",
    ),
    info("blur", &[["sigma", "pixels", ""]], 1.0, "Gaussian, its deviation uniform in 0..sigma."),
    info(
        "cutout",
        &[["size", "pixels such as 8 or 8x8", ""], ["holes", "a whole number", "1"], ["value", "0..255", "0"]],
        1.0,
        "Rectangles, their centres anywhere in the picture, become `value` (arXiv:1708.04552).",
    ),
    info(
        "skew_corner",
        &[["amount", "a share", ""]],
        1.0,
        "One corner moves inwards along one of its sides, by up to this share of it.",
    ),
    info(
        "skew",
        &[["amount", "a share", ""]],
        1.0,
        "The corners of one side move towards each other, each by up to this share of half the side.",
    ),
    info(
        "elastic",
        &[["alpha", "pixels", "34"], ["sigma", "pixels", "4"]],
        1.0,
        "Places move by alpha times a field of numbers uniform in -1..1, smoothed by a Gaussian (Simard et al., 2003).",
    ),
    info(
        "random_distortion",
        &[["grid", "cells such as 4 or 4x4", "4"], ["magnitude", "pixels", ""]],
        1.0,
        "The inner corners of a grid move by up to `magnitude` along each axis, and what lies between with them.",
    ),
    info(
        "mixup",
        &[["alpha", "a number above 0", "0.2"]],
        1.0,
        "Two pictures and their labels, mixed in a proportion of Beta(alpha, alpha) (arXiv:1710.09412).",
    ),
    info(
        "cutmix",
        &[["alpha", "a number above 0", "1"]],
        1.0,
        "A rectangle of another picture, its area of Beta(alpha, alpha); labels mixed by area (arXiv:1905.04899).",
    ),
];

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
