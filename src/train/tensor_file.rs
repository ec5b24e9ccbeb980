//! Safetensors files: named f32 tensors and a few texts.
//!
//! Equal contents give equal bytes: texts and tensors stand in the order they are given in, and nothing in the file tells when it was written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

use super::error::RunError;
use crate::files;
use crate::tensor::Shape;

/// Largest file that is read: far beyond any model that trains on one machine's processors.
const LARGEST_FILE_BYTES: u64 = 64 << 30;

/// A tensor to be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NamedTensor<'a> {
    /// `conv2d.kernel`.
    pub name: String,
    /// Extents.
    pub shape: &'a Shape,
}

/// A file that has been read.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct TensorFile {
    /// The texts of `__metadata__`.
    pub texts: BTreeMap<String, String>,
    /// Tensors by name.
    pub tensors: BTreeMap<String, (Shape, Vec<f32>)>,
}

/// Writes tensors and texts to `path`, replacing a file that stands there at one moment. `values` gives the values of a tensor, row by row, when it is
/// written: no more than one tensor is held beside the model.
/// # Errors
/// [`RunError::Write`]; an older file is then left as it was.
pub(super) fn write<'v>(
    path: &Path,
    texts: &[(&str, String)],
    tensors: &[NamedTensor<'_>],
    mut values: impl FnMut(usize) -> Cow<'v, [f32]>,
) -> Result<(), RunError> {
    let header = header(texts, tensors);
    files::write(path, |file| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        for (at, tensor) in tensors.iter().enumerate() {
            let values = values(at);
            debug_assert_eq!(values.len(), tensor.shape.elements(), "{}", tensor.name);
            for value in values.iter() {
                file.write_all(&value.to_le_bytes())?;
            }
        }
        Ok(())
    })
    .map_err(|source| RunError::write(path, source))
}

/// The JSON header, padded to 8 bytes as the format recommends. The `safetensors` crate would write the texts in the order of a hash map.
fn header(texts: &[(&str, String)], tensors: &[NamedTensor<'_>]) -> String {
    let mut entries = Map::new();
    if !texts.is_empty() {
        let texts = texts.iter().map(|(key, text)| ((*key).to_owned(), Value::from(text.as_str()))).collect();
        entries.insert("__metadata__".into(), Value::Object(texts));
    }
    let mut offset = 0;
    for tensor in tensors {
        let end = offset + 4 * tensor.shape.elements();
        let entry = json!({ "dtype": "F32", "shape": tensor.shape.extents(), "data_offsets": [offset, end] });
        entries.insert(tensor.name.clone(), entry);
        offset = end;
    }
    let mut header = Value::Object(entries).to_string();
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    header
}

/// Reads a whole file. Only f32 tensors are taken; whole numbers are no weights and are left out (PyTorch counts batches beside its statistics).
/// # Errors
/// [`RunError::Read`], or [`RunError::Format`] for anything that is not a sound safetensors file of f32.
pub(super) fn read(path: &Path) -> Result<TensorFile, RunError> {
    let bytes = read_bytes(path)?;
    let unsound = |found: String| RunError::Format { path: path.to_owned(), wanted: "a safetensors file", found };
    let file = SafeTensors::deserialize(&bytes).map_err(|error| unsound(error.to_string()))?;
    let mut read = TensorFile::default();
    for (name, view) in file.tensors() {
        check_type(&name, view.dtype()).map_err(unsound)?;
        if is_whole(view.dtype()) {
            continue;
        }
        let values = view.data().as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
        read.tensors.insert(name, (Shape::new(view.shape()), values));
    }
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| unsound(error.to_string()))?;
    if let Some(texts) = metadata.metadata() {
        read.texts = texts.iter().map(|(key, text)| (key.clone(), text.clone())).collect();
    }
    Ok(read)
}

/// What is read: 32-bit numbers; whole ones are left out.
pub(super) fn check_type(name: &str, dtype: Dtype) -> Result<(), String> {
    if dtype == Dtype::F32 || is_whole(dtype) {
        return Ok(());
    }
    Err(format!("`{name}` holds {dtype} values, and cnnc reads F32"))
}

fn is_whole(dtype: Dtype) -> bool {
    const WHOLE: [Dtype; 9] =
        [Dtype::BOOL, Dtype::U8, Dtype::I8, Dtype::U16, Dtype::I16, Dtype::U32, Dtype::I32, Dtype::U64, Dtype::I64];
    WHOLE.contains(&dtype)
}

/// A regular file's bytes. What is allocated is bounded by the file's true length: nothing in it is believed before.
fn read_bytes(path: &Path) -> Result<Vec<u8>, RunError> {
    files::read(path, LARGEST_FILE_BYTES).map_err(|source| RunError::read(path, source))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tensors(shape: &Shape) -> Vec<NamedTensor<'_>> {
        ["z.kernel", "a.kernel"].map(|name| NamedTensor { name: name.into(), shape }).to_vec()
    }

    fn values(at: usize) -> Vec<f32> {
        if at == 0 { vec![1.0, -2.5, f32::MIN_POSITIVE, f32::NAN, 0.0, -0.0] } else { vec![0.1; 6] }
    }

    fn put(path: &Path, texts: &[(&str, String)], shape: &Shape) -> Result<(), RunError> {
        write(path, texts, &tensors(shape), |at| values(at).into())
    }

    #[test]
    fn every_bit_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        let shape = Shape::new([2, 3]);
        put(&path, &[("seed", "7".into()), ("source", "a \"quoted\"\nline".into())], &shape).expect("written");
        let file = read(&path).expect("sound");
        assert_eq!(file.texts["source"], "a \"quoted\"\nline");
        for (at, tensor) in tensors(&shape).into_iter().enumerate() {
            let (got_shape, got) = &file.tensors[&tensor.name];
            assert_eq!(got_shape, &shape);
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(got), bits(&values(at)));
        }
    }

    #[test]
    fn equal_contents_give_equal_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let shape = Shape::new([6]);
        let texts = [("b", "1".to_owned()), ("a", "2".to_owned()), ("c", "3".to_owned())];
        let bytes: Vec<Vec<u8>> = ["x", "y", "z"]
            .iter()
            .map(|name| {
                put(&folder.path().join(name), &texts, &shape).expect("written");
                fs::read(folder.path().join(name)).expect("there")
            })
            .collect();
        assert!(bytes.iter().all(|b| b == &bytes[0]));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3, "nothing unfinished is left");
    }

    #[test]
    fn broken_files_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        let shape = Shape::new([6]);
        put(&path, &[], &shape).expect("written");
        let sound = fs::read(&path).expect("there");
        for cut in [0, 4, 8, 20, sound.len() - 1] {
            fs::write(&path, &sound[..cut]).expect("written");
            assert!(matches!(read(&path), Err(RunError::Format { .. })), "cut to {cut} bytes");
        }
        // A header that claims more than the file holds.
        let mut huge = sound;
        huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        fs::write(&path, &huge).expect("written");
        assert!(matches!(read(&path), Err(RunError::Format { .. })));
        assert!(matches!(read(folder.path()), Err(RunError::Read { .. })));
        assert!(matches!(read(&folder.path().join("none")), Err(RunError::Read { .. })));
    }
}
