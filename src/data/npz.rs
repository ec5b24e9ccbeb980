//! `npz("data.npz")`: arrays `x_train`, `y_train` and, if present, `x_test`, `y_test`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::bounds::Bounds;
use super::error::DataError;
use super::load::numbered;
use super::locations::Locations;
use super::npy::{self, NpyElement, NpyHeader};
use super::source::{Arrays, Pixels, Source, Split, Targets, count_classes};
use crate::files;
use crate::ir::LabelKind;

/// Labels beyond this are no class indices.
const MAX_CLASSES: i64 = 100_000;
/// Floating-point values that are looked at to know their range: 16 MiB.
const SAMPLE_BYTES: u64 = 16 << 20;

const HELP: &str = "save it with numpy.savez(path, x_train=…, y_train=…): pictures uint8 or float32 [N, H, W] or [N, H, W, C], labels integers [N]";

/// An open .npz file.
struct Npz {
    path: PathBuf,
    bounds: Bounds,
    zip: ZipArchive<BufReader<File>>,
}

/// Labels of both splits, and what their pictures share.
struct Labelled {
    /// `[H, W, C]`.
    size: [usize; 3],
    element: NpyElement,
    train: ArrayLabels,
    /// Empty where there is no test split.
    test: ArrayLabels,
}

/// Labels of one split.
#[derive(Debug, Clone, Default)]
struct ArrayLabels {
    /// Class indices; 0 where labels are numbers.
    indices: Vec<i32>,
    /// Numbers a picture; 0 where labels are class indices.
    columns: usize,
    /// `[N, columns]`
    numbers: Vec<f32>,
}

impl Npz {
    fn open(written: &Path, locations: &Locations) -> Result<Self, DataError> {
        let path = locations.resolve(written)?.path;
        let file = files::open(&path).map_err(|error| DataError::io(&path, error))?;
        let zip = ZipArchive::new(BufReader::new(file))
            .map_err(|error| DataError::malformed(&path, format!("no readable .npz file ({error})"), HELP))?;
        Ok(Self { path, bounds: locations.bounds, zip })
    }

    fn malformed(path: &Path, array: &str, problem: &str) -> DataError {
        DataError::malformed(path, format!("`{array}`: {problem}"), HELP)
    }

    fn has(&self, array: &str) -> bool {
        self.zip.index_for_name(&format!("{array}.npy")).is_some()
    }

    /// An array's header, and what `then` makes of it and of the stream behind it.
    fn read<T>(
        &mut self,
        array: &str,
        then: impl FnOnce(&mut dyn Read, &NpyHeader) -> Result<T, String>,
    ) -> Result<T, DataError> {
        let path = &self.path;
        let mut member = self.zip.by_name(&format!("{array}.npy")).map_err(|error| {
            let missing = matches!(error, ZipError::FileNotFound);
            let problem = if missing { "there is no such array".to_owned() } else { error.to_string() };
            Self::malformed(path, array, &problem)
        })?;
        npy::header(&mut member)
            .and_then(|header| then(&mut member, &header))
            .map_err(|problem| Self::malformed(path, array, &problem))
    }

    /// Number of pictures and `[H, W, C]`.
    fn pictures(&mut self, array: &str) -> Result<(usize, [usize; 3], NpyElement), DataError> {
        self.read(array, |_, header| picture_shape(header))
    }

    /// Labels of a kind, as many as there are images.
    fn labels(&mut self, array: &str, kind: LabelKind, images: usize) -> Result<ArrayLabels, DataError> {
        if kind == LabelKind::Single {
            let indices = self.indices(array, images)?;
            return Ok(ArrayLabels { indices, ..ArrayLabels::default() });
        }
        let most = self.bounds.label_bytes();
        self.read(array, |stream, header| {
            let columns = match header.shape[..] {
                [n] if n == images => 1,
                [n, columns] if n == images && columns > 0 => columns,
                _ => return Err(format!("has shape {:?} for {images} pictures", header.shape)),
            };
            let numbers = npy::numbers(&npy::data(stream, header, most)?, header.element);
            let wrong = |value: &f32| match kind {
                LabelKind::Multi => *value != 0.0 && *value != 1.0,
                LabelKind::Single | LabelKind::Regression => !value.is_finite(),
            };
            if let Some(at) = numbers.iter().position(wrong) {
                let wanted =
                    if kind == LabelKind::Multi { "0 or 1 for each class" } else { "finite numbers" };
                return Err(format!("picture {} has {}, and labels are {wanted}", at / columns, numbers[at]));
            }
            Ok(ArrayLabels { indices: vec![0; images], columns, numbers })
        })
    }

