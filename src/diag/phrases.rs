//! What code says in English, in other languages: phrases that are arguments of sentences (`a whole number`,
//! `the name of a layer`), and whole lines that leave the program for a person (`cannot read `x`: …`).
//!
//! Rooms say what they say in English, by `Display`. Where a line leaves the program it is looked up among
//! the patterns of `catalogue/ko` (see [`super::patterns`]). What no pattern fits stays as it is: it is the
//! user's own words. What is made of parts in a diagnostic is given as data instead, by [`super::Mention`].

use std::borrow::Cow;
use std::sync::LazyLock;

use super::patterns::Patterns;
use super::shown::shown;
use super::{Language, Level};

const PHRASES: &str = include_str!("catalogue/ko/phrases.txt");

/// Lines of the command line, by subject.
const LINES: &[&str] = &[
    include_str!("catalogue/ko/lines/help.txt"),
    include_str!("catalogue/ko/lines/clap.txt"),
    include_str!("catalogue/ko/lines/usage.txt"),
    include_str!("catalogue/ko/lines/commands.txt"),
    include_str!("catalogue/ko/lines/runs.txt"),
    include_str!("catalogue/ko/lines/ranks.txt"),
    include_str!("catalogue/ko/lines/files.txt"),
    include_str!("catalogue/ko/lines/import.txt"),
    include_str!("catalogue/ko/lines/onnx.txt"),
    include_str!("catalogue/ko/lines/data.txt"),
    include_str!("catalogue/ko/lines/judged.txt"),
    include_str!("catalogue/ko/lines/see.txt"),
    include_str!("catalogue/ko/lines/live.txt"),
    include_str!("catalogue/ko/lines/search.txt"),
    include_str!("catalogue/ko/lines/system.txt"),
];

/// What drawings say.
const DRAWINGS: &str = include_str!("catalogue/ko/lines/drawings.txt");

static KOREAN_DRAWINGS: LazyLock<Patterns> = LazyLock::new(|| Patterns::read(&[DRAWINGS]));

/// Of arguments of sentences. Lines are not among them: an argument may be any word of the user's.
static KOREAN_PHRASES: LazyLock<Patterns> = LazyLock::new(|| Patterns::read(&[PHRASES]));

static KOREAN_LINES: LazyLock<Patterns> = LazyLock::new(|| Patterns::read(&[&[PHRASES], LINES].concat()));

/// Bytes of a text that is looked up. Whatever is longer is the user's own words; and to look for a pattern
/// in it takes the longer the longer it is.
const MOST_BYTES: usize = 2_000;

/// A phrase in a language.
pub(super) fn translate(language: Language, value: &str) -> String {
    let value = shown(value);
    match language {
        Language::Korean if value.len() <= MOST_BYTES => KOREAN_PHRASES.as_far_as_known(&value),
        Language::English | Language::Korean => value,
    }
}

impl Language {
    /// A text for people, of one line or several: each is looked up without its indent and without the word
    /// in front (`note:`), which has its own translation.
    pub fn say(self, text: &str) -> Cow<'_, str> {
        match self {
            Language::English => Cow::Borrowed(text),
            Language::Korean => {
                let lines: Vec<String> = text.split('\n').map(korean_line).collect();
                Cow::Owned(lines.join("\n"))
            }
        }
    }
}

impl Language {
    /// What a drawing says, where it is ours: names are those of the user.
    pub fn label(self, text: &str) -> Cow<'_, str> {
        match self {
            Language::English => Cow::Borrowed(text),
            Language::Korean => Cow::Owned(KOREAN_DRAWINGS.as_far_as_known(text)),
        }
    }
}

fn korean_line(line: &str) -> String {
    let body = line.trim_start_matches(' ');
    let indent = &line[..line.len() - body.len()];
    let (word, rest) = word_in_front(body);
    let said = if rest.len() > MOST_BYTES { rest.to_owned() } else { columns(rest) };
    format!("{indent}{word}{said}")
}

/// A line as far as it is known: what two blanks divide is looked up by itself, as in a line of help or of an
/// epoch.
fn columns(line: &str) -> String {
    let mut text = String::new();
    let mut left = line;
    while let Some(at) = left.find("  ") {
        let blanks = left[at..].len() - left[at..].trim_start_matches(' ').len();
        text += &KOREAN_LINES.as_far_as_known(&left[..at]);
        text += &left[at..at + blanks];
        left = &left[at + blanks..];
    }
    text + &KOREAN_LINES.as_far_as_known(left)
}

