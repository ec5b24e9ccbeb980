//! The words of a piece of text as a tree: words, comments, and brackets with what they hold.

use crate::parse::{Word, WordKind};

/// A part of a statement.
#[derive(Debug)]
pub(super) enum Element<'t> {
    /// A word.
    Word {
        /// As it is written.
        text: &'t str,
        /// What it is.
        kind: WordKind,
        /// Whether a blank stands before it, unless it begins a line.
        blank: bool,
        /// Whether its line ended behind it.
        ends_line: bool,
    },
    /// Brackets.
    Group(Group<'t>),
    /// A comment.
    Comment(Comment<'t>),
}

/// A comment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comment<'t> {
    /// With its `//`.
    pub(super) text: &'t str,
    /// Whether it has a line of its own.
    pub(super) own_line: bool,
}

/// Brackets and what stands in them.
#[derive(Debug)]
pub(super) struct Group<'t> {
    /// `(`, `[` or `{`
    pub(super) open: &'t str,
    /// Its partner.
    pub(super) close: &'t str,
    /// Whether a blank stands before it.
    pub(super) blank: bool,
    /// Comments behind the opening bracket, on its line.
    pub(super) opening: Vec<Comment<'t>>,
    /// What commas part.
    pub(super) items: Vec<Item<'t>>,
    /// Comments behind the last item, on lines of their own.
    pub(super) closing: Vec<Comment<'t>>,
    /// Whether there is a comma: brackets around a calculation have none, and take none.
    pub(super) has_comma: bool,
}

/// What stands between commas.
#[derive(Debug, Default)]
pub(super) struct Item<'t> {
    /// Comments on lines of their own before it.
    pub(super) leading: Vec<Comment<'t>>,
    /// Its words.
    pub(super) elements: Vec<Element<'t>>,
    /// Comments behind it.
    pub(super) trailing: Vec<Comment<'t>>,
}

/// Widest item of a list that is filled line by line.
const SHORT: usize = 16;

impl<'t> Group<'t> {
    /// The group on one line; `None` with a comment in it.
    pub(super) fn flat(&self) -> Option<String> {
        if !self.opening.is_empty() || !self.closing.is_empty() {
            return None;
        }
        let mut items = Vec::with_capacity(self.items.len());
        for item in &self.items {
            if !item.leading.is_empty() || !item.trailing.is_empty() {
                return None;
            }
            items.push(flat(&item.elements)?);
        }
        let (inner, close) = (items.join(", "), self.close);
        Some(match (self.open, inner.is_empty()) {
            ("{", true) => "{ }".to_owned(),
            ("{", false) => format!("{{ {inner} {close}"),
            (open, _) => format!("{open}{inner}{close}"),
        })
    }

    /// Whether it holds single short words alone.
    pub(super) fn is_filled(&self) -> bool {
        let short = |item: &Item<'t>| {
            let word = match &item.elements[..] {
                [Element::Word { text, .. }] => text.chars().count() <= SHORT,
                _ => false,
            };
            word && item.leading.is_empty() && item.trailing.is_empty()
        };
        self.open == "[" && self.opening.is_empty() && self.closing.is_empty() && self.items.iter().all(short)
    }
}

/// Elements on one line; `None` with a comment among them.
pub(super) fn flat(elements: &[Element<'_>]) -> Option<String> {
    let mut text = String::new();
    for (at, element) in elements.iter().enumerate() {
        let (word, blank) = match element {
            Element::Word { text, blank, .. } => ((*text).to_owned(), *blank),
            Element::Group(group) => (group.flat()?, group.blank),
            Element::Comment(_) => return None,
        };
        if at > 0 && blank {
            text.push(' ');
        }
        text.push_str(&word);
    }
    Some(text)
}

/// The tree of words that stand one behind the other in a text without mistakes.
pub(super) fn elements<'t>(text: &'t str, words: &[Word]) -> Vec<Element<'t>> {
    let mut reader = Reader { text, words, at: 0 };
    let mut elements = reader.until_close(false).elements;
    drop_empty_parentheses(&mut elements);
    elements
}

struct Reader<'t, 'w> {
    text: &'t str,
    words: &'w [Word],
    at: usize,
}

