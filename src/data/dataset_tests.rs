//! Whole data sets: from the specification to batches.

use std::fs;
use std::path::PathBuf;

use super::super::bounds::Bounds;
use super::super::folder::tests::png;
use super::super::store::Scratch;
use super::*;
use crate::ir::{
    AugmentKind, AugmentOp, ClassWeight, Color, DataSource, Fit, Resize, ResizeMethod, Split as Share,
    SplitBase,
};
use crate::source::{Span, Spanned};

fn written<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::default())
}

fn share(percent: u32, of: SplitBase) -> Option<Spanned<Share>> {
    Some(written(Share { fraction: f64::from(percent) / 100.0, of }))
}

fn spec(source: DataSource) -> DataSpec {
    DataSpec::new(written(source))
}

fn digits() -> DataSpec {
    DataSpec {
        test: share(20, SplitBase::All),
        validation: share(20, SplitBase::Train),
        ..spec(DataSource::Digits)
    }
}

fn rescaled() -> PrepareSpec {
    PrepareSpec { rescale: Some(written(1.0 / 255.0)), ..PrepareSpec::default() }
}

fn open(data: &DataSpec, prepare: &PrepareSpec, input: [usize; 3], dir: &Path) -> Result<Dataset, DataError> {
    Dataset::open(
        data,
        prepare,
        &Shape::image(input[0], input[1], input[2]),
        &Locations::only(dir),
        &mut |_| {},
    )
}

fn all(batches: Batches) -> (Vec<f32>, Vec<i32>) {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for batch in batches {
        let batch = batch.unwrap();
        images.extend_from_slice(&batch.images);
        labels.extend_from_slice(&batch.labels);
    }
    (images, labels)
}

fn turned() -> AugmentSpec {
    let op = AugmentOp::new(AugmentKind::Rotation { degrees: 20.0 }, 1.0);
    AugmentSpec { ops: vec![written(op)], ..AugmentSpec::default() }
}

#[test]
fn digits_are_split_by_class() {
    let set = open(&digits(), &rescaled(), [8, 8, 1], Path::new("")).unwrap();
    let (validation, test) = (set.validation.as_ref().unwrap(), set.test.as_ref().unwrap());
    // 20% of 178, 182, 177, …, rounded half up; then 20% of what is left.
    assert_eq!(test.class_counts(10), [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]);
    assert_eq!(validation.class_counts(10), [28, 29, 28, 29, 29, 29, 29, 29, 28, 29]);
    assert_eq!(set.train.len() + validation.len() + test.len(), 1797);
    let mut items: Vec<u32> =
        [&set.train, validation, test].iter().flat_map(|view| view.items().to_vec()).collect();
    items.sort_unstable();
    assert_eq!(items, (0..1797).collect::<Vec<_>>());
}

#[test]
fn batches_are_whole_epochs_shuffled_by_seed_and_epoch() {
    let set = open(&digits(), &rescaled(), [8, 8, 1], Path::new("")).unwrap();
    let none = AugmentSpec::default();
    let epoch = |epoch, seed| all(set.train_batches(epoch, seed, 32, &none, 0));
    let (images, labels) = epoch(0, 1);
    assert_eq!((images.len(), labels.len()), (set.train.len() * 64, set.train.len()));
    assert!(images.iter().all(|v| (0.0..=1.0).contains(v)) && images.contains(&1.0));
    assert_eq!(epoch(0, 1), (images.clone(), labels.clone()));
    assert_ne!(epoch(1, 1).1, labels);
    assert_ne!(epoch(0, 2).1, labels);
    let mut counts = vec![0; 10];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    assert_eq!(counts, set.train.class_counts(10));
    // A resumed epoch goes on where it was.
    let (rest, _) = all(set.train_batches(0, 1, 32, &none, 3));
    assert_eq!(rest, images[3 * 32 * 64..]);
    assert_eq!(set.train_batches(0, 1, 32, &none, 3).len(), set.train.len().div_ceil(32) - 3);
}

