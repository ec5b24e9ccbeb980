//! Data cards for tests of the front end: what the built-in sets are known to hold. Folders are never at hand.

use cnnc::card::{DataCard, PictureSize};
use cnnc::ir::{DataSource, DataSpec};

/// The card of a data set.
pub(crate) fn card_of(data: &DataSpec) -> Option<DataCard> {
    let (name, size, channels) = match data.source.value {
        DataSource::Digits => ("digits", 8, 1),
        DataSource::Mnist => ("mnist", 28, 1),
        DataSource::FashionMnist => ("fashion_mnist", 28, 1),
        DataSource::Cifar10 => ("cifar10", 32, 3),
        DataSource::Folder { .. } | DataSource::Npz(_) => return None,
    };
    Some(DataCard {
        name: name.to_owned(),
        size: PictureSize::Same([size, size]),
        channels: Some(channels),
        classes: (0..10).map(|class| class.to_string()).collect(),
        train_images: 1000,
        test_images: 0,
        class_counts: Vec::new(),
        range: (0.0, 255.0),
        upright: true,
        mirror_changes_class: false,
        grouped: false,
    })
}
