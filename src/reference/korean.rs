//! Korean for the sentences of the tables.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The Korean of an English sentence of a table.
pub fn korean(english: &str) -> Option<&'static str> {
    static SENTENCES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| read(include_str!("korean.txt")));
    SENTENCES.get(english).copied()
}

/// A line `= 문장` is the Korean of the line before it.
fn read(text: &'static str) -> HashMap<&'static str, &'static str> {
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2).filter_map(|pair| Some((pair[0], pair[1].strip_prefix("= ")?)));
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::reference::entries;
    use crate::vocabulary::OptionType;

    #[test]
    fn every_sentence_has_its_korean() {
        let mut missing: BTreeSet<&str> = BTreeSet::new();
        let mut need = |english: &'static str| {
            if !english.is_empty() && korean(english).is_none() {
                missing.insert(english);
            }
        };
        for entry in entries() {
            need(entry.word.help);
            need(entry.category.name());
            need(entry.shape);
            for option in entry.word.options.iter().chain(&entry.setting) {
                need(option.help);
                if !matches!(option.ty, OptionType::Choice(_)) {
                    need(option.ty.describe());
                }
            }
        }
        let list: Vec<&str> = missing.into_iter().collect();
        assert!(list.is_empty(), "{} sentences have no Korean:\n{}", list.len(), list.join("\n"));
    }
}