    fn indices(&mut self, array: &str, images: usize) -> Result<Vec<i32>, DataError> {
        let most = self.bounds.label_bytes();
        self.read(array, |stream, header| {
            if !matches!(header.shape[..], [n] | [n, 1] if n == images) {
                return Err(format!("has shape {:?} for {images} pictures", header.shape));
            }
            let labels = npy::integers(&npy::data(stream, header, most)?, header.element).ok_or("labels must be integers")?;
            if let Some(at) = labels.iter().position(|label| *label < 0) {
                let count = labels.iter().filter(|label| **label < 0).count();
                return Err(format!(
                    "label {at} is {}, and {count} of {images} are negative: class indices start at 0; if a negative label says that it is missing, leave these pictures out",
                    labels[at]
                ));
            }
            match labels.iter().position(|label| *label >= MAX_CLASSES) {
                Some(at) => Err(format!("label {at} is {}: class indices are below {MAX_CLASSES}", labels[at])),
                None => Ok(labels.into_iter().map(|label| label as i32).collect()),
            }
        })
    }

    fn pixels(&mut self, array: &str) -> Result<Pixels, DataError> {
        let most = self.bounds.array_bytes();
        self.read(array, |stream, header| {
            let bytes = npy::data(stream, header, most)?;
            Ok(if header.element == NpyElement::U8 {
                Pixels::Bytes(bytes)
            } else {
                Pixels::Floats(npy::floats(&bytes))
            })
        })
    }

    /// Headers and labels of both splits.
    fn facts(&mut self, kind: LabelKind) -> Result<Labelled, DataError> {
        let (train_images, size, element) = self.pictures("x_train")?;
        let train = self.labels("y_train", kind, train_images)?;
        let mut test = ArrayLabels::default();
        if self.has("x_test") || self.has("y_test") {
            let (test_images, test_size, test_element) = self.pictures("x_test")?;
            if (test_size, test_element) != (size, element) {
                let problem = format!(
                    "its pictures are {test_size:?} of {test_element:?}, those of `x_train` {size:?} of {element:?}"
                );
                return Err(Self::malformed(&self.path, "x_test", &problem));
            }
            test = self.labels("y_test", kind, test_images)?;
            if test.columns != train.columns {
                let problem =
                    format!("has {} numbers a picture, `y_train` has {}", test.columns, train.columns);
                return Err(Self::malformed(&self.path, "y_test", &problem));
            }
        }
        Ok(Labelled { size, element, train, test })
    }
}

fn picture_shape(header: &NpyHeader) -> Result<(usize, [usize; 3], NpyElement), String> {
    if !matches!(header.element, NpyElement::U8 | NpyElement::F32) {
        return Err(format!("its elements are {:?}: pictures are uint8 or float32", header.element));
    }
    let (n, size) = match header.shape[..] {
        [n, height, width] => (n, [height, width, 1]),
        [n, height, width, channels] => (n, [height, width, channels]),
        _ => return Err(format!("has shape {:?}: pictures are [N, H, W] or [N, H, W, C]", header.shape)),
    };
    if n == 0 || size.contains(&0) {
        return Err(format!("has shape {:?}: there are no pictures in it", header.shape));
    }
    Ok((n, size, header.element))
}

/// Names of the classes; none where labels are numbers.
fn class_names(labels: &[i32], targets: Option<&Targets>, kind: LabelKind) -> Vec<String> {
    match kind {
        LabelKind::Single => numbered(labels),
        LabelKind::Multi => targets.map(|targets| targets.names.clone()).unwrap_or_default(),
        LabelKind::Regression => Vec::new(),
    }
}

/// Numbers of both splits: `y`, or `y_0`, `y_1`, …; classes that a picture may have several of are named by
/// their indices.
fn targets_of(train: &ArrayLabels, test: &ArrayLabels, kind: LabelKind) -> Option<Targets> {
    let columns = train.columns;
    let name = |at: usize| match kind {
        LabelKind::Multi => at.to_string(),
        LabelKind::Single | LabelKind::Regression if columns == 1 => "y".to_owned(),
        LabelKind::Single | LabelKind::Regression => format!("y_{at}"),
    };
    let values = train.numbers.iter().chain(&test.numbers).copied().collect();
    (columns > 0).then(|| Targets { names: (0..columns).map(name).collect(), values })
}

