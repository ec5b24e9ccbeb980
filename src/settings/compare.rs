//! Whether two settings mean the same, also where a word has got options since.

use serde_json::Value;

use crate::layers::Layer;
use crate::vocabulary::{
    Activation, AugmentKind, Callback, DataSource, Fill, Loss, Optimizer, OptionSpec, OptionType, Schedule,
    Words,
};

/// Whether a setting has kept its meaning: it is the same text, or the same word with the same options where
/// those that one of the texts lacks have their defaults in the other.
pub(super) fn is_same(key: &str, old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::String(old), Value::String(new)) => old == new || is_same_word(key, old, new),
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_same(key, old, new))
        }
        (old, new) => old == new,
    }
}

fn is_same_word(key: &str, old: &str, new: &str) -> bool {
    is_same_call(|word| options_of(key, word), old, new)
}

fn is_same_call(options_of: impl Fn(&str) -> Option<&'static [OptionSpec]>, old: &str, new: &str) -> bool {
    let (Some(old), Some(new)) = (Call::new(old), Call::new(new)) else { return false };
    let Some(table) = options_of(old.word).filter(|_| old.word == new.word && old.rest == new.rest) else {
        return false;
    };
    let is_same = |(at, option): (usize, &OptionSpec)| {
        let (old, new) = (old.value(at, option), new.value(at, option));
        let activations = || option.ty == OptionType::Activation && is_same_activation(&old, &new);
        old == new || activations()
    };
    old.has_only(table) && new.has_only(table) && table.iter().enumerate().all(is_same)
}

/// Whether two values of an option are the same activation, which may have options itself.
fn is_same_activation(old: &Option<String>, new: &Option<String>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return false };
    is_same_call(|word| Activation::row(word).map(|row| row.word.options), old, new)
}

/// `word(first, name: value) rest`
struct Call<'t> {
    word: &'t str,
    /// Names and values; those without a name stand first, in the order of the table.
    options: Vec<(&'t str, &'t str)>,
    rest: &'t str,
}

impl<'t> Call<'t> {
    fn new(text: &'t str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let (word, behind) = text.split_at(end);
        let Some(inside) = behind.strip_prefix('(') else {
            return Some(Self { word, options: Vec::new(), rest: behind });
        };
        let (mut options, mut start, mut depth, mut is_text) = (Vec::new(), 0, 0_usize, false);
        for (at, c) in inside.char_indices() {
            match c {
                '"' => is_text = !is_text,
                _ if is_text => {}
                '(' | '[' | '{' => depth += 1,
                ')' if depth == 0 => {
                    options.push(option(&inside[start..at]));
                    return Some(Self { word, options, rest: &inside[at + 1..] });
                }
                ')' | ']' | '}' => depth = depth.checked_sub(1)?,
                ',' if depth == 0 => {
                    options.push(option(&inside[start..at]));
                    start = at + 1;
                }
                _ => {}
            }
        }
        None
    }

    /// Whether all options are of a table.
    fn has_only(&self, table: &[OptionSpec]) -> bool {
        self.options
            .iter()
            .all(|(name, _)| name.is_empty() || table.iter().any(|option| option.name == *name))
    }

    /// What is written for an option, which stands at this place of its table; else its default.
    fn value(&self, at: usize, option: &OptionSpec) -> Option<String> {
        let named = self.options.iter().find(|(name, _)| *name == option.name);
        let unnamed = || self.options.get(at).filter(|(name, _)| name.is_empty());
        match named.or_else(unnamed) {
            Some((_, value)) => Some((*value).to_owned()),
            None => Some(option.ty.default_value(option.default?)?.text()),
        }
    }
}

/// `name: value`, or a value alone.
fn option(text: &str) -> (&str, &str) {
    let text = text.trim();
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    text.split_once(": ").filter(|(name, _)| is_name(name)).unwrap_or(("", text))
}

/// The options of a word that may stand as the value of a setting.
fn options_of(key: &str, word: &str) -> Option<&'static [OptionSpec]> {
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let last = name.rsplit('.').next().unwrap_or(name);
    fn of<T: Words>(word: &str) -> Option<&'static [OptionSpec]> {
        T::row(word).map(|row| row.word.options)
    }
    match (section, last) {
        ("model", _) => Layer::kind(word).map(|kind| kind.options),
        ("data", "source") => of::<DataSource>(word),
        ("augment", "") => of::<AugmentKind>(word),
        ("augment", "fill") => of::<Fill>(word),
        ("train", "optimizer") => of::<Optimizer>(word),
        ("train", "schedule") => of::<Schedule>(word),
        ("train", "loss") => of::<Loss>(word),
        ("train", _) => of::<Callback>(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(key: &str, old: &str, new: &str) -> bool {
        is_same(key, &Value::from(old), &Value::from(new))
    }

    #[test]
    fn options_that_are_left_out_have_their_defaults() {
        let adam = "adam(lr: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 0.0000001)";
        assert!(same("train.optimizer", "adam(lr: 0.001)", adam));
        assert!(!same("train.optimizer", "adam(lr: 0.01)", adam));
        assert!(!same("train.optimizer", "nadam(lr: 0.001)", adam));
        assert!(!same("train.optimizer", "adam(lr: 0.001, gone: 1)", adam));
        assert!(same("train.head.callbacks.0", "csv_log(\"a, b\")", "csv_log(path: \"a, b\")"));
        assert!(!same("train.callbacks.0", "csv_log(\"a\")", "csv_log(\"b\")"));
        assert!(same("augment", "rotation(20deg)", "rotation(20deg, p: 1)"));
        let dense = "dense(units: 10, activation: relu)";
        assert!(same("model.a", &format!("{dense} from input"), "dense(10, activation: relu) from input"));
        assert!(!same("model.a", &format!("{dense} from input"), &format!("{dense} from other")));
        // the line of a hard_sigmoid was fixed once
        let line = |alpha: &str| format!("dense(10, activation: hard_sigmoid(alpha: {alpha}, beta: 0.5))");
        assert!(same("model.a", "dense(10, activation: hard_sigmoid)", &line("0.16666667")));
        assert!(!same("model.a", "dense(10, activation: hard_sigmoid)", &line("0.2")));
        assert!(same("model.a", "hard_sigmoid", "hard_sigmoid(alpha: 0.16666667, beta: 0.5)"));
    }
}