impl<'t> Reader<'t, '_> {
    fn slice(&self, word: Word) -> &'t str {
        self.text.get(word.span.start..word.span.end).unwrap_or("").trim_end()
    }

    /// Whether a line ends between two words.
    fn line_between(&self, before: Word, after: Word) -> bool {
        self.text.get(before.span.end..after.span.start).is_some_and(|gap| gap.contains('\n'))
    }

    fn comment(&self, at: usize) -> Comment<'t> {
        let own_line = at > 0 && self.line_between(self.words[at - 1], self.words[at]);
        Comment { text: self.slice(self.words[at]), own_line }
    }

    /// Elements up to a comma (with `in_group`), a closing bracket or the end.
    fn until_close(&mut self, in_group: bool) -> Item<'t> {
        let mut item = Item::default();
        while let Some(&word) = self.words.get(self.at) {
            match word.kind {
                WordKind::Comma if in_group => break,
                WordKind::Close => break,
                WordKind::Comment => {
                    let comment = self.comment(self.at);
                    self.at += 1;
                    if item.elements.is_empty() {
                        item.leading.push(comment);
                    } else {
                        item.elements.push(Element::Comment(comment));
                    }
                }
                WordKind::Open => {
                    let blank = self.blank_before(self.at);
                    self.at += 1;
                    let group = self.group(self.slice(word), blank);
                    item.elements.push(Element::Group(group));
                }
                WordKind::Text
                | WordKind::Arrow
                | WordKind::Infix
                | WordKind::Semicolon
                | WordKind::Comma
                | WordKind::Colon
                | WordKind::Plain
                | WordKind::Other => {
                    let next = self.words.get(self.at + 1);
                    let ends_line = next
                        .is_some_and(|next| next.kind == WordKind::Comment || self.line_between(word, *next));
                    let blank = self.blank_before(self.at);
                    self.at += 1;
                    item.elements.push(Element::Word {
                        text: self.slice(word),
                        kind: word.kind,
                        blank,
                        ends_line,
                    });
                }
            }
        }
        if in_group {
            // comments behind the last word go behind the comma
            while let Some(Element::Comment(comment)) = item.elements.last() {
                item.trailing.push(*comment);
                item.elements.pop();
            }
            item.trailing.reverse();
        }
        item
    }

    /// What stands behind an opening bracket, and its partner.
    fn group(&mut self, open: &'t str, blank: bool) -> Group<'t> {
        let mut group = Group {
            open,
            close: "",
            blank,
            opening: Vec::new(),
            items: Vec::new(),
            closing: Vec::new(),
            has_comma: false,
        };
        while let Some(comment) = self.comment_on_line() {
            group.opening.push(comment);
        }
        loop {
            let mut item = self.until_close(true);
            let word = self.words.get(self.at).copied();
            self.at += 1;
            let is_comma = word.is_some_and(|word| word.kind == WordKind::Comma);
            if is_comma {
                group.has_comma = true;
                while let Some(comment) = self.comment_on_line() {
                    item.trailing.push(comment);
                }
            }
            if item.elements.is_empty() {
                group.closing.extend(item.leading);
            } else {
                group.items.push(item);
            }
            if !is_comma {
                group.close = word.map_or("", |word| self.slice(word));
                return group;
            }
        }
    }

    /// Takes a comment on the line of the word before it.
    fn comment_on_line(&mut self) -> Option<Comment<'t>> {
        let next = self.words.get(self.at)?;
        if next.kind != WordKind::Comment {
            return None;
        }
        let comment = self.comment(self.at);
        (!comment.own_line).then(|| {
            self.at += 1;
            comment
        })
    }

    /// Whether a blank belongs before a word.
    fn blank_before(&self, at: usize) -> bool {
        let before = |back: usize| {
            let words = self.words.get(..at)?;
            words.iter().rev().filter(|word| word.kind != WordKind::Comment).nth(back).copied()
        };
        let word = self.words[at];
        let Some(last) = before(0) else { return false };
        let adjacent = last.span.end == word.span.start;
        let (text, last_text) = (self.slice(word), self.slice(last));
        if adjacent && (word.kind == WordKind::Other || last.kind == WordKind::Other) {
            return false;
        }
        // 1e-3 is one number
        let is_exponent = |mantissa: Word, sign: Word, digits: Word| {
            let glued = mantissa.span.end == sign.span.start && sign.span.end == digits.span.start;
            let text = self.slice(mantissa);
            let number = text.strip_suffix(['e', 'E']).is_some_and(|number| number.parse::<f64>().is_ok());
            glued
                && number
                && text.starts_with(|c: char| c.is_ascii_digit())
                && matches!(self.slice(sign), "-" | "+")
        };
        let next = self.words.get(at + 1).copied();
        if next.is_some_and(|digits| is_exponent(last, word, digits)) {
            return false;
        }
        if before(1).is_some_and(|mantissa| is_exponent(mantissa, last, word)) {
            return false;
        }
        // 1/255 is written like one number
        let is_number = |word: Option<Word>| word.is_some_and(|word| self.slice(word).parse::<u64>().is_ok());
        if text == "/" && is_number(before(0)) && is_number(next) {
            return false;
        }
        if last_text == "/" && is_number(Some(word)) && is_number(before(1)) {
            return false;
        }
        let is_range = |text: &str| matches!(text, ".." | "..=");
        if is_range(text) || is_range(last_text) {
            return false;
        }
        if last_text == "-"
            && last.kind == WordKind::Infix
            && before(1).is_none_or(|word| self.wants_value(word))
        {
            return false;
        }
        match (last.kind, word.kind) {
            (_, WordKind::Comma | WordKind::Colon | WordKind::Semicolon | WordKind::Close) => false,
            (WordKind::Open, _) => false,
            (WordKind::Plain, WordKind::Open) => text != "(" || is_keyword(last_text),
            (_, WordKind::Open) => true,
            (_, _) => true,
        }
    }

    /// Whether a value follows: a minus sign there belongs to it.
    fn wants_value(&self, word: Word) -> bool {
        match word.kind {
            WordKind::Open | WordKind::Comma | WordKind::Colon | WordKind::Infix | WordKind::Arrow => true,
            WordKind::Plain => is_keyword(self.slice(word)),
            WordKind::Close | WordKind::Text | WordKind::Semicolon | WordKind::Other | WordKind::Comment => {
                false
            }
        }
    }
}

