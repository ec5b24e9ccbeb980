//! The `data` section.

use super::Target;
use super::text::{Text, section};
use crate::ir::DataSpec;
use crate::vocabulary::{ClassWeight, Split, Words, list, named, number, quoted};

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
    text.set("source", source.value.text());
    text.set("labels", labels.value.name());
    validation.iter().for_each(|share| text.set("validation", split(&share.value)));
    test.iter().for_each(|share| text.set("test", split(&share.value)));
    text.set("seed", seed);
    text.set("shuffle", shuffle);
    text.set("stratified", stratified);
    if let Some(classes) = classes {
        text.set("classes", list(classes.value.iter().map(|class| quoted(class))));
    }
    split_by.iter().for_each(|grouping| text.set("split", format!("by {}", grouping.value.name())));
    match class_weight.as_ref().map(|weight| &weight.value) {
        Some(ClassWeight::Balanced) => text.set("class_weight", "balanced"),
        Some(ClassWeight::Given(weights)) => {
            let pairs = weights.iter().map(|(class, weight)| named(&quoted(&class.value), number(*weight)));
            text.set("class_weight", map(pairs));
        }
        None => {}
    }
    if let Some(mirror) = mirror {
        let pairs =
            mirror.value.iter().map(|[class, image]| named(&quoted(&class.value), quoted(&image.value)));
        text.set("mirror", map(pairs));
    }
    upright.iter().for_each(|upright| text.set("upright", upright.value));
    cache.iter().for_each(|cache| text.set("cache", cache.value.name()));
    damaged.iter().for_each(|damaged| text.set("damaged", damaged.value.name()));
    text.close();
}

fn map(pairs: impl Iterator<Item = String>) -> String {
    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

fn split(Split { fraction, of }: &Split) -> String {
    format!("{fraction} of {}", of.name())
}
