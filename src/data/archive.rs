//! Reading inside .tar, .tar.gz and .zip. Nothing is ever written to disk, and no name inside an
//! archive is used as a path.
//!
//! An archive is read as a stream, from its beginning to its end: that it is whole is known only
//! there.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use zip::CompressionMethod;
use zip::result::ZipError;

use super::error::DataError;
use super::picture::has_picture_name;
use crate::files;
use crate::printed::{shown, shown_bytes};

/// A member of an archive.
pub(super) struct Member<'a> {
    /// Its path inside, with `/` between the parts and none at the ends; never with `..`. What of
    /// it is no UTF-8 is escaped, `\xff`.
    pub(super) name: String,
    /// Its name is UTF-8.
    pub(super) is_text: bool,
    pub(super) kind: MemberKind,
    /// Its size, as the archive says it; not to be trusted for an allocation.
    pub(super) size: u64,
    /// Where its bytes lie in the archive, if they lie there as they are.
    pub(super) offset: Option<u64>,
    /// Its bytes.
    pub(super) bytes: &'a mut dyn Read,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberKind {
    Folder,
    File,
    /// Nothing that holds bytes: a link, a device; in words.
    Other(&'static str),
}

/// Visits all members in the archive's order.
/// # Errors
/// Those of `visit`; an archive that is damaged or cut short anywhere; a picture whose name would
/// climb out of it.
pub(super) fn walk(
    path: &Path,
    visit: &mut dyn FnMut(Member<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let file = files::open(path).map_err(|error| DataError::io(path, error))?;
    let name = path.to_string_lossy().to_ascii_lowercase();
    if name.ends_with(".zip") {
        walk_zip(file, path, visit)
    } else if name.ends_with(".tar") {
        walk_tar(BufReader::with_capacity(1 << 16, file), path, true, visit)
    } else {
        walk_tar(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file)), path, false, visit)
    }
}

const DAMAGED: &str = "the archive is damaged or cut short: get it again";

/// Between two members lie their names, as long as they like: longer ones are refused, 1 MiB.
const MOST_HEAD_BYTES: u64 = 1 << 20;

/// A stream that knows whether somebody has asked for more than there is, and how much may be read
/// until the next member comes.
struct Ending<R> {
    stream: R,
    ended: bool,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Ending<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.ended |= read == 0 && !buffer.is_empty();
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| io::Error::other("the name of a member has more than 1 MiB"))?);
        Ok(read)
    }
}

fn walk_tar(
    stream: impl Read,
    path: &Path,
    plain: bool,
    visit: &mut dyn FnMut(Member<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let damaged =
        |error: io::Error| DataError::malformed(path, format!("no readable tar archive ({error})"), DAMAGED);
    let left = Rc::new(Cell::new(MOST_HEAD_BYTES));
    let mut archive = tar::Archive::new(Ending { stream, ended: false, left: Rc::clone(&left) });
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        left.set(entry.size().saturating_add(MOST_HEAD_BYTES));
        let kind = entry.header().entry_type();
        let sparse = kind.is_gnu_sparse();
        let kind = if kind.is_dir() {
            MemberKind::Folder
        } else if kind.is_file() || kind.is_contiguous() || sparse {
            MemberKind::File
        } else if kind.is_pax_global_extensions() {
            continue;
        } else if kind.is_hard_link() || kind.is_symlink() {
            MemberKind::Other(
                "a link inside the archive: pack the file itself (tar --dereference --hard-dereference)",
            )
        } else {
            MemberKind::Other("a device or pipe inside the archive")
        };
        let raw = entry.path_bytes();
        let is_text = std::str::from_utf8(&raw).is_ok();
        let Some(name) = member_name(&raw, path)? else { continue };
        drop(raw);
        let (size, offset) = (entry.size(), (plain && !sparse).then(|| entry.raw_file_position()));
        visit(Member { name, is_text, kind, size, offset, bytes: &mut entry })?;
    }
    left.set(u64::MAX);
    check_end(archive.into_inner(), path)
}

/// A tar archive ends with blocks of zeros. One that was cut between two members ends like one that
/// is whole, but for these. A compressed one has its checksum behind all.
fn check_end(mut stream: Ending<impl Read>, path: &Path) -> Result<(), DataError> {
    if stream.ended {
        let problem = "the tar archive has no end mark: members may be missing";
        return Err(DataError::malformed(path, problem, DAMAGED));
    }
    let mut rest = [0; 1 << 13];
    loop {
        let read = stream
            .read(&mut rest)
            .map_err(|error| DataError::malformed(path, format!("no readable archive ({error})"), DAMAGED))?;
        if read == 0 {
            return Ok(());
        }
        if rest[..read].iter().any(|&byte| byte != 0) {
            let problem = "more follows the end mark of the tar archive, and would not be read";
            return Err(DataError::malformed(path, problem, "unpack it (`tar -xif`), and name the folder"));
        }
    }
}

