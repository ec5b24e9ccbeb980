//! One experiment, with every name resolved: a model, its data, preparation, augmentation and schedule.
//!
//! `lower` makes a [`Program`] of a file; `check` turns it into a [`crate::ir::CheckedProgram`]. All options that the file leaves
//! out stand here with their defaults. Spans point at what the user wrote; `Span::default()` where nothing was written.

use std::path::PathBuf;

use crate::layers::Layer;
use crate::source::{SourceFile, Span, Spanned};

/// A resolved experiment.
#[derive(Debug, Clone)]
pub struct Program {
    /// The file it was read from.
    pub source: SourceFile,
    /// The network.
    pub model: Model,
    /// Where images come from, if the file says.
    pub data: Option<DataSpec>,
    /// How a picture becomes the model's input.
    pub prepare: PrepareSpec,
    /// What happens to training images.
    pub augment: AugmentSpec,
    /// The schedule, if the file has one.
    pub train: Option<TrainSpec>,
}

/// A network: layers in the order of evaluation. The first is an input, the last makes the output.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its name.
    pub name: Spanned<String>,
    /// Layers; each one's inputs stand before it.
    pub layers: Vec<LayerNode>,
}

/// A layer, by its place in [`Model::layers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerId(pub u32);

impl LayerId {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A layer in its network.
#[derive(Debug, Clone)]
pub struct LayerNode {
    /// Full name: given, or made of kind and count as Keras does (`conv2d`, `conv2d_1`).
    pub path: String,
    /// Kind and attributes.
    pub layer: Layer,
    /// Layers whose results it takes.
    pub inputs: Vec<LayerId>,
    /// The whole statement.
    pub span: Span,
    /// Where each written option stands: (option's name, its value's span).
    pub options: Vec<(&'static str, Span)>,
}

/// The `data` section.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSpec {
    /// Where the images are.
    pub source: Spanned<DataSource>,
    /// Share held out for validation.
    pub validation: Option<Spanned<Split>>,
    /// Share held out for the last evaluation; overrides a built-in test split only by `of all`.
    pub test: Option<Spanned<Split>>,
    /// Decides the splits, alone. Default 42.
    pub seed: u64,
    /// Whether training images are shuffled in each epoch. Default true.
    pub shuffle: bool,
    /// Class names in the order of their indices, if written.
    pub classes: Option<Spanned<Vec<String>>>,
}

/// Where images and labels come from. Paths are as written.
#[derive(Debug, Clone, PartialEq)]
pub enum DataSource {
    /// 1,797 UCI digits 8x8x1, in the binary.
    Digits,
    /// 28x28x1 digits, standard idx files.
    Mnist,
    /// 28x28x1 clothes, standard idx files.
    FashionMnist,
    /// 32x32x3, standard binary batches.
    Cifar10,
    /// A folder a class; a path may go on inside a .tar, .tar.gz or .zip.
    Folder {
        /// Training images (or all of them).
        train: PathBuf,
        /// Test images, if they lie apart.
        test: Option<PathBuf>,
    },
    /// `x_train`, `y_train` and, if present, `x_test`, `y_test` arrays (`[N, H, W]` or `[N, H, W, C]`, u8 or f32; labels integers).
    Npz(PathBuf),
}

/// A share of the images, for validation or test. Stratified by class; per class rounded half up.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// In (0, 1).
    pub fraction: f64,
    /// What it is a share of.
    pub of: SplitBase,
}

/// What a split is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitBase {
    /// The training images.
    Train,
    /// All images (where there is no test split of its own).
    All,
}

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

