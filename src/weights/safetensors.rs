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
use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::error::FileError;
use crate::checksum::{Checksum, Summing, in_bytes};
use crate::files;
use crate::tensor::Shape;

/// What the checksum is called among the texts.
const CHECKSUM: &str = "checksum";
/// How the checksum begins.
const FUNCTION: &str = "xxh3:";
/// What the program's text is called among the texts of a weights file.
pub const SOURCE: &str = "source";

/// A tensor to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor<'a> {
    /// `conv2d.kernel`.
    pub name: String,
    /// Extents.
    pub shape: &'a Shape,
}

/// A file that has been read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TensorFile {
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
/// The system's; an older file is then left as it was.
pub fn write<'v>(
    path: &Path,
    texts: &[(&str, String)],
    tensors: &[NamedTensor<'_>],
    mut values: impl FnMut(usize) -> Cow<'v, [f32]>,
) -> io::Result<()> {
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

/// Reads a whole file and holds it against its checksum, if it has one.
/// # Errors
/// [`FileError`]: it cannot be read, is no sound file of tensors, or is not what was written.
pub fn read(path: &Path) -> Result<TensorFile, FileError> {
    let archive = super::open(path)?;
    let is_proven = archive.prove()?;
    let mut tensors = BTreeMap::new();
    for (at, tensor) in archive.listing.tensors.iter().enumerate() {
        tensors.insert(tensor.name.clone(), (tensor.shape.clone(), archive.numbers(at)?));
    }
    Ok(TensorFile { texts: archive.texts, tensors, is_proven })
}

/// The checksum that a file should have, while the file is read.
pub(super) struct Sum {
    summing: Summing,
    written: String,
}

impl Sum {
    /// Of a file with this header; `None` where that has no checksum of ours.
    pub(super) fn of_header(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok()?;
        let about: Value = serde_json::from_str(text).ok()?;
        let written = about.get("__metadata__")?.get(CHECKSUM)?.as_str()?;
        if !written.starts_with(FUNCTION) {
            return None;
        }
        let mut summing = Summing::default();
        summing.add(&(header.len() as u64).to_le_bytes());
        summing.add(text.replacen(written, &blank(), 1).as_bytes());
        Some(Self { summing, written: written.to_owned() })
    }

    /// Adds some of what follows the header.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.summing.add(bytes);
    }

    /// # Errors
    /// [`FileError::Damaged`].
    pub(super) fn check(self) -> Result<(), FileError> {
        let is_right = format!("{FUNCTION}{}", self.summing.sum()) == self.written;
        let damaged = || FileError::Damaged("its checksum is not that of its contents".to_owned());
        is_right.then_some(()).ok_or_else(damaged)
    }
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

    fn put(path: &Path, texts: &[(&str, String)], shape: &Shape) -> io::Result<()> {
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
            assert!(matches!(read(&path), Err(FileError::Format { .. })), "cut to {cut} bytes");
        }
        // A header that claims more than the file holds.
        let mut huge = sound;
        huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        fs::write(&path, &huge).expect("written");
        assert!(matches!(read(&path), Err(FileError::Format { .. })));
        assert!(matches!(read(folder.path()), Err(FileError::Read(_))));
        assert!(matches!(read(&folder.path().join("none")), Err(FileError::Read(_))));
    }
}