#[test]
fn threads_do_not_change_batches() {
    let mut set = open(&digits(), &rescaled(), [8, 8, 1], Path::new("")).unwrap();
    set.set_loader_threads(1);
    let one = all(set.train_batches(2, 7, 50, &turned(), 1));
    for threads in [2, 3, 5] {
        set.set_loader_threads(threads);
        assert!(all(set.train_batches(2, 7, 50, &turned(), 1)) == one, "{threads} threads");
    }
    // A pass that is given up ends its threads.
    let mut given_up = set.train_batches(2, 7, 50, &turned(), 0);
    assert!(given_up.next().unwrap().is_ok());
    drop(given_up);
    // Validation and test are never augmented.
    let (plain, _) = all(set.batches(Split::Test, 50));
    assert_eq!(plain, all(set.batches(Split::Test, 7)).0);
}

#[test]
fn buffers_are_used_again() {
    let set = open(&digits(), &rescaled(), [8, 8, 1], Path::new("")).unwrap();
    let mut batches = set.batches(Split::Train, 32);
    let first = batches.next().unwrap().unwrap().images.as_ptr();
    let second = batches.next().unwrap().unwrap().images.as_ptr();
    assert_eq!(first, second);
}

/// Two classes of 3x2 pictures.
fn picture_folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (class, color) in [("a", 10), ("b", 200)] {
        fs::create_dir_all(dir.path().join("set").join(class)).unwrap();
        for i in 0..5u8 {
            fs::write(dir.path().join(format!("set/{class}/{i}.png")), png(3, 2, [color + i, 0, color]))
                .unwrap();
        }
    }
    dir
}

fn folder(test: Option<&str>) -> DataSpec {
    spec(DataSource::Folder { train: "set".into(), validation: None, test: test.map(PathBuf::from) })
}

fn resized(height: usize, width: usize) -> PrepareSpec {
    let resize = Resize { height, width, method: ResizeMethod::Bilinear, fit: Fit::Stretch };
    PrepareSpec { resize: Some(written(resize)), ..rescaled() }
}

#[test]
fn a_folder_becomes_batches() {
    let dir = picture_folder();
    let set = open(&folder(None), &rescaled(), [2, 3, 3], dir.path()).unwrap();
    let (images, labels) = all(set.batches(Split::Train, 4));
    assert_eq!(
        (labels.as_slice(), set.classes.as_slice()),
        (&[0, 0, 0, 0, 0, 1, 1, 1, 1, 1][..], &["a".to_owned(), "b".to_owned()][..])
    );
    assert_eq!(images[18..21], [11.0 / 255.0, 0.0, 10.0 / 255.0]);
    // Resized, with one colour everywhere: the same values.
    let (large, _) =
        all(open(&folder(None), &resized(7, 5), [7, 5, 3], dir.path()).unwrap().batches(Split::Train, 4));
    assert_eq!(large.len(), 10 * 7 * 5 * 3);
    assert!((large[105] - images[18]).abs() < 1e-6);
    // Read as grey because the model takes one channel: 0.299 · 11 + 0.114 · 10 = 4.4.
    let (grey, _) =
        all(open(&folder(None), &rescaled(), [2, 3, 1], dir.path()).unwrap().batches(Split::Train, 4));
    assert_eq!(grey[6], 4.0 / 255.0);
    let listed = DataSpec { classes: Some(written(vec!["b".to_owned(), "a".to_owned()])), ..folder(None) };
    assert_eq!(
        all(open(&listed, &rescaled(), [2, 3, 3], dir.path()).unwrap().batches(Split::Train, 4)).1[0],
        1
    );
}

#[test]
fn prediction_prepares_a_file_as_training_does() {
    let dir = picture_folder();
    let set = open(&folder(None), &resized(7, 5), [7, 5, 3], dir.path()).unwrap();
    let bytes = fs::read(dir.path().join("set/b/2.png")).unwrap();
    let picture = crate::data::decode(&bytes, Bounds::default()).unwrap();
    let mut alone = vec![0.0; set.preparation().elements()];
    set.preparation().apply(&picture.as_picture(), &mut alone).unwrap();
    assert_eq!(alone, all(set.batches(Split::Train, 4)).0[7 * 105..8 * 105]);
}

