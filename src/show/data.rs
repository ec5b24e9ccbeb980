//! The `data` section.

use super::Target;
use super::text::{Text, call, list, named, number, path, quoted, section};
use crate::ir::{Cache, ClassWeight, CsvSource, Damaged, DataSource, DataSpec, Grouping, Split, SplitBase};

/// Writes the section.
pub(super) fn write(text: &mut Text, data: &DataSpec, target: Target<'_>) {
    let DataSpec {
        source,
        validation,
        test,
        seed,
        shuffle,
        classes,
        stratified,
        split_by,
        class_weight,
        cache,
        mirror,
        upright,
        labels,
        damaged,
    } = data;
    text.open(section("data", target));
    text.set("source", written(&source.value));
    text.set("labels", labels.value.name());
    validation.iter().for_each(|share| text.set("validation", split(&share.value)));
    test.iter().for_each(|share| text.set("test", split(&share.value)));
    text.set("seed", seed);
    text.set("shuffle", shuffle);
    text.set("stratified", stratified);
    if let Some(classes) = classes {
        text.set("classes", list(classes.value.iter().map(|class| quoted(class))));
    }
    match split_by.as_ref().map(|grouping| grouping.value) {
        Some(Grouping::Track) => text.set("split", "by track"),
        None => {}
    }
    match class_weight.as_ref().map(|weight| &weight.value) {
        Some(ClassWeight::Balanced) => text.set("class_weight", "balanced"),
        Some(ClassWeight::Given(weights)) => {
            let pairs = weights.iter().map(|(class, weight)| named(&quoted(&class.value), number(*weight)));
            text.set("class_weight", map(pairs));
        }
        None => {}
    }
    if let Some(mirror) = mirror {
        let pairs = mirror.value.iter().map(|[class, image]| named(&quoted(&class.value), quoted(&image.value)));
        text.set("mirror", map(pairs));
    }
    upright.iter().for_each(|upright| text.set("upright", upright.value));
    match cache.as_ref().map(|cache| cache.value) {
        Some(Cache::Memory) => text.set("cache", "memory"),
        Some(Cache::Disk) => text.set("cache", "disk"),
        Some(Cache::None) => text.set("cache", "none"),
        None => {}
    }
    match damaged.as_ref().map(|damaged| damaged.value) {
        Some(Damaged::Error) => text.set("damaged", "error"),
        Some(Damaged::Skip) => text.set("damaged", "skip"),
        None => {}
    }
    text.close();
}

fn map(pairs: impl Iterator<Item = String>) -> String {
    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

fn split(Split { fraction, of }: &Split) -> String {
    let of = match of {
        SplitBase::Train => "train",
        SplitBase::All => "all",
    };
    format!("{fraction} of {of}")
}

fn written(source: &DataSource) -> String {
    match source {
        DataSource::Digits
        | DataSource::Mnist
        | DataSource::FashionMnist
        | DataSource::Cifar10
        | DataSource::Cifar100 => source.name().to_owned(),
        DataSource::Idx { images, labels, test } => {
            let mut arguments = vec![path(images), path(labels)];
            if let Some([images, labels]) = test {
                arguments.push(named("test_images", path(images)));
                arguments.push(named("test_labels", path(labels)));
            }
            call("idx", &arguments)
        }
        DataSource::CifarBinary { path: train, test, label_bytes } => {
            let mut arguments = vec![path(train)];
            arguments.extend(test.iter().map(|test| named("test", path(test))));
            arguments.push(named("label_bytes", label_bytes));
            call("cifar_binary", &arguments)
        }
        DataSource::Folder { train, test } => {
            let mut arguments = vec![path(train)];
            arguments.extend(test.iter().map(|test| named("test", path(test))));
            call("folder", &arguments)
        }
        DataSource::Npz(file) => call("npz", &[path(file)]),
        DataSource::Csv(CsvSource { path: file, image, labels, split }) => {
            let columns = list(labels.iter().map(|column| quoted(&column.value)));
            let mut arguments = vec![path(file), named("image", quoted(&image.value)), named("label", columns)];
            arguments.extend(split.iter().map(|column| named("split", quoted(&column.value))));
            call("csv", &arguments)
        }
    }
}
