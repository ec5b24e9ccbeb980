//! Augmentations: what happens to training pictures.

use std::fmt;

use super::choices::choices;
use super::{Category, Choices, OptionSpec, OptionType, OptionValue, Row, WIDEST, Word, Words, Written};

/// Augmentations, with their ranges. Shares are in 0..=1, angles in degrees, lengths in pixels of the
/// arranged picture (after `color` and `resize`); values of pixels lie in 0..=255, and colour operations clip
/// to that.
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
        /// Largest ratio of the window's sides, compared with the picture's; its logarithm is uniform in ±
        /// this one's.
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
    /// Whether it mixes pictures of a batch, and their labels.
    pub fn mixes_labels(self) -> bool {
        matches!(self, AugmentKind::Mixup { .. } | AugmentKind::Cutmix { .. })
    }
}

choices! {
    /// Which way a picture is mirrored.
    pub enum MirrorAxis {
        /// Left and right.
        Horizontal = "horizontal",
        /// Up and down.
        Vertical = "vertical",
    }
}

/// How often an operation happens; what a file writes is in [`crate::ir::AugmentOp`].
const fn probability(usual: &'static str) -> OptionSpec {
    OptionSpec::optional("p", OptionType::Share, usual, "How often it happens.")
}

const ALWAYS: OptionSpec = probability("100%");
const HALF: OptionSpec = probability("50%");

