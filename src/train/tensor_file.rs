//! Safetensors files: named f32 tensors and a few texts.
//!
//! Equal contents give equal bytes: texts and tensors stand in the order they are given in, and nothing in
//! the file tells when it was written.
//!
//! The first text of a file of ours is its `checksum`: over the length of the header, the header with zeros
//! in the checksum's own place, and all tensors. Other readers see one text more. Files of other programs,
//! and of older versions of this one, have none, and are taken as they are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

use super::error::RunError;
use crate::checksum::{Checksum, Summing, in_bytes};
use crate::files;
use crate::tensor::Shape;

/// Largest file that is read: far beyond any model that trains on one machine's processors.
const LARGEST_FILE_BYTES: u64 = 64 << 30;
/// What the checksum is called among the texts.
const CHECKSUM: &str = "checksum";
/// How the checksum begins.
const FUNCTION: &str = "xxh3:";

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
    /// The file has a checksum of ours, and it is right.
    pub is_proven: bool,
}

/// Writes tensors and texts to `path`, replacing a file that stands there at one moment. `values` gives the
/// values of a tensor, row by row, when they are summed up and again when they are written: no more than one
/// tensor is held beside the model.
/// # Errors
/// [`RunError::Write`]; an older file is then left as it was.
pub(super) fn write<'v>(
    path: &Path,
    texts: &[(&str, String)],
    tensors: &[NamedTensor<'_>],
    mut values: impl FnMut(usize) -> Cow<'v, [f32]>,
) -> Result<(), RunError> {
    let blank = blank();
    let without_sum = header(&blank, texts, tensors);
    let mut summing = Summing::default();
    summing.add(&(without_sum.len() as u64).to_le_bytes());
    summing.add(without_sum.as_bytes());
    (0..tensors.len()).for_each(|at| summing.add_floats(&values(at)));
    // the first text of the header is the checksum's
    let header = without_sum.replacen(&blank, &format!("{FUNCTION}{}", summing.sum()), 1);
    files::write(path, |file| {
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        for (at, tensor) in tensors.iter().enumerate() {
            let values = values(at);
            debug_assert_eq!(values.len(), tensor.shape.elements(), "{}", tensor.name);
            in_bytes(&values, |bytes| file.write_all(bytes))?;
        }
        Ok(())
    })
    .map_err(|source| RunError::write(path, source))
}

/// What stands in the place of a checksum while it is made.
fn blank() -> String {
    format!("{FUNCTION}{}", "0".repeat(Checksum::TEXT_LEN))
}

/// The JSON header, padded to 8 bytes as the format recommends. The `safetensors` crate would write the texts
/// in the order of a hash map.
fn header(checksum: &str, texts: &[(&str, String)], tensors: &[NamedTensor<'_>]) -> String {
    let mut entries = Map::new();
    let texts =
        std::iter::once((CHECKSUM, checksum)).chain(texts.iter().map(|(key, text)| (*key, text.as_str())));
    let texts = texts.map(|(key, text)| (key.to_owned(), Value::from(text))).collect();
    entries.insert("__metadata__".into(), Value::Object(texts));
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

/// Reads a whole file. Only f32 tensors are taken; whole numbers are no weights and are left out (PyTorch
/// counts batches beside its statistics).
/// # Errors
/// [`RunError::Read`], [`RunError::Format`] for anything that is not a sound safetensors file of f32, or
/// [`RunError::Damaged`] where it was one when it was written.
pub(super) fn read(path: &Path) -> Result<TensorFile, RunError> {
    let bytes = read_bytes(path)?;
    let unsound =
        |found: String| RunError::Format { path: path.to_owned(), wanted: "a safetensors file", found };
    let file = SafeTensors::deserialize(&bytes).map_err(|error| unsound(error.to_string()))?;
    let (header_len, metadata) =
        SafeTensors::read_metadata(&bytes).map_err(|error| unsound(error.to_string()))?;
    let mut read = TensorFile::default();
    if let Some(texts) = metadata.metadata() {
        read.texts = texts.iter().map(|(key, text)| (key.clone(), text.clone())).collect();
    }
    if let Some(written) = read.texts.get(CHECKSUM).filter(|text| text.starts_with(FUNCTION)) {
        let found = sum_of(&bytes, header_len, written);
        if found.as_deref() != Some(written) {
            return Err(RunError::damaged(path, "its checksum is not that of its contents"));
        }
        read.is_proven = true;
    }
    for (name, view) in file.tensors() {
        check_type(&name, view.dtype()).map_err(unsound)?;
        if is_whole(view.dtype()) {
            continue;
        }
        let values = view.data().as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
        read.tensors.insert(name, (Shape::new(view.shape()), values));
    }
    Ok(read)
}

/// The checksum that a file should have, if `written` is where a checksum stands in it.
fn sum_of(bytes: &[u8], header_len: usize, written: &str) -> Option<String> {
    let (length, rest) = bytes.split_at_checked(size_of::<u64>())?;
    let (header, tensors) = rest.split_at_checked(header_len)?;
    let header = std::str::from_utf8(header).ok()?;
    let mut summing = Summing::default();
    summing.add(length);
    summing.add(header.replacen(written, &blank(), 1).as_bytes());
    summing.add(tensors);
    Some(format!("{FUNCTION}{}", summing.sum()))
}

/// What is read: 32-bit numbers; whole ones are left out.
pub(super) fn check_type(name: &str, dtype: Dtype) -> Result<(), String> {
    if dtype == Dtype::F32 || is_whole(dtype) {
        return Ok(());
    }
    Err(format!("`{name}` holds {dtype} values, and cnnc reads F32"))
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

/// A regular file's bytes. What is allocated is bounded by the file's true length: nothing in it is believed
/// before.
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
        put(&path, &[("seed", "7".into()), ("source", "a \"quoted\"\nline".into())], &shape)
            .expect("written");
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
    fn every_byte_is_proven() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        put(&path, &[("source", "xxh3:0".into())], &Shape::new([2, 3])).expect("written");
        let sound = fs::read(&path).expect("there");
        assert!(read(&path).expect("sound").is_proven);
        for at in 0..sound.len() {
            for flipped in [1, 0x10, 0x80] {
                let mut damaged = sound.clone();
                damaged[at] ^= flipped;
                fs::write(&path, &damaged).expect("written");
                // a damaged name of the checksum leaves a file that says nothing about its own: its readers
                // know that it should
                assert!(!read(&path).is_ok_and(|file| file.is_proven), "byte {at}");
            }
        }
    }

    #[test]
    fn files_of_others_need_no_checksum() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.safetensors");
        let header =
            r#"{"__metadata__":{"checksum":"md5:0"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&1.5_f32.to_le_bytes());
        fs::write(&path, bytes).expect("written");
        let file = read(&path).expect("sound");
        assert!(!file.is_proven);
        assert_eq!(file.tensors["a"].1, [1.5]);
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