/// The `train` section.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSpec {
    /// The section's name, for diagnostics without a better place.
    pub span: Span,
    /// Passes over the training images. Default 1.
    pub epochs: Spanned<usize>,
    /// Images a step. Default 32.
    pub batch: Spanned<usize>,
    /// Default rmsprop, as Keras's `compile`.
    pub optimizer: Spanned<Optimizer>,
    /// Written, or else inferred by `check`.
    pub loss: Option<Spanned<Loss>>,
    /// Beyond the loss. Default accuracy.
    pub metrics: Vec<Spanned<Metric>>,
    /// In the order written.
    pub callbacks: Vec<Spanned<Callback>>,
    /// Decides initial weights, shuffling, dropout and augmentation. Default 0.
    pub seed: u64,
}

/// Optimizers with Keras's definitions and defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// `v ← μ v − lr g; w ← w + v` (nesterov: `w ← w + μ v − lr g`); without momentum `w ← w − lr g`.
    Sgd {
        /// Default 0.01.
        lr: f32,
        /// Default 0.
        momentum: f32,
        /// Default false.
        nesterov: bool,
    },
    /// `s ← ρ s + (1 − ρ) g²; w ← w − lr g / √(s + ε)`, the quotient through a momentum buffer where momentum > 0.
    RmsProp {
        /// Default 0.001.
        lr: f32,
        /// Default 0.9.
        rho: f32,
        /// Default 0.
        momentum: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
    /// `α = lr √(1 − β₂ᵗ) / (1 − β₁ᵗ); m ← m + (g − m)(1 − β₁); v ← v + (g² − v)(1 − β₂); w ← w − α m / (√v + ε)`.
    Adam {
        /// Default 0.001.
        lr: f32,
        /// Default 0.9.
        beta_1: f32,
        /// Default 0.999.
        beta_2: f32,
        /// Default 1e-7.
        epsilon: f32,
        /// Decoupled decay, `w ← w − lr · decay · w` before the step: 0 for adam, default 0.004 for adamw.
        weight_decay: f32,
    },
}

impl Optimizer {
    /// The learning rate.
    pub fn learning_rate(&self) -> f32 {
        match *self {
            Optimizer::Sgd { lr, .. } | Optimizer::RmsProp { lr, .. } | Optimizer::Adam { lr, .. } => lr,
        }
    }
}

/// Losses. Cross-entropies are computed from scores: the model's last softmax or sigmoid is part of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Exclusive classes (also written `sparse_categorical_crossentropy`).
    CategoricalCrossentropy,
    /// One unit, or several that are judged by themselves.
    BinaryCrossentropy,
    /// Mean squared error against 0/1 targets.
    Mse,
}

/// Metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Share of images whose class is right.
    Accuracy,
    /// Share of images whose class is among the k best.
    TopK(usize),
}

/// What happens between epochs.
#[derive(Debug, Clone, PartialEq)]
pub enum Callback {
    /// Ends training when the monitored value has not improved by `min_delta` for `patience` epochs.
    EarlyStopping {
        /// Default val_loss.
        monitor: Spanned<Monitor>,
        /// In epochs. Default 0.
        patience: usize,
        /// Default 0.
        min_delta: f32,
        /// Goes back to the best epoch's weights at the end. Default true.
        restore_best_weights: bool,
    },
    /// Multiplies the learning rate by `factor` when there was no improvement for `patience` epochs.
    ReduceLrOnPlateau {
        /// Default val_loss.
        monitor: Spanned<Monitor>,
        /// Default 0.1.
        factor: f32,
        /// In epochs. Default 10.
        patience: usize,
        /// Default 1e-4.
        min_delta: f32,
        /// In epochs after a reduction. Default 0.
        cooldown: usize,
        /// Default 0.
        min_lr: f32,
    },
    /// Writes the weights to a file in the run's directory.
    Checkpoint {
        /// File name.
        path: Spanned<String>,
        /// Default val_loss.
        monitor: Spanned<Monitor>,
        /// Only when the monitored value improves. Default true.
        save_best_only: bool,
    },
}

/// A value known at the end of an epoch. The better direction belongs to it: losses fall, the rest rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Monitor {
    /// Of the validation split; else of the training images.
    pub validation: bool,
    /// `None`: the loss.
    pub metric: Option<Metric>,
}
