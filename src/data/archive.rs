//! Reading inside .tar, .tar.gz and .zip. Nothing is ever written to disk, and no name inside an archive is used as a path.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;

use super::error::DataError;

/// A member of an archive.
pub(super) struct Member<'a> {
    /// Its path inside, with `/` between the parts and none at the ends; never with `..`.
    pub(super) name: String,
    /// Whether it is a directory.
    pub(super) is_dir: bool,
    /// Its size, as the archive says it; not to be trusted for an allocation.
    pub(super) size: u64,
    /// Where its bytes lie in the archive, if they lie there as they are.
    pub(super) offset: Option<u64>,
    /// Its bytes.
    pub(super) bytes: &'a mut dyn Read,
}

/// Visits all members in the archive's order. Members with `..` in their names, and those that are neither file nor directory, are passed over.
pub(super) fn walk(path: &Path, visit: &mut dyn FnMut(Member<'_>) -> Result<(), DataError>) -> Result<(), DataError> {
    let file = File::open(path).map_err(|error| DataError::io(path, error))?;
    let name = path.to_string_lossy().to_ascii_lowercase();
    if name.ends_with(".zip") {
        walk_zip(file, path, visit)
    } else if name.ends_with(".tar") {
        walk_tar(BufReader::with_capacity(1 << 16, file), path, true, visit)
    } else {
        walk_tar(GzDecoder::new(BufReader::with_capacity(1 << 16, file)), path, false, visit)
    }
}

const DAMAGED: &str = "the archive is damaged or cut short: get it again";

fn walk_tar(
    stream: impl Read,
    path: &Path,
    plain: bool,
    visit: &mut dyn FnMut(Member<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let damaged =
        |error: std::io::Error| DataError::malformed(path, format!("no readable tar archive ({error})"), DAMAGED);
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        let Some(name) = member_name(&String::from_utf8_lossy(&entry.path_bytes())) else { continue };
        if kind.is_dir() || kind.is_file() || kind.is_contiguous() {
            let (size, offset) = (entry.size(), plain.then(|| entry.raw_file_position()));
            visit(Member { name, is_dir: kind.is_dir(), size, offset, bytes: &mut entry })?;
        }
    }
    Ok(())
}

fn walk_zip(
    file: File,
    path: &Path,
    visit: &mut dyn FnMut(Member<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let damaged = |error: zip::result::ZipError| {
        DataError::malformed(path, format!("no readable zip archive ({error})"), DAMAGED)
    };
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(damaged)?;
        let Some(name) = member_name(&String::from_utf8_lossy(member.name_raw())) else { continue };
        let (is_dir, size) = (member.is_dir(), member.size());
        visit(Member { name, is_dir, size, offset: None, bytes: &mut member })?;
    }
    Ok(())
}

/// A member's name with single slashes and without `.`; `None` if nothing is left or it would climb with `..`.
fn member_name(raw: &str) -> Option<String> {
    let raw = raw.replace('\\', "/");
    let parts: Vec<&str> = raw.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.is_empty() && !parts.contains(&"..")).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_climbing_ones_refused() {
        assert_eq!(member_name("./a//b/"), Some("a/b".to_owned()));
        assert_eq!(member_name("/etc/passwd"), Some("etc/passwd".to_owned()));
        assert_eq!(member_name("a\\b.png"), Some("a/b.png".to_owned()));
        for climbing in ["../a", "a/../../b", "..", "..\\a", "", "./"] {
            assert_eq!(member_name(climbing), None, "{climbing}");
        }
    }

    #[test]
    fn what_is_no_archive_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.zip", "a.tar", "a.tar.gz"] {
            let path = dir.path().join(name);
            std::fs::write(&path, vec![b'x'; 2000]).unwrap();
            let error = walk(&path, &mut |_| Ok(())).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("archive"), "{error}");
        }
    }
}
