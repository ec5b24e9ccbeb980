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

/// A language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
}

impl Language {
    /// What the label at a statement says that uses the block a problem is in.
    pub(super) fn used_here(self) -> &'static str {
        match self {
            Language::English => "used here",
        }
    }
}

/// What the catalogue says under one code.
#[derive(Debug, Default)]
pub(super) struct Entry {
    sentences: BTreeMap<&'static str, &'static str>,
    /// The explaining page, without examples.
    pub(super) page: String,
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

/// The entry of a code.
pub(super) fn entry(language: Language, code: Code) -> Option<&'static Entry> {
    let catalogue = match language {
        Language::English => &ENGLISH,
    };
    catalogue.get(code.as_str())
}

/// The sentence of a code, its placeholders filled in. A missing sentence gives its key: a test sees to it that none is missing.
pub(super) fn sentence(language: Language, code: Code, key: &str, arguments: &[&[Argument]]) -> String {
    let template = entry(language, code).and_then(|entry| entry.sentences.get(key)).copied().unwrap_or(key);
    fill(template, arguments)
}

fn fill(template: &str, arguments: &[&[Argument]]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        let inner = &rest[open + 1..];
        let Some(close) = inner.find('}') else {
            rest = &rest[open..];
            break;
        };
        let name = &inner[..close];
        match arguments.iter().flat_map(|list| list.iter()).find(|(known, _)| *known == name) {
            Some((_, value)) => text.push_str(value),
            None => text.push_str(&rest[open..open + close + 2]),
        }
        rest = &inner[close + 1..];
    }
    text.push_str(rest);
    text
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

    #[test]
    fn every_code_has_a_sentence_and_a_page() {
        for &code in Code::ALL {
            let entry = entry(Language::English, code).unwrap_or_else(|| panic!("{code} is not in the catalogue"));
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

    #[test]
    fn fills_placeholders() {
        let arguments: &[Argument] = &[("a", "1".to_owned())];
        assert_eq!(fill("{a} and {b} {", &[arguments]), "1 and {b} {");
    }
}
