//! Cards of the built-in sets.

use super::{DataCard, PictureSize};
use crate::ir::DataSource;

/// The card of a built-in set; `None` for folders and arrays, which must be looked at.
pub fn builtin(source: &DataSource) -> Option<DataCard> {
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    const CLOTHES: [&str; 10] =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];
    const CIFAR10: [&str; 10] =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    let card =
        |name: &str, size, channels, classes: [&str; 10], counts: [usize; 10], test_images, mirror_changes_class| {
            DataCard {
                name: name.to_owned(),
                size: PictureSize::Same(size),
                channels: Some(channels),
                classes: classes.map(str::to_owned).to_vec(),
                found_classes: classes.map(str::to_owned).to_vec(),
                train_images: counts.iter().sum(),
                test_images,
                class_counts: counts.to_vec(),
                range: (0.0, 255.0),
                upright: true,
                mirror_changes_class,
                grouped: false,
            }
        };
    match source {
        DataSource::Digits => {
            Some(card("digits", [8, 8], 1, DIGITS, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], 0, true))
        }
        DataSource::Mnist => {
            let counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
            Some(card("mnist", [28, 28], 1, DIGITS, counts, 10_000, true))
        }
        DataSource::FashionMnist => Some(card("fashion_mnist", [28, 28], 1, CLOTHES, [6000; 10], 10_000, false)),
        DataSource::Cifar10 => Some(card("cifar10", [32, 32], 3, CIFAR10, [5000; 10], 10_000, false)),
        DataSource::Folder { .. } | DataSource::Npz(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_to_the_published_sizes() {
        for (source, images) in [
            (DataSource::Digits, 1797),
            (DataSource::Mnist, 60_000),
            (DataSource::FashionMnist, 60_000),
            (DataSource::Cifar10, 50_000),
        ] {
            let card = builtin(&source).unwrap();
            assert_eq!((card.train_images, card.classes.len()), (images, 10), "{}", card.name);
        }
    }
}
