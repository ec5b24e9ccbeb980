//! A JSON Schema of a run's settings, `settings` in `run.json`.

use serde_json::{Map, Value, json};

use crate::lower::calls_of;
use crate::vocabulary::{
    Category, DataSource, Fill, Loss, Metric, Optimizer, OptionSpec, OptionType, SECTIONS, Schedule,
    Strategy, Words,
};

/// The schema (JSON Schema 2020-12). Words with options are texts in the language's own notation: `adam(lr:
/// 0.001, …)`.
pub fn settings_schema() -> Value {
    let mut properties = Map::new();
    properties.insert("format".to_owned(), json!({ "const": 2, "description": "How settings are written." }));
    properties.insert("model".to_owned(), json!({ "type": "string", "description": "The model's name." }));
    for section in SECTIONS {
        for setting in section.settings {
            properties.insert(format!("{}.{}", section.keyword, setting.name), property(setting));
        }
        let calls = calls_of(section);
        if let Some(category) = section.calls.filter(|_| !calls.is_empty()) {
            let description =
                format!("Each {} with all its options, in the order of the file.", category.name());
            let items = json!({ "type": "string", "pattern": starts_with(&calls) });
            properties.insert(
                section.keyword.to_owned(),
                json!({ "type": "array", "items": items, "description": description }),
            );
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The settings of a run of cnnc",
        "type": "object",
        "properties": properties,
        "patternProperties": {
            r"^model\..+$": { "type": "string", "description": "A layer with all its options, and what it takes: `dense(units: 10, …) from flatten`." },
            r"^train\.(.+\.)?callbacks\.[0-9]+$": { "type": "string" },
            r"^train\.[^.]+\..+$": { "description": "A setting of one phase." },
        },
    })
}

fn property(setting: &OptionSpec) -> Value {
    let mut property = kind(setting.ty);
    property["description"] = json!(setting.help);
    property
}

/// What JSON holds for an option; `null` where it is not set.
fn kind(ty: OptionType) -> Value {
    match ty {
        OptionType::Int { min } => json!({ "type": ["integer", "null"], "minimum": min }),
        OptionType::Within { min, max } => {
            json!({ "type": ["integer", "null"], "minimum": min, "maximum": max })
        }
        OptionType::Bool => json!({ "type": ["boolean", "null"] }),
        OptionType::Positive => json!({ "type": ["number", "null"], "exclusiveMinimum": 0 }),
        OptionType::NonNegative => json!({ "type": ["number", "null"], "minimum": 0 }),
        OptionType::Share => json!({ "type": ["number", "null"], "minimum": 0, "maximum": 1 }),
        OptionType::Rate => json!({ "type": ["number", "null"], "minimum": 0, "exclusiveMaximum": 1 }),
        OptionType::Choice(words) => {
            json!({ "enum": words.iter().copied().map(Value::from).chain([Value::Null]).collect::<Vec<_>>() })
        }
        OptionType::Word(category) => match words_of(category) {
            Some(words) => json!({ "type": ["string", "null"], "pattern": starts_with(&words) }),
            None => json!({}),
        },
        OptionType::Words(Category::Metric) => {
            let words: Vec<&str> = Metric::keywords().collect();
            json!({ "type": "array", "items": { "type": "string", "pattern": starts_with(&words) } })
        }
        OptionType::Classes => json!({ "type": ["array", "null"], "items": { "type": "string" } }),
        OptionType::Split => json!({ "type": ["string", "null"], "pattern": "^[0-9.e-]+ of (train|all)$" }),
        _ => json!({}),
    }
}

/// The words of a category that settings hold as texts; the settings of `prepare` are objects.
fn words_of(category: Category) -> Option<Vec<&'static str>> {
    match category {
        Category::Source => Some(DataSource::keywords().collect()),
        Category::Fill => Some(Fill::keywords().collect()),
        Category::Optimizer => Some(Optimizer::keywords().collect()),
        Category::Schedule => Some(Schedule::keywords().collect()),
        Category::Loss => Some(Loss::keywords().collect()),
        Category::Strategy => Some(Strategy::keywords().collect()),
        _ => None,
    }
}

/// A regular expression for one of these words, perhaps with options.
fn starts_with(words: &[&str]) -> String {
    format!(r"^({})(\(.*\))?$", words.join("|"))
}
