//! Files of models, told apart by what they begin with.

use std::io::Read;
use std::path::Path;

use super::network::{Asked, Network};
use super::{keras, onnx};
use crate::files;
use crate::weights::FileError;

/// What files of PyTorch are.
pub(super) const OF_TORCH: &str = "it is a pickle of PyTorch, which holds no network that could be read without \
                                   running it: write the model as ONNX (`torch.onnx.export`)";

/// Reads a model of another program.
/// # Errors
/// [`FileError`] with the reason where it is none.
pub fn read(path: &Path, asked: &Asked) -> Result<Network, FileError> {
    let mut start = Vec::new();
    files::open(path)?.take(16).read_to_end(&mut start)?;
    let found = match &start[..] {
        [] => "it is empty",
        [0x89, b'H', b'D', b'F', ..] | [b'P', b'K', 3, 4, ..] => return keras::read(path, asked),
        // a number, a text or the graph: the fields that such a message may begin with
        [0x08 | 0x0a | 0x12 | 0x1a | 0x22 | 0x28 | 0x3a | 0x42, ..] => return onnx::read(path, asked),
        [0x80, 2..=5, ..] => OF_TORCH,
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => {
            "it is a model of TensorFlow Lite: save it as `.keras`, or as ONNX with `tf2onnx`"
        }
        [_, _, _, 0..=3, 0, 0, 0, 0, b'{', ..] => {
            "it is a safetensors file, which holds weights and no network"
        }
        [b'v', b'e', b'r', b's', b'i', b'o', b'n', b' ', ..] => {
            "it is a text, perhaps what Git LFS leaves in place of a large file: fetch it with `git lfs pull`"
        }
        _ => "it is neither ONNX nor a model of Keras (.keras, .h5)",
    };
    Err(FileError::Format { wanted: "a model of Keras or ONNX", found: found.to_owned() })
}
