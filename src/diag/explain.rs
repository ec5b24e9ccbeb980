//! Pages on codes.

use super::catalogue::page;
use super::{Code, Language, pages};
use std::str::FromStr;

/// The page on a code, where a file is at fault with one that has the problem and the nearest that
/// has not; `None` where there is no such code.
pub fn explain(code: &str, language: Language) -> Option<String> {
    of_files(code, language).or_else(|| pages::explain(code, language))
}

fn of_files(code: &str, language: Language) -> Option<String> {
    let code = Code::from_str(code).ok()?;
    let page = page(language, code)?;
    let [wrong, right] = code.examples();
    let [wrong_word, right_word] = language.wrong_and_right();
    let example = |text: &str| {
        text.lines().map(|line| format!("    {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    };
    Some(format!(
        "{code} ({level})\n\n{page}\n\n{wrong_word}:\n\n{wrong}\n\n{right_word}:\n\n{right}\n",
        level = language.level(code.level()),
        wrong = example(wrong.trim_end()),
        right = example(right.trim_end()),
    ))
}
