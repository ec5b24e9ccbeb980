//! Words around the sentences of the catalogue.

use super::{Language, Level};

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

    /// Before a page's examples: the file that has the problem, and the one that has not.
    pub(super) fn wrong_and_right(self) -> [&'static str; 2] {
        match self {
            Language::English => ["Wrong", "Right"],
            Language::Korean => ["틀린 예", "맞는 예"],
        }
    }
}
