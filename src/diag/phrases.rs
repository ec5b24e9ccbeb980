//! Phrases that code gives as arguments of sentences (`a whole number`, `the name of a layer`), in other
//! languages than English. What is made of parts is given as data instead, by [`super::Mention`].
//!
//! A line of the file reads `pattern = translation`. In a pattern `*` stands for any text and `#` for numbers
//! and sizes (`28x28x1`); `{1}`, `{2}` of the translation are what they stood for, translated themselves. The
//! first line that fits counts; what no line fits is the user's own words.

use std::sync::LazyLock;

use super::Language;
use super::shown::shown;

static KOREAN: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let lines = include_str!("catalogue/ko/phrases.txt").lines();
    lines.filter(|line| !line.starts_with("//")).filter_map(|line| line.split_once(" = ")).collect()
});

/// Deepest phrase within a phrase.
const DEEPEST: usize = 8;

/// Bytes of a value that may be a phrase. Whatever is longer is the user's own words; and to look for a
/// phrase in it takes the longer the longer it is.
const MOST_BYTES: usize = 1_000;

/// A phrase in a language.
pub(super) fn translate(language: Language, value: &str) -> String {
    let value = shown(value);
    match language {
        Language::Korean if value.len() <= MOST_BYTES => with(&KOREAN, &value, DEEPEST),
        Language::English | Language::Korean => value,
    }
}

fn with(phrases: &[(&str, &str)], value: &str, depth: usize) -> String {
    if depth == 0 {
        return value.to_owned();
    }
    for (pattern, translation) in phrases {
        if let Some(found) = captures(pattern, value) {
            let mut text = (*translation).to_owned();
            for (at, part) in found.iter().enumerate() {
                text = text.replace(&format!("{{{}}}", at + 1), &with(phrases, part, depth - 1));
            }
            return text;
        }
    }
    value.to_owned()
}

/// What the wildcards of a pattern stand for in a text; `None` where it does not fit. Each takes as little as
/// it can, and something.
fn captures<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let Some(at) = pattern.find(['*', '#']) else { return (pattern == text).then(Vec::new) };
    let text = text.strip_prefix(&pattern[..at])?;
    let (wild, rest) = (&pattern[at..=at], &pattern[at + 1..]);
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    for end in ends {
        let part = &text[..end];
        if wild == "#" && !part.chars().all(|c| c.is_ascii_digit() || matches!(c, 'x' | '?' | '.' | '%')) {
            return None;
        }
        if let Some(mut others) = captures(rest, &text[end..]) {
            others.insert(0, part);
            return Some(others);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What options take is said in every language.
    #[test]
    fn types_of_options_are_translated() {
        let types =
            crate::layers::Layer::kinds().flat_map(|kind| kind.options).map(|option| option.ty.describe());
        let missing: Vec<&str> = types.filter(|ty| translate(Language::Korean, ty) == *ty).collect();
        assert!(missing.is_empty(), "not in ko/phrases.txt: {missing:?}");
    }

    #[test]
    fn patterns_keep_what_they_do_not_know() {
        let phrases = [
            ("the loss *", "손실 {1}"),
            ("# and #", "{1}, {2}"),
            ("* in *", "{2}의 {1}"),
            ("a number", "수"),
        ];
        for (value, wanted) in [
            ("the loss `a`", "손실 `a`"),
            ("28x28x1 and 3x3", "28x28x1, 3x3"),
            ("cats and dogs", "cats and dogs"),
            ("a number in 0..1", "0..1의 수"),
        ] {
            assert_eq!(with(&phrases, value, DEEPEST), wanted);
        }
        assert_eq!(translate(Language::English, "a number"), "a number");
    }
}