#[test]
fn what_does_not_fit_is_said() {
    let dir = picture_folder();
    let failure = |data: &DataSpec, prepare: &PrepareSpec, input| {
        open(data, prepare, input, dir.path()).unwrap_err().to_string()
    };
    let error = failure(&folder(None), &rescaled(), [4, 4, 3]);
    assert!(error.contains("set/a/0.png: it is 2x3, the model takes 4x4: put `resize: 4x4`"), "{error}");
    let error = failure(&folder(None), &resized(5, 5), [4, 4, 3]);
    assert!(error.contains("`resize` makes 5x5") && error.contains("4x4"), "{error}");
    let error = failure(&digits(), &rescaled(), [8, 8, 3]);
    assert!(error.contains("1 channel(s), the model takes 3"), "{error}");
    let error =
        failure(&digits(), &PrepareSpec { color: Some(written(Color::Gray)), ..rescaled() }, [8, 8, 3]);
    assert!(error.contains("`color` makes 1"), "{error}");
    let listed = DataSpec { classes: Some(written(vec!["a".to_owned(), "cats".to_owned()])), ..folder(None) };
    let error = failure(&listed, &rescaled(), [2, 3, 3]);
    assert!(error.contains("missing: `cats`") && error.contains("not expected: `b`"), "{error}");
    fs::write(dir.path().join("set/a/x.png"), b"no picture").unwrap();
    let error = failure(&folder(None), &rescaled(), [2, 3, 3]);
    assert!(error.contains("1 of 11 pictures") && error.contains("set/a/x.png: not a PNG"), "{error}");
}

#[test]
fn every_form_of_keeping_gives_the_same_pictures() {
    let dir = picture_folder();
    let (prepare, input) = (resized(4, 6), Shape::image(4, 6, 3));
    let run = |bound, disk| {
        let source = load::load(&folder(None), &Locations::only(dir.path()), &mut |_| {}).unwrap();
        let preparation = Preparation::new(&prepare, &input, None).unwrap();
        let intake = Intake { bound_bytes: bound, bounds: Bounds::default(), contents: &Contents::of(0) };
        let store = Store::new(source.pictures, preparation, intake, &mut |_| {}).unwrap();
        let store = if disk { store.on_disk(&mut |_| {}).unwrap() } else { store };
        let at = crate::data::augment::Occasion { seed: 1, epoch: 1, item: 3, flips: true };
        let (mut plain, mut changed, mut scratch) = (vec![0.0; 72], vec![0.0; 72], Scratch::default());
        store.write(3, None, &mut plain, &mut scratch).unwrap();
        store.write(3, Some((&turned(), at)), &mut changed, &mut scratch).unwrap();
        (store.is_slow(), plain, changed)
    };
    // All floats; decoded in their own size (180 bytes); nothing; nothing at all; a file.
    let floats = run(1 << 20, false);
    assert!(!floats.0);
    for (bound, disk) in [(200, false), (10, false), (0, false), (0, true)] {
        let other = run(bound, disk);
        assert!(other.0);
        assert_eq!((&floats.1, &floats.2), (&other.1, &other.2), "{bound} {disk}");
    }
}

#[test]
fn featurewise_statistics_come_from_the_training_split() {
    let prepare = PrepareSpec { normalize: Some(written(Normalize::Featurewise)), ..rescaled() };
    let set = open(&digits(), &prepare, [8, 8, 1], Path::new("")).unwrap();
    let (images, _) = all(set.batches(Split::Train, 64));
    let mean = images.iter().map(|&v| f64::from(v)).sum::<f64>() / images.len() as f64;
    let variance = images.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / images.len() as f64;
    assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5, "{mean} {variance}");
    let stored = set.featurewise.clone().unwrap();
    let brought = Featurewise { mean: vec![0.5], std: vec![2.0] };
    assert_ne!(stored, brought);
    let shape = Shape::image(8, 8, 1);
    let again = Dataset::open_with(
        &digits(),
        &prepare,
        &shape,
        Some(brought.clone()),
        &Locations::only(""),
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(again.featurewise, Some(brought));
    // The first digit's first pixel is 0: (0 − 0.5) / 2.
    let mut out = vec![0.0; 64];
    again.store.write(0, None, &mut out, &mut Scratch::default()).unwrap();
    assert_eq!(out[0], -0.25);
}

