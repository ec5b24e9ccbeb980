//! Wrong names and the right ones nearest to them.

use crate::diag::Problems;

/// Spellings of other frameworks, and what they are called here.
const SYNONYMS: &[(&str, &str)] = &[
    ("strides", "stride"),
    ("learning_rate", "lr"),
    ("batch_size", "batch"),
    ("out_channels", "filters"),
    ("kernel", "kernel_size"),
    ("size", "pool_size"),
    ("linear", "dense"),
    ("fc", "dense"),
    ("fully_connected", "dense"),
    ("validation_split", "validation"),
    ("dilation_rate", "dilation"),
    ("bias", "use_bias"),
    ("p", "rate"),
    ("out_features", "units"),
    ("alpha", "negative_slope"),
    ("swish", "silu"),
    ("crossentropy", "categorical_crossentropy"),
    ("softmax_crossentropy", "categorical_crossentropy"),
    ("mean_squared_error", "mse"),
    ("acc", "accuracy"),
    ("val_acc", "val_accuracy"),
    ("grayscale", "gray"),
    ("grey", "gray"),
    ("horizontal_flip", "flip"),
];

/// Words longer than this get no suggestion: comparing two takes as long as the product of their lengths.
const LONGEST: usize = 100;

/// Most names that a list names.
const MOST_NAMED: usize = 100;

/// [`nearest`], as long as few enough names have been compared for these problems; beyond that nothing is
/// suggested.
pub(crate) fn nearest_of_many<'n>(
    problems: &mut Problems,
    wrong: &str,
    names: impl Iterator<Item = &'n str>,
) -> Option<&'n str> {
    let room = problems.comparisons_left();
    // one more than there is room for tells that there are too many
    let names: Vec<&str> = names.take(room.saturating_add(1)).collect();
    problems.count_comparisons(names.len());
    if names.len() > room { None } else { nearest(wrong, names.into_iter()) }
}

/// The name that was probably meant: a known synonym, another way to write the same word, or the one with the
/// fewest slips.
pub(crate) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let names: Vec<&str> = names.collect();
    let synonym = SYNONYMS
        .iter()
        .find(|(other, right)| *other == wrong && names.contains(right))
        .map(|(_, right)| *right);
    if let Some(right) = synonym {
        return names.into_iter().find(|name| *name == right);
    }
    if wrong.len() > LONGEST {
        return None;
    }
    let names: Vec<&str> = names.into_iter().filter(|name| name.len() <= LONGEST).collect();
    let plain = |name: &str| {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
    };
    let wanted = plain(wrong);
    let distance = |name: &str| strsim::damerau_levenshtein(&plain(name), &wanted);
    let best = names.iter().copied().min_by_key(|name| distance(name))?;
    let slips = distance(best);
    // a third of the word may be wrong; a part of a name (`pool` for `max_pool2d`) counts too
    if slips <= wanted.chars().count().max(3) / 3 {
        return Some(best);
    }
    let part =
        |name: &str| wanted.len() >= 3 && (plain(name).contains(&wanted) || wanted.contains(&plain(name)));
    names.into_iter().filter(|name| part(name)).min_by_key(|name| name.len())
}

/// `a`, `b` and `c`
pub(crate) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut quoted: Vec<String> = names.take(MOST_NAMED + 1).map(|name| format!("`{name}`")).collect();
    if quoted.len() > MOST_NAMED {
        quoted.truncate(MOST_NAMED);
        return format!("{}, …", quoted.join(", "));
    }
    match &quoted[..] {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(wrong: &str) -> Option<&'static str> {
        nearest(wrong, ["conv2d", "max_pool2d", "avg_pool2d", "stride", "padding", "dense"].into_iter())
    }

    #[test]
    fn finds_slips_and_synonyms() {
        assert_eq!(among("strides"), Some("stride"));
        assert_eq!(among("Conv2D"), Some("conv2d"));
        assert_eq!(among("conv2"), Some("conv2d"));
        assert_eq!(among("paddign"), Some("padding"));
        assert_eq!(among("maxpool"), Some("max_pool2d"));
        assert_eq!(among("zzz"), None);
    }
}
