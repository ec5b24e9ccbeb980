//! Training, validation and test splits: stratified unless the file says not, and decided by `data.seed`
//! alone.
//!
//! ```text
//! order   all items, sorted by the bytes of their paths (items of arrays by index, which is their path padded with zeros to 8 digits),
//!         then shuffled once: Random::seeded(seed).shuffle
//! unit    what is taken as a whole: an item; with `split: by track` all items of one class whose names are the same up to the last `_`
//! take    for each class the first round-half-up(fraction · n) of its units in that order (a unit stands where its first item stands), where n
//!         counts the class's units in the base; with `stratified: false` all items count as one class
//! ```
//! The test split is taken first, validation from what is left for training. `of all` counts the items of
//! every split; a test split `of all` takes the place of the set's own.

use std::collections::BTreeMap;

use super::error::DataError;
use super::source::{Pictures, Source, Split};
use crate::ir::{DataSpec, Grouping, Split as Share, SplitBase};
use crate::random::Random;

/// The split of each item of a set. `source.splits` is the split that the set itself gives (train or test).
pub(super) fn split(source: &Source, spec: &DataSpec) -> Result<Vec<Split>, DataError> {
    let (labels, own) = (&source.labels, &source.splits);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    Random::seeded(spec.seed).shuffle(&mut order);
    let mut splitting = Splitting {
        strata: labels.iter().map(|label| if spec.stratified { *label as usize } else { 0 }).collect(),
        units: units(source, spec)?,
        order,
        splits: own.clone(),
    };
    check_own_validation(own, spec)?;
    if let Some(test) = spec.test.as_ref().map(|test| &test.value) {
        match test.of {
            SplitBase::All => splitting.splits.fill(Split::Train),
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
        splitting.take(test, Split::Test);
    }
    if let Some(validation) = spec.validation.as_ref().map(|validation| &validation.value) {
        splitting.take(validation, Split::Validation);
    }
    let shares = [
        (Split::Train, "training", true),
        (Split::Validation, "validation", spec.validation.is_some()),
        (Split::Test, "test", spec.test.is_some()),
    ];
    for (split, name, wanted) in shares {
        if wanted && !splitting.splits.contains(&split) {
            let classes = source.classes.len();
            let tracks = if spec.split_by.is_some() { ", and tracks are not divided" } else { "" };
            return Err(DataError::Split {
                problem: format!(
                    "no images are left for the {name} split: there are {} in {classes} classes{tracks}",
                    labels.len()
                ),
                help: "change the shares of `validation:` and `test:`, or add images".to_owned(),
            });
        }
    }
    Ok(splitting.splits)
}

/// A set that has validation pictures of its own keeps them. Where it can be known before, E0323 says so.
fn check_own_validation(own: &[Split], spec: &DataSpec) -> Result<(), DataError> {
    if !own.contains(&Split::Validation) {
        return Ok(());
    }
    if spec.validation.is_some() {
        return Err(DataError::Split {
            problem:
                "the data have a validation split of their own, so `validation:` cannot be a share of the \
                      training images"
                    .to_owned(),
            help: "leave `validation:` out".to_owned(),
        });
    }
    match spec.test.as_ref().map(|test| test.value.of) {
        Some(SplitBase::All) => Err(DataError::Split {
            problem:
                "the data have a validation split of their own, so `test:` cannot split all of them anew"
                    .to_owned(),
            help: "write `of train`".to_owned(),
        }),
        Some(SplitBase::Train) | None => Ok(()),
    }
}

/// The unit of each item, as a number.
fn units(source: &Source, spec: &DataSpec) -> Result<Vec<usize>, DataError> {
    let Some(Grouping::Track) = spec.split_by.as_ref().map(|split_by| split_by.value) else {
        return Ok((0..source.labels.len()).collect());
    };
    let Pictures::Files(files) = &source.pictures else {
        return Err(DataError::Split {
            problem: "the pictures have no file names that could tell their tracks".to_owned(),
            help: "leave `split: by track` out".to_owned(),
        });
    };
    let mut numbers: BTreeMap<(i32, &str), usize> = BTreeMap::new();
    let mut units = Vec::with_capacity(files.len());
    for (file, label) in files.iter().zip(&source.labels) {
        let next = numbers.len();
        units.push(*numbers.entry((*label, track(&file.name))).or_insert(next));
    }
    Ok(units)
}

/// The track of a picture: its path without the extension, up to the last `_`.
pub(crate) fn track(path: &str) -> &str {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    let end = path[name..].rfind('.').map_or(path.len(), |dot| name + dot);
    path[name..end].rfind('_').map_or(&path[..end], |mark| &path[..name + mark])
}

struct Splitting {
    /// What shares are counted in: the class of each item, or 0.
    strata: Vec<usize>,
    units: Vec<usize>,
    order: Vec<usize>,
    splits: Vec<Split>,
}

impl Splitting {
    /// Moves a share of the training items into `to`.
    fn take(&mut self, share: &Share, to: Split) {
        let strata = self.strata.iter().max().map_or(0, |most| most + 1);
        let mut counted = vec![false; self.units.len()];
        let mut counts = vec![0usize; strata];
        for item in 0..self.units.len() {
            let in_base = share.of == SplitBase::All || self.splits[item] == Split::Train;
            if in_base && !std::mem::replace(&mut counted[self.units[item]], true) {
                counts[self.strata[item]] += 1;
            }
        }
        let mut wanted: Vec<usize> = counts.iter().map(|&n| share.count(n)).collect();
        let mut taken = vec![false; self.units.len()];
        for &item in &self.order {
            let (unit, left) = (self.units[item], &mut wanted[self.strata[item]]);
            if self.splits[item] == Split::Train && !taken[unit] && *left > 0 {
                taken[unit] = true;
                *left -= 1;
            }
        }
        for (split, unit) in self.splits.iter_mut().zip(&self.units) {
            if taken[*unit] && *split == Split::Train {
                *split = to;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::{FileBytes, PictureFile, Pixels};
    use super::*;
    use crate::ir::DataSource;
    use crate::source::{Span, Spanned};

    fn split(
        labels: &[i32],
        own: &[Split],
        classes: usize,
        spec: &DataSpec,
    ) -> Result<Vec<Split>, DataError> {
        let pictures = Pictures::Arrays { pixels: Pixels::Bytes(vec![0; labels.len()]), size: [1, 1, 1] };
        super::split(&set(labels, own, classes, pictures), spec)
    }

    fn set(labels: &[i32], own: &[Split], classes: usize, pictures: Pictures) -> Source {
        Source {
            targets: None,
            classes: (0..classes).map(|class| class.to_string()).collect(),
            labels: labels.to_vec(),
            splits: own.to_vec(),
            pictures,
            ignored: Vec::new(),
            damaged: Vec::new(),
        }
    }

    fn share(fraction: f64, of: SplitBase) -> Option<Spanned<Share>> {
        Some(Spanned::new(Share { fraction, of }, Span::default()))
    }

    fn spec(validation: Option<Spanned<Share>>, test: Option<Spanned<Share>>) -> DataSpec {
        let source = Spanned::new(DataSource::Digits, Span::default());
        DataSpec { validation, test, ..DataSpec::new(source) }
    }

    fn counts(splits: &[Split], labels: &[i32], class: i32) -> [usize; 3] {
        [Split::Train, Split::Validation, Split::Test].map(|split| {
            splits.iter().zip(labels).filter(|&(&s, &label)| s == split && label == class).count()
        })
    }

    #[test]
    fn each_class_gives_its_share_rounded_half_up() {
        // 10 items of class 0, 5 of class 1: 25% are 2.5 and 1.25.
        let labels: Vec<i32> = (0..15).map(|i| i32::from(i % 3 == 0)).collect();
        let splits =
            split(&labels, &[Split::Train; 15], 2, &spec(share(0.25, SplitBase::Train), None)).unwrap();
        assert_eq!((counts(&splits, &labels, 0), counts(&splits, &labels, 1)), ([7, 3, 0], [4, 1, 0]));
        let count = |fraction, n| Share { fraction, of: SplitBase::All }.count(n);
        assert_eq!(count(0.29, 50), 15);
        assert_eq!(count(0.2, 2), 0);
    }

    #[test]
    fn what_is_planned_is_what_comes() {
        let labels: Vec<i32> = (0..97).map(|i| i % 3 * (i % 2)).collect();
        let own: Vec<Split> = (0..97).map(|i| if i % 5 == 0 { Split::Test } else { Split::Train }).collect();
        let of_class = |splits: &[Split], wanted: Split| -> Vec<usize> {
            (0..3).map(|class| counts(splits, &labels, class)[wanted as usize]).collect()
        };
        for own in [own, vec![Split::Train; 97]] {
            let has_test = own.contains(&Split::Test);
            for validation in [None, share(0.2, SplitBase::Train), share(0.3, SplitBase::All)] {
                for test in [None, share(0.1, SplitBase::All), share(0.25, SplitBase::Train)] {
                    if has_test && test.as_ref().is_some_and(|test| test.value.of == SplitBase::Train) {
                        continue;
                    }
                    let spec = spec(validation.clone(), test);
                    let made = split(&labels, &own, 3, &spec).unwrap();
                    let [train, test] = [Split::Train, Split::Test].map(|split| of_class(&own, split));
                    let expected =
                        [Split::Train, Split::Validation, Split::Test].map(|split| of_class(&made, split));
                    assert_eq!(spec.planned_splits([&train, &[], &test]), Some(expected), "{spec:?}");
                }
            }
        }
    }

    #[test]
    fn test_is_taken_first_and_validation_of_the_rest() {
        let labels = vec![0; 100];
        let splits = split(
            &labels,
            &[Split::Train; 100],
            1,
            &spec(share(0.2, SplitBase::Train), share(0.2, SplitBase::All)),
        )
        .unwrap();
        assert_eq!(counts(&splits, &labels, 0), [64, 16, 20]);
        let splits = split(
            &labels,
            &[Split::Train; 100],
            1,
            &spec(share(0.2, SplitBase::All), share(0.2, SplitBase::All)),
        )
        .unwrap();
        assert_eq!(counts(&splits, &labels, 0), [60, 20, 20]);
    }

    #[test]
    fn the_sets_own_validation_split_stays() {
        use Split::{Test, Train, Validation};
        let labels = vec![0; 10];
        let own = [[Train; 6].as_slice(), &[Validation; 2], &[Test; 2]].concat();
        let (all, train) = (share(0.5, SplitBase::All), share(0.5, SplitBase::Train));
        assert_eq!(split(&labels, &own, 1, &spec(None, None)).unwrap(), own);
        assert_eq!(spec(None, None).planned_splits([&[6], &[2], &[2]]).unwrap(), [[6], [2], [2]]);
        let untested = [[Train; 8].as_slice(), &[Validation; 2]].concat();
        let drawn = spec(None, train.clone());
        let splits = split(&labels, &untested, 1, &drawn).unwrap();
        assert_eq!(counts(&splits, &labels, 0), [4, 2, 4]);
        assert_eq!(drawn.planned_splits([&[8], &[2], &[]]).unwrap(), [[4], [2], [4]]);
        for wrong in [spec(train, None), spec(None, all)] {
            let error = split(&labels, &untested, 1, &wrong).unwrap_err().to_string();
            assert!(error.contains("validation split of their own"), "{error}");
        }
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
        let error =
            split(&labels, &own, 1, &spec(None, share(0.2, SplitBase::Train))).unwrap_err().to_string();
        assert!(error.contains("of all"), "{error}");
    }

    #[test]
    fn the_seed_decides() {
        let labels = vec![0; 50];
        let with_seed = |seed| {
            split(
                &labels,
                &[Split::Train; 50],
                1,
                &DataSpec { seed, ..spec(share(0.2, SplitBase::Train), None) },
            )
            .unwrap()
        };
        assert_eq!(with_seed(1), with_seed(1));
        assert_ne!(with_seed(1), with_seed(2));
    }

    #[test]
    fn tracks_stay_together() {
        // two classes of five tracks with four frames
        let names: Vec<String> =
            (0..40).map(|i| format!("set/{}/{:05}_{:05}.ppm", i / 20, i / 4 % 5, i % 4)).collect();
        let labels: Vec<i32> = (0..40).map(|i| i / 20).collect();
        let file = |name: &String| PictureFile { name: name.clone(), bytes: FileBytes::Path(name.into()) };
        let source = set(&labels, &[Split::Train; 40], 2, Pictures::Files(names.iter().map(file).collect()));
        let split_by = Some(Spanned::new(Grouping::Track, Span::default()));
        let spec = DataSpec { split_by, ..spec(share(0.2, SplitBase::Train), share(0.2, SplitBase::All)) };
        let splits = super::split(&source, &spec).unwrap();
        for track in splits.chunks(4) {
            assert!(track.iter().all(|split| *split == track[0]), "{splits:?}");
        }
        // one of five tracks for the test, then 20% of four, rounded
        assert_eq!((counts(&splits, &labels, 0), counts(&splits, &labels, 1)), ([12, 4, 4], [12, 4, 4]));
        assert_eq!(track("a_b/c/00003_00011.ppm"), "a_b/c/00003");
        assert_eq!((track("a_b/c.png"), track("left_turn_7")), ("a_b/c", "left_turn"));
    }

    #[test]
    fn without_strata_the_whole_gives_its_share() {
        // 90 of one class, 10 of another: a class may give more or less than its share, the sum does not
        let labels: Vec<i32> = (0..100).map(|i| i32::from(i >= 90)).collect();
        let spec = DataSpec { stratified: false, seed: 3, ..spec(share(0.25, SplitBase::Train), None) };
        let splits = split(&labels, &[Split::Train; 100], 2, &spec).unwrap();
        let [zero, one] = [0, 1].map(|class| counts(&splits, &labels, class)[1]);
        assert_eq!(zero + one, 25);
        assert_ne!(one, 3);
    }

    #[test]
    fn a_split_without_images_is_an_error() {
        let error = split(&[0, 1], &[Split::Train; 2], 2, &spec(share(0.2, SplitBase::Train), None))
            .unwrap_err()
            .to_string();
        assert!(error.contains("validation split") && error.contains("2 in 2 classes"), "{error}");
    }
}
