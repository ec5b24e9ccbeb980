//! Cards of picture folders, from the headers of the pictures.

use std::path::Path;

use super::{DataCard, PictureSize};
use crate::data::{DataError, FolderFacts, Locations, folder_facts};

/// The card of a folder (or of a training and a test folder).
pub(super) fn card(train: &Path, test: Option<&Path>, locations: &Locations) -> Result<DataCard, DataError> {
    let FolderFacts { classes, class_counts, test_images, min, max, channels } = folder_facts(train, test, locations)?;
    Ok(DataCard {
        name: train.display().to_string(),
        size: if min == max { PictureSize::Same(min) } else { PictureSize::Varies { min, max } },
        channels,
        found_classes: classes.clone(),
        classes,
        train_images: class_counts.iter().sum(),
        test_images,
        class_counts,
        range: (0.0, 255.0),
        // A folder does not say these of itself: no warning without knowledge.
        upright: false,
        mirror_changes_class: false,
        grouped: false,
    })
}
