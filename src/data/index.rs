//! What a run remembers of its data: for each picture its name, split, label, size and a hash of
//! its contents.
//!
//! *Contents*: pictures of arrays are hashed as a whole, in memory. Picture files that are read
//! when the data set is opened are hashed as a whole, as they are read. Those that are read only
//! when they are used (sets too large for memory, `cache: disk`, `cache: none`) are sampled: the
//! length, and 4 KiB each at the beginning, in the middle and at the end. Every picture has its
//! sample, so that an index made in one way can be compared with one made in the other.
//!
//! *Names* are those of the program: `photos/cat/1.png` for `folder("photos")`, the table's own
//! paths for `csv`, the number of the picture for arrays. Data that were moved as a whole stay the
//! same.

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::OnceLock;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::error::DataError;
use super::source::{FileBytes, PictureFile, Pictures, Source, Split, Targets};
use super::store;
use crate::checksum::{Checksum, Summing, sealed, unsealed};
use crate::files;

/// Bytes of each of the three stretches that a sample takes.
pub(super) const STRETCH: usize = 4096;

/// A hash of a picture's contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    /// Bytes of the file, or of the values of an array's picture.
    pub(super) bytes: u64,
    /// Of three stretches; of everything where that is no more.
    pub(super) sample: u64,
    /// Of everything, where it was read.
    pub(super) whole: Option<u64>,
}

impl Content {
    /// All bytes of a picture.
    fn of(bytes: &[u8]) -> Self {
        let whole = Checksum::of(bytes).short();
        let sample = if bytes.len() <= 3 * STRETCH {
            whole
        } else {
            let mut summing = Summing::default();
            for at in stretches(bytes.len() as u64) {
                summing.add(&bytes[at as usize..][..STRETCH]);
            }
            summing.sum().short()
        };
        Self { bytes: bytes.len() as u64, sample, whole: Some(whole) }
    }

    fn of_floats(values: &[f32]) -> Self {
        let mut summing = Summing::default();
        summing.add_floats(values);
        let whole = summing.sum().short();
        Self { bytes: 4 * values.len() as u64, sample: whole, whole: Some(whole) }
    }

    /// A file that is not read as a whole.
    fn sampled(file: &PictureFile, bounds: Bounds) -> Result<Self, String> {
        let (path, first, length) = match &file.bytes {
            FileBytes::Memory { .. } | FileBytes::Seen(_) => {
                return Ok(Self::of(&store::read_bytes(&file.bytes, bounds)?));
            }
            FileBytes::Path(path) => (path.as_path(), 0, None),
            FileBytes::Stretch { archive, offset, len } => (archive.as_path(), *offset, Some(*len)),
        };
        let sample = || {
            let mut opened = files::open(path)?;
            let length = length.map_or_else(|| opened.metadata().map(|about| about.len()), Ok)?;
            let mut read = |at: u64, count: u64| {
                let mut bytes = Vec::new();
                opened.seek(SeekFrom::Start(first + at))?;
                (&mut opened).take(count).read_to_end(&mut bytes)?;
                std::io::Result::Ok(bytes)
            };
            if length <= 3 * STRETCH as u64 {
                return Ok(Self::of(&read(0, length)?));
            }
            let mut summing = Summing::default();
            for at in stretches(length) {
                summing.add(&read(at, STRETCH as u64)?);
            }
            Ok(Self { bytes: length, sample: summing.sum().short(), whole: None })
        };
        sample().map_err(|error: std::io::Error| error.to_string())
    }

    /// Whether two hashes may be of the same contents.
    pub(super) fn is(&self, other: &Self) -> bool {
        let agree = |a: Option<u64>, b: Option<u64>| a.is_none() || b.is_none() || a == b;
        (self.bytes, self.sample) == (other.bytes, other.sample) && agree(self.whole, other.whole)
    }
}

/// Where the stretches of a sample begin, in a file longer than three of them.
fn stretches(length: u64) -> [u64; 3] {
    let last = length - STRETCH as u64;
    [0, last / 2, last]
}

/// The contents of picture files, noted as they are read.
#[derive(Debug)]
pub(super) struct Contents(Vec<OnceLock<Content>>);

