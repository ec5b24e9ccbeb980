//! The sentences, by code and language.
//!
//! A file of the catalogue holds entries of this form; `{name}` is replaced by an argument of the diagnostic:
//! ```text
//! == E0103
//! say: `{layer}` needs a vector, but gets a {found} feature map
//! wants: wants one dimension
//! --
//! The page of `cnnc explain E0103`, up to the next `==`.
//! ```

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Code;
use super::diagnostic::Argument;
use super::mention::Among;

/// A language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// What the label at a statement says that uses the block a problem is in.
    pub(super) fn used_here(self) -> &'static str {
        match self {
            Language::English => "used here",
            Language::Korean => "여기서 쓰입니다",
        }
    }
}

/// What the catalogue says under one code.
#[derive(Debug, Default)]
struct Entry {
    sentences: BTreeMap<&'static str, &'static str>,
    /// The explaining page, without examples.
    page: String,
}

type Catalogue = BTreeMap<&'static str, Entry>;

static ENGLISH: LazyLock<Catalogue> = LazyLock::new(|| {
    read(&[
        include_str!("en/syntax.txt"),
        include_str!("en/shapes.txt"),
        include_str!("en/output.txt"),
        include_str!("en/data.txt"),
        include_str!("en/augment.txt"),
        include_str!("en/training.txt"),
    ])
});

static KOREAN: LazyLock<Catalogue> = LazyLock::new(|| {
    read(&[
        include_str!("ko/syntax.txt"),
        include_str!("ko/augment.txt"),
        include_str!("ko/shapes.txt"),
        include_str!("ko/output.txt"),
        include_str!("ko/data.txt"),
        include_str!("ko/training.txt"),
    ])
});

fn catalogue(language: Language) -> &'static Catalogue {
    match language {
        Language::English => &ENGLISH,
        Language::Korean => &KOREAN,
    }
}

/// The entry of a code, in English where the language has none.
fn entry(language: Language, code: Code) -> Option<&'static Entry> {
    catalogue(language).get(code.as_str()).or_else(|| ENGLISH.get(code.as_str()))
}

/// The explaining page of a code, without examples.
pub(super) fn page(language: Language, code: Code) -> Option<&'static str> {
    entry(language, code).map(|entry| entry.page.as_str())
}

/// The main sentence of a code with its placeholders as they are: `{layer}`.
pub fn main_sentence(language: Language, code: Code) -> &'static str {
    entry(language, code).and_then(|entry| entry.sentences.get("say")).copied().unwrap_or("")
}

/// The sentence of a code, its placeholders filled in. A missing sentence gives its key: a test sees to it
/// that none is missing.
pub(super) fn sentence(language: Language, code: Code, key: &str, arguments: &[&[Argument]]) -> String {
    let own = catalogue(language).get(code.as_str()).and_then(|entry| entry.sentences.get(key));
    let found = own.or_else(|| ENGLISH.get(code.as_str())?.sentences.get(key));
    let Some(template) = found.copied() else { return key.to_owned() };
    fill(template, arguments, language)
}

fn fill(template: &str, arguments: &[&[Argument]], language: Language) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    let mut among = Among::Words;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        among = after(&rest[..open], among);
        let inner = &rest[open + 1..];
        let Some(close) = inner.find('}') else {
            rest = &rest[open..];
            break;
        };
        let name = &inner[..close];
        match arguments.iter().flat_map(|list| list.iter()).find(|(known, _)| *known == name) {
            Some((_, value)) => {
                let words = value.words(language, among);
                if words.starts_with('\n') {
                    text.truncate(text.trim_end().len());
                }
                text.push_str(&words);
            }
            None => text.push_str(&rest[open..open + close + 2]),
        }
        rest = &inner[close + 1..];
    }
    text.push_str(rest);
    text
}

/// Where the end of a piece of a sentence stands, from where its beginning does: each backquote begins or
/// ends code.
fn after(piece: &str, among: Among) -> Among {
    match (among, piece.matches('`').count() % 2) {
        (Among::Words, 0) | (Among::Code, 1) => Among::Words,
        _ => Among::Code,
    }
}

