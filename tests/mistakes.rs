//! Mistakes of beginners, and what is said of each: `fixtures/check/mistakes/<group>/<CODE>-<what>.cnn` has one
//! problem, that of the code (a line with two mistakes has two: `E0008+E0027-…`); `<CODE>-<what>.ok.cnn`, where there is one, is right and nearly the same.

mod cards;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cnnc::diag::{Language, Level, RenderStyle, render, repair};
use cnnc::front::{Loaded, LowerOptions, Surroundings, WeightsFile, load_within};
use cnnc::source::SourceFile;

/// Mistakes that are in the folders; a lower number says that some were lost.
const LEAST: usize = 200;

/// Rounds of edits: what one edit writes may be what another one changes.
const MOST_ROUNDS: usize = 8;

fn load(name: &str, text: &str) -> Loaded {
    let read = |_: &Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    load_within(
        SourceFile::new(name, text),
        &LowerOptions::default(),
        Surroundings {
            card_of: &cards::card_of,
            missing: &|_| None,
            read: &read,
            weights: &|_| WeightsFile::Unknown,
            memory: &|_, _| None,
        },
    )
}

fn drawn(loaded: &Loaded) -> String {
    let shown = loaded.problems.iter().filter(|problem| problem.level != Level::Hint);
    let texts: Vec<String> =
        shown.map(|problem| render(problem, &loaded.sources, RenderStyle::plain())).collect();
    texts.join("\n")
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    let shown = loaded.problems.iter().filter(|problem| problem.level != Level::Hint);
    shown.map(|problem| problem.code.as_str()).collect()
}

/// The text once all edits are made that errors and warnings offer.
fn mended(name: &str, text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..MOST_ROUNDS {
        let loaded = load(name, &text);
        let Some(next) = repair(&loaded.problems, &loaded.sources, &|_| true).into_iter().next() else {
            break;
        };
        text = next.text;
    }
    text
}

/// The lines that mending has changed, without those that are in both texts.
fn changed(before: &str, after: &str) -> String {
    let lines = |text: &str, other: &str, sign: char| -> String {
        let others: Vec<&str> = other.lines().collect();
        let own = text.lines().filter(|line| !others.contains(line));
        own.map(|line| format!("{sign} {line}\n")).collect()
    };
    format!("{}{}", lines(before, after, '-'), lines(after, before, '+'))
}

fn groups() -> BTreeMap<String, Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/check/mistakes");
    let entries = |folder: &Path| {
        let found = std::fs::read_dir(folder).expect("the folder is there");
        let mut paths: Vec<PathBuf> = found.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths
    };
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    entries(&folder).iter().map(|group| (name(group), entries(group))).collect()
}

#[test]
fn each_mistake_is_said_once_and_mended_where_the_right_text_is_known() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for (group, paths) in groups() {
        let mut page = String::new();
        for path in paths {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("the file is there");
            let loaded = load(&name, &text);
            if name.ends_with(".ok.cnn") {
                if !codes(&loaded).is_empty() {
                    wrong.push(format!("{name} is right\n{}", drawn(&loaded)));
                }
                continue;
            }
            seen += 1;
            let expected: Vec<&str> = name.split('-').next().expect("codes").split('+').collect();
            if codes(&loaded) != expected {
                wrong.push(format!("{name} has {:?}", codes(&loaded)));
            }
            let after = mended(&name, &text);
            page += &format!("{}{}\n", drawn(&loaded), changed(&text, &after));
            let rest = load(&name, &after);
            if after != text && rest.problems.has_errors() {
                wrong.push(format!("{name} is no better\n{after}\n{}", drawn(&rest)));
            }
        }
        insta::assert_snapshot!(group, page);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= LEAST, "only {seen} mistakes");
}

/// Sentences of mistakes are whole in every language.
#[test]
fn mistakes_are_said_in_korean_too() {
    for path in groups().into_values().flatten() {
        let text = std::fs::read_to_string(&path).expect("the file is there");
        for problem in load("a.cnn", &text).problems.iter() {
            let said = |language| {
                let mut said = vec![problem.message(language)];
                said.extend(problem.note_texts(language).into_iter().chain(problem.help_texts(language)));
                said.extend(problem.labels.iter().map(|label| problem.label_text(label, language)));
                said
            };
            let (english, korean) = (said(Language::English), said(Language::Korean));
            for (english, korean) in english.iter().zip(&korean) {
                assert!(!korean.is_ascii() || korean == english, "{}: {english} / {korean}", path.display());
            }
        }
    }
}
