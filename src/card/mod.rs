//! What is known of a data set without decoding pixels: the checker's knowledge of the data.
//!
//! Plain data. Cards of built-in sets are written here ([`builtin`]); those of files are made where files are
//! read.

mod builtin;

use serde::{Deserialize, Serialize};

pub use builtin::builtin;

/// The data card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataCard {
    /// `fashion_mnist`, or the folder's path as written.
    pub name: String,
    /// Size of the pictures.
    pub size: PictureSize,
    /// Channels of a picture as it is stored: 1 or 3; `None` where they differ.
    pub channels: Option<usize>,
    /// Class names in the order of their indices.
    pub classes: Vec<String>,
    /// Class names as the data have them, whatever the file says, in their own order: folders by the bytes of
    /// their names, arrays by label.
    pub found_classes: Vec<String>,
    /// Columns of labels that are numbers, in the order of the model's outputs; empty where labels are
    /// classes.
    #[serde(default)]
    pub targets: Vec<TargetColumn>,
    /// Images for training (validation is taken from them, where it has no images of its own).
    pub train_images: usize,
    /// Images of a validation split of its own; 0 where there is none.
    #[serde(default)]
    pub validation_images: usize,
    /// Images of a test split of its own; 0 where there is none.
    pub test_images: usize,
    /// Training images per class, in the order of `classes`; empty where not known.
    pub class_counts: Vec<usize>,
    /// Images of a validation split of its own per class, in the order of `classes`; empty where there is
    /// none, or not known.
    #[serde(default)]
    pub validation_counts: Vec<usize>,
    /// Images of the test split per class, in the order of `classes`; empty where there is none, or not
    /// known.
    pub test_counts: Vec<usize>,
    /// Smallest and largest possible value before `prepare`.
    pub range: (f32, f32),
    /// Pictures stand upright: a vertical flip makes pictures that do not occur.
    pub upright: bool,
    /// Mirroring turns one class into another or into nothing (digits, text, signs).
    pub mirror_changes_class: bool,
    /// Classes that mirror into each other, left and right, by name; a class that mirrors into itself stands
    /// twice.
    pub mirror_pairs: Vec<[String; 2]>,
    /// Classes that a half-turn makes of each other (6 and 9).
    pub turn_pairs: Vec<[String; 2]>,
    /// Pictures come in groups that must not be split (tracks, videos).
    pub grouped: bool,
    /// Sizes and shapes where they differ, from the headers.
    pub typical: Option<TypicalSize>,
    /// Picture files that cannot be read.
    pub unreadable: Unreadable,
    /// Bytes of picture files that are held in memory until they are decoded: those out of compressed
    /// archives.
    pub held_bytes: usize,
    /// What decoding the largest picture takes at most, in bytes.
    #[serde(default)]
    pub decoding_bytes: u64,
    /// Classes with a folder and no picture to train on.
    pub empty_classes: Vec<String>,
    /// What a pass over the data tells, where one has been made.
    pub pass: Option<PassFacts>,
}

impl DataCard {
    /// A card of pictures of bytes, of which no more is known than their size and classes.
    pub fn new(
        name: impl Into<String>,
        size: PictureSize,
        channels: Option<usize>,
        classes: Vec<String>,
    ) -> Self {
        Self {
            name: name.into(),
            size,
            channels,
            found_classes: classes.clone(),
            classes,
            train_images: 0,
            validation_images: 0,
            test_images: 0,
            class_counts: Vec::new(),
            validation_counts: Vec::new(),
            test_counts: Vec::new(),
            range: (0.0, 255.0),
            // data do not say these of themselves: no warning without knowledge
            upright: false,
            mirror_changes_class: false,
            mirror_pairs: Vec::new(),
            turn_pairs: Vec::new(),
            grouped: false,
            typical: None,
            unreadable: Unreadable::default(),
            held_bytes: 0,
            decoding_bytes: 0,
            empty_classes: Vec::new(),
            pass: None,
            targets: Vec::new(),
        }
    }

    /// With these numbers of images per class; `test` is empty where there is no test split.
    #[must_use]
    pub fn with_counts(mut self, train: Vec<usize>, test: Vec<usize>) -> Self {
        (self.train_images, self.test_images) = (train.iter().sum(), test.iter().sum());
        (self.class_counts, self.test_counts) = (train, test);
        self
    }

    /// With these numbers of images per class in a validation split of its own.
    #[must_use]
    pub fn with_validation(mut self, counts: Vec<usize>) -> Self {
        self.validation_images = counts.iter().sum();
        self.validation_counts = counts;
        self
    }

    /// Images per class of the splits that the data have of their own: training, validation, test. Empty
    /// where there are none, or not known.
    pub fn own_counts(&self) -> [&[usize]; 3] {
        [&self.class_counts, &self.validation_counts, &self.test_counts]
    }

    /// Images of the splits that the data have of their own: training, validation, test.
    pub fn own_images(&self) -> [usize; 3] {
        [self.train_images, self.validation_images, self.test_images]
    }

    /// What `mirror:` says of these data, as it is written: `{ left: right, "a b": "a b" }`.
    pub fn mirror_text(&self) -> String {
        let plain = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let written = |name: &String| if plain(name) { name.clone() } else { format!("\"{name}\"") };
        let pairs = self.mirror_pairs.iter();
        let pairs: Vec<String> =
            pairs.map(|[left, right]| format!("{}: {}", written(left), written(right))).collect();
        format!("{{ {} }}", pairs.join(", "))
    }

    /// Training images of a class; `None` where that is not known.
    pub fn images_of(&self, class: &str) -> Option<usize> {
        let index = self.classes.iter().position(|name| name == class)?;
        self.class_counts.get(index).copied()
    }
}

/// A column of numbers that a model learns to predict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetColumn {
    /// Its name.
    pub name: String,
    /// Smallest number.
    pub min: f32,
    /// Largest number.
    pub max: f32,
    /// Mean of all.
    pub mean: f32,
}

/// Size of the pictures of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PictureSize {
    /// All alike, `[height, width]`.
    Same([usize; 2]),
    /// They differ; smallest and largest `[height, width]`.
    Varies {
        /// Smallest height and smallest width.
        min: [usize; 2],
        /// Largest height and largest width.
        max: [usize; 2],
    },
}

/// Where most pictures of a set lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TypicalSize {
    /// Median height and median width.
    pub median: [usize; 2],
    /// Width divided by height: the value that 10%, 50% and 90% of the pictures do not exceed.
    pub ratios: [f32; 3],
}

/// Picture files that cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// How many.
    pub count: usize,
    /// The first few, each with its reason.
    pub examples: Vec<String>,
}

/// What one cheap pass over the data tells: about the splits as a program makes them, and about some
/// pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassFacts {
    /// Images of each class in the training, the validation and the test split, in the order of
    /// `found_classes`.
    pub splits: [Vec<usize>; 3],
    /// Pictures that occur in more than one split.
    pub shared: SharedPictures,
    /// Of grey pictures on a plain ground: the share of the width that is ground on the left and on the right
    /// of what is shown, and of the height above and below, each the median over some pictures of the smaller
    /// side. `None` where pictures have no plain ground.
    pub margins: Option<[f32; 2]>,
}

/// Pictures that occur in more than one split.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedPictures {
    /// Pictures outside of the training split that occur in another split too.
    pub count: usize,
    /// The first few: names of both, with their splits.
    pub examples: Vec<String>,
}
