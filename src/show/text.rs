//! Lines and values.

use std::fmt::Display;
use std::path::Path;

/// Text that is being written.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    depth: usize,
}

impl Text {
    /// One line.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(&"    ".repeat(self.depth));
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// `head {`, after an empty line where it stands at the top.
    pub(super) fn open(&mut self, head: impl Display) {
        if self.depth == 0 {
            self.text.push('\n');
        }
        self.line(format!("{head} {{"));
        self.depth += 1;
    }

    /// `}`
    pub(super) fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    /// `key: value`
    pub(super) fn set(&mut self, key: &str, value: impl Display) {
        self.line(format!("{key}: {value}"));
    }

    /// What has been written.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// The head of a section.
pub(super) fn section(kind: &str, target: super::Target<'_>) -> String {
    target.map_or(kind.to_owned(), |target| format!("{kind} {target}"))
}

/// `callee(a, b)`; without arguments `callee`.
pub(super) fn call(callee: &str, arguments: &[String]) -> String {
    if arguments.is_empty() { callee.to_owned() } else { format!("{callee}({})", arguments.join(", ")) }
}

/// `name: value`
pub(super) fn named(name: &str, value: impl Display) -> String {
    format!("{name}: {value}")
}

/// `[a, b]`
pub(super) fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(", "))
}

/// A text of the language, which has no escapes: a text that was read has no quote in it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A path as a text.
pub(super) fn path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// A number that is read as the same one: numbers are read with 64 bits and then rounded.
pub(super) fn number(value: f32) -> String {
    let short = value.to_string();
    let again = short.parse::<f64>().map(|wide| wide as f32);
    if again == Ok(value) { short } else { f64::from(value).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in [0.1_f32, 1.0 / 255.0, 1e-7, 0.0, 3.0e38, -0.5, f32::MIN_POSITIVE, 16_777_217.0] {
            assert_eq!(number(value).parse::<f64>().map(|wide| wide as f32), Ok(value));
        }
    }
}