fn read(files: &[&'static str]) -> Catalogue {
    let mut catalogue = Catalogue::new();
    for section in files.iter().flat_map(|file| file.split("\n== ")) {
        let section = section.strip_prefix("== ").unwrap_or(section);
        let (head, page) = section.split_once("\n--\n").unwrap_or((section, ""));
        let mut lines = head.lines();
        let Some(code) = lines.next().map(str::trim).filter(|code| !code.is_empty()) else { continue };
        let mut entry = Entry { page: page.trim().to_owned(), ..Entry::default() };
        entry.sentences.extend(lines.filter_map(|line| line.split_once(": ")));
        catalogue.insert(code, entry);
    }
    catalogue
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Mention;

    #[test]
    fn every_code_has_a_sentence_and_a_page() {
        for &code in Code::ALL {
            let entry =
                entry(Language::English, code).unwrap_or_else(|| panic!("{code} is not in the catalogue"));
            assert!(entry.sentences.contains_key("say"), "{code} has no main sentence");
            assert!(entry.page.len() > 40, "{code} has no page");
        }
    }

    #[test]
    fn every_entry_belongs_to_a_code() {
        for code in ENGLISH.keys() {
            assert!(code.parse::<Code>().is_ok(), "{code} is in the catalogue but not in the table");
        }
    }

    /// Placeholders of a sentence, sorted.
    fn placeholders(sentence: &str) -> Vec<&str> {
        let mut names: Vec<&str> = sentence
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Every language says the same things of the same codes, with the same values. Lists all that is
    /// missing.
    #[test]
    fn languages_have_the_same_sentences() {
        let mut missing: Vec<String> = Vec::new();
        for (code, english) in ENGLISH.iter() {
            let Some(korean) = KOREAN.get(code) else {
                missing.push(format!("ko: no entry `== {code}`"));
                continue;
            };
            for (key, sentence) in &english.sentences {
                match korean.sentences.get(key) {
                    None => missing.push(format!("ko: {code} has no `{key}:` (en: {sentence})")),
                    Some(other) if placeholders(other) != placeholders(sentence) => missing.push(format!(
                        "ko: {code} `{key}` has the placeholders {:?}, not {:?}",
                        placeholders(other),
                        placeholders(sentence)
                    )),
                    Some(_) => {}
                }
            }
            missing.extend(
                korean
                    .sentences
                    .keys()
                    .filter(|key| !english.sentences.contains_key(*key))
                    .map(|key| format!("ko: {code} has a `{key}:` that English does not have")),
            );
            if korean.page.chars().count() < 20 {
                missing.push(format!("ko: {code} has no page"));
            }
        }
        let unknown = KOREAN.keys().filter(|code| !ENGLISH.contains_key(*code));
        missing.extend(unknown.map(|code| format!("ko: there is no code {code}")));
        assert!(missing.is_empty(), "{} to translate:\n{}", missing.len(), missing.join("\n"));
    }

    /// A particle after a value must fit what stands before it: both forms are written, `은(는)`.
    #[test]
    fn particles_fit_whatever_stands_before_them() {
        for (code, entry) in KOREAN.iter() {
            for (key, sentence) in &entry.sentences {
                for at in placeholders(sentence).iter().flat_map(|name| {
                    let name = format!("{{{name}}}");
                    sentence.match_indices(&name).map(|(at, found)| at + found.len()).collect::<Vec<_>>()
                }) {
                    let rest = sentence[at..].trim_start_matches(['`', '"']);
                    let first: String = rest.chars().take_while(|c| ('가'..='힣').contains(c)).collect();
                    let single = ["은", "는", "이", "가", "을", "를", "와", "과", "로", "으로"]
                        .contains(&first.as_str());
                    let both = rest.strip_prefix(first.as_str()).is_some_and(|rest| rest.starts_with('('));
                    assert!(!single || both, "{code} `{key}`: `{first}` in {sentence}");
                }
            }
        }
    }

    #[test]
    fn fills_placeholders() {
        let arguments: &[Argument] = &[("a", Mention::from("1")), ("c", Mention::from("block"))];
        assert_eq!(fill("{a} and {b} {", &[arguments], Language::English), "1 and {b} {");
        assert_eq!(
            fill("{c} `x.{c}` {c} `{c}`", &[arguments], Language::Korean),
            "블록 `x.block` 블록 `block`"
        );
    }
}
