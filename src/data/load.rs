//! Reads a data set of any kind.

use super::error::DataError;
use super::locations::Locations;
use super::source::Source;
use super::{Progress, folder, npz, standard};
use crate::card;
use crate::ir::{DataSource, DataSpec};

/// Finds and reads the data set that a program names. Pictures in files are not decoded yet.
pub(super) fn load(
    data: &DataSpec,
    locations: &Locations,
    progress: &mut dyn FnMut(Progress),
) -> Result<Source, DataError> {
    let arrays = match &data.source.value {
        DataSource::Digits => standard::digits()?,
        DataSource::Mnist => standard::mnist(locations, progress)?,
        DataSource::FashionMnist => standard::fashion_mnist(locations, progress)?,
        DataSource::Cifar10 => standard::cifar10(locations, progress)?,
        DataSource::Folder { train, test } => return folder::load(train, test.as_deref(), locations),
        DataSource::Npz(path) => return npz::load(path, locations),
    };
    let classes = card::builtin(&data.source.value).map(|card| card.classes).unwrap_or_default();
    Ok(Source::of_arrays(arrays, classes))
}
