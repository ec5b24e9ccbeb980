//! Data cards for tests of the front end: what the built-in sets are known to hold, and folders and arrays that exist here only. Other folders are never
//! at hand.

use std::path::Path;

use cnnc::card::{DataCard, PictureSize};
use cnnc::ir::{DataSource, DataSpec};

/// The card of a data set.
pub(crate) fn card_of(data: &DataSpec) -> Option<DataCard> {
    match &data.source.value {
        DataSource::Digits => Some(DataCard { train_images: 1797, ..builtin("digits", 8, 1) }),
        DataSource::Mnist => Some(DataCard { train_images: 60_000, ..builtin("mnist", 28, 1) }),
        DataSource::FashionMnist => Some(DataCard { train_images: 60_000, ..builtin("fashion_mnist", 28, 1) }),
        DataSource::Cifar10 => Some(DataCard { train_images: 50_000, ..builtin("cifar10", 32, 3) }),
        DataSource::Folder { train: path, .. } | DataSource::Npz(path) => found(path),
    }
}

fn builtin(name: &str, size: usize, channels: usize) -> DataCard {
    let classes: Vec<String> = (0..10).map(|class| class.to_string()).collect();
    DataCard {
        name: name.to_owned(),
        size: PictureSize::Same([size, size]),
        channels: Some(channels),
        found_classes: classes.clone(),
        classes,
        train_images: 1000,
        test_images: 0,
        class_counts: Vec::new(),
        range: (0.0, 255.0),
        upright: true,
        mirror_changes_class: false,
        grouped: false,
    }
}

fn found(path: &Path) -> Option<DataCard> {
    let classes: Vec<(String, usize)> = match path.to_str()? {
        "pets/" => [("cats", 100), ("dogs", 100)].map(|(name, count)| (name.to_owned(), count)).to_vec(),
        "screws/" => [("broken", 35), ("good", 465)].map(|(name, count)| (name.to_owned(), count)).to_vec(),
        "bolts/" => [("broken", 40), ("good", 400)].map(|(name, count)| (name.to_owned(), count)).to_vec(),
        "digits.npz" => (0..10).map(|label| (label.to_string(), 50)).collect(),
        "digits_from_1.npz" => (0..=10).map(|label| (label.to_string(), if label == 0 { 0 } else { 50 })).collect(),
        _ => return None,
    };
    let (names, counts): (Vec<String>, Vec<usize>) = classes.into_iter().unzip();
    let card = builtin(&path.display().to_string(), 28, 1);
    Some(DataCard {
        found_classes: names.clone(),
        classes: names,
        train_images: counts.iter().sum(),
        class_counts: counts,
        ..card
    })
}
