//! What is believed of a file before it has been read.

use super::error::FileError;
use crate::tensor::Shape;
use crate::zoo::Listed;

/// Most tensors of a file: the largest networks have some thousands.
const MOST_TENSORS: usize = 100_000;
/// Weights hardly compress; what claims to be more than this many times the file is no file of weights.
const MOST_GROWTH: u64 = 64;
/// Held to be small in any case.
pub(super) const SMALL_BYTES: u64 = 16 << 20;

/// Refuses more entries than any network has.
pub(super) fn count(entries: usize) -> Result<(), FileError> {
    if entries <= MOST_TENSORS {
        return Ok(());
    }
    Err(FileError::format("a file of weights", format!("it has {entries} entries, more than {MOST_TENSORS}")))
}

/// Most bytes that a file of this length may unpack to.
pub(super) fn most_bytes(file_bytes: u64) -> u64 {
    file_bytes.saturating_mul(MOST_GROWTH).max(SMALL_BYTES)
}

/// Refuses tensors that could not all be in the file, and shapes beyond counting.
pub(super) fn sizes(tensors: &[Listed], file_bytes: u64) -> Result<(), FileError> {
    count(tensors.len())?;
    let most = most_bytes(file_bytes);
    let mut all = 0_u64;
    for tensor in tensors {
        let bytes = u64::try_from(tensor.shape.elements()).unwrap_or(u64::MAX).saturating_mul(2);
        all = all.saturating_add(bytes);
        if all > most {
            let found = format!(
                "its tensors would be far larger than the file: `{}` is {}, and the file has {file_bytes} bytes",
                tensor.name, tensor.shape
            );
            return Err(FileError::format("a file of weights", found));
        }
    }
    Ok(())
}

/// A shape out of a file.
pub(super) fn shape(name: &str, extents: impl IntoIterator<Item = u64>) -> Result<Shape, FileError> {
    let extents: Option<Vec<usize>> =
        extents.into_iter().map(|extent| usize::try_from(extent).ok()).collect();
    let known = |extents: &Vec<usize>| {
        let elements = extents.iter().try_fold(1_usize, |all, extent| all.checked_mul(*extent));
        extents.len() <= 8 && elements.is_some_and(|elements| elements < 1 << 40)
    };
    extents.filter(known).map(Shape::new).ok_or_else(|| {
        FileError::format("a file of weights", format!("the shape of `{name}` is none of weights"))
    })
}