#[test]
fn bytes_and_floats_are_finished_alike() {
    let bytes: Vec<u8> = (0..=255).cycle().take(3 * 100).collect();
    for normalize in [
        None,
        Some(Normalize::PerImage),
        Some(Normalize::Standard { mean: vec![0.1, 0.2, 0.3], std: vec![0.5, 0.6, 0.7], bgr: false }),
        Some(Normalize::Standard { mean: vec![103.939, 116.779, 123.68], std: vec![1.0; 3], bgr: true }),
    ] {
        let prepare = PrepareSpec { normalize: normalize.map(written), ..rescaled() };
        let preparation = Preparation::new(&prepare, &Shape::image(10, 10, 3), None).unwrap();
        let (mut from_bytes, mut from_floats) =
            (vec![0.0; 300], bytes.iter().map(|&b| f32::from(b)).collect::<Vec<_>>());
        preparation.finish_bytes(&bytes, &mut from_bytes);
        preparation.finish(&mut from_floats);
        assert_eq!(from_bytes, from_floats, "{prepare:?}");
    }
}

#[test]
fn a_mirrored_picture_has_the_label_of_its_mirror_image() {
    let flip = AugmentSpec {
        ops: vec![written(AugmentOp::new(AugmentKind::FlipHorizontal, 0.5))],
        ..AugmentSpec::default()
    };
    let pair = |left: &str, right: &str| [written(left.to_owned()), written(right.to_owned())];
    let with = |pairs: Vec<[Spanned<String>; 2]>| {
        let spec = DataSpec { mirror: Some(written(pairs)), ..digits() };
        let set = open(&spec, &rescaled(), [8, 8, 1], Path::new("")).unwrap();
        all(set.train_batches(0, 1, 32, &flip, 0))
    };
    let plain = all(open(&digits(), &rescaled(), [8, 8, 1], Path::new("")).unwrap().train_batches(
        0,
        1,
        32,
        &AugmentSpec::default(),
        0,
    ));
    // 3 and 5 mirror into each other, 8 into itself; the rest into nothing. A class may be called by its
    // number too.
    let (images, labels) = with(vec![pair("3", "5"), pair("8", "8")]);
    let (mut flipped, mut kept) = (0, 0);
    for (at, (&now, &was)) in labels.iter().zip(&plain.1).enumerate() {
        let range = at * 64..(at + 1) * 64;
        let (picture, original) = (&images[range.clone()], &plain.0[range]);
        let mirrored = picture != original;
        let expected = match was {
            3 if mirrored => 5,
            5 if mirrored => 3,
            other => other,
        };
        assert_eq!(now, expected);
        assert!(!mirrored || matches!(was, 3 | 5 | 8), "a {was} is mirrored");
        flipped += usize::from(mirrored);
        kept += usize::from(!mirrored && matches!(was, 3 | 5 | 8));
    }
    assert!(flipped > 100 && kept > 100, "{flipped} {kept}");
    assert_eq!(with(Vec::new()), plain);
}

