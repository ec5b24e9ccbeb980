//! The real sets, where `CNNC_DATA_DIR` says where they are. Skipped, with a word, where it does not.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::cards;
use super::*;
use crate::card::{self, PictureSize};
use crate::ir::{
    AugmentKind, AugmentOp, AugmentSpec, DataSource, DataSpec, Fit, PrepareSpec, Resize, ResizeMethod,
    Split as Share, SplitBase,
};
use crate::source::{Span, Spanned};
use crate::tensor::Shape;

/// The data directory, if `file` lies in it.
fn data_dir(file: &str) -> Option<PathBuf> {
    let dir = std::env::var_os("CNNC_DATA_DIR").map(PathBuf::from).filter(|dir| dir.join(file).exists());
    if dir.is_none() {
        println!("skipped: CNNC_DATA_DIR has no {file}");
    }
    dir
}

fn written<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::default())
}

fn spec(source: DataSource) -> DataSpec {
    let validation = Some(written(Share { fraction: 0.2, of: SplitBase::Train }));
    DataSpec { validation, ..DataSpec::new(written(source)) }
}

fn folder(train: &str, test: &str) -> DataSpec {
    spec(DataSource::Folder { train: train.into(), validation: None, test: Some(test.into()) })
}

fn prepare(size: Option<[usize; 2]>) -> PrepareSpec {
    let resize = size.map(|[height, width]| {
        written(Resize { height, width, method: ResizeMethod::Bilinear, fit: Fit::Stretch })
    });
    PrepareSpec { resize, rescale: Some(written(1.0 / 255.0)), ..PrepareSpec::default() }
}

fn open(data: &DataSpec, prepare: &PrepareSpec, input: [usize; 3], dir: &Path) -> Dataset {
    let started = Instant::now();
    let set = Dataset::open(
        data,
        prepare,
        &Shape::image(input[0], input[1], input[2]),
        &Locations::only(dir),
        &mut |_| {},
    )
    .unwrap();
    println!("opened {:?} in {:.2} s", data.source.value, started.elapsed().as_secs_f64());
    set
}

/// Sizes of train, validation and test.
fn sizes(set: &Dataset) -> [usize; 3] {
    [Some(&set.train), set.validation.as_ref(), set.test.as_ref()].map(|view| view.map_or(0, SplitView::len))
}

fn first(set: &Dataset, split: Split) -> (Vec<f32>, i32) {
    let batch = set.batches(split, 1).next().unwrap().unwrap();
    (batch.images.clone(), batch.labels[0])
}

#[test]
fn mnist_is_as_published() {
    let Some(dir) = data_dir("mnist") else { return };
    let set = open(&spec(DataSource::Mnist), &PrepareSpec::default(), [28, 28, 1], &dir);
    assert_eq!(sizes(&set), [48_000, 12_000, 10_000]);
    let whole = open(
        &DataSpec { validation: None, ..spec(DataSource::Mnist) },
        &PrepareSpec::default(),
        [28, 28, 1],
        &dir,
    );
    assert_eq!(whole.train.class_counts(10), card::builtin(&DataSource::Mnist).unwrap().class_counts);
    // The first training image is a five, its first ink is 3, 18, 18, 18, 126 in row 5 from column 12.
    let (image, label) = first(&whole, Split::Train);
    assert_eq!((label, &image[5 * 28 + 12..5 * 28 + 17]), (5, &[3.0, 18.0, 18.0, 18.0, 126.0][..]));
    assert_eq!(first(&whole, Split::Test).1, 7);
}

