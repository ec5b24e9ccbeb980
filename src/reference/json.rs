//! The vocabulary for other programs: editors, and whoever writes files.

use serde_json::{Value, json};

use super::{Entry, entries};
use crate::vocabulary::{OptionSpec, OptionType};

/// All words as JSON: `{ "words": [ { "category", "group", "word", "help", "options": [ … ], … } ] }`. What
/// is empty is left out.
pub fn to_json() -> Value {
    json!({ "language": 1, "words": entries().iter().map(word).collect::<Vec<_>>() })
}

fn word(entry: &Entry) -> Value {
    let mut value = json!({
        "category": entry.category.name(),
        "group": entry.group,
        "word": entry.word.keyword,
        "help": entry.word.help,
        "example": entry.example,
    });
    let facts = [
        ("formula", entry.word.formula),
        ("source", entry.word.source),
        ("shape", entry.shape),
        ("elsewhere", entry.word.keras),
    ];
    for (key, fact) in facts.into_iter().filter(|(_, fact)| !fact.is_empty()) {
        value[key] = json!(fact);
    }
    if !entry.word.options.is_empty() {
        value["options"] = entry.word.options.iter().map(option).collect();
    }
    if let Some(setting) = &entry.setting {
        value["value"] = option(setting);
    }
    value
}

fn option(option: &OptionSpec) -> Value {
    let mut value = json!({
        "name": option.name,
        "takes": option.ty.describe(),
        "default": option.default,
        "required": option.default.is_none(),
        "help": option.help,
    });
    if let Some(words) = option.ty.choices() {
        value["choices"] = json!(words);
    }
    if let OptionType::Word(category) | OptionType::Words(category) = option.ty {
        value["category"] = json!(category.name());
    }
    if let OptionType::Within { min, max } = option.ty {
        value["range"] = json!([min, max]);
    }
    value
}
