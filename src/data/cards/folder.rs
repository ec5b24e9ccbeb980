//! Cards of picture folders, from the headers of the pictures.

use super::super::error::DataError;
use super::super::folder::{FolderFacts, HeaderFacts, SplitFolders, folder_facts};
use super::super::locations::Locations;
use super::signs;
use crate::card::{DataCard, PictureSize, TypicalSize};
use crate::printed::shown_path;

/// The card of a folder, or of the folders of the splits.
pub(super) fn card(folders: SplitFolders<'_>, locations: &Locations) -> Result<DataCard, DataError> {
    let facts = folder_facts(folders, locations)?;
    let FolderFacts {
        classes,
        class_counts,
        validation_counts,
        test_counts,
        headers,
        grouped,
        empty_classes,
    } = facts;
    let mirror_pairs = if grouped { signs::mirror_pairs(&classes) } else { None };
    let card = of_headers(shown_path(folders.train), headers, classes);
    Ok(DataCard {
        grouped,
        empty_classes,
        upright: mirror_pairs.is_some(),
        mirror_changes_class: mirror_pairs.is_some(),
        mirror_pairs: mirror_pairs.unwrap_or_default(),
        ..card.with_counts(class_counts, test_counts).with_validation(validation_counts)
    })
}

/// A card of pictures in files, from their headers.
pub(super) fn of_headers(name: String, headers: HeaderFacts, classes: Vec<String>) -> DataCard {
    let HeaderFacts { sizes, channels, unreadable, held_bytes, decoding_bytes } = headers;
    let extent =
        |pick: fn(usize, usize) -> usize, axis: usize| sizes.iter().map(|size| size[axis]).reduce(pick);
    let [min, max] = [usize::min, usize::max].map(|pick| [0, 1].map(|axis| extent(pick, axis).unwrap_or(0)));
    let size = if min == max { PictureSize::Same(min) } else { PictureSize::Varies { min, max } };
    let typical = (min != max).then(|| typical(&sizes));
    DataCard {
        typical,
        unreadable,
        held_bytes,
        decoding_bytes,
        ..DataCard::new(name, size, channels, classes)
    }
}

/// Medians and quantiles of some sizes; there is at least one.
fn typical(sizes: &[[usize; 2]]) -> TypicalSize {
    let middle = |axis: usize| {
        let mut extents: Vec<usize> = sizes.iter().map(|size| size[axis]).collect();
        extents.sort_unstable();
        extents[extents.len() / 2]
    };
    let mut ratios: Vec<f32> = sizes.iter().map(|[height, width]| *width as f32 / *height as f32).collect();
    ratios.sort_unstable_by(f32::total_cmp);
    let quantile = |share: f32| ratios[(share * (ratios.len() - 1) as f32).round() as usize];
    TypicalSize { median: [middle(0), middle(1)], ratios: [quantile(0.1), quantile(0.5), quantile(0.9)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typical_sizes_are_medians() {
        let sizes = [[10, 20], [10, 10], [30, 10], [20, 20], [20, 60]];
        let typical = typical(&sizes);
        assert_eq!(typical.median, [20, 20]);
        assert_eq!(typical.ratios, [1.0 / 3.0, 1.0, 3.0]);
    }
}
