//! A folder of photos, looked at before a file is written for it.

use std::path::{Component, Path, PathBuf};

use super::super::console::Console;
use super::super::failure::Failure;
use crate::card::{DataCard, PictureSize};
use crate::data::Locations;
use crate::data::cards;
use crate::ir::{DataSource, DataSpec};
use crate::printed;
use crate::source::{Span, Spanned};

/// What folders of splits are called.
const TRAIN: &[&str] = &["train", "training"];
const VALIDATION: &[&str] = &["validation", "valid", "val", "dev"];
const TEST: &[&str] = &["test", "testing"];

/// Folders within each other that are followed down to the classes.
const DEEPEST: usize = 8;

/// Photos, and what is known of them without decoding them.
pub(super) struct Photos {
    /// What `folder(…)` names: training, validation, test.
    pub(super) folders: [Option<String>; 3],
    /// What their headers say.
    pub(super) card: DataCard,
}

impl Photos {
    /// Looks at a folder of classes, or of splits with classes in them; `program` is the file that will name
    /// it.
    /// # Errors
    /// Where there is no such folder, or fewer than two classes in it.
    pub(super) fn look(folder: &Path, program: &Path, console: &Console) -> Result<Self, Failure> {
        let locations = console.permissions().narrow(Locations::of_run(program, None));
        let folder = seen_from(program, folder);
        let mut root = folder.clone();
        let mut card = card_of(&root, None, None, &locations)?;
        for _ in 0..DEEPEST {
            if let Some(photos) = split(&root, &card, &locations)? {
                return Ok(photos);
            }
            // a folder around the folders of classes, as archives often have one
            let [only] = &card.classes[..] else { break };
            let below = root.join(only);
            let Ok(inner) = card_of(&below, None, None, &locations) else { break };
            (root, card) = (below, inner);
        }
        if card.classes.len() < 2 {
            return Err(Failure::mistake(
                format!("`{}` has no folders of classes", printed::shown_path(&folder)),
                "put the photos of each class into a folder of its own, such as photos/cats and photos/dogs",
            ));
        }
        Ok(Self { folders: [Some(written(&root)), None, None], card })
    }

    /// Training photos, and those of the rarest and of the most frequent class.
    pub(super) fn counts(&self) -> [usize; 3] {
        let counts = &self.card.class_counts;
        let bound = |pick: fn(usize, usize) -> usize| counts.iter().copied().reduce(pick).unwrap_or(0);
        [self.card.train_images, bound(usize::min), bound(usize::max)]
    }

    /// Pixels of the shorter side of a photo in the middle.
    pub(super) fn side(&self) -> usize {
        let [height, width] = match (self.card.size, self.card.typical) {
            (PictureSize::Same(size), _) => size,
            (PictureSize::Varies { .. }, Some(typical)) => typical.median,
            (PictureSize::Varies { max, .. }, None) => max,
        };
        height.min(width)
    }

    /// Whether nearly all photos are squares.
    pub(super) fn are_squares(&self) -> bool {
        match (self.card.size, self.card.typical) {
            (PictureSize::Same([height, width]), _) => height == width,
            (PictureSize::Varies { .. }, Some(typical)) => {
                typical.ratios[0] > 0.95 && typical.ratios[2] < 1.05
            }
            (PictureSize::Varies { .. }, None) => false,
        }
    }
}

/// The photos of splits that lie apart, where all folders are called like splits, one of them like training.
fn split(root: &Path, card: &DataCard, locations: &Locations) -> Result<Option<Photos>, Failure> {
    let named = |names: &[&str]| {
        card.found_classes.iter().find(|found| names.contains(&found.to_ascii_lowercase().as_str()))
    };
    let found = [named(TRAIN), named(VALIDATION), named(TEST)];
    let [Some(_), validation, test] = found else { return Ok(None) };
    if found.iter().flatten().count() != card.found_classes.len() {
        return Ok(None);
    }
    let folders = found.map(|name| name.map(|name| root.join(name)));
    let card = card_of(
        folders[0].as_deref().unwrap_or(root),
        validation.and(folders[1].as_deref()),
        test.and(folders[2].as_deref()),
        locations,
    )?;
    Ok(Some(Photos { folders: folders.map(|folder| folder.map(|folder| written(&folder))), card }))
}

fn card_of(
    train: &Path,
    validation: Option<&Path>,
    test: Option<&Path>,
    locations: &Locations,
) -> Result<DataCard, Failure> {
    let owned = |path: Option<&Path>| path.map(Path::to_path_buf);
    let source =
        DataSource::Folder { train: train.to_path_buf(), validation: owned(validation), test: owned(test) };
    Ok(cards::of(&DataSpec::new(Spanned::new(source, Span::default())), locations)?)
}

/// A path of the command line as the file has it, which looks from its own folder.
fn seen_from(program: &Path, path: &Path) -> PathBuf {
    let around = program.parent().unwrap_or(Path::new(""));
    let steps: Vec<Component<'_>> = around.components().filter(|step| *step != Component::CurDir).collect();
    if path.is_absolute() || steps.is_empty() {
        return path.to_path_buf();
    }
    if steps.iter().all(|step| matches!(step, Component::Normal(_))) {
        return steps.iter().map(|_| Path::new("..")).chain([path]).collect();
    }
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// With `/`, and without one at the end.
fn written(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let text = text.strip_prefix("./").unwrap_or(&text).trim_end_matches('/');
    if text.is_empty() { ".".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_photos_from_its_own_folder() {
        let seen = |program: &str, path: &str| written(&seen_from(Path::new(program), Path::new(path)));
        assert_eq!(seen("birds.cnn", "photos/"), "photos");
        assert_eq!(seen("./birds.cnn", "./photos"), "photos");
        assert_eq!(seen("models/birds.cnn", "photos"), "../photos");
        assert_eq!(seen("a/b/birds.cnn", "../photos"), "../../../photos");
        assert_eq!(seen("models/birds.cnn", "/photos"), "/photos");
        assert!(seen("../birds.cnn", "photos").ends_with("/photos"));
    }
}
