//! What a sentence mentions, as data: it becomes words when the sentence is made, in its language.

use super::Language;
use super::phrases::translate;
use super::shown::shown;

/// What a sentence mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mention {
    /// Words of the user or of the language, a number, or a phrase that `phrases.txt` knows. Within
    /// backquotes it is code, and stays as it is.
    Text(String),
    /// A phrase that `phrases.txt` knows, wherever it stands.
    Phrase(&'static str),
    /// A word of sentences.
    Term(Term),
    /// A part of a file by its kind and name: the constant `a`.
    Named(Term, String),
    /// A place in an order, from 1 on: 4th.
    Ordinal(usize),
    /// Lines of the file, at least one, in order.
    Lines(Vec<usize>),
    /// Several things of one kind: 28x28x1 and 14x14x1.
    All(Vec<String>),
    /// Names of a few kinds, a line or more for each.
    Groups(Vec<(Term, Vec<String>)>),
}

impl From<&str> for Mention {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Words that sentences have in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// A class of a data set.
    Class,
    /// A column of a table.
    Column,
    /// A value of `let`.
    Constant,
    /// A layer that slides a kernel.
    Convolution,
    /// An option of a call.
    Option,
    /// A parameter of a block or a model.
    Parameter,
    /// A phase of training.
    Phase,
    /// A layer that slides a window and keeps the largest value or the mean.
    Pooling,
    /// A section of a file.
    Section,
    /// `key: value` in a section.
    Setting,
    /// `word(…)` in a section.
    Call,
}

impl Term {
    fn word(self, language: Language) -> &'static str {
        let [english, korean] = match self {
            Self::Class => ["class", "클래스"],
            Self::Column => ["column", "열"],
            Self::Constant => ["constant", "상수"],
            Self::Convolution => ["convolution", "합성곱"],
            Self::Option => ["option", "옵션"],
            Self::Parameter => ["parameter", "매개변수"],
            Self::Phase => ["phase", "단계"],
            Self::Pooling => ["pooling", "풀링"],
            Self::Section => ["section", "섹션"],
            Self::Setting => ["settings", "설정"],
            Self::Call => ["with arguments", "인자를 받는 것"],
        };
        match language {
            Language::English => english,
            Language::Korean => korean,
        }
    }
}

/// Where in a sentence a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Among {
    /// Among words.
    Words,
    /// Within backquotes, where code stands.
    Code,
}

impl Mention {
    /// In words of a language.
    pub(super) fn words(&self, language: Language, among: Among) -> String {
        match (self, language) {
            (Self::Text(text), _) if among == Among::Code => shown(text),
            (Self::Text(text), _) => translate(language, text),
            (Self::Phrase(phrase), _) => translate(language, phrase),
            (Self::Term(term), _) => term.word(language).to_owned(),
            (Self::Named(kind, name), Language::English) => {
                format!("the {} `{}`", kind.word(language), shown(name))
            }
            (Self::Named(kind, name), Language::Korean) => {
                format!("{} `{}`", kind.word(language), shown(name))
            }
            (Self::Ordinal(number), Language::English) => english_ordinal(*number),
            (Self::Ordinal(number), Language::Korean) => format!("{number}번째"),
            (Self::Lines(lines), Language::English) => english_lines(lines),
            (Self::Lines(lines), Language::Korean) => format!("{}번째 줄", numbers(lines).join(", ")),
            (Self::All(values), Language::English) => shown(&values.join(" and ")),
            (Self::All(values), Language::Korean) => shown(&values.join(", ")),
            (Self::Groups(groups), _) => groups
                .iter()
                .map(|(term, names)| format!("\n{}", in_lines(&format!("{}: ", term.word(language)), names)))
                .collect(),
        }
    }
}

/// Columns of a list that goes over several lines.
const WIDTH: usize = 84;

/// Names in lines of a few each, the first behind `head`, the others below it.
pub(crate) fn in_lines(head: &str, names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", shown(name))).collect();
    let mut text = head.to_owned();
    let mut column = head.chars().count();
    for (at, name) in quoted.iter().enumerate() {
        let more = at + 1 < quoted.len();
        let width = name.chars().count() + usize::from(more);
        if at > 0 && column + 1 + width > WIDTH {
            text.push_str("\n  ");
            column = 2;
        } else if at > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(name);
        if more {
            text.push(',');
        }
        column += width;
    }
    text
}

/// `4th`
fn english_ordinal(number: usize) -> String {
    let suffix = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// `lines 3, 4 and 6`
fn english_lines(lines: &[usize]) -> String {
    match &numbers(lines)[..] {
        [line] => format!("line {line}"),
        [rest @ .., last] => format!("lines {} and {last}", rest.join(", ")),
        [] => String::new(),
    }
}

fn numbers(numbers: &[usize]) -> Vec<String> {
    numbers.iter().map(usize::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_becomes_words_of_each_language() {
        let shapes = ["28x28x1", "3x3x4", "1x1x1"].map(str::to_owned).to_vec();
        for (value, english, korean) in [
            (Mention::Ordinal(1), "1st", "1번째"),
            (Mention::Ordinal(12), "12th", "12번째"),
            (Mention::Ordinal(22), "22nd", "22번째"),
            (Mention::Ordinal(113), "113th", "113번째"),
            (Mention::Lines(vec![7]), "line 7", "7번째 줄"),
            (Mention::Lines(vec![3, 5]), "lines 3 and 5", "3, 5번째 줄"),
            (Mention::Lines(vec![3, 5, 9]), "lines 3, 5 and 9", "3, 5, 9번째 줄"),
            (Mention::All(shapes), "28x28x1 and 3x3x4 and 1x1x1", "28x28x1, 3x3x4, 1x1x1"),
            (Mention::Named(Term::Constant, "width".to_owned()), "the constant `width`", "상수 `width`"),
            (Mention::Term(Term::Pooling), "pooling", "풀링"),
        ] {
            assert_eq!(value.words(Language::English, Among::Words), english);
            assert_eq!(value.words(Language::Korean, Among::Words), korean);
        }
    }

    /// A name of the user's is no phrase, even if it is spelt like one.
    #[test]
    fn code_is_not_translated() {
        let name = Mention::from("block");
        assert_eq!(name.words(Language::Korean, Among::Code), "block");
        assert_eq!(name.words(Language::Korean, Among::Words), "블록");
        assert_eq!(Mention::Phrase("a range").words(Language::Korean, Among::Code), "범위");
    }
}
