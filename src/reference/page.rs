//! The page of a word.

use std::fmt::Write;

use super::{Entry, korean};
use crate::diag::Language;
use crate::vocabulary::{Category, OptionSpec, OptionType, call, named};

/// Columns of a page.
pub(super) const WIDTH: usize = 100;

/// What a word means, how it is written and what it takes.
pub fn page(entry: &Entry, language: Language) -> String {
    let Entry { word, .. } = entry;
    let labels = Labels::of(language);
    let mut text = format!("{} ({})\n\n", word.keyword, labels.kind(entry));
    paragraph(&mut text, "", &said(word.help, language));
    text.push('\n');
    let mut fact = |label: &str, value: &str| {
        if !value.is_empty() {
            line(&mut text, labels.width, label, value);
        }
    };
    fact(labels.example, &entry.example);
    if entry.category != Category::Section {
        fact(labels.written, &written(entry));
    }
    if let Some(setting) = &entry.setting {
        fact(labels.takes, &takes(setting.ty, language));
        fact(labels.default, &default(setting, labels));
    }
    fact(labels.shape, &said(entry.shape, language));
    fact(labels.computes, word.formula);
    fact(labels.source, word.source);
    fact(labels.elsewhere, word.keras);
    if !word.options.is_empty() {
        let heading = if entry.category == Category::Section { labels.settings } else { labels.options };
        let _ = write!(text, "\n{heading}\n");
        word.options.iter().for_each(|option| describe(&mut text, option, labels, language));
    }
    text
}

/// `adam(lr: 0.001, …)`: the word with all options at their defaults.
fn written(entry: &Entry) -> String {
    let options = entry.word.options.iter().map(|option| match option.default {
        Some(default) => named(option.name, default),
        None => option.name.to_owned(),
    });
    let options: Vec<String> = options.collect();
    if options.is_empty() { String::new() } else { call(entry.word.keyword, &options) }
}

fn describe(text: &mut String, option: &OptionSpec, labels: &Labels, language: Language) {
    let head = format!("{}: {} ({})", option.name, takes(option.ty, language), default(option, labels));
    text.push('\n');
    paragraph(text, "  ", &head);
    paragraph(text, "      ", &said(option.help, language));
}

/// What an option takes.
fn takes(ty: OptionType, language: Language) -> String {
    if let Some(words) = ty.choices() {
        return quoted(words.iter().copied());
    }
    let said = said(ty.describe(), language);
    if let OptionType::Within { min, max } = ty
        && max < usize::MAX
    {
        return format!("{said} ({min}..{max})");
    }
    said
}

/// `a`, `b`
pub(super) fn quoted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn default(option: &OptionSpec, labels: &Labels) -> String {
    option
        .default
        .map_or_else(|| labels.required.to_owned(), |default| format!("{} `{default}`", labels.default))
}

/// A sentence of a table in a language.
fn said(english: &str, language: Language) -> String {
    match language {
        Language::English => english.to_owned(),
        Language::Korean => korean(english).unwrap_or(english).to_owned(),
    }
}

/// Text of several lines, each behind `before`.
fn paragraph(text: &mut String, before: &str, words: &str) {
    let options = textwrap::Options::new(WIDTH).initial_indent(before).subsequent_indent(before);
    for line in textwrap::wrap(words, options) {
        let _ = writeln!(text, "{line}");
    }
}

/// `  Label  value`, values below each other.
fn line(text: &mut String, width: usize, label: &str, value: &str) {
    let gap = width.saturating_sub(textwrap::core::display_width(label));
    let before = format!("  {label}{}", " ".repeat(gap + 2));
    let behind = " ".repeat(width + 4);
    for line in textwrap::wrap(
        value,
        textwrap::Options::new(WIDTH).initial_indent(&before).subsequent_indent(&behind),
    ) {
        let _ = writeln!(text, "{line}");
    }
}

/// Words of the page itself.
struct Labels {
    example: &'static str,
    written: &'static str,
    takes: &'static str,
    default: &'static str,
    required: &'static str,
    shape: &'static str,
    computes: &'static str,
    source: &'static str,
    elsewhere: &'static str,
    options: &'static str,
    settings: &'static str,
    setting_of: &'static str,
    /// Columns of the longest label.
    width: usize,
    language: Language,
}

impl Labels {
    fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Korean => &KOREAN,
        }
    }

    /// What an entry is.
    fn kind(&self, entry: &Entry) -> String {
        match entry.setting {
            Some(_) => self.setting_of.replace("{section}", entry.group),
            None => said(entry.category.name(), self.language),
        }
    }
}

const ENGLISH: Labels = Labels {
    example: "Example",
    written: "In full",
    takes: "Takes",
    default: "default",
    required: "must be written",
    shape: "Shape",
    computes: "Computes",
    source: "Source",
    elsewhere: "Elsewhere",
    options: "Options",
    settings: "Settings",
    setting_of: "setting of `{section}`",
    width: 9,
    language: Language::English,
};

const KOREAN: Labels = Labels {
    example: "예",
    written: "전체 형태",
    takes: "값",
    default: "기본값",
    required: "반드시 적어야 합니다",
    shape: "모양",
    computes: "계산",
    source: "출처",
    elsewhere: "다른 이름",
    options: "옵션",
    settings: "설정",
    setting_of: "`{section}`의 설정",
    width: 9,
    language: Language::Korean,
};
