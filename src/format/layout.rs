//! Statements to lines.

use super::elements::{Comment, Element, Group, elements, flat};
use super::lines::{LEVEL, Lines};
use crate::parse::{Outline, RawBlock, RawPart, RawStatement, Word, WordKind};
use crate::source::Span;

/// Columns of a line.
const WIDTH: usize = 100;

/// The text in canonical layout.
pub(super) fn lay_out(text: &str, outline: &Outline) -> String {
    let comments: Vec<Span> =
        outline.words.iter().filter(|word| word.kind == WordKind::Comment).map(|word| word.span).collect();
    let mut layout =
        Layout { text, words: &outline.words, comments: &comments, next_comment: 0, lines: Lines::default() };
    layout.statements(&outline.statements, Span::new(0, text.len()), 0);
    layout.lines.finish()
}

struct Layout<'t> {
    text: &'t str,
    words: &'t [Word],
    comments: &'t [Span],
    /// The first comment that is not written yet.
    next_comment: usize,
    lines: Lines,
}

impl<'t> Layout<'t> {
    fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start..span.end).unwrap_or("").trim_end()
    }

    /// Line ends between two places.
    fn line_ends(&self, from: usize, to: usize) -> usize {
        self.text.get(from..to).map_or(0, |gap| gap.matches('\n').count())
    }

    /// The next comment, if it begins before `end`.
    fn comment_before(&self, end: usize) -> Option<Span> {
        self.comments.get(self.next_comment).copied().filter(|comment| comment.start < end)
    }

    /// The next comment, if it stands on the line on which `from` ends and before `end`.
    fn comment_on_line(&self, from: usize, end: usize) -> Option<Span> {
        self.comment_before(end).filter(|comment| self.line_ends(from, comment.start) == 0)
    }

    /// The statements of `inside`, each on lines of their own, with the comments between them.
    fn statements(&mut self, statements: &[RawStatement], inside: Span, indent: usize) {
        let mut last: Option<usize> = None;
        for (at, statement) in statements.iter().enumerate() {
            let Some(span) = span_of(statement) else { continue };
            self.own_comments(span.start, &mut last, indent);
            self.gap(last, span.start, indent);
            self.statement(statement, indent);
            let mut end = span.end;
            // those inside have been written with it
            self.next_comment +=
                self.comments[self.next_comment..].iter().take_while(|c| c.start < span.end).count();
            let following = statements[at + 1..].iter().find_map(span_of);
            let limit = following.map_or(inside.end, |other| other.start);
            if let Some(comment) = self.comment_on_line(end, limit) {
                self.lines.comment(self.slice(comment), indent);
                self.next_comment += 1;
                end = comment.end;
            }
            last = Some(end);
        }
        self.own_comments(inside.end, &mut last, indent);
    }

    /// Comments before `end`, on lines of their own.
    fn own_comments(&mut self, end: usize, last: &mut Option<usize>, indent: usize) {
        while let Some(comment) = self.comment_before(end) {
            self.gap(*last, comment.start, indent);
            self.lines.own_line(self.slice(comment), indent, indent);
            self.next_comment += 1;
            *last = Some(comment.end);
        }
    }

    /// Begins a line, after an empty one where there was any.
    fn gap(&mut self, last: Option<usize>, start: usize, indent: usize) {
        if last.is_some_and(|last| self.line_ends(last, start) > 1) {
            self.lines.blank();
        }
        self.lines.begin(indent);
    }

    fn statement(&mut self, statement: &RawStatement, indent: usize) {
        for (at, part) in statement.parts.iter().enumerate() {
            let next = statement.parts.get(at + 1);
            match part {
                RawPart::Text(span) => {
                    // between `}` and `else`
                    while let Some(comment) = self.comment_before(span.start).filter(|_| at > 0) {
                        self.mid_comment(self.comment_at(comment, statement, at), indent, indent);
                        self.next_comment += 1;
                    }
                    let tail = if matches!(next, Some(RawPart::Block(_))) { 2 } else { 0 };
                    let elements = elements(self.text, self.words_of(*span));
                    self.text_part(&elements, indent, tail);
                    self.next_comment +=
                        self.comments[self.next_comment..].iter().take_while(|c| c.start < span.end).count();
                }
                RawPart::Block(block) => {
                    let tail = match next {
                        Some(RawPart::Text(span)) => {
                            let text = flat(&elements(self.text, self.words_of(*span)));
                            text.map_or(0, |text| text.chars().count().min(WIDTH / 4)) + 3
                        }
                        Some(RawPart::Block(_)) | None => 0,
                    };
                    self.block(block, tail);
                }
            }
        }
    }

    /// A comment between the parts of a statement.
    fn comment_at(&self, comment: Span, statement: &RawStatement, at: usize) -> Comment<'t> {
        let before =
            at.checked_sub(1).and_then(|at| statement.parts.get(at)).map_or(0, |part| part_span(part).end);
        let last = self.comments[..self.next_comment].last().map_or(0, |last| last.end).max(before);
        Comment { text: self.slice(comment), own_line: self.line_ends(last, comment.start) > 0 }
    }

    fn words_of(&self, span: Span) -> &'t [Word] {
        let start = self.words.partition_point(|word| word.span.start < span.start);
        let end = self.words.partition_point(|word| word.span.start < span.end);
        &self.words[start..end]
    }

    /// `{ … }`; `tail` columns must fit behind it.
    fn block(&mut self, block: &RawBlock, tail: usize) {
        if let Some(text) = self.flat_block(block)
            && (block.statements.is_empty() || self.lines.column() + 1 + text.chars().count() + tail <= WIDTH)
        {
            self.lines.push(&text, true);
            return;
        }
        let indent = self.lines.indent();
        self.lines.push("{", true);
        let (inside, open) = (Span::new(block.span.start, block.span.end - 1), block.span.start + 1);
        let first = block.statements.iter().find_map(span_of).map_or(inside.end, |span| span.start);
        if let Some(comment) = self.comment_on_line(open, first) {
            self.lines.comment(self.slice(comment), indent + LEVEL);
            self.next_comment += 1;
        }
        self.statements(&block.statements, inside, indent + LEVEL);
        self.lines.begin(indent);
        self.lines.push("}", false);
    }

    /// A block on one line: where it was written so, or nothing stands in it.
    fn flat_block(&self, block: &RawBlock) -> Option<String> {
        let within = |comment: &Span| comment.start >= block.span.start && comment.start < block.span.end;
        let from = self.comments.partition_point(|comment| comment.start < block.span.start);
        if self.comments.get(from).is_some_and(within) {
            return None;
        }
        if block.statements.is_empty() {
            return Some("{ }".to_owned());
        }
        if self.line_ends(block.span.start, block.span.end) > 0 {
            return None;
        }
        let statements: Option<Vec<String>> =
            block.statements.iter().map(|s| self.flat_statement(s)).collect();
        Some(format!("{{ {} }}", statements?.join("; ")))
    }

    fn flat_statement(&self, statement: &RawStatement) -> Option<String> {
        let parts: Option<Vec<String>> = statement
            .parts
            .iter()
            .map(|part| match part {
                RawPart::Text(span) => flat(&elements(self.text, self.words_of(*span))),
                RawPart::Block(block) => self.flat_block(block),
            })
            .collect();
        Some(parts?.join(" "))
    }

    /// Words, of which a chain keeps its line ends; `tail` columns must fit behind them.
    fn text_part(&mut self, elements: &[Element<'t>], indent: usize, tail: usize) {
        let kept = segments(elements, |ends_line| ends_line);
        let fits = |layout: &Self, at: usize, segment: &[Element<'t>], last: bool| {
            let column =
                if at == 0 && !layout.lines.is_fresh() { layout.lines.column() + 1 } else { indent + LEVEL };
            let column = if at == 0 && layout.lines.is_fresh() { layout.lines.column() } else { column };
            let tail = if last { tail } else { 0 };
            flat(segment).is_some_and(|text| column + text.chars().count() + tail <= WIDTH)
        };
        let all_fit = kept.iter().enumerate().all(|(at, s)| fits(self, at, s.elements, at + 1 == kept.len()));
        let segments = if all_fit { kept } else { segments(elements, |_| true) };
        let count = segments.len();
        for (at, segment) in segments.into_iter().enumerate() {
            if at > 0 {
                for comment in segment.before {
                    self.mid_comment(*comment, indent + LEVEL, indent + LEVEL);
                }
                self.lines.begin(indent + LEVEL);
            }
            let tail = if at + 1 == count { tail } else { 0 };
            self.words(segment.elements, at == 0, indent + LEVEL, tail);
        }
    }

    /// Words on one line, but for groups that do not fit. `blank`: a blank stands before the first, unless it
    /// begins a line.
    fn words(&mut self, elements: &[Element<'t>], blank: bool, goes_on_at: usize, tail: usize) {
        for (at, element) in elements.iter().enumerate() {
            match element {
                Element::Word { text, blank: own, .. } => {
                    self.lines.push(text, if at == 0 { blank } else { *own })
                }
                Element::Comment(comment) => self.mid_comment(*comment, goes_on_at, goes_on_at),
                Element::Group(group) => {
                    let rest = &elements[at + 1..];
                    let behind: usize = rest.iter().map_while(least_width).sum();
                    let ends = rest.iter().all(|element| least_width(element).is_some());
                    let behind = behind + if ends { tail } else { 1 };
                    let column = self.lines.column() + usize::from(group.blank && at > 0);
                    match group.flat().filter(|text| column + text.chars().count() + behind <= WIDTH) {
                        Some(text) => self.lines.push(&text, group.blank && at > 0),
                        None => self.group(group, group.blank && at > 0),
                    }
                }
            }
        }
    }

    /// Brackets on several lines.
    fn group(&mut self, group: &Group<'t>, blank: bool) {
        self.lines.push(group.open, blank);
        let outer = self.lines.indent();
        let inner = outer + LEVEL;
        for comment in &group.opening {
            self.lines.comment(comment.text, inner);
        }
        self.lines.begin(inner);
        let filled = group.is_filled();
        for (at, item) in group.items.iter().enumerate() {
            if filled {
                let width = flat(&item.elements).map_or(0, |text| text.chars().count());
                if !self.lines.is_fresh() && self.lines.column() + width + 2 > WIDTH {
                    self.lines.begin(inner);
                }
            } else {
                self.lines.begin(inner);
            }
            for comment in &item.leading {
                self.lines.own_line(comment.text, inner, inner);
            }
            self.words(&item.elements, filled, inner + LEVEL, 1);
            let last = at + 1 == group.items.len();
            if !last || group.has_comma || group.open == "[" || group.open == "{" {
                self.lines.push(",", false);
            }
            for comment in &item.trailing {
                self.mid_comment(*comment, inner, inner);
            }
        }
        for comment in &group.closing {
            self.lines.own_line(comment.text, inner, inner);
        }
        self.lines.begin(outer);
        self.lines.push(group.close, false);
    }

    /// A comment in the middle of a statement.
    fn mid_comment(&mut self, comment: Comment<'t>, at: usize, goes_on_at: usize) {
        if comment.own_line {
            self.lines.own_line(comment.text, at, goes_on_at);
        } else {
            self.lines.comment(comment.text, goes_on_at);
        }
    }
}

/// Columns that a word behind a group takes at least; `None` for what may begin a new line.
fn least_width(element: &Element<'_>) -> Option<usize> {
    match element {
        Element::Word { text, blank, .. } => Some(text.chars().count() + usize::from(*blank)),
        Element::Group(_) | Element::Comment(_) => None,
    }
}

/// A piece of a chain and the comments before it.
struct Segment<'e, 't> {
    before: Vec<&'e Comment<'t>>,
    elements: &'e [Element<'t>],
}

