//! Pictures as a command line names them: files, folders of pictures, and patterns such as
//! `photos/*.jpg`, which some shells leave to the program.

use std::fs;
use std::path::{Path, PathBuf};

use super::picture::{EXTENSIONS, has_picture_name};
use super::tree::{self, Descent, Kind};

/// What stands for a folder and all folders below it.
const ANY_DEPTH: &str = "**";

/// The files that a name stands for, in the order of their names: the name itself, unless it is that of a
/// folder, or of nothing and a pattern.
/// # Errors
/// Why there are none, or the folder cannot be read.
pub(crate) fn pictures_named(name: &Path) -> Result<Vec<PathBuf>, String> {
    if name.is_dir() {
        return pictures_below(name);
    }
    if !is_pattern(name) || fs::symlink_metadata(name).is_ok() {
        return Ok(vec![name.to_owned()]);
    }
    let mut found = Vec::new();
    for path in matching(name) {
        if path.is_dir() { found.extend(pictures_below(&path)?) } else { found.push(path) }
    }
    if found.is_empty() { Err("no file has a name of this pattern".to_owned()) } else { Ok(found) }
}

/// All pictures below a folder, by the endings of their names. Hidden files and folders are passed over.
fn pictures_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    tree::walk(folder, &mut |entry| {
        let name = entry.below.rsplit('/').next().unwrap_or_default();
        if name.starts_with('.') {
            return Ok(Descent::Past);
        }
        if entry.kind != Kind::Folder && has_picture_name(name) {
            found.push(entry.path.to_owned());
        }
        Ok(Descent::Into)
    })
    .map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err(format!("no pictures are in this folder ({})", EXTENSIONS.join(", ")));
    }
    found.sort_unstable();
    Ok(found)
}

fn is_pattern(name: &Path) -> bool {
    name.to_str().is_some_and(|name| name.contains(['*', '?']))
}

/// What is there by a pattern: `*` is any part of a name, `?` one letter, `**` any folders.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let part = part.as_os_str();
        let text = part.to_string_lossy();
        found = match &*text {
            ANY_DEPTH => found.iter().flat_map(|folder| folders_below(folder)).collect(),
            text if is_pattern(Path::new(text)) => {
                found.iter().flat_map(|folder| entries(folder, text)).collect()
            }
            _ => found.into_iter().map(|folder| folder.join(part)).filter(|path| path.exists()).collect(),
        };
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Entries of a folder whose names are of a pattern; hidden ones where it begins with a dot.
fn entries(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let shown = |name: &str| !name.starts_with('.') || pattern.starts_with('.');
    let pattern: Vec<char> = pattern.chars().collect();
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names
        .filter(|name| {
            let text = name.to_string_lossy();
            shown(&text) && fits(&pattern, &text.chars().collect::<Vec<_>>())
        })
        .map(|name| folder.join(name))
        .collect()
}

/// A folder and all that lie below it.
fn folders_below(folder: &Path) -> Vec<PathBuf> {
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut found = vec![folder.to_owned()];
    // what cannot be read holds nothing that could be named
    let _ = tree::walk(place, &mut |entry| {
        if entry.kind != Kind::Folder || entry.below.rsplit('/').next().is_some_and(|n| n.starts_with('.')) {
            return Ok(Descent::Past);
        }
        found.push(folder.join(entry.below));
        Ok(Descent::Into)
    });
    found
}

/// Whether a name is of a pattern. At a mismatch the last `*` takes one letter more: no pattern takes
/// longer than its length times that of the name.
fn fits(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star = None;
    while seen < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == name[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                (at, seen) = (star_at + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.png", "a.JPG", "notes.txt", "cats/1.png", "cats/.hidden.png", "cats/deep/2.png"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        dir
    }

    fn named(dir: &Path, name: &str) -> Vec<String> {
        let found = pictures_named(&dir.join(name)).unwrap_or_default();
        found.iter().map(|path| path.strip_prefix(dir).unwrap().display().to_string()).collect()
    }

    #[test]
    fn folders_and_patterns_stand_for_their_pictures() {
        let dir = place();
        let named = |name| named(dir.path(), name);
        assert_eq!(named(""), ["a.JPG", "b.png", "cats/1.png", "cats/deep/2.png"]);
        assert_eq!(named("cats"), ["cats/1.png", "cats/deep/2.png"]);
        assert_eq!(named("*.png"), ["b.png"]);
        assert_eq!(named("?.*"), ["a.JPG", "b.png"]);
        assert_eq!(named("**/*.png"), ["b.png", "cats/1.png", "cats/deep/2.png"]);
        assert_eq!(named("c*"), ["cats/1.png", "cats/deep/2.png"]);
        // whatever is named itself is taken, or said to be missing
        assert_eq!(named("none.png"), ["none.png"]);
        assert_eq!(named("notes.txt"), ["notes.txt"]);
    }

    #[test]
    fn a_name_for_nothing_says_so() {
        let dir = place();
        fs::create_dir(dir.path().join("empty")).unwrap();
        assert!(pictures_named(&dir.path().join("empty")).unwrap_err().contains("no pictures"));
        assert!(pictures_named(&dir.path().join("*.gif")).unwrap_err().contains("pattern"));
    }

    #[test]
    fn patterns_take_no_time() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        assert!(fits(&letters("*a*b?"), &letters("xxaxxbx")) && !fits(&letters("a*b"), &letters("acbc")));
        assert!(!fits(&letters(&"*a".repeat(50)), &letters(&"a".repeat(49))));
    }
}
