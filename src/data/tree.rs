//! Walks through a folder of the user's. It ends whatever links there are, and passes over nothing
//! in silence.

use std::fs::{self, FileType, Metadata};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::error::DataError;
use crate::files;
use crate::printed::shown_bytes;

/// Folders in folders: data sets have two or three.
const MAX_DEPTH: usize = 32;
/// Files and folders altogether: ImageNet has 14 million pictures, and is kept in pieces.
const MAX_ENTRIES: usize = 20_000_000;

/// What lies in a folder. Links are followed.
pub(crate) struct Found<'a> {
    pub(crate) path: &'a Path,
    /// Its path from the top on, with `/`. What of a name is no UTF-8 is escaped, `\xff`.
    pub(crate) below: &'a str,
    /// Its own name is UTF-8.
    pub(crate) is_text: bool,
    pub(crate) kind: Kind,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File,
    /// A device, a named pipe, a socket, in words; or a link to nothing.
    Other(&'static str),
}

/// What a link is that has no end.
pub(crate) const LEADS_NOWHERE: &str = "a link that leads nowhere";

/// Whether a folder is walked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Descent {
    Into,
    Past,
}

/// A folder that is to be read, and those that it lies in.
struct Open {
    path: PathBuf,
    below: String,
    depth: usize,
    around: Rc<Ring>,
}

/// A folder by what the system knows it by, whatever links lead to it.
struct Ring {
    id: Id,
    outer: Option<Rc<Ring>>,
}

#[cfg(unix)]
type Id = (u64, u64);
#[cfg(not(unix))]
type Id = PathBuf;

#[cfg(unix)]
fn id_of(path: &Path) -> std::io::Result<Id> {
    use std::os::unix::fs::MetadataExt;
    let about = fs::metadata(path)?;
    Ok((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn id_of(path: &Path) -> std::io::Result<Id> {
    path.canonicalize()
}

impl Ring {
    fn holds(&self, id: &Id) -> bool {
        self.id == *id || self.outer.as_ref().is_some_and(|outer| outer.holds(id))
    }
}

/// Visits all that lies below a folder, in no order. A link that leads back to a folder that it
/// lies in is passed over: what is there has its place already.
/// # Errors
/// Those of `visit`; a folder that cannot be read; more folders in each other, or more entries,
/// than any data set has.
pub(crate) fn walk(
    top: &Path,
    visit: &mut dyn FnMut(Found<'_>) -> Result<Descent, DataError>,
) -> Result<(), DataError> {
    let id = id_of(top).map_err(|error| DataError::io(top, error))?;
    let around = Rc::new(Ring { id, outer: None });
    let mut open = vec![Open { path: top.to_path_buf(), below: String::new(), depth: 0, around }];
    let mut entries = 0;
    while let Some(folder) = open.pop() {
        let unreadable = |error| DataError::io(&folder.path, error);
        for entry in fs::read_dir(&folder.path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            entries += 1;
            if entries > MAX_ENTRIES {
                return Err(too_much(top, format!("holds more than {MAX_ENTRIES} files and folders")));
            }
            let (path, name) = (entry.path(), entry.file_name());
            let is_text = name.to_str().is_some();
            let name = name.to_str().map_or_else(|| shown_bytes(name.as_encoded_bytes()), str::to_owned);
            let below = if folder.below.is_empty() { name } else { format!("{}/{name}", folder.below) };
            let kind = kind_of(&path, entry.file_type().map_err(unreadable)?)?;
            let id = if kind == Kind::Folder {
                Some(id_of(&path).map_err(|error| DataError::io(&path, error))?)
            } else {
                None
            };
            if id.as_ref().is_some_and(|id| folder.around.holds(id)) {
                continue;
            }
            let step = visit(Found { path: &path, below: &below, is_text, kind })?;
            let (Some(id), Descent::Into) = (id, step) else { continue };
            if folder.depth == MAX_DEPTH {
                return Err(too_much(&path, format!("lies more than {MAX_DEPTH} folders deep")));
            }
            let around = Rc::new(Ring { id, outer: Some(Rc::clone(&folder.around)) });
            open.push(Open { path, below, depth: folder.depth + 1, around });
        }
    }
    Ok(())
}

/// What an entry is. Only links are looked at more closely: a look at each of a million files takes
/// time.
fn kind_of(path: &Path, kind: FileType) -> Result<Kind, DataError> {
    let kind = if kind.is_symlink() {
        match fs::metadata(path) {
            Ok(about) => about.file_type(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Kind::Other(LEADS_NOWHERE));
            }
            Err(error) => return Err(DataError::io(path, error)),
        }
    } else {
        kind
    };
    Ok(match (kind.is_dir(), kind.is_file()) {
        (true, _) => Kind::Folder,
        (_, true) => Kind::File,
        (false, false) => Kind::Other(files::named(kind)),
    })
}

fn too_much(path: &Path, problem: String) -> DataError {
    DataError::malformed(path, problem, "name the folder that holds a folder for each class")
}

/// What the system tells of a file, or of a folder and all that lies below it; `None` where these
/// are more than `most`, or some cannot be read.
pub(crate) fn all(path: &Path, most: usize) -> Option<Vec<(PathBuf, Metadata)>> {
    let about = fs::metadata(path).ok()?;
    let is_folder = about.is_dir();
    let mut found = vec![(path.to_path_buf(), about)];
    if is_folder {
        walk(path, &mut |entry| {
            let about = fs::metadata(entry.path).map_err(|error| DataError::io(entry.path, error))?;
            found.push((entry.path.to_path_buf(), about));
            if found.len() > most { Err(too_much(path, String::new())) } else { Ok(Descent::Into) }
        })
        .ok()?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(top: &Path) -> Result<BTreeSet<String>, String> {
        let mut names = BTreeSet::new();
        walk(top, &mut |found| {
            assert!(names.insert(found.below.to_owned()), "{} twice", found.below);
            Ok(Descent::Into)
        })
        .map_err(|error| error.to_string())?;
        Ok(names)
    }

    #[test]
    #[cfg(unix)]
    fn links_that_form_circles_end() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        for class in ["a", "b"] {
            fs::create_dir(dir.path().join(class)).unwrap();
            fs::write(dir.path().join(class).join("1.png"), "").unwrap();
            for link in ["x", "y", "z"] {
                symlink(".", dir.path().join(class).join(link)).unwrap();
            }
        }
        symlink("..", dir.path().join("a/up")).unwrap();
        symlink("../b", dir.path().join("a/over")).unwrap();
        symlink("../a", dir.path().join("b/back")).unwrap();
        let found = names(dir.path()).unwrap();
        let expected = ["a", "a/1.png", "a/over", "a/over/1.png", "b", "b/1.png", "b/back", "b/back/1.png"];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn too_deep_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("d/".repeat(MAX_DEPTH))).unwrap();
        assert_eq!(names(dir.path()).unwrap().len(), MAX_DEPTH);
        fs::create_dir_all(dir.path().join("d/".repeat(MAX_DEPTH + 2))).unwrap();
        assert!(names(dir.path()).unwrap_err().contains("32 folders deep"));
    }
}