/// The word that a line begins with (`error[E0602]: `) in Korean, and the rest.
fn word_in_front(line: &str) -> (String, &str) {
    let korean = Language::Korean;
    let words = [
        ("error", korean.level(Level::Error)),
        ("warning", korean.level(Level::Warning)),
        ("note", korean.note()),
        ("help", korean.help()),
        ("tip", korean.help()),
    ];
    for (english, word) in words {
        let Some((code, rest)) = line.strip_prefix(english).and_then(|rest| rest.split_once(": ")) else {
            continue;
        };
        if code.is_empty() || code.starts_with('[') && code.ends_with(']') {
            return (format!("{word}{code}: "), rest);
        }
    }
    (String::new(), line)
}

/// All lines and phrases with their translations.
#[cfg(test)]
pub(crate) fn korean_patterns() -> impl Iterator<Item = (&'static str, &'static str)> {
    [&[PHRASES], LINES].concat().into_iter().flat_map(super::patterns::lines)
}

/// What drawings say, with its translation.
#[cfg(test)]
pub(crate) fn korean_labels() -> impl Iterator<Item = (&'static str, &'static str)> {
    super::patterns::lines(DRAWINGS)
}

/// Those of the lines alone.
#[cfg(test)]
pub(crate) fn korean_lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    LINES.iter().flat_map(|file| super::patterns::lines(file))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::patterns::tests::names;
    use super::*;

    /// What options take is said in every language.
    #[test]
    fn types_of_options_are_translated() {
        let types =
            crate::layers::Layer::kinds().flat_map(|kind| kind.options).map(|option| option.ty.describe());
        let missing: Vec<&str> = types.filter(|ty| translate(Language::Korean, ty) == *ty).collect();
        assert!(missing.is_empty(), "not in ko/phrases.txt: {missing:?}");
        assert_eq!(translate(Language::English, "a number"), "a number");
    }

    /// A translation has the holes of its pattern, and no pattern stands twice.
    #[test]
    fn translations_have_the_holes_of_their_patterns() {
        let mut seen = HashSet::new();
        let mut wrong = Vec::new();
        for (pattern, translation) in korean_patterns() {
            if names(pattern) != names(translation) {
                wrong.push(format!("{pattern}: other holes in {translation}"));
            }
            if !seen.insert(pattern) {
                wrong.push(format!("{pattern}: stands twice"));
            }
        }
        for file in [&[PHRASES], LINES].concat() {
            let odd = file.lines().filter(|line| !line.starts_with("//") && !line.is_empty());
            wrong.extend(odd.filter(|line| !line.contains(" = ")).map(|line| format!("no ` = ` in {line}")));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// A particle behind a hole must fit what stands there: both forms are written, `은(는)`.
    #[test]
    fn particles_fit_whatever_stands_before_them() {
        let particles = ["은", "는", "이", "가", "을", "를", "와", "과", "로", "으로"];
        for (_, translation) in korean_patterns() {
            for (at, _) in translation.match_indices('}') {
                let rest = translation[at + 1..].trim_start_matches(['`', '\'', '"']);
                let end = rest.find(|letter| !('가'..='힣').contains(&letter)).unwrap_or(rest.len());
                let is_alone = particles.contains(&&rest[..end]) && !rest[end..].starts_with('(');
                assert!(!is_alone, "`{}` in {translation}", &rest[..end]);
            }
        }
    }

    /// A pattern of small words alone would fit any sentence.
    #[test]
    fn patterns_have_words_of_their_own() {
        let small = ["of", "and", "or", "in", "to", "for", "is", "the"];
        for (pattern, _) in korean_patterns().filter(|(pattern, _)| !names(pattern).is_empty()) {
            let outside = pattern.split('}').filter_map(|piece| piece.split('{').next());
            let mut words = outside.flat_map(|piece| piece.split(|c: char| !c.is_ascii_alphabetic()));
            let has_own = words.any(|word| word.len() > 1 && !small.contains(&word));
            let is_narrow =
                pattern.split('{').skip(1).all(|hole| hole.starts_with('#')) || pattern.contains('`');
            assert!(has_own || is_narrow, "{pattern}");
        }
    }

    #[test]
    fn lines_keep_their_indents_and_words() {
        let said = |text| Language::Korean.say(text).into_owned();
        assert_eq!(said("note: it is empty"), "참고: 비어 있습니다");
        assert_eq!(said("  help: x y z"), "  도움말: x y z");
        assert_eq!(said("error[E0602]: it is a folder\n  a"), "오류[E0602]: 폴더입니다\n  a");
        assert_eq!(said("errors: it is empty"), "errors: 비어 있습니다");
        assert_eq!(Language::English.say("note: it is empty"), "note: it is empty");
    }
}