impl Contents {
    /// Nothing is known of this many pictures.
    pub(super) fn of(pictures: usize) -> Self {
        Self((0..pictures).map(|_| OnceLock::new()).collect())
    }

    /// All bytes of a picture have been read.
    pub(super) fn note(&self, item: usize, bytes: &[u8]) {
        if let Some(place) = self.0.get(item) {
            place.get_or_init(|| Content::of(bytes));
        }
    }
}

/// The pictures of arrays, which are all in memory.
pub(super) fn contents_of_arrays(pictures: &Pictures) -> Vec<Content> {
    use super::picture::PixelSlice;
    let content = |item: usize| match pictures.array(item)?.pixels {
        PixelSlice::Bytes(bytes) => Some(Content::of(bytes)),
        PixelSlice::Floats(floats) => Some(Content::of_floats(floats)),
    };
    (0..pictures.len()).into_par_iter().filter_map(content).collect()
}

/// What was noted of picture files, and samples of those that nothing was noted of: they are still
/// in `unread`.
/// # Errors
/// [`DataError::Unreadable`].
pub(super) fn contents_of_files(
    unread: &[PictureFile],
    noted: Contents,
    bounds: Bounds,
) -> Result<Vec<Content>, DataError> {
    let content = |(item, noted): (usize, OnceLock<Content>)| match (noted.into_inner(), unread.get(item)) {
        (Some(content), _) => Ok(content),
        (None, Some(file)) => Content::sampled(file, bounds).map_err(|why| format!("{}: {why}", file.name)),
        (None, None) => Err(format!("picture {item} was not read")),
    };
    let total = noted.0.len();
    let found: Vec<Result<Content, String>> = noted.0.into_par_iter().enumerate().map(content).collect();
    let bad: Vec<String> = found.iter().filter_map(|content| content.clone().err()).collect();
    if bad.is_empty() {
        Ok(found.into_iter().flatten().collect())
    } else {
        Err(store::unreadable(bad, total))
    }
}

/// A picture of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) split: Split,
    /// Class index; a hash where labels are numbers.
    pub(super) label: u64,
    pub(super) content: Content,
}

/// All pictures of a data set, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataIndex {
    /// Class names in the order of their indices; empty where labels are numbers.
    pub(super) classes: Vec<String>,
    pub(super) entries: Vec<Entry>,
}

/// Enough of an index to know whether another is of the same data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataDigest {
    /// Of names, splits, labels, sizes and samples; empty where nothing is known.
    pub sampled: String,
    /// With the contents, where all of them were read.
    pub whole: Option<String>,
}

impl DataDigest {
    /// Whether two digests are of the same data, as far as both know.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.whole, &other.whole) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => self.sampled == other.sampled,
        }
    }
}

/// What a file's first line says.
const FORMAT: &str = "cnnc data index 1";

impl DataIndex {
    /// The index of a set whose contents are known.
    pub(super) fn new(
        (classes, targets): (&[String], Option<&Targets>),
        (names, labels, splits): (Vec<String>, &[i32], &[Split]),
        contents: Vec<Content>,
    ) -> Self {
        let label = |item: usize| match targets {
            None => labels[item] as u64,
            Some(targets) => {
                let mut summing = Summing::default();
                summing.add_floats(targets.row(item));
                summing.sum().short()
            }
        };
        let classes = if targets.is_none() { classes.to_vec() } else { Vec::new() };
        let items = names.into_iter().zip(splits).zip(contents).enumerate();
        let entries = items
            .map(|(item, ((name, &split), content))| Entry { name, split, label: label(item), content })
            .collect();
        Self { classes, entries }
    }

    /// The name of the picture at a place in the data set.
    pub fn name(&self, item: usize) -> Option<&str> {
        self.entries.get(item).map(|entry| entry.name.as_str())
    }

    /// Its digest.
    pub fn digest(&self) -> DataDigest {
        let with = |whole: bool| {
            let mut summing = Summing::default();
            summing.add(serde_json::json!(self.classes).to_string().as_bytes());
            for Entry { name, split, label, content } in &self.entries {
                let hash = if whole { content.whole.unwrap_or_default() } else { content.sample };
                summing.add(name.as_bytes());
                summing.add(&[0, *split as u8]);
                for number in [*label, content.bytes, hash] {
                    summing.add(&number.to_le_bytes());
                }
            }
            summing.sum().to_string()
        };
        let all_read = self.entries.iter().all(|entry| entry.content.whole.is_some());
        DataDigest { sampled: with(false), whole: all_read.then(|| with(true)) }
    }

