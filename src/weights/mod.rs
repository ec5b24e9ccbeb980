//! Files of weights, of this program and of others, read without running anything in them.
//!
//! [`open`] looks at what a file begins with, never at its name, and reads its header: names and shapes
//! ([`Listing`]). Numbers are read tensor by tensor, when they are asked for. What a file says of its sizes
//! is held against its length before anything is allocated.
//!
//! | | |
//! |---|---|
//! | [`safetensors`] | our own files, with a checksum, and those of others |
//! | [`keras`] | `.keras` and `.weights.h5` of Keras 3; `.h5` of Keras 2, whole models and weights alone |
//! | [`torch`] | `.pt`, `.pth`: state dicts, alone and in checkpoints |
//! | [`onnx`] | initializers |
//! | [`npz`] | arrays of NumPy by name |

mod account;
mod bounds;
mod error;
mod hdf5;
mod header;
mod keras;
mod npz;
mod numbers;
mod onnx;
mod pickle;
pub mod safetensors;
mod torch;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

pub use account::{Entry, Fate, FileAccount};
pub use error::FileError;
pub use header::program_of;
pub use keras::{MODEL, VERSION};

use crate::files;
use crate::zoo::Listing;

/// A file whose header has been read.
pub struct Archive {
    /// What it holds.
    pub listing: Listing,
    /// What it says about itself: texts by name. Only safetensors files and whole models of Keras have any.
    pub texts: BTreeMap<String, String>,
    /// Bytes of the file.
    pub bytes: u64,
    source: Box<dyn Source>,
}

/// Where numbers come from.
trait Source {
    /// The numbers of a tensor, in the order of its axes as the listing has them.
    fn numbers(&self, tensor: usize) -> Result<Vec<f32>, FileError>;

    /// Holds all of the file against its checksum, if it has one. Says whether it has.
    fn prove(&self) -> Result<bool, FileError> {
        Ok(false)
    }
}

impl Archive {
    /// The numbers of a tensor, by its index in the listing.
    /// # Errors
    /// [`FileError`].
    pub fn numbers(&self, tensor: usize) -> Result<Vec<f32>, FileError> {
        let numbers = self.source.numbers(tensor)?;
        let listed = &self.listing.tensors[tensor];
        if numbers.len() == listed.shape.elements() {
            return Ok(numbers);
        }
        let found = format!("`{}` is {} and holds {} numbers", listed.name, listed.shape, numbers.len());
        Err(FileError::format(self.listing.format, found))
    }

    /// Holds all of the file against its checksum, if it has one. Says whether it has.
    /// # Errors
    /// [`FileError::Damaged`], [`FileError::Read`].
    pub fn prove(&self) -> Result<bool, FileError> {
        self.source.prove()
    }
}

/// Opens a file of weights and reads its header.
/// # Errors
/// [`FileError`] with the reason where it is none.
pub fn open(path: &Path) -> Result<Archive, FileError> {
    let mut file = files::open(path)?;
    let bytes = file.metadata()?.len();
    let mut start = Vec::new();
    (&mut file).take(16).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    let opened = Opened { file, bytes, path: path.to_owned() };
    match &start[..] {
        [] => Err(FileError::format("a file of weights", "it is empty")),
        [0x89, b'H', b'D', b'F', b'\r', b'\n', 0x1a, b'\n', ..] => keras::open_hdf5(opened),
        [b'P', b'K', 3, 4, ..] => open_zip(opened),
        // the length of a header of up to 64 MiB, whatever its digits, and the first letter of a JSON object
        [_, _, _, 0..=3, 0, 0, 0, 0, b'{', ..] => header::open(opened),
        [0x80, 2..=5, ..] => torch::open(opened),
        [0x08 | 0x0a | 0x12, ..] => onnx::open(opened),
        _ => Err(FileError::format("a file of weights", kind_of(&start))),
    }
}

/// A file that lies open.
struct Opened {
    file: File,
    bytes: u64,
    path: PathBuf,
}

/// What is inside tells whose it is.
fn open_zip(opened: Opened) -> Result<Archive, FileError> {
    let file = opened.file.try_clone()?;
    let unsound = |error: zip::result::ZipError| FileError::format("a zip archive", error.to_string());
    let archive = zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(unsound)?;
    bounds::count(archive.len())?;
    let has = |end: &str| archive.file_names().any(|name| name.is_ok_and(|name| name.ends_with(end)));
    if has("model.weights.h5") {
        keras::open_zip(opened, archive)
    } else if has("data.pkl") {
        torch::open(opened)
    } else if has(".npy") {
        npz::open(archive, opened.bytes)
    } else {
        let found = "it is an archive without weights of Keras, PyTorch or NumPy in it";
        Err(FileError::format("a file of weights", found))
    }
}

/// What a file is instead.
fn kind_of(start: &[u8]) -> &'static str {
    match start {
        [b'v', b'e', b'r', b's', b'i', b'o', b'n', b' ', ..] => {
            "it is a text, perhaps what Git LFS leaves in place of a large file: fetch it with `git lfs pull`"
        }
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => "it is a model of TensorFlow Lite",
        [b'<', ..] => "it is a web page: the download has gone wrong",
        [0x1f, 0x8b, ..] => "it is packed with gzip: unpack it first",
        _ => {
            "it is none of safetensors, Keras (.keras, .weights.h5, .h5), PyTorch (.pt, .pth), ONNX and NumPy (.npz)"
        }
    }
}

#[cfg(test)]
mod tests;
