//! Makes the card of a program's data.

use std::path::{Path, PathBuf};

use super::{DataCard, PictureSize, builtin, folder, memory};
use crate::data::{ArrayFacts, DataError, Locations, array_facts, check_classes};
use crate::ir::{DataSource, DataSpec};

/// Why there is no card.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The data are not there: checks that need them are left out.
    #[error("{what} is not at hand\n  help: {help}")]
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

/// The card of a program's data. Built-in sets need no files and nothing is ever fetched; folders are known by the headers of their pictures, arrays by
/// theirs and by their labels. With `classes:` written the card's classes have that order.
/// # Errors
/// [`CardError::NotAtHand`] if the data are not there, [`CardError::Malformed`] if they are but cannot be right.
pub fn of(data: &DataSpec, locations: &Locations) -> Result<DataCard, CardError> {
    let mut card = match &data.source.value {
        DataSource::Digits | DataSource::Mnist | DataSource::FashionMnist | DataSource::Cifar10 => {
            builtin(&data.source.value).unwrap_or_else(|| unreachable!("every built-in set has a card"))
        }
        DataSource::Folder { train, test } => {
            memory::remembered(train, test.as_deref(), locations, || folder::card(train, test.as_deref(), locations))?
        }
        DataSource::Npz(path) => card_of_arrays(path, array_facts(path, locations)?),
    };
    if let Some(written) = &data.classes {
        check_classes(&written.value, &card.classes, Path::new(&card.name))?;
        if !card.class_counts.is_empty() {
            let count_of =
                |name: &String| card.classes.iter().position(|class| class == name).map_or(0, |i| card.class_counts[i]);
            card.class_counts = written.value.iter().map(count_of).collect();
        }
        card.classes.clone_from(&written.value);
    }
    Ok(card)
}

fn card_of_arrays(path: &Path, facts: ArrayFacts) -> DataCard {
    let [height, width, channels] = facts.size;
    DataCard {
        name: path.display().to_string(),
        size: PictureSize::Same([height, width]),
        channels: Some(channels),
        classes: facts.classes,
        train_images: facts.train_images,
        test_images: facts.test_images,
        class_counts: facts.class_counts,
        range: facts.range,
        upright: false,
        mirror_changes_class: false,
        grouped: false,
    }
}
