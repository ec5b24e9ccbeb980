//! What every kind of data set becomes when it is read: pictures with labels, in the order that splits are
//! taken from.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::error::DataError;
use super::locations::Locations;
use super::picture::{Picture, PictureHeader, PixelSlice};

/// The part that an image plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// Trained on.
    Train,
    /// Looked at after each epoch.
    Validation,
    /// Looked at once, at the end.
    Test,
}

impl Split {
    /// As reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }
}

/// What is wanted of the pictures in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    /// All of them.
    Kept,
    /// None: that they are there is looked at.
    PassedOver,
}

/// Pictures of one size in one array.
#[derive(Debug, Clone)]
pub(super) struct Arrays {
    pub(super) pixels: Pixels,
    /// `[H, W, C]` of each.
    pub(super) size: [usize; 3],
    /// Class index of each.
    pub(super) labels: Vec<i32>,
    /// Train or test, as the set's own split says.
    pub(super) splits: Vec<Split>,
}

/// Values of several pictures, `[N, H, W, C]`.
#[derive(Debug, Clone)]
pub(super) enum Pixels {
    /// 0..=255.
    Bytes(Vec<u8>),
    /// Of any range.
    Floats(Vec<f32>),
}

/// Labels that are numbers: a row for each item, a column for each of the model's outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    /// What each column is called; classes where an item may have several of them.
    pub names: Vec<String>,
    /// `[items, columns]`; 0 and 1 for classes.
    pub values: Vec<f32>,
}

impl Targets {
    /// The numbers of an item.
    pub fn row(&self, item: usize) -> &[f32] {
        let columns = self.names.len();
        &self.values[item * columns..(item + 1) * columns]
    }

    /// The numbers of a column, in the order of the items.
    pub fn column(&self, at: usize) -> impl Iterator<Item = f32> + '_ {
        self.values.iter().skip(at).step_by(self.names.len().max(1)).copied()
    }
}

/// A data set before it is split and prepared. Items stand in the order of the bytes of their paths; those of
/// arrays in the order of the array.
#[derive(Debug)]
pub(super) struct Source {
    /// Class names in the order of their indices.
    pub(super) classes: Vec<String>,
    /// Class index of each item; 0 where labels are numbers.
    pub(super) labels: Vec<i32>,
    /// Labels that are numbers, if they are.
    pub(super) targets: Option<Targets>,
    /// Train or test, as the set's own split says.
    pub(super) splits: Vec<Split>,
    /// The pictures.
    pub(super) pictures: Pictures,
    /// Files that were left out because their names are not those of pictures.
    pub(super) ignored: Vec<String>,
    /// Pictures that were left out because they are damaged, each with its reason.
    pub(super) damaged: Vec<String>,
}

/// Where the pictures of a set are.
#[derive(Debug)]
pub(super) enum Pictures {
    /// In memory, all of one size `[H, W, C]`.
    Arrays { pixels: Pixels, size: [usize; 3] },
    /// Encoded, each for itself.
    Files(Vec<PictureFile>),
}

/// An encoded picture.
#[derive(Debug, Clone)]
pub(super) struct PictureFile {
    /// Its path as a user would write it, through an archive where it lies in one.
    pub(super) name: String,
    /// Where its bytes are.
    pub(super) bytes: FileBytes,
}

impl PictureFile {
    /// Whether its bytes may be read. What lies in an archive may be, where that may.
    /// # Errors
    /// [`DataError::Outside`].
    pub(super) fn may_be_read(&self, locations: &Locations) -> Result<(), DataError> {
        if let FileBytes::Path(path) = &self.bytes { locations.may_read(path) } else { Ok(()) }
    }
}

/// Where the bytes of an encoded picture are.
#[derive(Debug, Clone)]
pub(super) enum FileBytes {
    /// A file of its own.
    Path(PathBuf),
    /// A stretch of an uncompressed archive.
    Stretch { archive: Arc<PathBuf>, offset: u64, len: u64 },
    /// In memory: a stretch of all that was taken out of a compressed archive. One run of memory for all of
    /// them is given back whole when they have been decoded; a piece for each would leave a sieve.
    Memory { all: Arc<OnceLock<Vec<u8>>>, range: Range<usize> },
    /// Not kept.
    Seen(Box<Seen>),
}

/// A picture that streamed by, or that is none.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// What its header said, or why it cannot be read.
    pub(super) header: Result<PictureHeader, String>,
    /// Its bytes.
    pub(super) len: usize,
}

impl FileBytes {
    /// Those of a picture that cannot be read, for a reason.
    pub(super) fn refused(reason: String) -> Self {
        FileBytes::Seen(Box::new(Seen { header: Err(reason), len: 0 }))
    }

    /// Bytes of memory that they take while the picture is not decoded, where pictures are kept.
    pub(super) fn held_bytes(&self) -> usize {
        match self {
            FileBytes::Path(_) | FileBytes::Stretch { .. } => 0,
            FileBytes::Memory { range, .. } => range.len(),
            FileBytes::Seen(seen) => seen.len,
        }
    }
}

