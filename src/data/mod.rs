//! Data sets: where they are found, how they are read, split, prepared and augmented, and how they reach the
//! trainer in batches.
//!
//! [`Dataset::open`] does the first four; [`Dataset::train_batches`] and [`Dataset::batches`] give
//! [`Batch`]es. [`Preparation`] alone makes a picture file into a model's input, for prediction.
//! [`crate::random`] is the one source of random numbers.

mod archive;
mod augment;
mod bounds;
pub mod cards;
mod changes;
mod cifar;
mod color;
mod dataset;
mod disk;
pub mod download;
mod error;
mod features;
mod fetch;
mod folder;
mod guard;
mod idx;
mod index;
mod jpeg;
mod load;
mod loader;
mod locations;
mod mirrored;
mod named;
pub mod npy;
mod npz;
mod pass;
mod picture;
mod prepare;
mod resize;
mod room;
mod share;
mod shown;
mod source;
mod split;
mod standard;
mod store;
mod table;
mod tree;
mod whole;

pub use bounds::{Bounds, MAX_PIXELS};
pub use dataset::{AugmentedPicture, Dataset, InputSize, Sample, SplitView};
pub use error::DataError;
pub use features::{FeaturePlace, FeaturePlan, Features, Kept, NotKept};
pub use index::{DataDigest, DataIndex};
pub use loader::{Batch, Batches};
pub use locations::{ClassFolders, FetchPolicy, Locations};
pub use mirrored::View;
pub(crate) use named::pictures_named;
pub use picture::{DecodedPicture, decode};
pub use prepare::{Featurewise, Preparation, PrepareError};
pub use share::Share;
pub use shown::SetPicture;
pub use source::Split;
pub(crate) use source::places;

pub(crate) use bounds::size_text;
pub(crate) use guard::is_decoding;

/// What opening a data set is doing: for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A file is being fetched.
    Fetch {
        /// The set and the file.
        file: &'a str,
        /// Bytes so far.
        done: u64,
        /// All bytes, where the server says it.
        total: Option<u64>,
    },
    /// Pictures are being decoded.
    Decode {
        /// Pictures so far.
        done: usize,
        /// All pictures.
        total: usize,
    },
}

#[cfg(test)]
mod mutation_tests;
#[cfg(test)]
mod real_tests;
#[cfg(test)]
mod share_tests;
