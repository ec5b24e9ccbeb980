//! Sources of pictures and labels.

use std::path::{Path, PathBuf};

use super::{Attributes, Category, NONE, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};
use crate::source::Spanned;

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
    /// Records of labels, then 3072 bytes (32x32: red, then green, then blue).
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
        /// Validation images, if they lie apart.
        validation: Option<PathBuf>,
        /// Test images, if they lie apart.
        test: Option<PathBuf>,
    },
    /// `x_train`, `y_train` and, if present, `x_test`, `y_test` arrays (`[N, H, W]` or `[N, H, W, C]`, u8 or
    /// f32; labels integers, or numbers `[N]` or `[N, K]` where they are no single classes).
    Npz(PathBuf),
    /// A table with a picture a row.
    Csv(CsvSource),
}

/// `csv("labels.csv", image: path, label: age)`: a table with a header row. Pictures are found from the
/// table's folder on.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvSource {
    /// The table.
    pub path: PathBuf,
    /// The column of the pictures' paths.
    pub image: Spanned<String>,
    /// The columns of the labels, at least one: one class; numbers; several classes in one column (`cat;dog`)
    /// or a 0 or 1 in a column for each.
    pub labels: Vec<Spanned<String>>,
    /// The column that says `train`, `validation` or `test`.
    pub split: Option<Spanned<String>>,
}

