//! Remembers folder cards in the user's cache, so that checking a file again does not read the pictures again.
//!
//! A card is kept under a hash of what it was made from: for an archive its path, size and time of change; for a folder those of every file in it.
//! Whatever goes wrong with the cache, the card is made anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::DataCard;
use crate::data::{DataError, Locations, hex};

/// Changes when cards of older programs would be wrong.
const FORMAT: &str = "card 2";
/// Larger folders are not remembered: hashing them would take as long as reading their headers.
const MAX_FILES: usize = 1_000_000;

/// The remembered card of these folders, or the one that `make` makes, which is then remembered.
pub(super) fn remembered(
    train: &Path,
    test: Option<&Path>,
    locations: &Locations,
    make: impl FnOnce() -> Result<DataCard, DataError>,
) -> Result<DataCard, DataError> {
    let Some(path) = card_path(train, test, locations) else { return make() };
    if let Some(card) = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        return Ok(card);
    }
    let card = make()?;
    // Failing to remember is no error: the next run makes the card again.
    let _ = write(&path, &card);
    Ok(card)
}

fn write(path: &Path, card: &DataCard) -> std::io::Result<()> {
    let dir = path.parent().ok_or(std::io::ErrorKind::NotFound)?;
    fs::create_dir_all(dir)?;
    let file = tempfile::NamedTempFile::new_in(dir)?;
    serde_json::to_writer(&file, card)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Where the card of these folders is kept; `None` where nothing can be kept or the folders are not there.
fn card_path(train: &Path, test: Option<&Path>, locations: &Locations) -> Option<PathBuf> {
    let cache = locations.cache.as_ref()?;
    let mut hash = Sha256::new();
    hash.update(FORMAT);
    for written in std::iter::once(train).chain(test) {
        let place = locations.resolve(written).ok()?;
        hash.update(format!("\0{}\0{}\0", written.display(), place.inner.as_deref().unwrap_or("\0")));
        stamp(&place.path, &mut hash)?;
    }
    Some(cache.join("cards").join(format!("{}.json", hex(&hash.finalize()))))
}

/// Adds path, size and time of change of a file, or of every file in a folder.
fn stamp(path: &Path, hash: &mut Sha256) -> Option<()> {
    let mut files = Vec::new();
    let mut open = vec![path.canonicalize().ok()?];
    while let Some(path) = open.pop() {
        let metadata = fs::metadata(&path).ok()?;
        if metadata.is_dir() {
            for entry in fs::read_dir(&path).ok()? {
                open.push(entry.ok()?.path());
            }
        }
        let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        files.push((path, metadata.len(), changed));
        if files.len() + open.len() > MAX_FILES {
            return None;
        }
    }
    files.sort_unstable();
    for (path, len, changed) in files {
        hash.update(format!("{}\0{len}\0{changed}\0", path.display()));
    }
    Some(())
}