#[test]
fn training_pictures_weigh_as_their_classes_say() {
    let weights = |class_weight: ClassWeight, split: Split| {
        let data = DataSpec { class_weight: Some(written(class_weight)), ..digits() };
        let set = open(&data, &rescaled(), [8, 8, 1], Path::new("")).unwrap();
        let batches = match split {
            Split::Train => set.train_batches(0, 1, 50, &AugmentSpec::default(), 0),
            Split::Validation | Split::Test => set.batches(split, 50),
        };
        let pairs = batches.flat_map(|batch| {
            let batch = batch.unwrap();
            batch.labels.iter().copied().zip(batch.weights.iter().copied()).collect::<Vec<_>>()
        });
        (set.train.class_counts(10), pairs.collect::<Vec<(i32, f32)>>())
    };
    let (counts, balanced) = weights(ClassWeight::Balanced, Split::Train);
    let all = counts.iter().sum::<usize>() as f64;
    assert_eq!(balanced.len(), all as usize);
    for (label, weight) in balanced {
        assert_eq!(weight, (all / (10.0 * counts[label as usize] as f64)) as f32);
    }
    let given = vec![(written("3".to_owned()), 2.5), (written("none".to_owned()), 9.0)];
    let (_, given) = weights(ClassWeight::Given(given), Split::Train);
    assert!(
        given.iter().all(|&(label, weight)| weight == if label == 3 { 2.5 } else { 1.0 })
            && !given.is_empty()
    );
    assert!(weights(ClassWeight::Balanced, Split::Test).1.is_empty(), "only training is weighed");
}

#[test]
fn threads_do_not_change_mixed_batches() {
    let ops = [
        AugmentOp::new(AugmentKind::Rotation { degrees: 20.0 }, 1.0),
        AugmentOp::new(AugmentKind::Mixup { alpha: 0.4 }, 0.5),
        AugmentOp::new(AugmentKind::Cutmix { alpha: 1.0 }, 0.5),
    ];
    let spec = AugmentSpec { ops: ops.map(written).to_vec(), ..AugmentSpec::default() };
    let data = DataSpec { class_weight: Some(written(ClassWeight::Balanced)), ..digits() };
    let mut set = open(&data, &rescaled(), [8, 8, 1], Path::new("")).unwrap();
    let mut with = |threads| {
        set.set_loader_threads(threads);
        let batches: Vec<_> = set.train_batches(2, 7, 50, &spec, 1).map(Result::unwrap).collect();
        let all = batches
            .iter()
            .map(|b| (b.images.clone(), b.labels.clone(), b.targets.clone(), b.weights.clone()));
        all.collect::<Vec<_>>()
    };
    let one = with(1);
    assert_eq!(with(3), one);
    for (_, labels, shares, weights) in &one {
        assert_eq!((shares.len(), weights.len()), (labels.len() * 10, labels.len()));
        for (shares, &label) in shares.chunks(10).zip(labels) {
            assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            assert!(
                shares.iter().all(|share| *share <= shares[label as usize]),
                "the largest share is the label"
            );
        }
    }
    // evaluation knows nothing of it
    assert!(set.batches(Split::Validation, 50).all(|batch| batch.unwrap().targets.is_empty()));
}

#[test]
fn a_picture_that_is_shown_is_mixed_as_in_a_run() {
    let op = AugmentOp::new(AugmentKind::Mixup { alpha: 0.4 }, 1.0);
    let spec = AugmentSpec { ops: vec![written(op)], ..AugmentSpec::default() };
    let set = open(&digits(), &rescaled(), [8, 8, 1], Path::new("")).unwrap();
    let shown = set.augmented(7, &spec, Sample { count: 60, picture: None, batch: 50 }).unwrap();
    let (images, labels) = all(set.train_batches(1, 7, 50, &spec, 0));
    for (at, picture) in shown.iter().enumerate() {
        let trained = &images[at * 64..][..64];
        assert_eq!(picture.label, labels[at]);
        assert!(
            picture.values.iter().zip(trained).all(|(shown, trained)| (shown / 255.0 - trained).abs() < 1e-5)
        );
    }
    let first = set.augmented(7, &spec, Sample { count: 2, picture: Some(0), batch: 50 }).unwrap();
    assert!(
        first[0] != first[1]
            && images.chunks(64).any(|image| (image[20] - first[0].values[20] / 255.0).abs() < 1e-5)
    );
}
