//! How a picture becomes the model's input: sizes, colours, normalisations.

use super::choices::choices;
use super::{Choices, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};

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

choices! {
    /// Interpolation.
    pub enum ResizeMethod {
        /// Linear between the four neighbours (half-pixel centres, no antialiasing: as Keras).
        Bilinear = "bilinear",
        /// The nearest pixel (half-pixel centres).
        Nearest = "nearest",
        /// Mean over the covered area.
        Area = "area",
        /// Cubic convolution (Keys, a = −½), antialiased: as Pillow and PyTorch.
        Bicubic = "bicubic",
        /// Lanczos, radius 3, antialiased.
        Lanczos3 = "lanczos3",
    }
}

choices! {
    /// What happens to another aspect ratio.
    pub enum Fit {
        /// Both axes are scaled by themselves.
        Stretch = "stretch",
        /// The centre, cut to the target's ratio.
        Crop = "crop",
        /// The whole picture, with black bars.
        Letterbox = "letterbox",
    }
}

choices! {
    /// Colour conversion.
    pub enum Color {
        /// Three channels; grey is repeated.
        Rgb = "rgb",
        /// One channel: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded half up.
        Gray = "gray",
        /// One channel: CIE L* of the sRGB picture (D65), 0..=100.
        LabL = "lab_l",
    }
}

impl Words for Resize {
    const EXPECTED: &'static str = "height and width such as 150x150";
    const FIRST_IS_WORD: bool = true;

    const TABLE: &'static [Row<Self>] = &[Row::new(
        Word::new("resize", "Brings all pictures to one size.")
            .keras("Resizing")
            .example("resize(150x150, method: area, fit: crop)")
            .options(&[
                OptionSpec::required("size", OptionType::Size, "Height and width, in pixels."),
                OptionSpec::optional(
                    "method",
                    OptionType::Choice(ResizeMethod::NAMES),
                    "bilinear",
                    "Interpolation: `bilinear` as Keras, `area` the mean over what is covered, `bicubic` as \
                        PyTorch with antialiasing, `lanczos3` the sharpest.",
                ),
                OptionSpec::optional(
                    "fit",
                    OptionType::Choice(Fit::NAMES),
                    "stretch",
                    "Another ratio of sides is stretched, cut to the centre (`crop`), or shown whole between \
                        black bars (`letterbox`).",
                ),
            ])
            .unnamed(1),
        |a| {
            let [height, width] = a.extents("size");
            Resize { height, width, method: a.one_of("method"), fit: a.one_of("fit") }
        },
    )];

    fn written(&self) -> Written {
        let Resize { height, width, method, fit } = *self;
        Written::new(
            "resize",
            [
                ("size", OptionValue::Extents([height, width])),
                ("method", OptionValue::Choice(method.name())),
                ("fit", OptionValue::Choice(fit.name())),
            ],
        )
    }
}

/// Normalisation after rescaling.
#[derive(Debug, Clone, PartialEq)]
pub enum Normalize {
    /// Each picture to mean 0 and deviation 1 (deviation at least 1/√elements, as TensorFlow's
    /// per_image_standardization).
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

/// Means and deviations of ImageNet's training images, for values in 0..1.
/// Source: the constants that torchvision's and Keras's (mode "torch") preprocessing use.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

/// Means of ImageNet's training images in the order blue, green, red, for values in 0..255.
/// Source: the constants that Keras's preprocessing (mode "caffe") uses.
const CAFFE: [f32; 3] = [103.939, 116.779, 123.68];

impl Normalize {
    /// `imagenet`
    pub fn imagenet() -> Self {
        Self::Standard { mean: IMAGENET.0.to_vec(), std: IMAGENET.1.to_vec(), bgr: false }
    }
}

impl Words for Normalize {
    const EXPECTED: &'static str = "a word such as `per_image`";

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("per_image", "Each picture by itself to mean 0 and deviation 1.")
                .keras("per_image_standardization")
                .formula("(x − mean) / max(std, 1/√elements), of the picture's own values")
                .example("normalize: per_image"),
            |_| Normalize::PerImage,
        ),
        Row::new(
            Word::new(
                "featurewise",
                "Each channel by the training split's mean and deviation, found once and stored with the \
                    weights.",
            )
            .keras("featurewise_std_normalization")
            .formula("(x − mean) / std, of each channel")
            .example("normalize: featurewise"),
            |_| Normalize::Featurewise,
        ),
        Row::new(
            Word::new("imagenet", "As PyTorch's weights want it; for values in 0..1.")
                .formula("(x − [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]")
                .source("torchvision's preprocessing; Keras's mode \"torch\"")
                .example("normalize: imagenet"),
            |_| Normalize::imagenet(),
        ),
        Row::new(
            Word::new(
                "caffe",
                "As Keras's VGG and ResNet weights want it: blue, green, red, less the means; for values in \
                    0..255.",
            )
            .keras("preprocess_input")
            .formula("[b, g, r] − [103.939, 116.779, 123.68]")
            .source("Keras's preprocessing, mode \"caffe\"")
            .example("normalize: caffe"),
            |_| Normalize::Standard { mean: CAFFE.to_vec(), std: vec![1.0; 3], bgr: true },
        ),
        Row::new(
            Word::new("standard", "Numbers of your own.")
                .keras("Normalization")
                .formula("(x − mean) / std, of each channel")
                .example("normalize: standard(mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25])")
                .options(&[
                    OptionSpec::required(
                        "mean",
                        OptionType::PerChannel { positive: false },
                        "Is taken away.",
                    ),
                    OptionSpec::required("std", OptionType::PerChannel { positive: true }, "Is divided by."),
                ]),
            |a| Normalize::Standard {
                mean: a.numbers("mean").to_vec(),
                std: a.numbers("std").to_vec(),
                bgr: false,
            },
        ),
    ];

    fn written(&self) -> Written {
        match self {
            Normalize::PerImage => Written::bare("per_image"),
            Normalize::Featurewise => Written::bare("featurewise"),
            // the one way to write channels in reverse, and its numbers are its own
            Normalize::Standard { bgr: true, mean: _, std: _ } => Written::bare("caffe"),
            Normalize::Standard { bgr: false, mean, std } => Written::new(
                "standard",
                [("mean", OptionValue::Numbers(mean.clone())), ("std", OptionValue::Numbers(std.clone()))],
            ),
        }
    }
}
