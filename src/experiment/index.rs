//! The index of a run's data, in its folder.

use std::path::Path;

use super::watch::{Event, Warning, Watch};
use crate::data::DataIndex;
use crate::files;
use crate::train::RunError;

/// Larger indices are not read: one of a hundred million pictures.
const MOST_INDEX_BYTES: u64 = 8 << 30;

/// Reads a run's index.
/// # Errors
/// [`RunError::Read`], [`RunError::Damaged`].
pub(super) fn read_index(path: &Path) -> Result<DataIndex, RunError> {
    let bytes = files::read(path, MOST_INDEX_BYTES).map_err(|error| RunError::read(path, error))?;
    DataIndex::from_text(&bytes).map_err(|found| RunError::damaged(path, found))
}

/// Writes the index of a run's data, unless a good one of the same data is there.
/// # Errors
/// [`RunError::Write`].
pub(super) fn keep_index(path: &Path, now: &DataIndex, watch: &mut dyn Watch) -> Result<(), RunError> {
    match read_index(path) {
        Ok(there) if there.digest().is(&now.digest()) => return Ok(()),
        Err(error @ RunError::Damaged { .. }) => {
            watch.see(Event::Warning(Warning::IndexDamaged { why: error.to_string() }));
        }
        Ok(_) | Err(_) => {}
    }
    let text = now.to_text();
    files::write(path, |file| file.write_all(text.as_bytes())).map_err(|error| RunError::write(path, error))
}
