//! Where data are looked for.

use std::path::{Path, PathBuf};

use super::bounds::Bounds;
use super::error::DataError;
use crate::files::Access;
use crate::printed::shown_path;

/// Places to look for data, in this order: beside the `.cnn` file, the data directories, the user's cache,
/// then (built-in sets alone) their official place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locations {
    /// The directory of the `.cnn` file: relative paths of the file start here.
    pub beside: PathBuf,
    /// `--data-dir`, then `CNNC_DATA_DIR`.
    pub data_dirs: Vec<PathBuf>,
    /// Where fetched sets and data cards are kept; `None` where there is no place for them.
    pub cache: Option<PathBuf>,
    /// Whether a missing set is fetched.
    pub fetch: FetchPolicy,
    /// What of all that may be read.
    pub access: Access,
    /// How much is taken in of what is found.
    pub bounds: Bounds,
    /// Whether pictures in a folder must lie in folders of classes.
    pub class_folders: ClassFolders,
}

/// Whether pictures in a folder must lie in folders of classes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClassFolders {
    /// They must.
    #[default]
    Wanted,
    /// Where there are no folders, the pictures are one class, which is called like the folder: for what needs
    /// no labels.
    Optional,
}

/// Whether missing sets are fetched from their official place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchPolicy {
    /// They are.
    WhenMissing,
    /// They are not: what is not at hand is an error.
    Never,
}

impl Locations {
    /// The places of a run: `program` is the `.cnn` file, `data_dir` the command line's `--data-dir`. Reads
    /// `CNNC_DATA_DIR` and asks the system for the user's cache directory.
    pub fn of_run(program: &Path, data_dir: Option<&Path>) -> Self {
        let from_environment =
            std::env::var_os("CNNC_DATA_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        Self {
            beside: program.parent().map(Path::to_path_buf).unwrap_or_default(),
            data_dirs: data_dir.map(Path::to_path_buf).into_iter().chain(from_environment).collect(),
            cache: directories::ProjectDirs::from("", "", "cnnc").map(|dirs| dirs.cache_dir().to_path_buf()),
            fetch: FetchPolicy::WhenMissing,
            access: Access::default(),
            bounds: Bounds::default(),
            class_folders: ClassFolders::default(),
        }
    }

    /// One directory, no cache, nothing fetched: for tests and tools.
    pub fn only(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self {
            beside: dir.clone(),
            data_dirs: vec![dir],
            cache: None,
            fetch: FetchPolicy::Never,
            access: Access::default(),
            bounds: Bounds::default(),
            class_folders: ClassFolders::default(),
        }
    }

    /// The first existing place of a path written in a file: beside the file, then in the data directories. A
    /// path may go on inside an archive; what counts is then the archive.
    /// # Errors
    /// [`DataError::NotFound`] with all the places that were tried; [`DataError::Outside`] where one of them
    /// may not be read.
    pub fn resolve(&self, written: &Path) -> Result<FoundPath, DataError> {
        let mut looked = Vec::new();
        let mut outside = None;
        for base in std::iter::once(&self.beside).chain(&self.data_dirs) {
            let candidate = base.join(written);
            if !self.access.allows(&candidate) {
                outside.get_or_insert(candidate);
                continue;
            }
            if is_there(&candidate)? && !(candidate.is_file() && is_archive(&candidate)) {
                return Ok(FoundPath { path: candidate, inner: None });
            }
            if let Some(place) = archive_place(&candidate) {
                return Ok(place);
            }
            if !looked.contains(&candidate) {
                looked.push(candidate);
            }
        }
        if let Some(path) = outside {
            return Err(DataError::Outside { path });
        }
        Err(DataError::NotFound {
            what: format!("`{}`", shown_path(written)),
            looked,
            help: NOT_FOUND_HELP.to_owned(),
        })
    }

    /// Whether a file may be read that was found on the way: in a folder, by a link, in a table.
    /// # Errors
    /// [`DataError::Outside`].
    pub(super) fn may_read(&self, path: &Path) -> Result<(), DataError> {
        if self.access.allows(path) { Ok(()) } else { Err(DataError::Outside { path: path.to_path_buf() }) }
    }
}

/// Whether something is there; that a folder on the way cannot be read, or links lead in a circle, is told.
fn is_there(path: &Path) -> Result<bool, DataError> {
    match path.try_exists() {
        // a path may go on behind a file, inside an archive
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(false),
        found => found.map_err(|error| DataError::io(path, error)),
    }
}

const NOT_FOUND_HELP: &str =
    "paths are taken from the .cnn file's directory, then from --data-dir and CNNC_DATA_DIR";

/// A found path, perhaps one that goes on inside an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPath {
    /// The file or directory on disk.
    pub path: PathBuf,
    /// The path inside the archive, with `/` between its parts and none at its ends; `None` where `path` is
    /// no archive.
    pub inner: Option<String>,
}

/// Whether a file's name says that it is an archive that can be read.
fn is_archive(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    [".tar", ".tar.gz", ".tgz", ".zip"].iter().any(|end| name.ends_with(end))
}

/// Splits `dir/set.tar.gz/train` into the archive, if there is one, and the path inside.
fn archive_place(path: &Path) -> Option<FoundPath> {
    path.ancestors().find(|ancestor| is_archive(ancestor) && ancestor.is_file()).map(|archive| {
        let inner = path.strip_prefix(archive).map(|rest| {
            let parts: Vec<String> = rest
                .components()
                .filter_map(|part| match part {
                    std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
                    std::path::Component::Prefix(_)
                    | std::path::Component::RootDir
                    | std::path::Component::CurDir
                    | std::path::Component::ParentDir => None,
                })
                .collect();
            parts.join("/")
        });
        FoundPath { path: archive.to_path_buf(), inner: Some(inner.unwrap_or_default()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_beside_the_file_then_in_the_data_directories() {
        let (beside, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let locations = Locations { data_dirs: vec![data.path().into()], ..Locations::only(beside.path()) };
        std::fs::create_dir(data.path().join("train")).unwrap();
        assert_eq!(locations.resolve(Path::new("train")).unwrap().path, data.path().join("train"));
        std::fs::create_dir(beside.path().join("train")).unwrap();
        assert_eq!(locations.resolve(Path::new("train")).unwrap().path, beside.path().join("train"));
        let error = locations.resolve(Path::new("other")).unwrap_err().to_string();
        assert!(error.contains("`other`") && error.contains("--data-dir"), "{error}");
    }

    #[test]
    fn a_path_goes_on_inside_an_archive() {
        let dir = tempfile::tempdir().unwrap();
        let archive = dir.path().join("set.tar.gz");
        std::fs::write(&archive, b"").unwrap();
        let place = Locations::only(dir.path()).resolve(Path::new("set.tar.gz/a/./b/")).unwrap();
        assert_eq!(place, FoundPath { path: archive.clone(), inner: Some("a/b".to_owned()) });
        let place = Locations::only(dir.path()).resolve(Path::new("set.tar.gz")).unwrap();
        assert_eq!(place, FoundPath { path: archive, inner: Some(String::new()) });
    }

    #[test]
    fn a_directory_named_like_an_archive_is_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("set.zip/train")).unwrap();
        let place = Locations::only(dir.path()).resolve(Path::new("set.zip/train")).unwrap();
        assert_eq!(place.inner, None);
    }
}
