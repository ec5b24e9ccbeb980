//! Paths of a file that is written into another folder.

use std::path::{Path, PathBuf};

/// What names from `folder` what `written` names from `beside`. A path that leads to nothing there is looked
/// for elsewhere (in the folders of data), and stays as it is; so does one that leads there from anywhere.
pub(super) fn seen_from(folder: &Path, beside: &Path, written: &str) -> String {
    let beside = if beside.as_os_str().is_empty() { Path::new(".") } else { beside };
    let path = Path::new(written);
    let is_beside = path.components().next().is_some_and(|first| beside.join(first).exists());
    if path.is_absolute() || !is_beside {
        return written.to_owned();
    }
    let way = folder.canonicalize().and_then(|from| Ok(way(&from, &beside.canonicalize()?).join(path)));
    way.ok().and_then(|way| way.into_os_string().into_string().ok()).unwrap_or_else(|| written.to_owned())
}

/// The way from one folder to another, both with all their parts: `../..`.
fn way(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| Path::new(".."));
    let mut way: PathBuf = up.collect();
    way.extend(to.components().skip(common));
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_the_same_place() {
        let place = tempfile::tempdir().expect("a folder");
        let (beside, folder) = (place.path().join("mine"), place.path().join("tune/m-1"));
        std::fs::create_dir_all(beside.join("photos/train")).expect("made");
        std::fs::create_dir_all(&folder).expect("made");
        let seen = |written: &str| seen_from(&folder, &beside, written);
        assert_eq!(seen("photos/train/"), "../../mine/photos/train/");
        assert_eq!(seen("../mine/photos"), "../../mine/../mine/photos");
        // in a folder of data
        assert_eq!(seen("mnist/x"), "mnist/x");
        assert_eq!(seen_from(&beside.join("photos"), &beside, "photos/train"), "../photos/train");
        assert_eq!(seen_from(&beside, &beside, "photos"), "photos");
    }
}