impl Words for AugmentKind {
    const EXPECTED: &'static str = Category::Augmentation.one();
    const FIRST_IS_WORD: bool = true;

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("rotation", "Turned around the centre, uniform in ± the angle.")
                .keras("RandomRotation")
                .example("rotation(20deg)")
                .options(&[OptionSpec::required("angle", OptionType::Angle, "Largest angle."), ALWAYS])
                .unnamed(1),
            |a| AugmentKind::Rotation { degrees: a.angle("angle") },
        ),
        Row::new(
            Word::new("shift", "Moved, uniform in ± these shares; at least one is written.")
                .keras("RandomTranslation")
                .example("shift(width: 10%, height: 10%)")
                .options(&[
                    OptionSpec::optional("width", OptionType::Share, "0", "Share of the width."),
                    OptionSpec::optional(
                        "height",
                        OptionType::Share,
                        "0",
                        "Share \
                    of the height.",
                    ),
                    ALWAYS,
                ]),
            |a| AugmentKind::Shift { width: a.float("width"), height: a.float("height") },
        ),
        Row::new(
            Word::new("shear", "Uniform in ± the angle, as Keras's `ImageDataGenerator` shears.")
                .keras("RandomShear")
                .example("shear(10deg)")
                .options(&[OptionSpec::required("angle", OptionType::Angle, "Largest angle."), ALWAYS])
                .unnamed(1),
            |a| AugmentKind::Shear { degrees: a.angle("angle") },
        ),
        Row::new(
            Word::new("zoom", "Factor uniform in 1 ± the share, the same for both axes; above 1 shows more.")
                .keras("RandomZoom")
                .example("zoom(20%)")
                .options(&[OptionSpec::required("amount", OptionType::Rate, "Largest change."), ALWAYS])
                .unnamed(1),
            |a| AugmentKind::Zoom { amount: a.float("amount") },
        ),
        Row::new(
            Word::new("flip", "Mirrored. Of data with a `mirror:` a horizontal flip changes the label too.")
                .keras("RandomFlip")
                .example("flip(horizontal)")
                .options(&[
                    OptionSpec::required(
                        "direction",
                        OptionType::Choice(MirrorAxis::NAMES),
                        "Left \
                    and right, or up and down.",
                    ),
                    HALF,
                ])
                .unnamed(1),
            |a| match a.one_of("direction") {
                MirrorAxis::Horizontal => AugmentKind::FlipHorizontal,
                MirrorAxis::Vertical => AugmentKind::FlipVertical,
            },
        ),
        Row::new(
            Word::new(
                "crop",
                "A window at a random place of the picture with `pad` pixels of `fill` around \
                it, made as large as the picture.",
            )
            .keras("RandomCrop")
            .example("crop(28x28, pad: 4)")
            .options(&[
                OptionSpec::required("size", OptionType::Size, "The window, in pixels."),
                OptionSpec::optional(
                    "pad",
                    OptionType::Within { min: 0, max: WIDEST },
                    "0",
                    "Pixels \
                    on every side.",
                ),
                ALWAYS,
            ])
            .unnamed(1),
            |a| AugmentKind::Crop { size: a.extents("size"), pad: a.int("pad") },
        ),
        Row::new(
            Word::new(
                "resized_crop",
                "A window of an area uniform in `area`..1 and a ratio of sides up to \
                `ratio` (or 1/`ratio`) times the picture's, its logarithm uniform.",
            )
            .keras("RandomResizedCrop")
            .example("resized_crop(area: 50%)")
            .options(&[
                OptionSpec::optional(
                    "area",
                    OptionType::Share,
                    "8%",
                    "Smallest share of the picture's area.",
                ),
                OptionSpec::optional(
                    "ratio",
                    OptionType::AtLeastOne,
                    "4/3",
                    "Largest \
                    ratio of sides, compared with the picture's.",
                ),
                ALWAYS,
            ]),
            |a| AugmentKind::ResizedCrop { area: a.float("area"), ratio: a.float("ratio") },
        ),
        Row::new(
            Word::new("brightness", "One number is added to all values.")
                .keras("RandomBrightness")
                .example("brightness(20%)")
                .options(&[
                    OptionSpec::required("amount", OptionType::Share, "Largest change, a share of 255."),
                    ALWAYS,
                ])
                .unnamed(1),
            |a| AugmentKind::Brightness { amount: a.float("amount") },
        ),
        Row::new(
            Word::new(
                "contrast",
                "The distance from the channel's mean, times a factor uniform in 1 ± the \
                share (as Keras's `RandomContrast`).",
            )
            .keras("RandomContrast")
            .example("contrast(20%)")
            .options(&[
                OptionSpec::required("amount", OptionType::Share, "Largest change of the factor."),
                ALWAYS,
            ])
            .unnamed(1),
            |a| AugmentKind::Contrast { amount: a.float("amount") },
        ),
        Row::new(
            Word::new(
                "saturation",
                "The distance from the pixel's grey (BT.601), times a factor uniform in \
                1 ± the share.",
            )
            .keras("RandomSaturation")
            .example("saturation(30%)")
            .options(&[
                OptionSpec::required("amount", OptionType::Share, "Largest change of the factor."),
                ALWAYS,
            ])
            .unnamed(1),
            |a| AugmentKind::Saturation { amount: a.float("amount") },
        ),
        Row::new(
            Word::new("hue", "The hue (of HSV), turned by an angle uniform in ± this one.")
                .keras("RandomHue")
                .example("hue(10deg)")
                .options(&[OptionSpec::required("angle", OptionType::Angle, "Largest angle."), ALWAYS])
                .unnamed(1),
            |a| AugmentKind::Hue { degrees: a.angle("angle") },
        ),
        Row::new(
            Word::new("channel_shift", "To each channel a number of its own is added.")
                .example("channel_shift(10%)")
                .options(&[
                    OptionSpec::required("amount", OptionType::Share, "Largest change, a share of 255."),
                    ALWAYS,
                ])
                .unnamed(1),
            |a| AugmentKind::ChannelShift { amount: a.float("amount") },
        ),
        Row::new(
            Word::new("grayscale", "All channels become the grey (BT.601).")
                .keras("RandomGrayscale")
                .example("grayscale(p: 10%)")
                .options(&[HALF]),
            |_| AugmentKind::Grayscale,
        ),
        Row::new(
            Word::new("invert", "255 minus each value.")
                .keras("RandomInvert")
                .example("invert(p: 10%)")
                .options(&[HALF]),
            |_| AugmentKind::Invert,
        ),
        Row::new(
            Word::new(
                "noise",
                "To each value a number of a normal distribution with this deviation is added.",
            )
            .example("noise(5%)")
            .options(&[
                OptionSpec::required(
                    "deviation",
                    OptionType::Share,
                    "Standard deviation, a share \
                    of 255.",
                ),
                ALWAYS,
            ])
            .unnamed(1),
            |a| AugmentKind::Noise { deviation: a.float("deviation") },
        ),
        Row::new(
            Word::new("blur", "Gaussian, its deviation uniform in 0..sigma.")
                .keras("RandomGaussianBlur")
                .example("blur(1.5)")
                .options(&[
                    OptionSpec::required(
                        "sigma",
                        OptionType::NonNegative,
                        "Largest deviation, in \
                    pixels.",
                    ),
                    ALWAYS,
                ])
                .unnamed(1),
            |a| AugmentKind::Blur { sigma: a.float("sigma") },
        ),
        Row::new(
            Word::new("cutout", "Rectangles, their centres anywhere in the picture, become `value`.")
                .keras("RandomErasing")
                .source("DeVries & Taylor, arXiv:1708.04552")
                .example("cutout(8x8)")
                .options(&[
                    OptionSpec::required("size", OptionType::Size, "One rectangle, in pixels."),
                    OptionSpec::optional("holes", OptionType::Int { min: 1 }, "1", "How many."),
                    OptionSpec::optional(
                        "value",
                        OptionType::Float,
                        "0",
                        "What \
                    they show, 0..255.",
                    ),
                    ALWAYS,
                ])
                .unnamed(1),
            |a| AugmentKind::Cutout {
                size: a.extents("size"),
                holes: a.int("holes"),
                value: a.float("value"),
            },
        ),
        Row::new(
            Word::new(
                "skew_corner",
                "One corner moves inwards along one of its sides, by up to this share of it.",
            )
            .example("skew_corner(20%)")
            .options(&[OptionSpec::required("amount", OptionType::Share, "Largest way."), ALWAYS])
            .unnamed(1),
            |a| AugmentKind::SkewCorner { amount: a.float("amount") },
        ),
        Row::new(
            Word::new(
                "skew",
                "The corners of one side move towards each other, each by up to this share of \
                half the side.",
            )
            .keras("RandomPerspective")
            .example("skew(20%)")
            .options(&[OptionSpec::required("amount", OptionType::Share, "Largest way."), ALWAYS])
            .unnamed(1),
            |a| AugmentKind::Skew { amount: a.float("amount") },
        ),
        Row::new(
            Word::new(
                "elastic",
                "Places move by alpha times a field of numbers uniform in -1..1, smoothed \
                by a Gaussian.",
            )
            .keras("RandomElasticTransform")
            .source("Simard et al., ICDAR 2003")
            .example("elastic(alpha: 34, sigma: 4)")
            .options(&[
                OptionSpec::optional(
                    "alpha",
                    OptionType::NonNegative,
                    "34",
                    "Factor of the field, in pixels.",
                ),
                OptionSpec::optional(
                    "sigma",
                    OptionType::Positive,
                    "4",
                    "Deviation \
                    of the Gaussian, in pixels.",
                ),
                ALWAYS,
            ]),
            |a| AugmentKind::Elastic { alpha: a.float("alpha"), sigma: a.float("sigma") },
        ),
        Row::new(
            Word::new(
                "random_distortion",
                "The inner corners of a grid move by up to `magnitude` along each \
                axis, and what lies between with them.",
            )
            .example("random_distortion(grid: 4x4, magnitude: 3)")
            .options(&[
                OptionSpec::optional("grid", OptionType::Size, "4", "Rows and columns of cells."),
                OptionSpec::required(
                    "magnitude",
                    OptionType::NonNegative,
                    "Largest \
                    way, in pixels.",
                ),
                ALWAYS,
            ]),
            |a| AugmentKind::RandomDistortion { grid: a.extents("grid"), magnitude: a.float("magnitude") },
        ),
        Row::new(
            Word::new("mixup", "Two pictures and their labels, mixed in a proportion of Beta(alpha, alpha).")
                .keras("MixUp")
                .source("Zhang et al., arXiv:1710.09412")
                .example("mixup(alpha: 0.2)")
                .options(&[
                    OptionSpec::optional(
                        "alpha",
                        OptionType::Positive,
                        "0.2",
                        "The parameter of the \
                    Beta distribution.",
                    ),
                    ALWAYS,
                ]),
            |a| AugmentKind::Mixup { alpha: a.float("alpha") },
        ),
        Row::new(
            Word::new(
                "cutmix",
                "A rectangle of another picture, its area of Beta(alpha, alpha); labels \
                mixed by area.",
            )
            .keras("CutMix")
            .source("Yun et al., arXiv:1905.04899")
            .example("cutmix(alpha: 1)")
            .options(&[
                OptionSpec::optional(
                    "alpha",
                    OptionType::Positive,
                    "1",
                    "The parameter of the \
                    Beta distribution.",
                ),
                ALWAYS,
            ]),
            |a| AugmentKind::Cutmix { alpha: a.float("alpha") },
        ),
    ];

    fn written(&self) -> Written {
        use OptionValue::{Angle, Choice, Extents, Float, Int};
        let amount = |keyword, amount: f32| Written::new(keyword, [("amount", Float(amount))]);
        let angle = |keyword, degrees: f32| Written::new(keyword, [("angle", Angle(degrees))]);
        let flip = |axis: MirrorAxis| Written::new("flip", [("direction", Choice(axis.name()))]);
        match *self {
            AugmentKind::FlipHorizontal => flip(MirrorAxis::Horizontal),
            AugmentKind::FlipVertical => flip(MirrorAxis::Vertical),
            AugmentKind::Rotation { degrees } => angle("rotation", degrees),
            AugmentKind::Shear { degrees } => angle("shear", degrees),
            AugmentKind::Hue { degrees } => angle("hue", degrees),
            AugmentKind::Shift { width, height } => {
                Written::new("shift", [("width", Float(width)), ("height", Float(height))])
            }
            AugmentKind::Zoom { amount: change } => amount("zoom", change),
            AugmentKind::Brightness { amount: change } => amount("brightness", change),
            AugmentKind::Contrast { amount: change } => amount("contrast", change),
            AugmentKind::Saturation { amount: change } => amount("saturation", change),
            AugmentKind::ChannelShift { amount: change } => amount("channel_shift", change),
            AugmentKind::SkewCorner { amount: way } => amount("skew_corner", way),
            AugmentKind::Skew { amount: way } => amount("skew", way),
            AugmentKind::Crop { size, pad } => {
                Written::new("crop", [("size", Extents(size)), ("pad", Int(pad))])
            }
            AugmentKind::ResizedCrop { area, ratio } => {
                Written::new("resized_crop", [("area", Float(area)), ("ratio", Float(ratio))])
            }
            AugmentKind::Grayscale => Written::bare("grayscale"),
            AugmentKind::Invert => Written::bare("invert"),
            AugmentKind::Noise { deviation } => Written::new("noise", [("deviation", Float(deviation))]),
            AugmentKind::Blur { sigma } => Written::new("blur", [("sigma", Float(sigma))]),
            AugmentKind::Cutout { size, holes, value } => Written::new(
                "cutout",
                [("size", Extents(size)), ("holes", Int(holes)), ("value", Float(value))],
            ),
            AugmentKind::Elastic { alpha, sigma } => {
                Written::new("elastic", [("alpha", Float(alpha)), ("sigma", Float(sigma))])
            }
            AugmentKind::RandomDistortion { grid, magnitude } => {
                Written::new("random_distortion", [("grid", Extents(grid)), ("magnitude", Float(magnitude))])
            }
            AugmentKind::Mixup { alpha } => Written::new("mixup", [("alpha", Float(alpha))]),
            AugmentKind::Cutmix { alpha } => Written::new("cutmix", [("alpha", Float(alpha))]),
        }
    }
}

