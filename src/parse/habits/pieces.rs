//! The words of a text with what stands around them: what habits are looked for in.

use std::collections::BTreeMap;

use super::marks::{self, Quoted};
use crate::parse::Rule;
use crate::parse::split::{Token, tokens};
use crate::source::Span;

/// How many brackets back the partner of a closing one is looked for, and how many pieces back the beginning
/// of a statement: what is longer was not written by hand.
const FARTHEST: usize = 64;

/// A word, mark or bracket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'t> {
    pub(super) text: &'t str,
    pub(super) rule: Rule,
    pub(super) span: Span,
    /// The innermost open bracket around it.
    pub(super) inside: Option<usize>,
    /// Whether it is the first of its line.
    pub(super) first: bool,
    /// Whether a statement begins with it.
    pub(super) begins: bool,
    /// What a brace holds; of other pieces nothing is known.
    pub(super) holds: Option<Holds>,
    /// A text between quotes of other languages: what stands between them.
    pub(super) quoted: Option<&'t str>,
}

/// What stands between two braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Layers.
    Layers,
    /// Settings.
    Settings,
    /// `key: value, …`
    Pairs,
}

/// All pieces of a text; comments and line ends are none.
pub(super) struct Pieces<'t> {
    pub(super) text: &'t str,
    pub(super) all: Vec<Piece<'t>>,
    /// Comments that begin with `#`: the marks alone.
    pub(super) hashes: Vec<Span>,
    /// Comments between `/*` and `*/`.
    pub(super) comments: Vec<Span>,
    /// The partner of each opening bracket that has one.
    closers: BTreeMap<usize, usize>,
}

