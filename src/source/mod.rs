//! File text and byte spans: where every word of a program came from.

mod index;
mod map;

pub use map::SourceMap;

use index::Index;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A half-open range of bytes in one source file. `Span::default()` (0..0) stands for "no place of its own".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether the span covers no byte.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// A value together with the place where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// One source file: the name to show and its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path as the user gave it (what diagnostics show).
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
    /// Made when a place is first asked for; it follows from the text.
    index: Arc<OnceLock<Index>>,
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.text == other.text
    }
}

impl Eq for SourceFile {}

impl SourceFile {
    /// A source file from its name and text.
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into(), index: Arc::default() }
    }

    /// 1-based line and column (in characters) of a byte offset; offsets past the end give the end.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let (line, column) = self.index().line_column(&self.text, offset);
        (line + 1, column + 1)
    }

    /// The line that holds a byte offset, counted from 0; an offset past the end lies in the last.
    pub fn line_of(&self, offset: usize) -> usize {
        self.index().line_of(offset)
    }

    /// The bytes of a line, counted from 0, with its line end.
    pub fn line(&self, line: usize) -> Range<usize> {
        self.index().line(line, self.text.len())
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(&self.text))
    }

    /// The text of a span; empty where the span does not lie in this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }
}
