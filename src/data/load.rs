//! Reads a data set of any kind.

use std::path::Path;

use super::error::DataError;
use super::folder::SplitFolders;
use super::locations::Locations;
use super::npz::ArrayFacts;
use super::source::{Arrays, Contents, Source, Split};
use super::{Progress, cifar, folder, idx, npz, standard, store, table};
use crate::card;
use crate::ir::{Damaged, DataSource, DataSpec, LabelKind};

/// Finds and reads the data set that a program names. Pictures in files are not decoded yet, unless damaged
/// ones are to be left out.
pub(super) fn load(
    data: &DataSpec,
    locations: &Locations,
    progress: &mut dyn FnMut(Progress),
) -> Result<Source, DataError> {
    let mut source = found(data, locations, progress)?;
    if data.damaged.as_ref().is_some_and(|damaged| damaged.value == Damaged::Skip) {
        store::leave_out_damaged(&mut source, locations.bounds, progress)?;
    }
    Ok(source)
}

fn found(
    data: &DataSpec,
    locations: &Locations,
    progress: &mut dyn FnMut(Progress),
) -> Result<Source, DataError> {
    let source = &data.source.value;
    let arrays = match source {
        DataSource::Digits => standard::digits()?,
        DataSource::Mnist => standard::mnist(locations, progress)?,
        DataSource::FashionMnist => standard::fashion_mnist(locations, progress)?,
        DataSource::Cifar10 => cifar::cifar10(locations, progress)?,
        DataSource::Cifar100 => cifar::cifar100(locations, progress)?,
        DataSource::Idx { .. } | DataSource::CifarBinary { .. } => {
            let arrays = given(source, Contents::Kept, locations)?;
            let classes = numbered(&arrays.labels);
            return Ok(Source::of_arrays(arrays, classes));
        }
        DataSource::Folder { train, validation, test } => {
            let (validation, test) = (validation.as_deref(), test.as_deref());
            return folder::load(SplitFolders { train, validation, test }, locations);
        }
        DataSource::Npz(path) => return npz::load(path, data.labels.value, locations),
        DataSource::Csv(table) => return table::load(table, data.labels.value, locations),
    };
    let classes = card::builtin(source).map(|card| card.classes).unwrap_or_default();
    Ok(Source::of_arrays(arrays, classes))
}

/// Arrays in files that the program names.
fn given(source: &DataSource, contents: Contents, locations: &Locations) -> Result<Arrays, DataError> {
    match source {
        DataSource::Idx { images, labels, test } => {
            let test = test.as_ref().map(|[images, labels]| [images.as_path(), labels.as_path()]);
            idx::load([images, labels], test, contents, locations)
        }
        DataSource::CifarBinary { path, test, label_bytes } => {
            cifar::binary(path, test.as_deref(), *label_bytes, contents, locations)
        }
        DataSource::Digits
        | DataSource::Mnist
        | DataSource::FashionMnist
        | DataSource::Cifar10
        | DataSource::Cifar100
        | DataSource::Folder { .. }
        | DataSource::Npz(_)
        | DataSource::Csv(_) => {
            Err(DataError::malformed(Path::new(&source.name()), "holds no arrays", "this is a bug in cnnc"))
        }
    }
}

/// Classes are named by their indices; as many as the largest label says.
pub(super) fn numbered(labels: &[i32]) -> Vec<String> {
    let count = labels.iter().max().map_or(0, |&largest| largest + 1);
    (0..count).map(|class| class.to_string()).collect()
}

/// What is known of arrays without looking at their pixels (of floating point, at some).
/// # Errors
/// [`DataError`].
pub(crate) fn array_facts(
    source: &DataSource,
    kind: LabelKind,
    locations: &Locations,
) -> Result<ArrayFacts, DataError> {
    if let DataSource::Npz(path) = source {
        return npz::facts(path, kind, locations);
    }
    let Arrays { size, labels, splits, .. } = given(source, Contents::PassedOver, locations)?;
    let of = |wanted: Split| -> Vec<i32> {
        labels.iter().zip(&splits).filter(|(_, split)| **split == wanted).map(|(label, _)| *label).collect()
    };
    Ok(ArrayFacts::new(size, &of(Split::Train), &of(Split::Test), (0.0, 255.0)))
}
