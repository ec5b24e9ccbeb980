//! The words of a text and the statements they make: what a formatter needs, comments among them.

use super::Rule;
use super::split::{self, RawStatement};
use crate::diag::Problems;
use crate::source::Span;

/// A text, cut into words and statements.
pub(crate) struct Outline {
    /// All words and comments, in order; blanks and line ends are no words.
    pub(crate) words: Vec<Word>,
    /// The statements of the file's top.
    pub(crate) statements: Vec<RawStatement>,
}

/// A word of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    /// What it is.
    pub(crate) kind: WordKind,
    /// Where it stands.
    pub(crate) span: Span,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordKind {
    /// `// …`
    Comment,
    /// `"…"`
    Text,
    /// `->`
    Arrow,
    /// An operator, `=` or `..`.
    Infix,
    /// `(`, `[`, `{`
    Open,
    /// `)`, `]`, `}`
    Close,
    /// `;`
    Semicolon,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// Letters, digits and what may stand in a name, a number or a size.
    Plain,
    /// Anything else.
    Other,
}

/// Cuts a text; the problems are those of brackets alone.
pub(crate) fn outline(text: &str) -> (Outline, Problems) {
    let mut problems = Problems::new();
    let split = split::split(text, &mut problems);
    let words =
        split.tokens.iter().filter_map(|token| Some(Word { kind: kind(token.rule)?, span: token.span }));
    (Outline { words: words.collect(), statements: split.statements }, problems)
}

/// The kind of a token; `None` for a line end.
fn kind(rule: Rule) -> Option<WordKind> {
    Some(match rule {
        Rule::newline => return None,
        Rule::comment => WordKind::Comment,
        Rule::text | Rule::open_text => WordKind::Text,
        Rule::arrow => WordKind::Arrow,
        Rule::infix => WordKind::Infix,
        Rule::open => WordKind::Open,
        Rule::close => WordKind::Close,
        Rule::semicolon => WordKind::Semicolon,
        Rule::comma => WordKind::Comma,
        Rule::colon => WordKind::Colon,
        Rule::word => WordKind::Plain,
        _ => WordKind::Other,
    })
}