fn walk_zip(
    file: File,
    path: &Path,
    visit: &mut dyn FnMut(Member<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let damaged = |error: ZipError| {
        let help = if matches!(
            error,
            ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_)
        ) {
            "pack it anew: without a password, stored or deflated"
        } else {
            DAMAGED
        };
        DataError::malformed(path, format!("no readable zip archive ({error})"), help)
    };
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(damaged)?;
        let is_text = std::str::from_utf8(member.name_raw()).is_ok();
        let Some(name) = member_name(member.name_raw(), path)? else { continue };
        let kind = if member.is_dir() {
            MemberKind::Folder
        } else if member.is_symlink() {
            MemberKind::Other("a link inside the archive: pack the file itself")
        } else if matches!(member.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            MemberKind::File
        } else {
            MemberKind::Other("packed by a method that is not read here: pack it anew, stored or deflated")
        };
        let size = member.size();
        visit(Member { name, is_text, kind, size, offset: None, bytes: &mut member })?;
    }
    Ok(())
}

/// A member's name with single slashes and without `.`; `None` if nothing is left, or it climbs
/// with `..` and is no picture.
/// # Errors
/// [`DataError::Malformed`] for a picture whose name climbs: it has no place among the classes.
fn member_name(raw: &[u8], archive: &Path) -> Result<Option<String>, DataError> {
    let raw = std::str::from_utf8(raw).map_or_else(|_| shown_bytes(raw), |name| name.replace('\\', "/"));
    let parts: Vec<&str> = raw.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if !parts.contains(&"..") {
        return Ok((!parts.is_empty()).then(|| parts.join("/")));
    }
    if !has_picture_name(&raw) {
        return Ok(None);
    }
    let problem = format!("`{}` in it leads out of the archive", shown(&raw));
    Err(DataError::malformed(
        archive,
        problem,
        "pack it anew, with names that begin at the folder of the classes",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(raw: &str) -> Option<String> {
        member_name(raw.as_bytes(), Path::new("a.tar")).unwrap()
    }

    #[test]
    fn names_are_cleaned_and_climbing_ones_refused() {
        assert_eq!(name_of("./a//b/"), Some("a/b".to_owned()));
        assert_eq!(name_of("/etc/passwd"), Some("etc/passwd".to_owned()));
        assert_eq!(name_of("a\\b.png"), Some("a/b.png".to_owned()));
        for climbing in ["../a", "a/../../b", "..", "..\\a", "", "./"] {
            assert_eq!(name_of(climbing), None, "{climbing}");
        }
        let error = member_name(b"../a.png", Path::new("a.tar")).unwrap_err().to_string();
        assert!(error.contains("`../a.png` in it leads out"), "{error}");
        assert_eq!(member_name(b"a\xff/b.png", Path::new("a.tar")).unwrap(), Some("a\\xff/b.png".to_owned()));
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

    /// Members of an archive that is cut: all of them, or an error.
    #[test]
    fn an_archive_that_is_cut_anywhere_is_an_error() {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, byte) in [("a/1.png", 7u8), ("a/2.png", 0)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(700);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, &[byte; 700][..]).unwrap();
        }
        let tar = builder.into_inner().unwrap();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gz, &tar).unwrap();
        let gz = gz.finish().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let members = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let mut names = Vec::new();
            walk(&path, &mut |member| {
                names.push(member.name);
                Ok(())
            })
            .map(|()| names)
        };
        assert_eq!(members("a.tar", &tar).unwrap(), ["a/1.png", "a/2.png"]);
        assert_eq!(members("a.tgz", &gz).unwrap().len(), 2);
        // the second block of zeros may be missing
        let end = tar.len() - 1024;
        for cut in (0..end + 512).step_by(64) {
            assert!(members("a.tar", &tar[..cut]).is_err(), "{cut}");
        }
        assert_eq!(members("a.tar", &tar[..end + 512]).unwrap().len(), 2);
        for cut in 0..gz.len() {
            assert!(members("a.tgz", &gz[..cut]).is_err(), "{cut}");
        }
        // a name that would take a gigabyte
        let mut long = tar::Header::new_gnu();
        long.set_entry_type(tar::EntryType::GNULongName);
        long.set_size(1 << 30);
        long.set_cksum();
        let endless = [long.as_bytes().as_slice(), &[b'x'; 3 << 20]].concat();
        assert!(members("a.tar", &endless).unwrap_err().to_string().contains("more than 1 MiB"));
        // the checksum behind the data
        let mut wrong = gz.clone();
        let at = wrong.len() - 6;
        wrong[at] ^= 1;
        assert!(members("a.tgz", &wrong).is_err());
        // one archive behind the other: plain and compressed
        assert!(
            members("a.tar", &[&tar[..], &tar].concat()).unwrap_err().to_string().contains("more follows")
        );
        assert!(members("a.tgz", &[&gz[..], &gz].concat()).unwrap_err().to_string().contains("more follows"));
    }
}
