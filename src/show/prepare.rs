//! The `prepare` section.

use super::Target;
use super::text::{Text, section};
use crate::ir::PrepareSpec;
use crate::vocabulary::{Words, number};

/// Writes the section, if anything is prepared.
pub(super) fn write(text: &mut Text, prepare: &PrepareSpec, target: Target<'_>) {
    let PrepareSpec { resize, color, rescale, normalize } = prepare;
    if *prepare == PrepareSpec::default() {
        return;
    }
    text.open(section("prepare", target));
    resize.iter().for_each(|resize| text.set("resize", resize.value.text()));
    color.iter().for_each(|color| text.set("color", color.value.name()));
    rescale.iter().for_each(|factor| text.set("rescale", number(factor.value)));
    normalize.iter().for_each(|normalize| text.set("normalize", normalize.value.text()));
    text.close();
}
