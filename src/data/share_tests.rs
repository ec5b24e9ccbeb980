//! Pictures that several processes divide among themselves are those that one process makes.

use std::fs;

use super::folder::tests::png;
use super::*;
use crate::ir::{
    AugmentKind, AugmentOp, AugmentSpec, ClassWeight, DataSource, DataSpec, PrepareSpec, Split as Part,
    SplitBase,
};
use crate::source::{Span, Spanned};
use crate::tensor::Shape;

fn written<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::default())
}

/// Classes that are weighed, and change where they are mirrored.
fn digits() -> Dataset {
    let pair = [written("3".to_owned()), written("5".to_owned())];
    let data = DataSpec {
        validation: Some(written(Part { fraction: 0.2, of: SplitBase::Train })),
        class_weight: Some(written(ClassWeight::Balanced)),
        mirror: Some(written(vec![pair])),
        ..DataSpec::new(written(DataSource::Digits))
    };
    let prepare = PrepareSpec { rescale: Some(written(1.0 / 255.0)), ..PrepareSpec::default() };
    Dataset::open(&data, &prepare, &Shape::image(8, 8, 1), &Locations::only("nowhere"), &mut |_| {}).unwrap()
}

/// Everything that varies: single pictures, and those that are mixed twice.
fn varied() -> AugmentSpec {
    let ops = [
        AugmentOp::new(AugmentKind::FlipHorizontal, 0.5),
        AugmentOp::new(AugmentKind::Mixup { alpha: 0.4 }, 0.5),
        AugmentOp::new(AugmentKind::Rotation { degrees: 20.0 }, 1.0),
        AugmentOp::new(AugmentKind::Cutmix { alpha: 1.0 }, 0.5),
    ];
    AugmentSpec { ops: ops.map(written).to_vec(), ..AugmentSpec::default() }
}

/// The places of a rank's pictures in batches of this size: in whole eighths.
fn places(batch: usize, ranks: usize, rank: usize) -> std::ops::Range<usize> {
    let eighth = batch.div_ceil(8);
    8 * rank / ranks * eighth..8 * (rank + 1) / ranks * eighth
}

/// Holds the shares of all ranks against whole batches: labels and weights are the same, and each
/// picture is there where it is wanted, and nowhere else.
fn compare(batch: usize, pass: &dyn Fn() -> Batches) {
    let whole: Vec<Batch> = pass().map(Result::unwrap).collect();
    for ranks in [1, 2, 3, 4, 8] {
        for rank in 0..ranks {
            let own = places(batch, ranks, rank);
            let shared: Vec<Batch> = pass().shared(Share::Places(own.clone())).map(Result::unwrap).collect();
            assert_eq!(shared.len(), whole.len());
            for (shared, whole) in shared.iter().zip(&whole) {
                let what = format!("batch {batch}, rank {rank} of {ranks}");
                assert_eq!((&shared.labels, shared.size), (&whole.labels, whole.size), "{what}");
                assert!(shared.targets == whole.targets && shared.weights == whole.weights, "{what}");
                assert_eq!(shared.images.len(), whole.images.len());
                let elements = whole.images.len() / whole.labels.len();
                let pictures = shared.images.chunks(elements).zip(whole.images.chunks(elements));
                for (at, (shared, whole)) in pictures.enumerate() {
                    let right = if own.contains(&at) {
                        shared == whole
                    } else {
                        shared.iter().all(|value| *value == 0.0)
                    };
                    assert!(right, "{what}: picture {at}");
                }
            }
        }
    }
}

#[test]
fn a_share_of_pictures_is_that_of_whole_batches() {
    let mut set = digits();
    set.set_loader_threads(2);
    let (plain, varied) = (AugmentSpec::default(), varied());
    // 1438 pictures: the last batches are short, and one is the only one
    for batch in [4, 13, 50, 1000, 2000] {
        compare(batch, &|| set.train_batches(1, 7, batch, &plain, 0));
        compare(batch, &|| set.train_batches(1, 7, batch, &varied, 1));
        compare(batch, &|| set.batches(Split::Validation, batch));
    }
}

#[test]
fn a_share_of_features_is_that_of_whole_batches() {
    let set = digits();
    let items = set.train.items();
    let mut features = Features::new(FeaturePlace::Memory, set.pictures(), (items.len(), 3)).unwrap();
    let rows: Vec<f32> = items.iter().flat_map(|&item| [1, 2, 3].map(|of| (item * of + 1) as f32)).collect();
    features.add(items, &rows).unwrap();
    let features = std::sync::Arc::new(features);
    compare(50, &|| set.train_features(&features, [7, 1], 50, 0));
}

#[test]
fn a_share_of_batches_of_several_sizes_is_that_of_whole_batches() {
    let dir = tempfile::tempdir().unwrap();
    for (class, color) in [("a", [200, 9, 9]), ("b", [9, 200, 9])] {
        fs::create_dir_all(dir.path().join("set").join(class)).unwrap();
        for number in 0..11_u8 {
            let (width, height) = (6 + u32::from(number % 3), 7);
            let color = [color[0], color[1], number * 20];
            fs::write(dir.path().join(format!("set/{class}/{number}.png")), png(width, height, color))
                .unwrap();
        }
    }
    let source = DataSource::Folder { train: "set".into(), validation: None, test: None };
    let data = DataSpec::new(written(source));
    let input = InputSize { shape: &Shape::image(7, 6, 3), open: [true; 2] };
    let locations = Locations::only(dir.path());
    let set = Dataset::open_with(&data, &PrepareSpec::default(), input, None, &locations, &mut |_| {});
    let mut set = set.unwrap();
    set.set_outputs(2);
    let varied = varied();
    for batch in [2, 5, 16] {
        compare(batch, &|| set.train_batches(1, 7, batch, &varied, 0));
    }
    let sizes: std::collections::BTreeSet<_> =
        set.train_batches(1, 7, 5, &varied, 0).map(|batch| batch.unwrap().size).collect();
    assert_eq!(sizes.len(), 3);
}

#[test]
fn every_so_manieth_batch_has_its_pictures() {
    let mut set = digits();
    let whole: Vec<Batch> = set.batches(Split::Validation, 20).map(Result::unwrap).collect();
    for threads in [1, 3] {
        set.set_loader_threads(threads);
        for (first, step) in [(0, 1), (0, 2), (1, 2), (2, 3), (7, 8), (40, 41)] {
            let shared = set.batches(Split::Validation, 20).shared(Share::Batches { first, step });
            let shared: Vec<Batch> = shared.map(Result::unwrap).collect();
            assert_eq!(shared.len(), whole.len());
            for (at, (shared, whole)) in shared.iter().zip(&whole).enumerate() {
                assert_eq!((&shared.labels, shared.size), (&whole.labels, whole.size));
                let wanted = if at % step == first { &whole.images[..] } else { &[] };
                assert!(shared.images == wanted, "batch {at} of every {step}th from {first} on");
            }
        }
    }
    // made by threads, and in the order of the pass
    let varied = AugmentSpec { ops: varied().ops.split_off(2), ..AugmentSpec::default() };
    let whole: Vec<Batch> = set.train_batches(1, 7, 50, &varied, 3).map(Result::unwrap).collect();
    let shared = set.train_batches(1, 7, 50, &varied, 3).shared(Share::Batches { first: 1, step: 2 });
    for (at, (shared, whole)) in shared.map(Result::unwrap).zip(&whole).enumerate() {
        let wanted = if (at + 3) % 2 == 1 { &whole.images[..] } else { &[] };
        assert!(shared.images == wanted && shared.targets == whole.targets, "batch {}", at + 3);
    }
}