/// Cuts a chain behind its arrows: behind those for which `cuts`, told whether a line ended there, says so.
fn segments<'e, 't>(elements: &'e [Element<'t>], cuts: impl Fn(bool) -> bool) -> Vec<Segment<'e, 't>> {
    let mut segments = Vec::new();
    let mut start = 0;
    let mut before = Vec::new();
    let mut at = 0;
    while at < elements.len() {
        let cut = matches!(&elements[at], Element::Word { kind: WordKind::Arrow, ends_line, .. } if cuts(*ends_line));
        at += 1;
        // the arrow that goes on after a block stands with what it leads to
        if !cut
            || (at == 1
                && !matches!(elements.get(at), Some(Element::Comment(_)))
                && start == 0
                && !ends_line(&elements[0]))
        {
            continue;
        }
        segments.push(Segment { before: std::mem::take(&mut before), elements: &elements[start..at] });
        while let Some(Element::Comment(comment)) = elements.get(at) {
            before.push(comment);
            at += 1;
        }
        start = at;
    }
    if start < elements.len() || segments.is_empty() {
        segments.push(Segment { before, elements: &elements[start..] });
    }
    segments
}

fn ends_line(element: &Element<'_>) -> bool {
    matches!(element, Element::Word { ends_line: true, .. })
}

fn part_span(part: &RawPart) -> Span {
    match part {
        RawPart::Text(span) => *span,
        RawPart::Block(block) => block.span,
    }
}

fn span_of(statement: &RawStatement) -> Option<Span> {
    Some(part_span(statement.parts.first()?).to(part_span(statement.parts.last()?)))
}
