//! The `prepare` section.

use super::Target;
use super::text::{Text, section};
use crate::ir::PrepareSpec;
use crate::vocabulary::{Words, factor, number};

/// Writes the section, if anything is prepared.
pub(super) fn write(text: &mut Text, prepare: &PrepareSpec, target: Target<'_>) {
    if *prepare == PrepareSpec::default() {
        return;
    }
    text.open(section("prepare", target));
    settings(prepare, number).iter().for_each(|(key, value)| text.set(key, value));
    text.close();
}

/// What differs between two sections, each setting as it stands in the first and in the second: `rescale:
/// 1/255`; one that is not written is "no `rescale`".
pub fn prepare_differences(a: &PrepareSpec, b: &PrepareSpec) -> Vec<[String; 2]> {
    let (a, b) = (settings(a, factor), settings(b, factor));
    let said = |settings: &[(&str, String)], key: &str| {
        let value = settings.iter().find(|(known, _)| *known == key).map(|(_, value)| value.clone());
        value.map_or(format!("no `{key}`"), |value| format!("`{key}: {value}`"))
    };
    let mut differences: Vec<[String; 2]> = Vec::new();
    for (key, _) in a.iter().chain(&b) {
        let pair = [said(&a, key), said(&b, key)];
        if pair[0] != pair[1] && !differences.contains(&pair) {
            differences.push(pair);
        }
    }
    differences
}

fn settings(prepare: &PrepareSpec, factor: impl Fn(f32) -> String) -> Vec<(&'static str, String)> {
    let PrepareSpec { resize, color, rescale, normalize } = prepare;
    let resize = resize.as_ref().map(|resize| ("resize", resize.value.text()));
    let color = color.as_ref().map(|color| ("color", color.value.name().to_owned()));
    let rescale = rescale.as_ref().map(|rescale| ("rescale", factor(rescale.value)));
    let normalize = normalize.as_ref().map(|normalize| ("normalize", normalize.value.text()));
    [resize, color, rescale, normalize].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Span, Spanned};
    use crate::vocabulary::Color;

    #[test]
    fn differences_name_both_sides() {
        let spanned = |factor: f32| Some(Spanned::new(factor, Span::default()));
        let a = PrepareSpec { rescale: spanned(1.0 / 255.0), ..PrepareSpec::default() };
        let color = Some(Spanned::new(Color::Gray, Span::default()));
        let b = PrepareSpec { rescale: spanned(0.5), color, ..PrepareSpec::default() };
        assert_eq!(prepare_differences(&a, &a), Vec::<[String; 2]>::new());
        let found = prepare_differences(&a, &b);
        let wanted = [["`rescale: 1/255`", "`rescale: 1/2`"], ["no `color`", "`color: gray`"]];
        assert_eq!(found, wanted);
    }
}
