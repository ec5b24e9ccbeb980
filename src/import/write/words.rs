//! Single names: which of them say something, and how they are written here.

use std::collections::BTreeSet;

use crate::layers::Layer;
use crate::vocabulary::{Activation, Words};

/// Names that Keras makes up, where they are not our own words or those of its classes.
const OF_KERAS: &[&str] =
    &["input_layer", "re_lu", "leaky_re_lu", "activation", "p_re_lu", "conv2d_transpose"];

/// Words that cannot begin a name.
const WORDS: &[&str] =
    &["if", "then", "else", "let", "from", "repeat", "allow", "use", "model", "block", "branch", "language"];

/// Whether a name was made up by a program: `conv2d_12`, `batch_normalization_3`, `Conv_7`, `42`.
pub(super) fn is_generic(name: &str, is_onnx: bool) -> bool {
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if base.is_empty() {
        return true;
    }
    let base = if base.len() < name.len() { base.trim_end_matches('_') } else { base };
    if OF_KERAS.contains(&base) {
        return true;
    }
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let wanted = plain(base);
    let is_snake = !base.contains(|c: char| c.is_ascii_uppercase()) && base.len() > 2;
    // Keras writes `max_pooling2d` for its class `MaxPooling2D`; this compiler counts by its own words
    let of_class = |keras: &str| !keras.is_empty() && plain(keras) == wanted;
    let is_own = Layer::kind(base).is_some() && is_snake;
    let is_numbered =
        base.len() < name.len() && name[base.len()..].starts_with('_') || base.len() == name.len();
    (is_snake && is_numbered && Layer::kinds().any(|kind| of_class(kind.keras)))
        || (is_own && is_numbered)
        || (is_onnx
            && is_numbered
            && base.len() < name.len()
            && base.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// Whether the name of an activation says no more than that it is one, and perhaps of which layer.
pub(super) fn is_activation_of(name: &str, before: &str) -> bool {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    let word = last.trim_matches(|c: char| c.is_ascii_digit() || c == '_').to_ascii_lowercase();
    let is_word = word.is_empty()
        || ["act", "activation", "relu", "re_lu", "swish", "hardswish", "hardsigmoid"]
            .contains(&word.as_str())
        || Activation::TABLE.iter().any(|row| row.word.keyword.trim_end_matches('6') == word);
    let begins = |before: &str| !before.is_empty() && name.starts_with(&format!("{before}/"));
    is_word && (name.contains(['.', '/']) || word == last.to_ascii_lowercase()) || begins(before)
}

/// A name as the language takes it: a path of words.
pub(super) fn mended(name: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in name.split(['.', '/']).filter(|part| !part.is_empty()) {
        let part: String =
            part.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        parts.push(match part.starts_with(|c: char| c.is_ascii_digit()) {
            true if !is_number => digits_behind(&part),
            true if parts.is_empty() => format!("layer{part}"),
            _ if WORDS.contains(&part.as_str()) => format!("{part}_"),
            _ => part,
        });
    }
    parts.join(".")
}

/// `1_conv` as `conv1`.
fn digits_behind(part: &str) -> String {
    let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &part[..part.len() - rest.len()];
    let word = rest.trim_matches('_');
    let between = if word.ends_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
    if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("layer{digits}{rest}");
    }
    format!("{word}{between}{digits}")
}

/// Names given in one body.
#[derive(Debug, Default)]
pub(super) struct Taken(BTreeSet<String>);

impl Taken {
    /// The name, or the first of `name_2`, `name_3`, … that is free.
    pub(super) fn take(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        let mut count = 2;
        while !self.0.insert(free.clone()) {
            free = format!("{name}_{count}");
            count += 1;
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_made_up_by_programs_are_none() {
        for name in [
            "conv2d",
            "conv2d_12",
            "batch_normalization_3",
            "re_lu_1",
            "max_pooling2d",
            "Conv_7",
            "42",
            "global_average_pooling2d",
            "add_3",
            "concatenate_1",
            "input_layer_2",
            "activation_93",
        ] {
            assert!(is_generic(name, true), "{name}");
        }
        for name in [
            "conv1",
            "conv_1",
            "fc",
            "mixed0",
            "block1_conv1",
            "features.3",
            "conv2_block1_add",
            "pool1_pool",
        ] {
            assert!(!is_generic(name, true), "{name}");
        }
    }

    #[test]
    fn names_become_paths_of_words() {
        for (name, wanted) in [
            ("1_conv", "conv1"),
            ("layer1.0.conv1", "layer1.0.conv1"),
            ("/layer1/layer1.0/Conv", "layer1.layer1.0.Conv"),
            ("0", "layer0"),
            ("a-b c", "a_b_c"),
            ("block", "block_"),
            ("2", "layer2"),
            ("3x3.1a", "x3_3.a1"),
        ] {
            assert_eq!(mended(name), wanted, "{name}");
        }
    }
}