impl<'t> Pieces<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut pieces = Self {
            text,
            all: Vec::new(),
            hashes: Vec::new(),
            comments: Vec::new(),
            closers: BTreeMap::new(),
        };
        pieces.cut();
        pieces.match_brackets();
        pieces.find_statements();
        pieces
    }

    /// The piece at an index, if there is one.
    pub(super) fn get(&self, at: usize) -> Option<&Piece<'t>> {
        self.all.get(at)
    }

    /// The piece before another one.
    pub(super) fn before(&self, at: usize) -> Option<&Piece<'t>> {
        self.all.get(at.checked_sub(1)?)
    }

    /// Whether a piece is this one.
    pub(super) fn is(&self, at: usize, what: &str) -> bool {
        self.all.get(at).is_some_and(|piece| piece.text == what)
    }

    /// The bracket around a piece: `(`, `[` or `{`.
    pub(super) fn around(&self, at: usize) -> Option<&Piece<'t>> {
        self.all.get(self.all.get(at)?.inside?)
    }

    /// The index of what closes the bracket of an index.
    pub(super) fn closer(&self, open: usize) -> Option<usize> {
        self.closers.get(&open).copied()
    }

    /// Whether nothing stands between a piece and the next one, no blank either.
    pub(super) fn touches_next(&self, at: usize) -> bool {
        match (self.all.get(at), self.all.get(at + 1)) {
            (Some(piece), Some(next)) => piece.span.end == next.span.start,
            _ => false,
        }
    }

    /// The piece with which the statement of another one begins.
    pub(super) fn beginning(&self, at: usize) -> Option<usize> {
        (at.saturating_sub(FARTHEST)..=at).rev().find(|&at| self.all[at].begins)
    }

    /// Whether a piece is the last of its line.
    pub(super) fn is_last(&self, at: usize) -> bool {
        self.all.get(at + 1).is_none_or(|next| next.first)
    }

    /// The text from one piece to another.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'t str {
        match (self.all.get(from), self.all.get(to)) {
            (Some(from), Some(to)) => self.text.get(from.span.start..to.span.end).unwrap_or(""),
            _ => "",
        }
    }

    /// The whole run of pieces around one of which each touches the next; brackets, commas and colons end it.
    pub(super) fn run(&self, at: usize) -> (usize, usize) {
        let joins = |at: usize| {
            self.touches_next(at)
                && [at, at + 1].iter().all(|&at| {
                    !matches!(
                        self.all[at].rule,
                        Rule::open | Rule::close | Rule::comma | Rule::colon | Rule::semicolon
                    )
                })
        };
        let mut to = at;
        while joins(to) {
            to += 1;
        }
        (at, to)
    }

    fn cut(&mut self) {
        let (mut first, mut hidden_to) = (true, 0);
        for Token { rule, span } in tokens(self.text) {
            let text = &self.text[span.start..span.end];
            if rule == Rule::newline {
                first = true;
                continue;
            }
            if rule == Rule::comment || span.start < hidden_to {
                continue;
            }
            if text == "#" {
                let rest = &self.text[span.start..];
                let line = rest.lines().next().unwrap_or(rest);
                let marks = line.len() - line.trim_start_matches('#').len();
                self.hashes.push(Span::new(span.start, span.start + marks));
                hidden_to = span.start + line.len();
                continue;
            }
            if let Some(inner) = self.text[span.start..].strip_prefix("/*")
                && let Some(length) = inner.find("*/")
            {
                hidden_to = span.start + length + 4;
                self.comments.push(Span::new(span.start, hidden_to));
                continue;
            }
            let mut piece = Piece {
                text,
                rule,
                span,
                inside: None,
                first: std::mem::take(&mut first),
                begins: false,
                holds: None,
                quoted: None,
            };
            if let Some(Quoted { inner, end }) = marks::quoted(self.text, span) {
                piece.rule = Rule::text;
                piece.quoted = Some(inner);
                piece.span.end = end;
                piece.text = &self.text[piece.span.start..end];
                hidden_to = end;
            }
            // letters of other scripts make one word with what they touch
            let is_letter =
                |piece: &Piece<'_>| piece.rule == Rule::word || piece.text.chars().all(char::is_alphabetic);
            match self.all.last_mut() {
                Some(last)
                    if last.span.end == piece.span.start
                        && is_letter(last)
                        && is_letter(&piece)
                        && !(last.text.is_ascii() && piece.text.is_ascii()) =>
                {
                    last.span.end = piece.span.end;
                    last.text = &self.text[last.span.start..last.span.end];
                    last.rule = Rule::word;
                }
                _ => {
                    if is_letter(&piece) {
                        piece.rule = Rule::word;
                    }
                    self.all.push(piece);
                }
            }
        }
    }

    fn match_brackets(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for at in 0..self.all.len() {
            let piece = self.all[at];
            if piece.rule == Rule::close {
                let partner = match piece.text {
                    ")" => "(",
                    "]" => "[",
                    _ => "{",
                };
                let near = open.len().saturating_sub(FARTHEST);
                let is_partner = |&open: &usize| self.all[open].text == partner;
                if let Some(back) = open[near..].iter().rposition(is_partner) {
                    self.closers.insert(open[near + back], at);
                    open.truncate(near + back);
                }
            }
            self.all[at].inside = open.last().copied();
            if piece.rule == Rule::open {
                open.push(at);
            }
        }
    }

    fn find_statements(&mut self) {
        for at in 0..self.all.len() {
            let in_block = match self.around(at) {
                None => true,
                Some(open) => matches!(open.holds, Some(Holds::Layers | Holds::Settings)),
            };
            self.all[at].begins = in_block && self.all[at].rule != Rule::close && self.follows_an_end(at);
            if self.is(at, "{") {
                self.all[at].holds = Some(self.held_by(at));
            }
        }
    }

    /// Whether what stands before a piece has ended its statement.
    fn follows_an_end(&self, at: usize) -> bool {
        let Some(before) = self.before(at) else { return true };
        let block = before.text == "{" && before.holds.is_some_and(|holds| holds != Holds::Pairs);
        match before.rule {
            Rule::semicolon => true,
            Rule::open => block,
            Rule::close if before.text == "}" => {
                !matches!(self.all[at].text, "->" | "else" | "," | ")" | "]")
            }
            Rule::arrow | Rule::infix => false,
            // between two statements a comma ends a line by mistake
            _ => self.all[at].first,
        }
    }

    /// What a brace holds, by what stands before it.
    fn held_by(&self, brace: usize) -> Holds {
        let value = self.before(brace).is_some_and(|before| {
            matches!(before.rule, Rule::colon | Rule::comma | Rule::infix) || matches!(before.text, "(" | "[")
        });
        if value {
            return Holds::Pairs;
        }
        let head: Vec<&Piece<'_>> = self.head(brace);
        let is_definition = head.first().is_some_and(|word| is_definition(word.text));
        match self.around(brace).and_then(|open| open.holds) {
            Some(holds) => holds,
            None if is_definition => Holds::Layers,
            None if head.len() <= 2 && head.iter().all(|word| word.rule == Rule::word) => Holds::Settings,
            None => Holds::Layers,
        }
    }

    /// The pieces of the statement that a brace belongs to.
    fn head(&self, brace: usize) -> Vec<&Piece<'t>> {
        // a brace that begins its line belongs to the line before
        let before = brace.checked_sub(1).and_then(|before| self.beginning(before));
        let is_head = |&from: &usize| self.all[from].inside == self.all[brace].inside;
        before.filter(is_head).map_or(Vec::new(), |from| self.all[from..brace].iter().collect())
    }
}

/// Whether a word begins a model or a block, however it is written.
pub(super) fn is_definition(word: &str) -> bool {
    ["model", "block"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

/// Whether a text can be a name.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a text is a whole number.
pub(super) fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
