//! Lines and values.

use std::fmt::Display;

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