/// The operation as a file could write it, without `p:`.
impl fmt::Display for AugmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
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

impl Words for Fill {
    const EXPECTED: &'static str = "a word such as `nearest`";

    const TABLE: &'static [Row<Self>] = &[
        Row::new(Word::new("nearest", "The nearest pixel of the border.").example("fill: nearest"), |_| {
            Fill::Nearest
        }),
        Row::new(
            Word::new("reflect", "The picture, mirrored at the border.").example("fill: reflect"),
            |_| Fill::Reflect,
        ),
        Row::new(Word::new("wrap", "The picture, repeated.").example("fill: wrap"), |_| Fill::Wrap),
        Row::new(
            Word::new("constant", "One value.")
                .example("fill: constant(0)")
                .options(&[OptionSpec::required(
                    "value",
                    OptionType::Float,
                    "The value outside, as pixels are before `rescale`: 0..255.",
                )])
                .unnamed(1),
            |a| Fill::Constant(a.float("value")),
        ),
    ];

    fn written(&self) -> Written {
        match *self {
            Fill::Nearest => Written::bare("nearest"),
            Fill::Reflect => Written::bare("reflect"),
            Fill::Wrap => Written::bare("wrap"),
            Fill::Constant(value) => Written::new("constant", [("value", OptionValue::Float(value))]),
        }
    }
}
