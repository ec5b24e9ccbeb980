//! HDF5 files, opened with bounds on what they may take.

use std::sync::Arc;

use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use hdf5_reader::storage::{BytesStorage, DynStorage};
use hdf5_reader::{Attribute, ByteOrder, Dataset, Datatype, Hdf5File, OpenOptions};

use super::bounds;
use super::error::FileError;
use super::numbers::Numbers;

/// What a file is called in messages.
pub(super) const WANTED: &str = "an HDF5 file of Keras";

/// Largest piece that a file may be packed in: h5py makes pieces of 1 MiB.
const MOST_CHUNK_BYTES: usize = 64 << 20;

/// Deepest nesting of groups: models in models in models.
pub(super) const DEEPEST: usize = 64;

/// Opens a file of this length.
pub(super) fn open(storage: DynStorage, file_bytes: u64) -> Result<Hdf5File, FileError> {
    let most = usize::try_from(bounds::most_bytes(file_bytes)).unwrap_or(usize::MAX);
    let options = OpenOptions::default()
        .with_chunk_cache_bytes(1 << 20)
        .with_max_chunk_bytes(MOST_CHUNK_BYTES)
        .with_max_read_bytes(most)
        .with_max_object_header_bytes(16 << 20);
    Hdf5File::from_storage_with_options(storage, options).map_err(unsound)
}

/// What the library says.
pub(super) fn unsound(error: Error) -> FileError {
    if let Error::Io(error) = error {
        return FileError::Read(error);
    }
    FileError::format(WANTED, error.to_string())
}

/// The texts of an attribute, of one that is split into `NAME0`, `NAME1`, … too; `None` where there is none.
pub(super) fn texts(group: &Group, name: &str) -> Option<Vec<String>> {
    let attributes = group.attributes().ok()?;
    let of = |name: &str| attributes.iter().find(|attribute| attribute.name == name).map(strings);
    if let Some(whole) = of(name) {
        return Some(whole);
    }
    let pieces: Vec<String> = (0..).map_while(|piece| of(&format!("{name}{piece}"))).flatten().collect();
    (!pieces.is_empty()).then_some(pieces)
}

/// The text of an attribute.
pub(super) fn text(group: &Group, name: &str) -> Option<String> {
    texts(group, name)?.into_iter().next()
}

fn strings(attribute: &Attribute) -> Vec<String> {
    attribute.read_strings().or_else(|_| attribute.read_string().map(|one| vec![one])).unwrap_or_default()
}

/// What floating-point numbers a data set holds; `None` for whole numbers and anything else.
pub(super) fn numbers_of(dataset: &Dataset) -> Option<Numbers> {
    let Datatype::FloatingPoint { size, byte_order: ByteOrder::LittleEndian } = dataset.dtype() else {
        return None;
    };
    match size {
        2 => Some(Numbers::F16),
        4 => Some(Numbers::F32),
        8 => Some(Numbers::F64),
        _ => None,
    }
}

/// The numbers of a data set.
pub(super) fn read(dataset: &Dataset, numbers: Numbers) -> Result<Vec<f32>, FileError> {
    Ok(numbers.read(&dataset.read_raw_bytes().map_err(unsound)?))
}

/// A whole file in memory, as it came out of an archive.
pub(super) fn in_memory(bytes: Vec<u8>) -> DynStorage {
    Arc::new(BytesStorage::new(bytes))
}
