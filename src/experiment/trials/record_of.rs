//! What a folder remembers of a search.

use std::path::Path;

use crate::files;
use crate::search::record::{FILE, Record};

/// Whether a folder is that of a search.
pub fn is_search(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

/// What a search has come to.
/// # Errors
/// A sentence on why its journal cannot be read.
pub fn search_record(folder: &Path) -> Result<Record, String> {
    let text =
        files::read_text(&folder.join(FILE), files::MOST_RECORD_BYTES).map_err(|error| error.to_string())?;
    let (record, _) = Record::read(&text);
    if record.head.is_none() {
        return Err(format!("`{FILE}` does not begin as the list of a search's trials"));
    }
    Ok(record)
}
