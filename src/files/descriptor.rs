//! Paths that lead to what this process has open already: `/dev/stdin`, `/dev/fd/63`.

use std::path::Path;

/// As many links as Linux follows.
pub(super) const MOST_LINKS: usize = 40;

pub(super) const STDIN: u32 = 0;
pub(super) const STDOUT: u32 = 1;
pub(super) const STDERR: u32 = 2;

/// The descriptor of this process that a path leads to, links followed.
///
/// ```text
/// /dev/stdin → /proc/self/fd/0 → pipe:[123]       the second name is that of descriptor 0
/// ```
#[cfg(unix)]
pub(super) fn named_by(path: &Path) -> Option<u32> {
    use std::fs;
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        let folder = at.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let number = at.file_name()?.to_str()?.parse().ok();
        // few names are numbers: the folder is seldom looked at
        if number.is_some() && fs::canonicalize(folder).ok()? == fs::canonicalize("/dev/fd").ok()? {
            return number;
        }
        at = folder.join(fs::read_link(&at).ok()?);
    }
    None
}

#[cfg(not(unix))]
pub(super) fn named_by(_path: &Path) -> Option<u32> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_to_descriptors() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("out");
        std::os::unix::fs::symlink("/dev/stdout", &link).expect("a link");
        assert_eq!(named_by(&link), Some(STDOUT));
        assert_eq!(named_by(Path::new("/dev/stdin")), Some(STDIN));
        assert_eq!(named_by(Path::new("/proc/self/fd/2")), Some(STDERR));
        assert_eq!(named_by(Path::new("/dev/fd/63")), Some(63));
        assert_eq!(named_by(Path::new("/dev/null")), None);
        assert_eq!(named_by(&folder.path().join("7")), None);
        let circle = folder.path().join("circle");
        std::os::unix::fs::symlink("circle", &circle).expect("a link");
        assert_eq!(named_by(&circle), None);
    }
}