#[test]
fn fashion_mnist_is_as_published_and_gathers_quickly() {
    let Some(dir) = data_dir("fashion-mnist") else { return };
    let set = open(&spec(DataSource::FashionMnist), &prepare(None), [28, 28, 1], &dir);
    assert_eq!((sizes(&set), set.train.class_counts(10)), ([48_000, 12_000, 10_000], vec![4800; 10]));
    assert_eq!(
        set.test.as_ref().unwrap().labels().take(10).collect::<Vec<_>>(),
        [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    );
    let started = Instant::now();
    let images: usize = set
        .train_batches(0, 1, 32, &AugmentSpec::default(), 0)
        .map(|batch| batch.unwrap().labels.len())
        .sum();
    println!(
        "{:.2} µs an image, gathered and rescaled",
        started.elapsed().as_secs_f64() * 1e6 / images as f64
    );
    assert_eq!(images, 48_000);
    let changed = |kind| written(AugmentOp::new(kind, 1.0));
    let ops =
        vec![changed(AugmentKind::Rotation { degrees: 20.0 }), changed(AugmentKind::Zoom { amount: 0.2 })];
    let augment = AugmentSpec { ops, ..AugmentSpec::default() };
    let mut one_thread = set;
    one_thread.set_loader_threads(1);
    let started = Instant::now();
    let images: usize =
        one_thread.train_batches(0, 1, 32, &augment, 0).map(|batch| batch.unwrap().labels.len()).sum();
    println!(
        "{:.2} µs an image, augmented by one thread",
        started.elapsed().as_secs_f64() * 1e6 / images as f64
    );
}

#[test]
fn cifar10_as_jpeg_in_a_tar_gz() {
    let Some(dir) = data_dir("cifar10-images.tar.gz") else { return };
    let data = folder("cifar10-images.tar.gz/cifar10/train", "cifar10-images.tar.gz/cifar10/test");
    let started = Instant::now();
    let card = cards::of(&data, &Locations::only(&dir)).unwrap();
    println!("card in {:.2} s", started.elapsed().as_secs_f64());
    assert_eq!(
        (card.train_images, card.test_images, card.size, card.channels),
        (50_000, 10_000, PictureSize::Same([32, 32]), Some(3))
    );
    assert_eq!(
        (card.class_counts, card.classes),
        (vec![5000; 10], card::builtin(&DataSource::Cifar10).unwrap().classes)
    );
    let set = open(&data, &prepare(None), [32, 32, 3], &dir);
    assert_eq!(sizes(&set), [40_000, 10_000, 10_000]);
    let (image, label) = first(&set, Split::Test);
    assert!(label == 0 && image.iter().all(|v| (0.0..=1.0).contains(v)));
}

#[test]
fn traffic_signs_are_ppm_of_many_sizes() {
    let Some(dir) = data_dir("gtsrb-ppm-subset.tar.gz") else { return };
    let data = folder("gtsrb-ppm-subset.tar.gz/gtsrb/train", "gtsrb-ppm-subset.tar.gz/gtsrb/test");
    let card = cards::of(&data, &Locations::only(&dir)).unwrap();
    assert_eq!((card.train_images, card.test_images, card.classes.len()), (3560, 880, 43));
    assert!(matches!(card.size, PictureSize::Varies { min: [25, 25], .. }), "{:?}", card.size);
    let set = open(&data, &prepare(Some([32, 32])), [32, 32, 3], &dir);
    assert_eq!(sizes(&set).iter().sum::<usize>(), 4440);
}

#[test]
fn photographs_keep_their_classes() {
    for (file, name, images, size) in
        [("cats-dogs-200px.tar.gz", "cats-dogs", 370, 224), ("weather-200px.tar.gz", "weather", 1101, 150)]
    {
        let Some(dir) = data_dir(file) else { continue };
        let set = open(
            &folder(&format!("{file}/{name}/train"), &format!("{file}/{name}/test")),
            &prepare(Some([size, size])),
            [size, size, 3],
            &dir,
        );
        assert_eq!(sizes(&set).iter().sum::<usize>(), images);
        assert_eq!(
            set.batches(Split::Train, 32).map(|batch| batch.unwrap().labels.len()).sum::<usize>(),
            set.train.len()
        );
    }
}
