//! The bytes of a file as a message.

use std::path::{Component, Path};

use prost::bytes::Bytes;

use super::WANTED;
use crate::files;
use crate::onnx::proto::{DataLocation, ModelProto, TensorProto};
use crate::onnx::scan;
use crate::weights::FileError;

/// A message of protocol buffers has no more.
const MOST_BYTES: u64 = i32::MAX as u64;
/// Most bytes of values in other files, together.
const MOST_BESIDE: u64 = 8 << 30;

/// Reads a file, and the values that it has beside it. How many bytes those are comes with it.
pub(super) fn read(path: &Path) -> Result<(ModelProto, usize), FileError> {
    let bytes = files::read_input(path, MOST_BYTES)?;
    let mut length = bytes.len();
    let wrong = |found: String| FileError::Format { wanted: WANTED, found };
    let mut model = scan::decoded(Bytes::from(bytes)).map_err(wrong)?;
    if let Some(graph) = &mut model.graph {
        let mut open = std::collections::HashMap::new();
        for tensor in &mut graph.initializer {
            if tensor.data_location == DataLocation::External as i32 || !tensor.external_data.is_empty() {
                length += beside(tensor, path, &mut open)?;
            }
        }
    }
    Ok((model, length))
}

/// Brings the values of a tensor in from a file beside the model.
fn beside(
    tensor: &mut TensorProto,
    model: &Path,
    open: &mut std::collections::HashMap<String, Bytes>,
) -> Result<usize, FileError> {
    let wrong = |why: String| FileError::Format {
        wanted: WANTED,
        found: format!("the values of `{}`: {why}", tensor.name),
    };
    let entry = |key: &str| {
        tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    };
    let number = |key: &str| match entry(key) {
        None => Ok(None),
        Some(text) => text.parse::<usize>().map(Some).map_err(|_| wrong(format!("`{key}` is `{text}`"))),
    };
    let location = entry("location").unwrap_or_default();
    let place = Path::new(location);
    let is_beside = !location.is_empty()
        && place.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_beside {
        return Err(wrong(format!("`{location}` is no file beside the model")));
    }
    let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
    let whole = match open.get(location) {
        Some(bytes) => bytes.clone(),
        None => {
            let taken: u64 = open.values().map(|bytes| bytes.len() as u64).sum();
            let path = model.parent().unwrap_or(Path::new("")).join(place);
            let bytes = files::read(&path, MOST_BESIDE.saturating_sub(taken)).map_err(|error| {
                wrong(format!("`{location}` beside the model: {}", FileError::from(error).reason()))
            })?;
            let bytes = Bytes::from(bytes);
            open.insert(location.to_owned(), bytes.clone());
            bytes
        }
    };
    let end = match length {
        Some(length) => offset.checked_add(length),
        None => Some(whole.len()),
    };
    let part = end.filter(|&end| offset <= end && end <= whole.len());
    let part = part
        .ok_or_else(|| wrong(format!("`{location}` has {} bytes, and they would lie behind", whole.len())))?;
    let values = whole.slice(offset..part);
    let length = values.len();
    tensor.raw_data = Some(values);
    tensor.external_data.clear();
    tensor.data_location = DataLocation::Default as i32;
    Ok(length)
}
