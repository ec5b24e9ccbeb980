//! Makes the card of a program's data: from headers, remembered from one look to the next ([`of`]);
//! [`with_pass`] adds what one cheap pass over the files themselves tells.

mod folder;
mod memory;
mod numbers;
mod signs;

use std::path::{Path, PathBuf};

use super::cifar::folder_of_cifar;
use super::error::{DataError, Lines};
use super::folder::SplitFolders;
use super::load::array_facts;
use super::locations::{ClassFolders, FetchPolicy, Locations};
use super::npz::ArrayFacts;
use super::pass::pass_facts;
use super::source::{check_classes, places};
use super::standard::folder_of_idx;
use super::tree;
use crate::card::{DataCard, PictureSize, builtin};
use crate::ir::{DataSource, DataSpec};

/// Of more files the size is not asked for.
const MAX_FILES: usize = 1_000_000;

/// Why there is no card.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The data are not there: checks that need them are left out.
    #[error("{what} is not at hand\n  looked for {}\n  help: {help}", Lines(looked))]
    NotAtHand {
        /// What was looked for, as the user wrote it.
        what: String,
        /// The places.
        looked: Vec<PathBuf>,
        /// What to do.
        help: String,
    },
    /// The data are there, and something is wrong with them.
    #[error(transparent)]
    Malformed(DataError),
}

impl From<DataError> for CardError {
    fn from(error: DataError) -> Self {
        match error {
            DataError::NotFound { what, looked, help } => CardError::NotAtHand { what, looked, help },
            DataError::Io { .. }
            | DataError::Malformed { .. }
            | DataError::Outside { .. }
            | DataError::Unreadable { .. }
            | DataError::Classes { .. }
            | DataError::Picture { .. }
            | DataError::Prepare(_)
            | DataError::Split { .. }
            | DataError::Fetch(_)
            | DataError::Loader(_) => CardError::Malformed(error),
        }
    }
}

/// The card of a program's data. Built-in sets need no files and nothing is ever fetched; folders are known
/// by the headers of their pictures, arrays by theirs and by their labels. With `classes:` written the card's
/// classes have that order, unless it names others than there are: that is for the checker to report, and the
/// card keeps the classes that were found. `upright:` and `mirror:` of the file go before what the data say.
/// # Errors
/// [`CardError::NotAtHand`] if the data are not there, [`CardError::Malformed`] if they are but cannot be
/// right.
pub fn of(data: &DataSpec, locations: &Locations) -> Result<DataCard, CardError> {
    let source = &data.source.value;
    let paths = source.paths();
    let mut card = match source {
        DataSource::Digits
        | DataSource::Mnist
        | DataSource::FashionMnist
        | DataSource::Cifar10
        | DataSource::Cifar100 => {
            builtin(source).unwrap_or_else(|| unreachable!("every built-in set has a card"))
        }
        DataSource::Folder { train, validation, test } => {
            let folders = SplitFolders { train, validation: validation.as_deref(), test: test.as_deref() };
            // which of two paths is whose is not told by the paths, nor what is taken for a class
            let plain = validation.is_none() && locations.class_folders == ClassFolders::Wanted;
            let what = format!("folder {source:?} {:?}", locations.class_folders);
            let what = if plain { "folder".to_owned() } else { what };
            memory::remembered(&what, &paths, locations, || folder::card(folders, locations))?
        }
        DataSource::Idx { .. } | DataSource::CifarBinary { .. } | DataSource::Npz(_) => {
            let (what, kind) = (format!("{source:?} {:?}", data.labels.value), data.labels.value);
            memory::remembered(&what, &paths, locations, || {
                Ok(card_of_arrays(source, array_facts(source, kind, locations)?))
            })?
        }
        // not remembered: a table does not change when its pictures do
        DataSource::Csv(table) => numbers::card(table, data.labels.value, locations)?,
    };
    if let Some(written) = &data.classes
        && check_classes(&written.value, &card.classes, Path::new(&card.name)).is_ok()
    {
        let reordered = |counts: &[usize]| -> Vec<usize> {
            let place_of = places(&card.classes);
            written
                .value
                .iter()
                .filter_map(|name| place_of.get(name.as_str()).map(|&at| counts[at]))
                .collect()
        };
        let known = |counts: &[usize]| if counts.is_empty() { Vec::new() } else { reordered(counts) };
        [card.class_counts, card.validation_counts, card.test_counts] = card.own_counts().map(known);
        card.classes.clone_from(&written.value);
    }
    card.upright = data.upright.as_ref().map_or(card.upright, |upright| upright.value);
    Ok(card)
}

