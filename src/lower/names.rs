//! Wrong names and the right ones nearest to them.

use std::sync::OnceLock;

use crate::diag::{Problems, in_lines};
use crate::layers::Layer;
use crate::vocabulary::{
    AugmentKind, Callback, Initializer, Loss, Metric, Normalize, Optimizer, Regularizer, Schedule, Words,
};

/// Spellings of other frameworks, and what they are called here; beside those in the tables of words.
const SYNONYMS: &[(&str, &str)] = &[
    ("strides", "stride"),
    ("learning_rate", "lr"),
    ("batch_size", "batch"),
    ("out_channels", "filters"),
    ("kernel", "kernel_size"),
    ("size", "pool_size"),
    ("kernel_size", "pool_size"),
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
    ("gap", "global_avg_pool2d"),
    ("horizontal_flip", "flip"),
    ("network", "model"),
    ("net", "model"),
    ("class", "model"),
    ("sequential", "model"),
    ("preprocessing", "prepare"),
    ("preprocess", "prepare"),
    ("transforms", "prepare"),
    ("transform", "prepare"),
    ("augmentation", "augment"),
    ("dataset", "data"),
    ("dataloader", "data"),
    ("fit", "train"),
    ("compile", "train"),
    ("lrelu", "leaky_relu"),
    ("cross_entropy", "categorical_crossentropy"),
    ("cross_entropy_loss", "categorical_crossentropy"),
    ("bce", "binary_crossentropy"),
    ("num_classes", "classes"),
    ("n_classes", "classes"),
    ("nb_classes", "classes"),
    ("class_names", "classes"),
    ("yes", "true"),
    ("on", "true"),
    ("no", "false"),
    ("off", "false"),
    ("avg_pool", "avg_pool2d"),
    ("global_average_pool", "global_avg_pool2d"),
    ("bn", "batch_norm"),
    ("residual", "add"),
    ("drop_path", "stochastic_depth"),
    ("DropPath", "stochastic_depth"),
    ("keepdims", "keep_dims"),
    ("keepdim", "keep_dims"),
    ("input_shape", "shape"),
];

/// What other languages call nothing, and what it is called here, the likeliest first.
const NOTHING: (&[&str], &[&str]) =
    (&["None", "none", "null", "Null", "NULL", "nil"], &["none", "linear", "false"]);

/// Whether a word is one for nothing in another language.
pub(super) fn is_nothing(word: &str) -> bool {
    word != "none" && NOTHING.0.contains(&word)
}

/// Words longer than this get no suggestion: comparing two takes as long as the product of their lengths.
const LONGEST: usize = 100;

/// Longest list that stands in its sentence; a longer one stands below it.
const LONGEST_LINE: usize = 90;

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
    if let Some(meant) = meant(wrong, names.iter().copied()) {
        return Some(meant);
    }
    let names: Vec<&str> = names.into_iter().filter(|name| name.len() <= LONGEST).collect();
    if wrong.len() > LONGEST {
        return None;
    }
    let wanted = plain(wrong);
    let distance = |name: &str| strsim::damerau_levenshtein(&plain(name), &wanted);
    let best = names.iter().copied().min_by_key(|name| distance(name))?;
    let slips = distance(best);
    // a third of the word may be wrong; a part of a name (`pool` for `max_pool2d`) counts too
    if slips <= wanted.chars().count().max(3) / 3 {
        return Some(best);
    }
    // names of one or two letters are part of nearly all others
    let is_part = |part: &str, whole: &str| part.len() >= 3 && whole.contains(part);
    let part = |name: &str| is_part(&wanted, &plain(name)) || is_part(&plain(name), &wanted);
    names.into_iter().filter(|name| part(name)).min_by_key(|name| name.len())
}

/// The name that another framework's word stands for, or that is the same word written another way.
pub(super) fn meant<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if wrong.len() > LONGEST {
        return None;
    }
    let names: Vec<&str> = names.collect();
    let wanted = plain(wrong);
    if NOTHING.0.contains(&wrong)
        && let Some(right) = NOTHING.1.iter().find(|right| names.contains(right))
    {
        return Some(right);
    }
    let synonym = |(other, right): &&(&str, &str)| plain(other) == wanted && names.contains(right);
    let of_keras = |(other, right): &&(String, &str)| *other == wanted && names.contains(right);
    let synonym = SYNONYMS.iter().find(synonym).map(|(_, right)| *right);
    let meant = synonym.or_else(|| keras_names().iter().find(of_keras).map(|(_, right)| *right));
    if let Some(right) = meant {
        return names.into_iter().find(|name| *name == right);
    }
    names.into_iter().find(|name| plain(name) == wanted)
}

/// Without what is spelled differently from framework to framework.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The names that the tables have from Keras, [`plain`], and the words.
fn keras_names() -> &'static [(String, &'static str)] {
    static NAMES: OnceLock<Vec<(String, &'static str)>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let layers = Layer::kinds().map(|kind| (kind.keras, kind.keyword));
        let names = layers
            .chain(of_table::<Initializer>().chain(of_table::<Regularizer>()).chain(of_table::<Normalize>()))
            .chain(of_table::<Optimizer>().chain(of_table::<Schedule>()).chain(of_table::<Loss>()))
            .chain(of_table::<Metric>().chain(of_table::<Callback>()).chain(of_table::<AugmentKind>()));
        names.filter(|(keras, _)| !keras.is_empty()).map(|(keras, word)| (plain(keras), word)).collect()
    })
}

fn of_table<T: Words>() -> impl Iterator<Item = (&'static str, &'static str)> {
    T::TABLE.iter().map(|row| (row.word.keras, row.word.keyword))
}

/// A list at the end of a sentence: [`list`], or where it is long, lines of a few names each.
pub(super) fn list_below<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.take(MOST_NAMED + 1).collect();
    let width = names.iter().map(|name| name.len() + 4).sum::<usize>();
    if width <= LONGEST_LINE || names.len() > MOST_NAMED {
        return list(names.into_iter());
    }
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    format!("\n{}", in_lines("", &names))
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

    #[test]
    fn knows_the_names_of_keras() {
        for (keras, word) in [
            ("BatchNormalization", "batch_norm"),
            ("ReduceLROnPlateau", "reduce_lr_on_plateau"),
            ("SparseCategoricalCrossentropy", "categorical_crossentropy"),
            ("GlobalAveragePooling2D", "global_avg_pool2d"),
        ] {
            let words =
                ["batch_norm", "reduce_lr_on_plateau", "categorical_crossentropy", "global_avg_pool2d"];
            assert_eq!(nearest(keras, words.into_iter()), Some(word), "{keras}");
        }
    }
}
