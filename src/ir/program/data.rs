//! Where images and labels come from.

use std::path::{Path, PathBuf};

use crate::source::{Span, Spanned};

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
    /// Whether each class gives the same share to a split. Default true.
    pub stratified: bool,
    /// Which pictures stay together when splits are made.
    pub split_by: Option<Spanned<Grouping>>,
    /// How much the loss of a picture counts, by its class.
    pub class_weight: Option<Spanned<ClassWeight>>,
    /// Where decoded pictures are kept; `None`: in memory, as long as they take no more than a bound.
    pub cache: Option<Spanned<Cache>>,
    /// What pictures of a class show when they are mirrored left and right, in both directions. Classes that are not named have no mirror image.
    pub mirror: Option<Spanned<Vec<[Spanned<String>; 2]>>>,
    /// Whether pictures stand upright, if the file says: it goes before what is known of the data.
    pub upright: Option<Spanned<bool>>,
    /// What a picture's label is. Default one class.
    pub labels: Spanned<LabelKind>,
    /// What becomes of pictures that cannot be read, if written. Default an error.
    pub damaged: Option<Spanned<Damaged>>,
}

impl DataSpec {
    /// Data of which only the source is written.
    pub fn new(source: Spanned<DataSource>) -> Self {
        Self {
            source,
            validation: None,
            test: None,
            seed: 42,
            shuffle: true,
            classes: None,
            stratified: true,
            split_by: None,
            class_weight: None,
            cache: None,
            mirror: None,
            upright: None,
            labels: Spanned::new(LabelKind::default(), Span::default()),
            damaged: None,
        }
    }
}

/// The index of a class written by its name or, where no class is called so, by its number.
pub fn class_index(written: &str, classes: &[String]) -> Option<usize> {
    let by_number = || written.parse::<usize>().ok().filter(|index| *index < classes.len());
    classes.iter().position(|name| name == written).or_else(by_number)
}

/// What becomes of pictures that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damaged {
    /// They are an error.
    Error,
    /// They are left out, before splits are made.
    Skip,
}

/// Which pictures stay together when splits are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Those of one folder whose file names are the same up to the last `_`: frames of a track or a video.
    Track,
}

/// How much the loss of a picture counts.
#[derive(Debug, Clone, PartialEq)]
pub enum ClassWeight {
    /// `n / (k · nᵢ)` with n training pictures in k classes, nᵢ of them in this one.
    Balanced,
    /// As written; 1 for classes that are not named.
    Given(Vec<(Spanned<String>, f32)>),
}

/// Where decoded pictures are kept between epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// In memory, whatever they take.
    Memory,
    /// In a temporary file.
    Disk,
    /// Nowhere: they are decoded in each epoch.
    None,
}

/// What a picture's label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LabelKind {
    /// One class, `labels: single`.
    #[default]
    Single,
    /// Any number of classes, `labels: multi`: a 0 or 1 for each.
    Multi,
    /// Numbers, `labels: regression`.
    Regression,
}

impl LabelKind {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            LabelKind::Single => "single",
            LabelKind::Multi => "multi",
            LabelKind::Regression => "regression",
        }
    }
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
    /// 32x32x3 of 100 classes, standard binary files.
    Cifar100,
    /// Files of the idx format: images `[N, H, W]` or `[N, H, W, C]`, labels `[N]`, all bytes.
    Idx {
        /// Training images (or all of them).
        images: PathBuf,
        /// Their labels.
        labels: PathBuf,
        /// Test images and labels, if they lie apart.
        test: Option<[PathBuf; 2]>,
    },
    /// Files of CIFAR's binary format: records of labels, then 3072 values.
    CifarBinary {
        /// A file, or a folder of `.bin` files, of which those called `test…` are for test.
        path: PathBuf,
        /// A file with test images, if they lie apart.
        test: Option<PathBuf>,
        /// Bytes of labels before each picture; the last one counts. Default 1.
        label_bytes: usize,
    },
    /// A folder a class; a path may go on inside a .tar, .tar.gz or .zip.
    Folder {
        /// Training images (or all of them).
        train: PathBuf,
        /// Test images, if they lie apart.
        test: Option<PathBuf>,
    },
    /// `x_train`, `y_train` and, if present, `x_test`, `y_test` arrays (`[N, H, W]` or `[N, H, W, C]`, u8 or f32; labels integers, or numbers `[N]`
    /// or `[N, K]` where they are no single classes).
    Npz(PathBuf),
    /// A table with a picture a row.
    Csv(CsvSource),
}

/// `csv("labels.csv", image: path, label: age)`: a table with a header row. Pictures are found from the table's folder on.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvSource {
    /// The table.
    pub path: PathBuf,
    /// The column of the pictures' paths.
    pub image: Spanned<String>,
    /// The columns of the labels, at least one: one class; numbers; several classes in one column (`cat;dog`) or a 0 or 1 in a column for each.
    pub labels: Vec<Spanned<String>>,
    /// The column that says `train` or `test`.
    pub split: Option<Spanned<String>>,
}

impl DataSource {
    /// The built-in sets, by name.
    pub const BUILT_IN: &'static [(&'static str, DataSource)] = &[
        ("digits", DataSource::Digits),
        ("mnist", DataSource::Mnist),
        ("fashion_mnist", DataSource::FashionMnist),
        ("cifar10", DataSource::Cifar10),
        ("cifar100", DataSource::Cifar100),
    ];

    /// The name of a built-in set.
    pub fn built_in(&self) -> Option<&'static str> {
        Self::BUILT_IN.iter().find(|(_, source)| source == self).map(|(name, _)| *name)
    }

    /// What a sentence calls it: a set's name, or a path as written.
    pub fn name(&self) -> String {
        let path = match self {
            DataSource::Digits
            | DataSource::Mnist
            | DataSource::FashionMnist
            | DataSource::Cifar10
            | DataSource::Cifar100 => return self.built_in().unwrap_or_default().to_owned(),
            DataSource::Idx { images: path, .. }
            | DataSource::CifarBinary { path, .. }
            | DataSource::Folder { train: path, .. }
            | DataSource::Npz(path)
            | DataSource::Csv(CsvSource { path, .. }) => path,
        };
        path.display().to_string()
    }

    /// The paths it names.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            DataSource::Digits
            | DataSource::Mnist
            | DataSource::FashionMnist
            | DataSource::Cifar10
            | DataSource::Cifar100 => Vec::new(),
            DataSource::Idx { images, labels, test } => {
                [images, labels].into_iter().chain(test.iter().flatten()).map(PathBuf::as_path).collect()
            }
            DataSource::CifarBinary { path, test, .. } | DataSource::Folder { train: path, test } => {
                std::iter::once(path).chain(test).map(PathBuf::as_path).collect()
            }
            DataSource::Npz(path) | DataSource::Csv(CsvSource { path, .. }) => vec![path],
        }
    }

    /// Whether its pictures are encoded files with names, each of a size of its own, read as RGB.
    pub fn has_picture_files(&self) -> bool {
        match self {
            DataSource::Folder { .. } | DataSource::Csv(_) => true,
            DataSource::Digits
            | DataSource::Mnist
            | DataSource::FashionMnist
            | DataSource::Cifar10
            | DataSource::Cifar100
            | DataSource::Idx { .. }
            | DataSource::CifarBinary { .. }
            | DataSource::Npz(_) => false,
        }
    }

    /// Whether its values are bytes, 0..=255, for certain; arrays may hold anything.
    pub fn holds_bytes(&self) -> bool {
        !matches!(self, DataSource::Npz(_))
    }
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
