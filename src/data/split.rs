//! Training, validation and test splits: stratified, and decided by `data.seed` alone.
//!
//! ```text
//! order   all items, sorted by the bytes of their paths (items of arrays by index, which is their path padded with zeros to 8 digits),
//!         then shuffled once: Random::seeded(seed).shuffle
//! take    for each class the first round-half-up(fraction · n) of its items in that order, where n counts the class's items in the base
//! ```
//! The test split is taken first, validation from what is left for training. `of all` counts the items of every split; a test split `of all` takes
//! the place of the set's own.

use super::error::DataError;
use super::source::Split;
use crate::ir::{DataSpec, Split as Share, SplitBase};
use crate::random::Random;

/// The split of each item. `own` is the split that the set itself gives (train or test).
pub(super) fn split(labels: &[i32], own: &[Split], classes: usize, spec: &DataSpec) -> Result<Vec<Split>, DataError> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    Random::seeded(spec.seed).shuffle(&mut order);
    let mut splits = own.to_vec();
    if let Some(test) = spec.test.as_ref().map(|test| &test.value) {
        match test.of {
            SplitBase::All => splits.fill(Split::Train),
            SplitBase::Train if own.contains(&Split::Test) => {
                return Err(DataError::Split {
                    problem:
                        "the data have a test split of their own, so `test:` cannot be a share of the training images"
                            .to_owned(),
                    help: "leave `test:` out, or write `of all` to split anew".to_owned(),
                });
            }
            SplitBase::Train => {}
        }
        take(&order, labels, classes, test, Split::Test, &mut splits);
    }
    if let Some(validation) = spec.validation.as_ref().map(|validation| &validation.value) {
        take(&order, labels, classes, validation, Split::Validation, &mut splits);
    }
    let shares = [
        (Split::Train, "training", true),
        (Split::Validation, "validation", spec.validation.is_some()),
        (Split::Test, "test", spec.test.is_some()),
    ];
    for (split, name, wanted) in shares {
        if wanted && !splits.contains(&split) {
            return Err(DataError::Split {
                problem: format!(
                    "no images are left for the {name} split: there are {} in {classes} classes",
                    labels.len()
                ),
                help: "change the shares of `validation:` and `test:`, or add images".to_owned(),
            });
        }
    }
    Ok(splits)
}

/// Moves a share of the training items into `to`.
fn take(order: &[usize], labels: &[i32], classes: usize, share: &Share, to: Split, splits: &mut [Split]) {
    let mut counts = vec![0usize; classes];
    for (&label, &split) in labels.iter().zip(splits.iter()) {
        if share.of == SplitBase::All || split == Split::Train {
            counts[label as usize] += 1;
        }
    }
    let mut wanted: Vec<usize> = counts.iter().map(|&n| round_half_up(share.fraction, n)).collect();
    for &item in order {
        let left = &mut wanted[labels[item] as usize];
        if splits[item] == Split::Train && *left > 0 {
            splits[item] = to;
            *left -= 1;
        }
    }
}

/// `⌊fraction · n + ½⌋`. Percentages are not exact in binary (29% of 50 gives 14.499…), so a 10⁻⁹ is added before rounding down.
fn round_half_up(fraction: f64, n: usize) -> usize {
    (fraction * n as f64 + 0.5 + 1e-9).floor() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::DataSource;
    use crate::source::{Span, Spanned};

    fn share(fraction: f64, of: SplitBase) -> Option<Spanned<Share>> {
        Some(Spanned::new(Share { fraction, of }, Span::default()))
    }

    fn spec(validation: Option<Spanned<Share>>, test: Option<Spanned<Share>>) -> DataSpec {
        let source = Spanned::new(DataSource::Digits, Span::default());
        DataSpec { source, validation, test, seed: 42, shuffle: true, classes: None }
    }

    fn counts(splits: &[Split], labels: &[i32], class: i32) -> [usize; 3] {
        [Split::Train, Split::Validation, Split::Test]
            .map(|split| splits.iter().zip(labels).filter(|&(&s, &label)| s == split && label == class).count())
    }

    #[test]
    fn each_class_gives_its_share_rounded_half_up() {
        // 10 items of class 0, 5 of class 1: 25% are 2.5 and 1.25.
        let labels: Vec<i32> = (0..15).map(|i| i32::from(i % 3 == 0)).collect();
        let splits = split(&labels, &[Split::Train; 15], 2, &spec(share(0.25, SplitBase::Train), None)).unwrap();
        assert_eq!((counts(&splits, &labels, 0), counts(&splits, &labels, 1)), ([7, 3, 0], [4, 1, 0]));
        assert_eq!(round_half_up(0.29, 50), 15);
        assert_eq!(round_half_up(0.2, 2), 0);
    }

    #[test]
    fn test_is_taken_first_and_validation_of_the_rest() {
        let labels = vec![0; 100];
        let splits =
            split(&labels, &[Split::Train; 100], 1, &spec(share(0.2, SplitBase::Train), share(0.2, SplitBase::All)))
                .unwrap();
        assert_eq!(counts(&splits, &labels, 0), [64, 16, 20]);
        let splits =
            split(&labels, &[Split::Train; 100], 1, &spec(share(0.2, SplitBase::All), share(0.2, SplitBase::All)))
                .unwrap();
        assert_eq!(counts(&splits, &labels, 0), [60, 20, 20]);
    }

    #[test]
    fn the_sets_own_test_split_stays_unless_all_is_split_anew() {
        let labels = vec![0; 10];
        let own: Vec<Split> = (0..10).map(|i| if i < 6 { Split::Train } else { Split::Test }).collect();
        let splits = split(&labels, &own, 1, &spec(share(0.5, SplitBase::Train), None)).unwrap();
        assert_eq!(counts(&splits, &labels, 0), [3, 3, 4]);
        assert_eq!(splits[6..], own[6..]);
        let splits = split(&labels, &own, 1, &spec(None, share(0.2, SplitBase::All))).unwrap();
        assert_eq!(counts(&splits, &labels, 0), [8, 0, 2]);
        let error = split(&labels, &own, 1, &spec(None, share(0.2, SplitBase::Train))).unwrap_err().to_string();
        assert!(error.contains("of all"), "{error}");
    }

    #[test]
    fn the_seed_decides() {
        let labels = vec![0; 50];
        let with_seed = |seed| {
            split(&labels, &[Split::Train; 50], 1, &DataSpec { seed, ..spec(share(0.2, SplitBase::Train), None) })
                .unwrap()
        };
        assert_eq!(with_seed(1), with_seed(1));
        assert_ne!(with_seed(1), with_seed(2));
    }

    #[test]
    fn a_split_without_images_is_an_error() {
        let error =
            split(&[0, 1], &[Split::Train; 2], 2, &spec(share(0.2, SplitBase::Train), None)).unwrap_err().to_string();
        assert!(error.contains("validation split") && error.contains("2 in 2 classes"), "{error}");
    }
}