/// Words before a value.
fn is_keyword(word: &str) -> bool {
    matches!(word, "if" | "then" | "else" | "repeat" | "in" | "from" | "let" | "use")
}

/// `flatten()` is `flatten`, and `model A()` is `model A`; `adam()` in a value stays, where it is another
/// value than `adam`.
fn drop_empty_parentheses(elements: &mut Vec<Element<'_>>) {
    let word = |element: Option<&Element<'_>>| match element {
        Some(Element::Word { text, kind, .. }) => Some(((*text).to_owned(), *kind)),
        Some(Element::Group(_) | Element::Comment(_)) | None => None,
    };
    let first = word(elements.first()).map(|(text, _)| text).unwrap_or_default();
    let names_layer =
        !matches!(first.as_str(), "let" | "if" | "repeat" | "else" | "use" | "allow" | "language");
    let mut kept: Vec<Element<'_>> = Vec::with_capacity(elements.len());
    for element in elements.drain(..) {
        let empty = matches!(&element, Element::Group(group)
            if group.open == "(" && group.items.is_empty() && group.opening.is_empty() && group.closing.is_empty());
        let at = kept.len();
        let is_callee = at > 0 && word(kept.last()).is_some_and(|(_, kind)| kind == WordKind::Plain);
        let before = at.checked_sub(2).map(|at| word(kept.get(at)));
        let begins = match before {
            None => true,
            Some(Some((_, WordKind::Arrow))) => true,
            Some(Some((text, WordKind::Infix))) => text == "=" && at == 3,
            Some(Some((text, WordKind::Plain))) => at == 2 && matches!(text.as_str(), "model" | "block"),
            Some(_) => false,
        };
        if !(empty && is_callee && begins && names_layer) {
            kept.push(element);
        }
    }
    *elements = kept;
}