    /// As the text of a file: a checksum, what it is, the classes, then a row a picture.
    pub fn to_text(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let rows = self.entries.iter().map(|Entry { name, split, label, content }| {
            let Content { bytes, sample, whole } = content;
            let whole = whole.map_or(String::new(), |whole| format!("{whole:016x}"));
            [split.name(), &label.to_string(), &bytes.to_string(), &format!("{sample:016x}"), &whole, name]
                .map(str::to_owned)
        });
        let header = ["split", "label", "bytes", "sample", "contents", "name"].map(str::to_owned);
        for row in std::iter::once(header).chain(rows) {
            writer.write_record(row).expect("rows of one length, written to memory");
        }
        let rows = writer.into_inner().expect("memory takes everything");
        let rows = String::from_utf8(rows).expect("all of it was text");
        sealed(&format!("{FORMAT}\nclasses {}\n{rows}", serde_json::json!(self.classes)))
    }

    /// The index that a file holds.
    /// # Errors
    /// How it is seen that the file is not what was written.
    pub fn from_text(bytes: &[u8]) -> Result<Self, String> {
        let text = unsealed(bytes).ok_or("its checksum is not that of its contents")?;
        let unknown = || "it is not an index of this version".to_owned();
        let text =
            text.strip_prefix(FORMAT).and_then(|text| text.strip_prefix("\nclasses ")).ok_or_else(unknown)?;
        let (classes, rows) = text.split_once('\n').ok_or_else(unknown)?;
        let classes = serde_json::from_str(classes).map_err(|_| unknown())?;
        let entries = csv::Reader::from_reader(rows.as_bytes()).into_records();
        let entries = entries
            .map(|row| row.ok().as_ref().and_then(entry).ok_or_else(unknown))
            .collect::<Result<_, _>>()?;
        Ok(Self { classes, entries })
    }

    /// Names of the pictures that have the same contents in another index.
    pub fn same_pictures(&self, other: &DataIndex) -> BTreeSet<&str> {
        let contents: HashMap<&str, &Content> =
            other.entries.iter().map(|entry| (entry.name.as_str(), &entry.content)).collect();
        let is_same = |entry: &&Entry| {
            contents.get(entry.name.as_str()).is_some_and(|content| content.is(&entry.content))
        };
        self.entries.iter().filter(is_same).map(|entry| entry.name.as_str()).collect()
    }

    /// How many pictures of a split stood in the training split of an `earlier` index, by their
    /// contents.
    pub fn trained_on(&self, split: Split, earlier: &DataIndex) -> usize {
        let trained = earlier.entries.iter().filter(|entry| entry.split == Split::Train);
        let known = super::changes::ByContent::of(trained);
        self.entries
            .iter()
            .filter(|entry| entry.split == split && known.get(&entry.content).is_some())
            .count()
    }
}

fn entry(row: &csv::StringRecord) -> Option<Entry> {
    let split =
        [Split::Train, Split::Validation, Split::Test].into_iter().find(|split| split.name() == &row[0])?;
    let hash = |text: &str| u64::from_str_radix(text, 16).ok();
    let whole = match row.get(4)? {
        "" => None,
        text => Some(hash(text)?),
    };
    let content = Content { bytes: row.get(2)?.parse().ok()?, sample: hash(row.get(3)?)?, whole };
    Some(Entry { name: row.get(5)?.to_owned(), split, label: row.get(1)?.parse().ok()?, content })
}

/// The name of each picture of a set. `table` is the folder of the table that lists them.
pub(super) fn names(source: &Source, table: Option<&Path>) -> Vec<String> {
    let Pictures::Files(files) = &source.pictures else {
        return (0..source.labels.len()).map(|item| item.to_string()).collect();
    };
    let below = table.map(|table| table.join("").display().to_string()).unwrap_or_default();
    files.iter().map(|file| file.name.strip_prefix(&below).unwrap_or(&file.name).to_owned()).collect()
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
