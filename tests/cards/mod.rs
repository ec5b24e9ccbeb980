//! Data cards for tests of the front end: what the built-in sets are known to hold, and folders and arrays
//! that exist here only. Other folders are never at hand.

use std::path::Path;

use cnnc::internals::card::{
    DataCard, PassFacts, PictureSize, SharedPictures, TargetColumn, TypicalSize, Unreadable, builtin,
};
use cnnc::internals::ir::{DataSource, DataSpec, LabelKind};

/// The card of a data set.
pub(crate) fn card_of(data: &DataSpec) -> Option<DataCard> {
    let mut card = match &data.source.value {
        DataSource::Folder { train: path, .. } | DataSource::Npz(path) => found(path)?,
        DataSource::Csv(table) => table_card(&table.path, data.labels.value)?,
        source @ (DataSource::Digits
        | DataSource::Mnist
        | DataSource::FashionMnist
        | DataSource::Cifar10
        | DataSource::Cifar100
        | DataSource::Idx { .. }
        | DataSource::CifarBinary { .. }) => builtin(source)?,
    };
    if let Some(upright) = &data.upright {
        card.upright = upright.value;
    }
    Some(card)
}

/// Tables of 28x28 pictures.
fn table_card(path: &Path, kind: LabelKind) -> Option<DataCard> {
    let name = path.to_str()?;
    let (classes, columns): (&[(&str, usize)], &[&str]) = match name {
        "places.csv" => (&[], &["x", "y"]),
        "pets.csv" => (&[("bird", 100), ("cat", 100), ("dog", 100)], &[]),
        _ => return None,
    };
    // read as the other kind, as a random text may have it, the table is not there
    if (kind == LabelKind::Regression) != classes.is_empty() {
        return None;
    }
    let column = |name: &&str| TargetColumn { name: (*name).to_owned(), min: 0.0, max: 1.0, mean: 0.5 };
    Some(DataCard {
        size: PictureSize::Same([28, 28]),
        channels: Some(3),
        targets: columns.iter().map(column).collect(),
        train_images: 300,
        ..small(name, classes)
    })
}

/// A set of 64x64 grey pictures.
fn small(name: &str, classes: &[(&str, usize)]) -> DataCard {
    let names = classes.iter().map(|(name, _)| (*name).to_owned()).collect();
    let counts = classes.iter().map(|(_, count)| *count).collect();
    DataCard::new(name, PictureSize::Same([64, 64]), Some(1), names).with_counts(counts, Vec::new())
}

/// A set of photos that differ in size.
fn photos(name: &str, classes: &[(&str, usize)], [height, width]: [usize; 2], ratios: [f32; 3]) -> DataCard {
    let size = PictureSize::Varies { min: [height / 2, width / 2], max: [height * 2, width * 2] };
    let typical = Some(TypicalSize { median: [height, width], ratios });
    DataCard { size, channels: Some(3), typical, upright: true, ..small(name, classes) }
}

/// What a pass over 200 pictures of two classes tells, a quarter of them for validation.
fn pass() -> PassFacts {
    PassFacts {
        splits: [vec![75, 75], vec![25, 25], vec![0, 0]],
        shared: SharedPictures::default(),
        margins: None,
    }
}

fn found(path: &Path) -> Option<DataCard> {
    let name = path.to_str()?;
    let pets = [("cats", 100), ("dogs", 100)];
    Some(match name {
        "pets/" => small(name, &pets),
        "photos/" => small(name, &[("test", 50), ("train", 200)]),
        "flowers/" => small(name, &[("training", 200), ("valid", 50)]),
        "vehicles/" => small(name, &[("bus", 50), ("test", 50), ("train", 200)]),
        "photos/train" => small(name, &pets),
        "screws/" => small(name, &[("broken", 35), ("good", 465)]),
        "bolts/" => small(name, &[("broken", 40), ("good", 400)]),
        "digits.npz" => numbered(name, 50),
        "digits_from_1.npz" => numbered(name, 0),
        // floating point in 0..1
        "unit.npz" => DataCard { range: (0.0, 1.0), ..numbered(name, 50) },
        "tracks/" => DataCard { grouped: true, ..small(name, &[("left", 300), ("right", 300)]) },
        "arrows/" => DataCard {
            upright: true,
            mirror_changes_class: true,
            mirror_pairs: vec![["left".to_owned(), "right".to_owned()]],
            ..small(name, &[("left", 300), ("right", 300)])
        },
        "rare/" => small(name, &[("common", 10), ("rare", 2)]),
        "broken/" => DataCard {
            unreadable: Unreadable {
                count: 2,
                examples: vec!["broken/cats/7.png: the file is empty".to_owned()],
            },
            ..small(name, &pets)
        },
        "empty/" => DataCard {
            empty_classes: vec!["birds".to_owned()],
            ..small(name, &[("birds", 0), ("cats", 10), ("dogs", 10)])
        },
        "landscapes/" => photos(name, &pets, [400, 800], [1.8, 2.0, 2.2]),
        "squares/" => photos(name, &pets, [400, 400], [0.9, 1.0, 1.1]),
        "thumbnails/" => photos(name, &pets, [40, 40], [0.9, 1.0, 1.1]),
        "doubles/" => DataCard {
            pass: Some(PassFacts {
                shared: SharedPictures {
                    count: 3,
                    examples: vec![
                        "doubles/cats/1.png (train) and doubles/cats/9.png (validation)".to_owned(),
                    ],
                },
                ..pass()
            }),
            ..small(name, &pets)
        },
        "framed/" => {
            DataCard { pass: Some(PassFacts { margins: Some([0.15, 0.1]), ..pass() }), ..small(name, &pets) }
        }
        _ => return None,
    })
}

/// Ten digits with 50 pictures each; with `zeros` other than 50 there are that many of 0, and the labels go
/// up to 10.
fn numbered(name: &str, zeros: usize) -> DataCard {
    let names: Vec<String> = (0..if zeros == 50 { 10 } else { 11 }).map(|label| label.to_string()).collect();
    let classes: Vec<(&str, usize)> = names
        .iter()
        .enumerate()
        .map(|(label, name)| (name.as_str(), if label == 0 { zeros } else { 50 }))
        .collect();
    DataCard { size: PictureSize::Same([28, 28]), ..small(name, &classes) }
}
