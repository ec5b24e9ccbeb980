//! The `augment` section.

use super::Target;
use super::text::{Text, call, named, number, section};
use crate::ir::{AugmentOp, AugmentSpec, Fill};

/// Writes the section, if anything is varied.
pub(super) fn write(text: &mut Text, augment: &AugmentSpec, target: Target<'_>) {
    let AugmentSpec { ops, fill, samples } = augment;
    if *augment == AugmentSpec::default() {
        return;
    }
    text.open(section("augment", target));
    for op in ops {
        // where its options are written is no part of what it does
        let AugmentOp { kind, probability, options: _ } = &op.value;
        let written = kind.to_string();
        let probability = named("p", number(*probability));
        text.line(match written.strip_suffix(')') {
            Some(open) => format!("{open}, {probability})"),
            None => call(&written, &[probability]),
        });
    }
    match fill {
        Fill::Nearest => text.set("fill", "nearest"),
        Fill::Reflect => text.set("fill", "reflect"),
        Fill::Wrap => text.set("fill", "wrap"),
        Fill::Constant(value) => text.set("fill", call("constant", &[number(*value)])),
    }
    text.set("samples", samples);
    text.close();
}
