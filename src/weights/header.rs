//! Safetensors files by their header: tensors are read one by one.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::error::FileError;
use super::numbers::Numbers;
use super::safetensors::{SOURCE, Sum};
use super::{Archive, Opened, Source, bounds};
use crate::zoo::{Listed, Listing};

/// What the file is called in messages.
const WANTED: &str = "a safetensors file";

/// Longest header: far more than the names of any network take.
const LONGEST: u64 = 1 << 25;

/// What a file says before its tensors.
struct Header {
    metadata: Metadata,
    /// The JSON text.
    text: Vec<u8>,
    /// Bytes of the file.
    size: u64,
}

fn header(file: &mut File) -> Result<Header, FileError> {
    let size = file.metadata()?.len();
    if size == 0 {
        return Err(FileError::format(WANTED, "it is empty"));
    }
    let mut length = Vec::new();
    file.take(8).read_to_end(&mut length)?;
    let length = length.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
    let Some(length) = length.filter(|length| *length <= LONGEST.min(size - 8)) else {
        return Err(FileError::format(WANTED, "it is none, or cut off"));
    };
    let mut text = Vec::new();
    file.take(length).read_to_end(&mut text)?;
    let unsound = |error: serde_json::Error| FileError::format(WANTED, format!("its header is {error}"));
    bounds::values(&text).map_err(unsound)?;
    let metadata = serde_json::from_slice(&text).map_err(unsound)?;
    Ok(Header { metadata, text, size })
}

/// The text of the program that a weights file was made by, read from its header alone; `None` where it does
/// not tell, as files of other formats never do.
/// # Errors
/// Why it cannot be read.
pub fn program_of(path: &Path) -> Result<Option<String>, FileError> {
    let archive = super::open(path)?;
    Ok(archive.texts.get(SOURCE).filter(|text| !text.is_empty()).cloned())
}

pub(super) fn open(mut opened: Opened) -> Result<Archive, FileError> {
    let Header { metadata, text, size } = header(&mut opened.file)?;
    let start = 8 + text.len() as u64;
    let texts = metadata.metadata().clone().unwrap_or_default().into_iter().collect();
    let (mut tensors, mut places, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    let mut at = 0;
    let names = metadata.offset_keys();
    bounds::count(names.len())?;
    for name in names {
        let Some(info) = metadata.info(&name) else { continue };
        let bits = info.shape.iter().try_fold(info.dtype.bitsize(), |bits, extent| bits.checked_mul(*extent));
        let (from, to) = info.data_offsets;
        if from != at || to.checked_sub(from).and_then(|bytes| bytes.checked_mul(8)) != bits {
            return Err(FileError::format(WANTED, format!("`{name}` does not lie where its extents say")));
        }
        at = to;
        match floating(info.dtype) {
            Some(numbers) => {
                let shape = bounds::shape(&name, info.shape.iter().map(|&extent| extent as u64))?;
                places.push(Place { start: start + from as u64, bytes: to - from, numbers });
                tensors.push(Listed::named(name, shape));
            }
            // PyTorch counts batches beside its statistics
            None if is_whole(info.dtype) => beside.push(name),
            None => {
                let found = format!("`{name}` holds {} values, which are no weights", info.dtype);
                return Err(FileError::format(WANTED, found));
            }
        }
    }
    let whole = u64::try_from(at).ok().and_then(|data| data.checked_add(start));
    if whole != Some(size) {
        let found = format!("it has {size} bytes, and its header tells of {}", whole.unwrap_or(u64::MAX));
        return Err(FileError::format(WANTED, found));
    }
    // offsets order the tensors as they were written, which is the order of a network in our own files alone
    let listing = Listing { format: "safetensors", tensors, layout: None, is_ordered: true, beside };
    let source = Safetensors { file: RefCell::new(opened.file), places, header: text };
    Ok(Archive { listing, texts, bytes: size, source: Box::new(source) })
}

/// Where a tensor lies.
struct Place {
    start: u64,
    bytes: usize,
    numbers: Numbers,
}

struct Safetensors {
    file: RefCell<File>,
    places: Vec<Place>,
    header: Vec<u8>,
}

impl Source for Safetensors {
    fn numbers(&self, tensor: usize) -> Result<Vec<f32>, FileError> {
        let &Place { start, bytes, numbers } = &self.places[tensor];
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(start))?;
        let mut read = vec![0; bytes];
        file.read_exact(&mut read)?;
        Ok(numbers.read(&read))
    }

    fn prove(&self) -> Result<bool, FileError> {
        let Some(mut sum) = Sum::of_header(&self.header) else { return Ok(false) };
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(8 + self.header.len() as u64))?;
        let mut piece = vec![0; 1 << 20];
        loop {
            match file.read(&mut piece)? {
                0 => return sum.check().map(|()| true),
                read => sum.add(&piece[..read]),
            }
        }
    }
}

fn floating(dtype: Dtype) -> Option<Numbers> {
    const FLOATING: [(Dtype, Numbers); 4] = [
        (Dtype::F16, Numbers::F16),
        (Dtype::BF16, Numbers::Bf16),
        (Dtype::F32, Numbers::F32),
        (Dtype::F64, Numbers::F64),
    ];
    FLOATING.iter().find(|(known, _)| *known == dtype).map(|(_, numbers)| *numbers)
}

fn is_whole(dtype: Dtype) -> bool {
    const WHOLE: [Dtype; 9] = [
        Dtype::BOOL,
        Dtype::U8,
        Dtype::I8,
        Dtype::U16,
        Dtype::I16,
        Dtype::U32,
        Dtype::I32,
        Dtype::U64,
        Dtype::I64,
    ];
    WHOLE.contains(&dtype)
}
