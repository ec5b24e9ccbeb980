//! Cards of the built-in sets.

use super::{DataCard, PictureSize};
use crate::ir::DataSource;

const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const CLOTHES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];
const CIFAR10: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
/// In the order of the fine labels, as the set's `fine_label_names.txt` has them.
const CIFAR100: [&str; 100] = [
    "apple",
    "aquarium_fish",
    "baby",
    "bear",
    "beaver",
    "bed",
    "bee",
    "beetle",
    "bicycle",
    "bottle",
    "bowl",
    "boy",
    "bridge",
    "bus",
    "butterfly",
    "camel",
    "can",
    "castle",
    "caterpillar",
    "cattle",
    "chair",
    "chimpanzee",
    "clock",
    "cloud",
    "cockroach",
    "couch",
    "crab",
    "crocodile",
    "cup",
    "dinosaur",
    "dolphin",
    "elephant",
    "flatfish",
    "forest",
    "fox",
    "girl",
    "hamster",
    "house",
    "kangaroo",
    "keyboard",
    "lamp",
    "lawn_mower",
    "leopard",
    "lion",
    "lizard",
    "lobster",
    "man",
    "maple_tree",
    "motorcycle",
    "mountain",
    "mouse",
    "mushroom",
    "oak_tree",
    "orange",
    "orchid",
    "otter",
    "palm_tree",
    "pear",
    "pickup_truck",
    "pine_tree",
    "plain",
    "plate",
    "poppy",
    "porcupine",
    "possum",
    "rabbit",
    "raccoon",
    "ray",
    "road",
    "rocket",
    "rose",
    "sea",
    "seal",
    "shark",
    "shrew",
    "skunk",
    "skyscraper",
    "snail",
    "snake",
    "spider",
    "squirrel",
    "streetcar",
    "sunflower",
    "sweet_pepper",
    "table",
    "tank",
    "telephone",
    "television",
    "tiger",
    "tractor",
    "train",
    "trout",
    "tulip",
    "turtle",
    "wardrobe",
    "whale",
    "willow_tree",
    "wolf",
    "woman",
    "worm",
];

/// The card of a built-in set; `None` for folders and arrays, which must be looked at.
pub fn builtin(source: &DataSource) -> Option<DataCard> {
    let name = source.built_in()?;
    let card = |size, channels, classes: &[&str]| {
        let classes = classes.iter().map(|class| (*class).to_owned()).collect();
        DataCard { upright: true, ..DataCard::new(name, PictureSize::Same(size), Some(channels), classes) }
    };
    let digits = |size| {
        let pair = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        DataCard { mirror_changes_class: true, turn_pairs: vec![pair("6", "9")], ..card(size, 1, &DIGITS) }
    };
    Some(match source {
        DataSource::Digits => {
            digits([8, 8]).with_counts(vec![178, 182, 177, 183, 181, 182, 181, 179, 174, 180], Vec::new())
        }
        DataSource::Mnist => digits([28, 28]).with_counts(
            vec![5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
            vec![980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        ),
        DataSource::FashionMnist => card([28, 28], 1, &CLOTHES).with_counts(vec![6000; 10], vec![1000; 10]),
        DataSource::Cifar10 => card([32, 32], 3, &CIFAR10).with_counts(vec![5000; 10], vec![1000; 10]),
        DataSource::Cifar100 => card([32, 32], 3, &CIFAR100).with_counts(vec![500; 100], vec![100; 100]),
        DataSource::Idx { .. }
        | DataSource::CifarBinary { .. }
        | DataSource::Folder { .. }
        | DataSource::Npz(_)
        | DataSource::Csv(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_to_the_published_sizes() {
        for (source, images, test, classes) in [
            (DataSource::Digits, 1797, 0, 10),
            (DataSource::Mnist, 60_000, 10_000, 10),
            (DataSource::FashionMnist, 60_000, 10_000, 10),
            (DataSource::Cifar10, 50_000, 10_000, 10),
            (DataSource::Cifar100, 50_000, 10_000, 100),
        ] {
            let card = builtin(&source).unwrap();
            let found = (card.train_images, card.test_images, card.classes.len());
            assert_eq!(found, (images, test, classes), "{}", card.name);
        }
        assert!(CIFAR100.is_sorted());
    }
}