/// Reads the arrays.
pub(super) fn load(written: &Path, kind: LabelKind, locations: &Locations) -> Result<Source, DataError> {
    let mut npz = Npz::open(written, locations)?;
    let Labelled { size, train, test, .. } = npz.facts(kind)?;
    let targets = targets_of(&train, &test, kind);
    let (mut labels, test_labels) = (train.indices, test.indices);
    let mut pixels = npz.pixels("x_train")?;
    let mut splits = vec![Split::Train; labels.len()];
    if !test_labels.is_empty() {
        match (&mut pixels, npz.pixels("x_test")?) {
            (Pixels::Bytes(all), Pixels::Bytes(test)) => all.extend_from_slice(&test),
            (Pixels::Floats(all), Pixels::Floats(test)) => all.extend_from_slice(&test),
            (Pixels::Bytes(_), Pixels::Floats(_)) | (Pixels::Floats(_), Pixels::Bytes(_)) => {
                return Err(Npz::malformed(&npz.path, "x_test", "changed while it was read"));
            }
        }
        labels.extend(test_labels);
        splits.resize(labels.len(), Split::Test);
    }
    if let Pixels::Floats(values) = &pixels
        && let Some(at) = values.iter().position(|value| !value.is_finite())
    {
        let picture = at / size.iter().product::<usize>();
        return Err(Npz::malformed(
            &npz.path,
            "x_train",
            &format!("picture {picture} has a value that is not finite ({})", values[at]),
        ));
    }
    let classes = class_names(&labels, targets.as_ref(), kind);
    Ok(Source { targets, ..Source::of_arrays(Arrays { pixels, size, labels, splits }, classes) })
}

/// What is known of arrays from their headers and labels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ArrayFacts {
    /// `[H, W, C]`.
    pub(crate) size: [usize; 3],
    /// Class names in the order of their indices.
    pub(crate) classes: Vec<String>,
    /// Training images of each class.
    pub(crate) class_counts: Vec<usize>,
    /// Test images of each class; empty where there is no test split.
    pub(crate) test_counts: Vec<usize>,
    /// Images in `x_train` and `x_test`.
    pub(crate) images: [usize; 2],
    /// Labels that are numbers.
    pub(crate) targets: Option<Targets>,
    /// Smallest and largest value: 0 and 255 of bytes; of floating point those among the first 4 million.
    pub(crate) range: (f32, f32),
}

impl ArrayFacts {
    /// Facts from the labels of both splits; those of the test split may be empty.
    pub(super) fn new(size: [usize; 3], train: &[i32], test: &[i32], range: (f32, f32)) -> Self {
        let all: Vec<i32> = train.iter().chain(test).copied().collect();
        let classes = numbered(&all);
        let count = |labels: &[i32]| {
            let mut counts = vec![0; classes.len()];
            labels.iter().for_each(|&label| counts[label as usize] += 1);
            counts
        };
        let test_counts = if test.is_empty() { Vec::new() } else { count(test) };
        let images = [train.len(), test.len()];
        Self { size, class_counts: count(train), test_counts, images, classes, range, targets: None }
    }
}

/// Reads headers, labels and, for floating point, some values.
pub(super) fn facts(written: &Path, kind: LabelKind, locations: &Locations) -> Result<ArrayFacts, DataError> {
    let mut npz = Npz::open(written, locations)?;
    let Labelled { size, element, train, test } = npz.facts(kind)?;
    let range = if element == NpyElement::U8 {
        (0.0, 255.0)
    } else {
        npz.read("x_train", |stream, _| {
            let mut bytes = Vec::new();
            stream.take(SAMPLE_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            let values = npy::floats(&bytes);
            Ok((
                values.iter().copied().fold(f32::INFINITY, f32::min),
                values.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            ))
        })?
    };
    let Some(targets) = targets_of(&train, &test, kind) else {
        return Ok(ArrayFacts::new(size, &train.indices, &test.indices, range));
    };
    let classes = class_names(&[], Some(&targets), kind);
    let (train_rows, test_rows) = targets.values.split_at(train.numbers.len());
    let count = |rows: &[f32]| if rows.is_empty() { Vec::new() } else { count_classes(&classes, rows) };
    Ok(ArrayFacts {
        size,
        class_counts: count(train_rows),
        test_counts: count(test_rows),
        images: [train.indices.len(), test.indices.len()],
        classes,
        range,
        targets: (kind == LabelKind::Regression).then_some(targets),
    })
}

#[cfg(test)]
#[path = "npz_tests.rs"]
mod tests;
