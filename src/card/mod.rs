//! What is known of a data set without decoding pixels: the checker's knowledge of the data.
//!
//! Cards of built-in sets are written here ([`builtin`]); [`of`] also makes cards of folders and arrays from their headers, and remembers them.

mod builtin;
mod folder;
mod memory;
mod of;

use serde::{Deserialize, Serialize};

pub use builtin::builtin;
pub use of::{CardError, of};

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
    /// Class names as the data have them, whatever the file says, in their own order: folders by the bytes of their names, arrays by label.
    pub found_classes: Vec<String>,
    /// Images for training (validation is taken from them).
    pub train_images: usize,
    /// Images of a test split of its own; 0 where there is none.
    pub test_images: usize,
    /// Training images per class, in the order of `classes`; empty where not known.
    pub class_counts: Vec<usize>,
    /// Smallest and largest possible value before `prepare`.
    pub range: (f32, f32),
    /// Pictures stand upright: a vertical flip makes pictures that do not occur.
    pub upright: bool,
    /// Mirroring turns one class into another or into nothing (digits, text, signs).
    pub mirror_changes_class: bool,
    /// Pictures come in groups that must not be split (tracks, videos).
    pub grouped: bool,
}

impl DataCard {
    /// Training images of a class; `None` where that is not known.
    pub fn images_of(&self, class: &str) -> Option<usize> {
        let index = self.classes.iter().position(|name| name == class)?;
        self.class_counts.get(index).copied()
    }
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
