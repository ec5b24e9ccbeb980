//! The `augment` section.

use super::Target;
use super::text::{Text, section};
use crate::ir::AugmentSpec;
use crate::vocabulary::Words;

/// Writes the section, if anything is varied.
pub(super) fn write(text: &mut Text, augment: &AugmentSpec, target: Target<'_>) {
    let AugmentSpec { ops, fill, samples } = augment;
    if *augment == AugmentSpec::default() {
        return;
    }
    text.open(section("augment", target));
    ops.iter().for_each(|op| text.line(op.value.text()));
    text.set("fill", fill.text());
    text.set("samples", samples);
    text.close();
}
