//! Where images and labels come from.

use std::path::PathBuf;

use crate::source::Spanned;

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
