//! Remembers cards in the user's cache, so that checking a file again does not read the pictures again.
//!
//! A card is kept under a hash of what it was made from: for a file its path, size and time of change; for a
//! folder those of every file in it. A card of pictures that have changed is therefore never found again; of
//! all cards the oldest go when there are many. Whatever goes wrong with the cache, the card is made anew; a
//! checksum tells whether it is what was written.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::super::error::DataError;
use super::super::fetch::hex;
use super::super::locations::Locations;
use super::super::tree;
use crate::checksum::{sealed, unsealed};
use crate::files;

/// Changes when cards of older programs would be wrong.
const FORMAT: &str = "card 5";
/// Larger folders are not remembered: hashing them would take as long as reading their headers.
const MAX_FILES: usize = 1_000_000;
/// Cards that are kept.
const MAX_CARDS: usize = 256;

/// What is remembered of these paths under a name, or what `make` makes of them, which is then remembered.
pub(super) fn remembered<T: Serialize + DeserializeOwned>(
    what: &str,
    paths: &[&Path],
    locations: &Locations,
    make: impl FnOnce() -> Result<T, DataError>,
) -> Result<T, DataError> {
    let Some(path) = place_of(what, paths, locations) else { return make() };
    let known = || serde_json::from_str(unsealed(&files::read(&path, files::MOST_RECORD_BYTES).ok()?)?).ok();
    if let Some(known) = known() {
        return Ok(known);
    }
    let made = make()?;
    // Failing to remember is no error: the next run makes it again.
    let _ = write(&path, &made);
    Ok(made)
}

fn write<T: Serialize>(path: &Path, card: &T) -> std::io::Result<()> {
    let dir = path.parent().ok_or(std::io::ErrorKind::NotFound)?;
    fs::create_dir_all(dir)?;
    let text = sealed(&serde_json::to_string(card)?);
    files::write(path, |file| file.write_all(text.as_bytes()))?;
    forget_oldest(dir)
}

/// Keeps the newest cards.
fn forget_oldest(dir: &Path) -> std::io::Result<()> {
    let mut cards: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // those of older versions end in `.json`
        if entry.path().extension().is_some_and(|end| end == "card" || end == "json") {
            cards.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    cards.sort_unstable_by(|a, b| b.cmp(a));
    for (_, path) in cards.into_iter().skip(MAX_CARDS) {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Where something about these paths is kept; `None` where nothing can be kept or they are not there.
fn place_of(what: &str, paths: &[&Path], locations: &Locations) -> Option<PathBuf> {
    let cache = locations.cache.as_ref()?;
    let mut hash = Sha256::new();
    let bounds = locations.bounds;
    hash.update(format!("{FORMAT}\0{what}\0{}\0{}\0", bounds.max_pixels, bounds.memory_bytes));
    for written in paths {
        let place = locations.resolve(written).ok()?;
        hash.update(format!("\0{}\0{}\0", written.display(), place.inner.as_deref().unwrap_or("\0")));
        stamp(&place.path, &mut hash)?;
    }
    Some(cache.join("cards").join(format!("{}.card", hex(&hash.finalize()))))
}

/// Adds path, size and time of change of a file, or of every file in a folder.
fn stamp(path: &Path, hash: &mut Sha256) -> Option<()> {
    let mut files = Vec::new();
    for (path, about) in tree::all(&path.canonicalize().ok()?, MAX_FILES)? {
        let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        files.push((path, about.len(), changed));
    }
    files.sort_unstable();
    for (path, len, changed) in files {
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(format!("\0{len}\0{changed}\0"));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let locations = Locations { cache: Some(dir.path().into()), ..Locations::only(dir.path()) };
        for number in 0..MAX_CARDS + 5 {
            let what = number.to_string();
            assert_eq!(remembered(&what, &[], &locations, || Ok(number)).unwrap(), number);
            assert_eq!(remembered(&what, &[], &locations, || Ok(7_000)).unwrap(), number);
        }
        assert_eq!(fs::read_dir(dir.path().join("cards")).unwrap().count(), MAX_CARDS);
    }

    #[test]
    fn a_damaged_card_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let locations = Locations { cache: Some(dir.path().into()), ..Locations::only(dir.path()) };
        let asked = |makes: i32| remembered("it", &[], &locations, || Ok(makes)).unwrap();
        assert_eq!((asked(17), asked(18)), (17, 17));
        let card = fs::read_dir(dir.path().join("cards")).unwrap().next().unwrap().unwrap().path();
        let text = fs::read_to_string(&card).unwrap();
        fs::write(&card, text.replace("17", "77")).unwrap();
        assert_eq!((asked(19), asked(20)), (19, 19));
    }
}
