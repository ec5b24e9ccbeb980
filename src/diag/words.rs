//! Words around the sentences of the catalogue.

use std::collections::BTreeMap;

use super::{Code, Language, Level};

impl Language {
    /// How a level is called.
    pub fn level(self, level: Level) -> &'static str {
        match (self, level) {
            (Language::English, level) => level.as_str(),
            (Language::Korean, Level::Error) => "오류",
            (Language::Korean, Level::Warning) => "경고",
            (Language::Korean, Level::Hint) => "힌트",
        }
    }

    /// Before a sentence that explains.
    pub(super) fn note(self) -> &'static str {
        match self {
            Language::English => "note",
            Language::Korean => "참고",
        }
    }

    /// Before a sentence that says what to write.
    pub(super) fn help(self) -> &'static str {
        match self {
            Language::English => "help",
            Language::Korean => "도움말",
        }
    }

    /// How many problems of each code there are beside those that were drawn.
    pub(super) fn more(self, counts: &BTreeMap<Code, usize>) -> String {
        let all = thousands(counts.values().sum());
        let each: Vec<String> =
            counts.iter().map(|(code, count)| format!("{}x {code}", thousands(*count))).collect();
        match self {
            Language::English => format!("and {all} more: {}", each.join(", ")),
            Language::Korean => format!("그 밖에 {all}개 더: {}", each.join(", ")),
        }
    }

    /// Before a page's examples: the file that has the problem, and the one that has not.
    pub(super) fn wrong_and_right(self) -> [&'static str; 2] {
        match self {
            Language::English => ["Wrong", "Right"],
            Language::Korean => ["틀린 예", "맞는 예"],
        }
    }
}

/// `1,234,567`
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = (0..digits.len().div_ceil(3))
        .rev()
        .map(|group| &digits[digits.len().saturating_sub(3 * (group + 1))..digits.len() - 3 * group])
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_counted() {
        let counts = BTreeMap::from([(Code::E0116, 31_900), (Code::W0301, 7)]);
        assert_eq!(Language::English.more(&counts), "and 31,907 more: 31,900x E0116, 7x W0301");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(0), "0");
    }
}
