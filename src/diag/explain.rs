//! Pages on codes.

use super::catalogue::entry;
use super::{Code, Language};
use std::str::FromStr;

/// The page on a code, with a file that has the problem and the nearest one that has not; `None` where there is no such code.
pub fn explain(code: &str) -> Option<String> {
    let code = Code::from_str(code).ok()?;
    let entry = entry(Language::English, code)?;
    let [wrong, right] = code.examples();
    let example = |text: &str| {
        text.lines().map(|line| format!("    {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    };
    Some(format!(
        "{code} ({level})\n\n{page}\n\nWrong:\n\n{wrong}\n\nRight:\n\n{right}\n",
        level = code.level().as_str(),
        page = entry.page,
        wrong = example(wrong.trim_end()),
        right = example(right.trim_end()),
    ))
}