/// The card with what one pass over the data tells: splits, pictures that occur twice, margins. Nothing is
/// fetched. The pass is remembered.
/// # Errors
/// As [`of`]; also where the data do not allow the splits that the program asks for.
pub fn with_pass(data: &DataSpec, locations: &Locations) -> Result<DataCard, CardError> {
    let card = of(data, locations)?;
    let DataSpec { source, validation, test, seed, stratified, split_by, damaged, .. } = data;
    let shares = [validation, test].map(|share| share.as_ref().map(|share| &share.value));
    let kind = data.labels.value;
    let damaged = damaged.as_ref().map(|damaged| damaged.value);
    let grouped = split_by.is_some();
    let what =
        format!("pass {:?} {kind:?} {shares:?} {seed} {stratified} {grouped} {damaged:?}", source.value);
    let at_hand = Locations { fetch: FetchPolicy::Never, ..locations.clone() };
    let pass = if matches!(source.value, DataSource::Csv(_)) {
        pass_facts(data, &at_hand)?
    } else {
        memory::remembered(&what, &source.value.paths(), locations, || pass_facts(data, &at_hand))?
    };
    Ok(DataCard { pass: Some(pass), ..card })
}

/// The files and folders that the data are read from, as far as they are at hand; none for what is part of the
/// program.
pub fn read_from(source: &DataSource, locations: &Locations) -> Vec<PathBuf> {
    let set = folder_of_idx(source, locations).or_else(|| folder_of_cifar(source, locations));
    let found = source.paths().into_iter().filter_map(|path| Some(locations.resolve(path).ok()?.path));
    let mut all: Vec<PathBuf> = set.into_iter().chain(found).collect();
    all.dedup();
    all
}

/// Bytes of the files that the data are in; `None` where that is not known without looking for a built-in
/// set's.
pub fn size_bytes(data: &DataSpec, locations: &Locations) -> Option<u64> {
    let source = &data.source.value;
    if *source == DataSource::Digits {
        return Some(0);
    }
    if source.built_in().is_some() {
        return None;
    }
    let mut bytes = 0;
    for path in source.paths() {
        let place = locations.resolve(path).ok()?.path;
        let files = tree::all(&place, MAX_FILES)?;
        bytes += files.iter().filter(|(_, about)| about.is_file()).map(|(_, about)| about.len()).sum::<u64>();
    }
    Some(bytes)
}

