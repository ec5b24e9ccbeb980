//! Which places may be read: all, or what lies below some folders once links have been followed.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// What a program may read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Folders, their own links followed; `None`: everything.
    below: Option<Vec<PathBuf>>,
}

impl Access {
    /// What lies below these folders; those that are not there have nothing below them.
    pub fn below<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Self {
        let folders = folders
            .into_iter()
            .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        Self { below: Some(folders.filter_map(|folder| fs::canonicalize(folder).ok()).collect()) }
    }

    /// Whether a path may be read. Of one that does not exist it is the place that counts, so that nobody
    /// learns what exists elsewhere.
    pub fn allows(&self, path: &Path) -> bool {
        let Some(folders) = &self.below else { return true };
        real_place(path).is_some_and(|place| folders.iter().any(|folder| place.starts_with(folder)))
    }

    /// # Errors
    /// [`io::ErrorKind::PermissionDenied`] where a path may not be read.
    pub fn check(&self, path: &Path) -> io::Result<()> {
        if self.allows(path) {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::PermissionDenied, OUTSIDE))
    }
}

/// Why a path may not be read.
pub const OUTSIDE: &str = "it lies outside the folders that may be read";

/// Where a path leads, links followed as far as they exist; `None` where what does not exist goes up again.
fn real_place(path: &Path) -> Option<PathBuf> {
    for ancestor in path.ancestors() {
        let existing = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
        let Ok(place) = fs::canonicalize(existing) else { continue };
        let rest = path.strip_prefix(ancestor).ok()?;
        let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        return is_plain.then(|| place.join(rest));
    }
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_and_points_lead_nowhere_else() {
        let outer = tempfile::tempdir().expect("a folder");
        let at = |name: &str| outer.path().join(name);
        for folder in ["mine", "mine/deep", "other"] {
            fs::create_dir(at(folder)).expect("made");
        }
        fs::write(at("other/secret"), "").expect("written");
        symlink("../other", at("mine/out")).expect("a link");
        symlink("deep", at("mine/in")).expect("a link");
        symlink("mine", at("alias")).expect("a link");
        let access = Access::below([at("alias").as_path()]);
        for inside in ["mine", "mine/deep", "mine/in/x", "alias/a", "mine/deep/../b", "mine/not/there"] {
            assert!(access.allows(&at(inside)), "{inside}");
        }
        for outside in [
            "other/secret",
            "other/nothing",
            "mine/out",
            "mine/out/secret",
            "mine/../other",
            "mine/no/../../other",
            "minefield",
        ] {
            assert!(!access.allows(&at(outside)), "{outside}");
            assert!(Access::default().allows(&at(outside)), "{outside}");
        }
    }
}
