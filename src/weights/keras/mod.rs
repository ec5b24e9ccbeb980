//! Files of Keras: HDF5, by itself or in a `.keras` archive.
//!
//! ```text
//! layers/conv2d_1/vars/0                  Keras 3: layers by class and count; `vars` has the layer's name
//! conv_a/net/conv_a/kernel                Keras 2: a group for each layer, with `weight_names` in order;
//!                                         in `model_weights/` of a whole model's file
//! ```

mod by_class;
mod by_name;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use hdf5_reader::storage::{DynStorage, FileStorage, Storage, StorageBuffer};
use hdf5_reader::{Dataset, Hdf5File};
use zip::{CompressionMethod, ZipArchive};

use super::error::FileError;
use super::hdf5::{self, unsound};
use super::numbers::Numbers;
use super::{Archive, Opened, Source, bounds};
use crate::tensor::Shape;
use crate::zoo::{Layout, Listed, Listing};

/// What an archive holds beside the weights, and the weights themselves.
const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.weights.h5";

/// What the description of a model is called among the texts of a file.
pub const MODEL: &str = "model_config";
/// The version of Keras.
pub const VERSION: &str = "keras_version";

/// Largest description of a model.
const MOST_CONFIG_BYTES: u64 = 64 << 20;

pub(super) fn open_hdf5(opened: Opened) -> Result<Archive, FileError> {
    let storage = FileStorage::from_file(opened.file).map_err(unsound)?;
    read(Arc::new(storage), opened.bytes, None)
}

pub(super) fn open_zip(
    opened: Opened,
    mut archive: ZipArchive<BufReader<File>>,
) -> Result<Archive, FileError> {
    let wrong = |error: zip::result::ZipError| FileError::format("an archive of Keras", error.to_string());
    let config = match archive.by_name(CONFIG) {
        Ok(mut member) => Some(unpacked(&mut member, MOST_CONFIG_BYTES)?),
        Err(_) => None,
    };
    let mut member = archive.by_name(WEIGHTS).map_err(wrong)?;
    // stored as it is, it is read where it lies
    if let (CompressionMethod::Stored, Some(start)) = (member.compression(), member.data_start()) {
        let (length, file) = (member.size(), opened.file);
        drop(member);
        if start.checked_add(length).is_some_and(|end| end <= opened.bytes) {
            return read(Arc::new(Part { file: Mutex::new(file), start, length }), length, config.as_deref());
        }
        return Err(FileError::format("an archive of Keras", "it is cut off"));
    }
    let bytes = unpacked(&mut member, bounds::most_bytes(opened.bytes))?;
    let length = bytes.len() as u64;
    read(hdf5::in_memory(bytes), length, config.as_deref())
}

/// A member of an archive, if it has at most so many bytes.
fn unpacked(member: &mut impl Read, most: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    member.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let found = "what is packed in it is far larger than any weights would be";
        return Err(FileError::format("an archive of Keras", found));
    }
    Ok(bytes)
}

/// A variable that was found.
struct Found {
    name: String,
    layer: String,
    variable: String,
    position: usize,
    class: Option<String>,
    dataset: Dataset,
}

fn read(storage: DynStorage, bytes: u64, config: Option<&[u8]>) -> Result<Archive, FileError> {
    let file = hdf5::open(storage, bytes)?;
    let root = file.root_group().map_err(unsound)?;
    let texts = texts(&root, config);
    let (found, is_ordered, mut beside) = match by_name::layers(&root) {
        Some(group) => (by_name::read(&group)?, true, by_name::beside(&root)),
        None => {
            let (mut found, beside) = by_class::read(&root)?;
            let is_ordered = config.is_some_and(|config| by_class::sort(&mut found, config));
            (found, is_ordered, beside)
        }
    };
    let (mut tensors, mut datasets) = (Vec::new(), Vec::new());
    for one in found {
        let Some(numbers) = hdf5::numbers_of(&one.dataset) else {
            beside.push(one.name);
            continue;
        };
        let shape: Shape = bounds::shape(&one.name, one.dataset.shape().iter().copied())?;
        let Found { name, layer, variable, position, class, dataset } = one;
        tensors.push(Listed { name, shape, layer, variable, position: Some(position), class });
        datasets.push((dataset, numbers));
    }
    if tensors.is_empty() {
        return Err(FileError::format(hdf5::WANTED, "it holds no weights"));
    }
    bounds::sizes(&tensors, bytes)?;
    let listing = Listing { format: "Keras", tensors, layout: Some(Layout::Keras), is_ordered, beside };
    let source = Keras { _file: file, datasets };
    Ok(Archive { listing, texts, bytes, source: Box::new(source) })
}

/// What a file tells of the model beside its weights.
fn texts(root: &Group, config: Option<&[u8]>) -> BTreeMap<String, String> {
    let archived = || config.and_then(|config| String::from_utf8(config.to_vec()).ok());
    let of_model = hdf5::text(root, MODEL).or_else(archived).map(|text| (MODEL.to_owned(), text));
    let version = hdf5::text(root, VERSION).map(|text| (VERSION.to_owned(), text));
    of_model.into_iter().chain(version).collect()
}

/// A part of a file.
struct Part {
    file: Mutex<File>,
    start: u64,
    length: u64,
}

impl Storage for Part {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_range(&self, offset: u64, length: usize) -> Result<StorageBuffer, Error> {
        let beyond = || Error::OffsetOutOfBounds(offset);
        let end = offset.checked_add(length as u64).filter(|end| *end <= self.length);
        end.ok_or_else(beyond)?;
        let mut bytes = vec![0; length];
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.start + offset))?;
        file.read_exact(&mut bytes)?;
        Ok(StorageBuffer::from_vec(bytes))
    }
}

struct Keras {
    /// Data sets read from it.
    _file: Hdf5File,
    datasets: Vec<(Dataset, Numbers)>,
}

impl Source for Keras {
    fn numbers(&self, tensor: usize) -> Result<Vec<f32>, FileError> {
        let (dataset, numbers) = &self.datasets[tensor];
        hdf5::read(dataset, *numbers)
    }
}

/// Removes what HDF5 files of TensorFlow have behind names: `kernel:0`.
fn bare(variable: &str) -> &str {
    variable.strip_suffix(":0").unwrap_or(variable)
}