fn card_of_arrays(source: &DataSource, facts: ArrayFacts) -> DataCard {
    let ArrayFacts {
        size: [height, width, channels],
        classes,
        class_counts,
        test_counts,
        images,
        range,
        targets,
    } = facts;
    let card = DataCard::new(source.name(), PictureSize::Same([height, width]), Some(channels), classes);
    let targets = targets.as_ref().map(numbers::columns).unwrap_or_default();
    let [train_images, test_images] = images;
    DataCard { range, targets, train_images, test_images, ..card.with_counts(class_counts, test_counts) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::checksum::{sealed, unsealed};
    use crate::source::{Span, Spanned};

    fn spec(source: DataSource) -> DataSpec {
        let source = Spanned::new(source, Span::default());
        DataSpec::new(source)
    }

    fn folder() -> DataSpec {
        spec(DataSource::Folder { train: "set".into(), validation: None, test: None })
    }

    /// Two classes of pictures.
    fn write_set(dir: &Path) {
        for (class, header, values) in [("a", "P6\n3 2\n255\n", 18), ("b", "P5\n5 4\n255\n", 20)] {
            fs::create_dir_all(dir.join("set").join(class)).unwrap();
            fs::write(dir.join("set").join(class).join("1.ppm"), picture(header, values)).unwrap();
        }
    }

    fn picture(header: &str, values: usize) -> String {
        header.to_owned() + &"x".repeat(values)
    }

    #[test]
    fn built_in_sets_need_no_files() {
        let card = of(&spec(DataSource::FashionMnist), &Locations::only("/nowhere")).unwrap();
        assert_eq!((card.name.as_str(), card.classes.len(), card.test_images), ("fashion_mnist", 10, 10_000));
    }

    #[test]
    fn data_that_are_not_there_are_told_from_data_that_are_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let locations = Locations::only(dir.path());
        let error = of(&folder(), &locations).unwrap_err();
        assert!(matches!(&error, CardError::NotAtHand { what, .. } if what == "`set`"), "{error}");
        fs::create_dir(dir.path().join("set")).unwrap();
        let error = of(&folder(), &locations).unwrap_err();
        assert!(matches!(error, CardError::Malformed(_)), "{error}");
    }

    #[test]
    fn a_folder_is_known_by_its_headers() {
        let dir = tempfile::tempdir().unwrap();
        write_set(dir.path());
        let card = of(&folder(), &Locations::only(dir.path())).unwrap();
        assert_eq!(card.size, PictureSize::Varies { min: [2, 3], max: [4, 5] });
        assert_eq!((card.channels, card.train_images, card.class_counts), (None, 2, vec![1, 1]));
    }

    #[test]
    fn written_classes_decide_the_order() {
        let dir = tempfile::tempdir().unwrap();
        write_set(dir.path());
        fs::write(dir.path().join("set/b/2.ppm"), picture("P5\n5 4\n255\n", 20)).unwrap();
        let with = |classes: [&str; 2]| DataSpec {
            classes: Some(Spanned::new(classes.map(str::to_owned).to_vec(), Span::default())),
            ..folder()
        };
        let card = of(&with(["b", "a"]), &Locations::only(dir.path())).unwrap();
        assert_eq!((card.classes.join(" "), &card.class_counts), ("b a".to_owned(), &vec![2, 1]));
        assert_eq!((card.found_classes.join(" "), card.images_of("b")), ("a b".to_owned(), Some(2)));
        let card = of(&with(["b", "c"]), &Locations::only(dir.path())).unwrap();
        assert_eq!((card.classes.join(" "), card.class_counts), ("a b".to_owned(), vec![1, 2]));
    }

    #[test]
    fn folder_cards_are_remembered_until_the_folder_changes() {
        let dir = tempfile::tempdir().unwrap();
        write_set(dir.path());
        let locations = Locations { cache: Some(dir.path().join("cache")), ..Locations::only(dir.path()) };
        let first = of(&folder(), &locations).unwrap();
        let kept: Vec<PathBuf> = fs::read_dir(dir.path().join("cache/cards"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let [kept] = &kept[..] else { panic!("one card is kept: {kept:?}") };
        // What is remembered is used: a changed memory shows.
        let bytes = fs::read(kept).unwrap();
        let card = unsealed(&bytes).unwrap().replace("\"train_images\":2", "\"train_images\":77");
        fs::write(kept, sealed(&card)).unwrap();
        assert_eq!(of(&folder(), &locations).unwrap().train_images, 77);
        fs::write(kept, "no card").unwrap();
        assert_eq!(of(&folder(), &locations).unwrap(), first);
        fs::write(dir.path().join("set/a/2.ppm"), picture("P6\n9 9\n255\n", 243)).unwrap();
        assert_eq!(of(&folder(), &locations).unwrap().train_images, 3);
    }
}