impl DataSource {
    /// The name of a built-in set.
    pub fn built_in(&self) -> Option<&'static str> {
        match self {
            DataSource::Digits
            | DataSource::Mnist
            | DataSource::FashionMnist
            | DataSource::Cifar10
            | DataSource::Cifar100 => Some(self.written().keyword),
            DataSource::Idx { .. }
            | DataSource::CifarBinary { .. }
            | DataSource::Folder { .. }
            | DataSource::Npz(_)
            | DataSource::Csv(_) => None,
        }
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
            DataSource::CifarBinary { path, test, .. } => {
                std::iter::once(path).chain(test).map(PathBuf::as_path).collect()
            }
            DataSource::Folder { train, validation, test } => {
                std::iter::once(train).chain(validation).chain(test).map(PathBuf::as_path).collect()
            }
            DataSource::Npz(path) | DataSource::Csv(CsvSource { path, .. }) => vec![path],
        }
    }

    /// Whether it has validation pictures of its own, as far as that is written; `None` where only its
    /// contents tell.
    pub fn has_validation(&self) -> Option<bool> {
        match self {
            DataSource::Folder { validation, .. } => Some(validation.is_some()),
            DataSource::Csv(CsvSource { split: Some(_), .. }) => None,
            DataSource::Csv(_)
            | DataSource::Digits
            | DataSource::Mnist
            | DataSource::FashionMnist
            | DataSource::Cifar10
            | DataSource::Cifar100
            | DataSource::Idx { .. }
            | DataSource::CifarBinary { .. }
            | DataSource::Npz(_) => Some(false),
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

const TEST: &str = "Test pictures, if they lie apart.";

const fn path(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::required(name, OptionType::Text, help)
}

const fn more(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::optional(name, OptionType::Text, NONE, help)
}

const fn built_in(
    keyword: &'static str,
    help: &'static str,
    example: &'static str,
    keras: &'static str,
    make: fn(&Attributes) -> DataSource,
) -> Row<DataSource> {
    Row::new(Word::new(keyword, help).example(example).keras(keras), make)
}

impl Words for DataSource {
    const EXPECTED: &'static str = Category::Source.one();

    const TABLE: &'static [Row<Self>] = &[
        built_in(
            "digits",
            "1,797 handwritten digits of 8x8x1 (UCI), part of the program.",
            "source: digits",
            "",
            |_| DataSource::Digits,
        ),
        built_in(
            "mnist",
            "70,000 handwritten digits of 28x28x1, of which 10,000 are for test.",
            "source: mnist",
            "keras.datasets.mnist",
            |_| DataSource::Mnist,
        ),
        built_in(
            "fashion_mnist",
            "70,000 pieces of clothing of 28x28x1, of which 10,000 are for test.",
            "source: fashion_mnist",
            "keras.datasets.fashion_mnist",
            |_| DataSource::FashionMnist,
        ),
        built_in(
            "cifar10",
            "60,000 photos of 32x32x3 in 10 classes, of which 10,000 are for test.",
            "source: cifar10",
            "keras.datasets.cifar10",
            |_| DataSource::Cifar10,
        ),
        built_in(
            "cifar100",
            "60,000 photos of 32x32x3 in 100 (fine) classes, of which 10,000 are for test.",
            "source: cifar100",
            "keras.datasets.cifar100",
            |_| DataSource::Cifar100,
        ),
        Row::new(
            Word::new(
                "folder",
                "A folder for each class, with PNG, JPEG, PPM (PGM, PBM), BMP, GIF or WebP files. The path may \
                 go on inside a `.tar`, `.tar.gz`, `.tgz` or `.zip`.",
            )
                .keras("image_dataset_from_directory")
                .example("source: folder(\"photos/train\", test: \"photos/test\")")
                .options(&[
                    path("train", "Training pictures, or all of them."),
                    more("validation", "Validation pictures, if they lie apart."),
                    more("test", TEST),
                ])
                .unnamed(1),
            |a| DataSource::Folder {
                train: file(a, "train"),
                validation: optional_file(a, "validation"),
                test: optional_file(a, "test"),
            },
        ),
        Row::new(
            Word::new("npz", "Arrays `x_train`, `y_train` and perhaps `x_test`, `y_test`: pictures [N, H, W] \
                or [N, H, W, C], uint8 or float32; labels whole numbers (with `labels: multi` 0 or 1, with \
                `regression` any numbers, [N] or [N, K]).")
                .example("source: npz(\"data.npz\")")
                .options(&[path("path", "The file.")])
                .unnamed(1),
            |a| DataSource::Npz(file(a, "path")),
        ),
        Row::new(
            Word::new("idx", "Files of the idx format, plain or gzip: bytes [N, H, W] or [N, H, W, C], and \
                labels [N].")
                .source("yann.lecun.com/exdb/mnist")
                .example("source: idx(\"images-idx3-ubyte\", \"labels-idx1-ubyte\")")
                .options(&[
                    path("images", "Training pictures, or all of them."),
                    path("labels", "Their labels."),
                    more("test_images", TEST),
                    more("test_labels", "Their labels."),
                ])
                .unnamed(2),
            |a| DataSource::Idx {
                images: file(a, "images"),
                labels: file(a, "labels"),
                test: optional_file(a, "test_images")
                    .zip(optional_file(a, "test_labels"))
                    .map(|(images, labels)| [images, labels]),
            },
        ),
        Row::new(
            Word::new("cifar_binary", "Records of labels, then 3072 bytes (32x32: red, then green, then \
                blue).")
                .source("cs.toronto.edu/~kriz/cifar.html")
                .example("source: cifar_binary(\"cifar-10-batches-bin\")")
                .options(&[
                    path("path", "A file, or a folder of `.bin` files, of which those called `test…` are for \
                        test."),
                    more("test", "A file with test pictures, if they lie apart."),
                    OptionSpec::optional(
                        "label_bytes",
                        OptionType::Within { min: 1, max: 16 },
                        "1",
                        "Bytes of labels before each picture; the last one counts.",
                    ),
                ])
                .unnamed(1),
            |a| DataSource::CifarBinary {
                path: file(a, "path"),
                test: optional_file(a, "test"),
                label_bytes: a.int("label_bytes"),
            },
        ),
        Row::new(
            Word::new("csv", "A table with a header row and a picture a row. Pictures are found from the \
                table's folder on.")
                .keras("flow_from_dataframe")
                .example("source: csv(\"labels.csv\", image: path, label: age)")
                .options(&[
                    path("path", "The table."),
                    OptionSpec::required("image", OptionType::Column, "The column of the pictures' paths."),
                    OptionSpec::required(
                        "label",
                        OptionType::Columns,
                        "The columns of the labels: one class; numbers; several classes in one column \
                            (`cat;dog`) or a 0 or 1 in a column for each.",
                    ),
                    OptionSpec::optional("split", OptionType::Column, NONE, "The column that says `train`, \
                        `validation` or `test`."),
                ])
                .unnamed(1),
            |a| DataSource::Csv(CsvSource {
                path: file(a, "path"),
                image: a.column("image"),
                labels: a.columns("label"),
                split: a.optional_column("split"),
            }),
        ),
    ];

    fn written(&self) -> Written {
        use OptionValue::{Column, Columns, Int};
        let text = |path: &Path| OptionValue::Text(path.display().to_string());
        let named = |name, path: &Option<PathBuf>| path.as_ref().map(|path| (name, text(path)));
        match self {
            DataSource::Digits => Written::bare("digits"),
            DataSource::Mnist => Written::bare("mnist"),
            DataSource::FashionMnist => Written::bare("fashion_mnist"),
            DataSource::Cifar10 => Written::bare("cifar10"),
            DataSource::Cifar100 => Written::bare("cifar100"),
            DataSource::Idx { images, labels, test } => {
                let mut options = vec![("images", text(images)), ("labels", text(labels))];
                if let Some([images, labels]) = test {
                    options.extend([("test_images", text(images)), ("test_labels", text(labels))]);
                }
                Written::new("idx", options)
            }
            DataSource::CifarBinary { path, test, label_bytes } => {
                let mut options = vec![("path", text(path))];
                options.extend(named("test", test));
                options.push(("label_bytes", Int(*label_bytes)));
                Written::new("cifar_binary", options)
            }
            DataSource::Folder { train, validation, test } => {
                let mut options = vec![("train", text(train))];
                options.extend(named("validation", validation));
                options.extend(named("test", test));
                Written::new("folder", options)
            }
            DataSource::Npz(file) => Written::new("npz", [("path", text(file))]),
            DataSource::Csv(CsvSource { path, image, labels, split }) => {
                let mut options = vec![
                    ("path", text(path)),
                    ("image", Column(image.clone())),
                    ("label", Columns(labels.clone())),
                ];
                options.extend(split.iter().map(|column| ("split", Column(column.clone()))));
                Written::new("csv", options)
            }
        }
    }
}

fn file(a: &Attributes, option: &str) -> PathBuf {
    PathBuf::from(a.text(option).value)
}

fn optional_file(a: &Attributes, option: &str) -> Option<PathBuf> {
    a.optional_text(option).map(|text| PathBuf::from(text.value))
}