impl Pictures {
    /// Number of pictures.
    pub(super) fn len(&self) -> usize {
        match self {
            Pictures::Arrays { pixels: Pixels::Bytes(bytes), size } => {
                bytes.len() / size.iter().product::<usize>()
            }
            Pictures::Arrays { pixels: Pixels::Floats(floats), size } => {
                floats.len() / size.iter().product::<usize>()
            }
            Pictures::Files(files) => files.len(),
        }
    }

    /// The picture at `item`, if pictures are in memory decoded.
    pub(super) fn array(&self, item: usize) -> Option<Picture<'_>> {
        let Pictures::Arrays { pixels, size: [height, width, channels] } = self else { return None };
        let range = item * height * width * channels..(item + 1) * height * width * channels;
        let pixels = match pixels {
            Pixels::Bytes(bytes) => PixelSlice::Bytes(&bytes[range]),
            Pixels::Floats(floats) => PixelSlice::Floats(&floats[range]),
        };
        Some(Picture { height: *height, width: *width, channels: *channels, pixels })
    }
}

impl Source {
    /// A source of arrays.
    pub(super) fn of_arrays(arrays: Arrays, classes: Vec<String>) -> Self {
        let Arrays { pixels, size, labels, splits } = arrays;
        let pictures = Pictures::Arrays { pixels, size };
        Self { classes, labels, targets: None, splits, pictures, ignored: Vec::new(), damaged: Vec::new() }
    }

    /// Checks that `classes:` of the file names the classes that a built-in set has; then its order decides
    /// the indices.
    pub(super) fn reorder_classes(
        &mut self,
        written: &[String],
        what: &std::path::Path,
    ) -> Result<(), DataError> {
        check_classes(written, &self.classes, what)?;
        if let Some(targets) = &mut self.targets {
            let place_of = places(&targets.names);
            let places: Vec<usize> =
                written.iter().map(|name| place_of.get(name.as_str()).copied().unwrap_or(0)).collect();
            targets.values = (0..self.labels.len())
                .flat_map(|item| places.iter().map(move |&at| (item, at)))
                .map(|(item, at)| targets.row(item)[at])
                .collect();
            targets.names = written.to_vec();
        }
        let place_of = places(written);
        let index_of: Vec<i32> = self
            .classes
            .iter()
            .map(|class| place_of.get(class.as_str()).map_or(0, |&index| index as i32))
            .collect();
        if self.targets.is_none() {
            self.labels.iter_mut().for_each(|label| *label = index_of[*label as usize]);
        }
        self.classes = written.to_vec();
        Ok(())
    }

    /// Leaves items out, by their places; `reasons` are kept.
    pub(super) fn leave_out(&mut self, places: &BTreeSet<usize>, reasons: Vec<String>) {
        fn keep<T>(values: &mut Vec<T>, places: &BTreeSet<usize>) {
            let mut at = 0..values.len();
            values.retain(|_| at.next().is_some_and(|at| !places.contains(&at)));
        }
        let Pictures::Files(files) = &mut self.pictures else { return };
        keep(files, places);
        if let Some(targets) = &mut self.targets {
            let left = (0..self.labels.len()).filter(|item| !places.contains(item));
            targets.values = left.flat_map(|item| targets.row(item).to_vec()).collect();
        }
        keep(&mut self.labels, places);
        keep(&mut self.splits, places);
        self.damaged = reasons;
    }
}

/// Where each name stands.
pub(crate) fn places(names: &[String]) -> HashMap<&str, usize> {
    // of names that stand twice the first counts
    names.iter().enumerate().rev().map(|(at, name)| (name.as_str(), at)).collect()
}

/// The classes that are there must be those that `classes:` lists.
pub(crate) fn check_classes(
    written: &[String],
    found: &[String],
    what: &std::path::Path,
) -> Result<(), DataError> {
    let without = |all: &[String], others: &[String]| -> Vec<String> {
        let others = places(others);
        all.iter().filter(|name| !others.contains_key(name.as_str())).cloned().collect()
    };
    let (missing, unexpected) = (without(written, found), without(found, written));
    if missing.is_empty() && unexpected.is_empty() {
        return Ok(());
    }
    Err(DataError::Classes {
        path: what.to_path_buf(),
        expected_of: "`classes:`".to_owned(),
        missing,
        unexpected,
        help: "write the names of all classes of the data into `classes:`, or leave it out".to_owned(),
    })
}

/// How many rows have a 1 for each class.
pub(super) fn count_classes(classes: &[String], rows: &[f32]) -> Vec<usize> {
    let mut counts = vec![0; classes.len()];
    for row in rows.chunks_exact(classes.len().max(1)) {
        counts.iter_mut().zip(row).for_each(|(count, &value)| *count += usize::from(value == 1.0));
    }
    counts
}
