//! Bodies as other languages write them: behind a colon and indented, or with a brace on the next line.

use super::pieces::{Pieces, is_definition};
use super::{Found, Habit, Kind};
use crate::parse::Rule;
use crate::source::Span;

pub(super) fn find(pieces: &Pieces<'_>, found: &mut Found<'_>) {
    for at in 0..pieces.all.len() {
        keyword(pieces, at, found);
        brace(pieces, at, found);
    }
    indented(pieces, found);
}

/// `Model A {`
fn keyword(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let piece = pieces.all[at];
    let small = piece.text.to_ascii_lowercase();
    let is_keyword = is_definition(piece.text) || matches!(small.as_str(), "let" | "use");
    let names =
        pieces.get(at + 1).is_some_and(|next| !next.first && matches!(next.rule, Rule::word | Rule::text));
    if piece.begins && piece.inside.is_none() && is_keyword && names && piece.text != small {
        found.add(Habit::new(Kind::Case, piece.span).written(&small).edit(piece.span, small));
    }
}

/// `model A` and `{` on the line below.
fn brace(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let piece = pieces.all[at];
    let Some(before) = pieces.before(at).filter(|_| piece.text == "{" && piece.first) else { return };
    let ends_head = before.rule == Rule::word || before.text == ")";
    if ends_head && before.inside == piece.inside {
        let between = Span::new(before.span.end, piece.span.start);
        // a comment between the two would take the brace
        if pieces.text.get(between.start..between.end).is_some_and(|between| between.trim().is_empty()) {
            found.add(Habit::new(Kind::Brace, piece.span).edit(between, " "));
        }
    }
}

/// A line of the text that holds pieces.
struct Line {
    indent: usize,
    /// Its first piece and its last.
    pieces: (usize, usize),
    /// Where its text ends, with a comment.
    end: usize,
}

/// `model A:` and what is indented below it.
fn indented(pieces: &Pieces<'_>, found: &mut Found<'_>) {
    let lines = lines(pieces);
    // bodies that are open: the indentation of the head, its text, the colon
    let mut open: Vec<(usize, Span)> = Vec::new();
    // for each body that ends behind a line: the indentation of its head
    let mut habits: Vec<Habit> = Vec::new();
    let mut ends: Vec<(usize, Vec<usize>)> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        while open.last().is_some_and(|(indent, _)| line.indent <= *indent) {
            let Some((indent, _)) = open.pop() else { break };
            note_end(&mut ends, number - 1, indent);
        }
        let (from, to) = line.pieces;
        let deeper = lines.get(number + 1).is_some_and(|next| next.indent > line.indent);
        if deeper && is_head(pieces, from, to, open.is_empty()) {
            let colon = pieces.all[to].span;
            let place = Span::new(pieces.all[from].span.start, colon.end);
            let before = pieces.all[to - 1].span.end;
            habits.push(Habit::new(Kind::Block, place).edit(Span::new(before, colon.end), " {"));
            open.push((line.indent, place));
        }
    }
    while let Some((indent, _)) = open.pop() {
        note_end(&mut ends, lines.len() - 1, indent);
    }
    let Some(first) = habits.first_mut() else { return };
    for (line, indents) in ends {
        let closing: String = indents.iter().map(|indent| format!("\n{}}}", " ".repeat(*indent))).collect();
        let place = Span::new(lines[line].end, lines[line].end);
        first.edits.push(crate::diag::Edit { span: place, text: closing });
    }
    // all or none: half of the braces would be worse
    habits.into_iter().for_each(|habit| found.add(habit));
}

fn note_end(ends: &mut Vec<(usize, Vec<usize>)>, line: usize, indent: usize) {
    match ends.last_mut() {
        Some((last, indents)) if *last == line => indents.push(indent),
        _ => ends.push((line, vec![indent])),
    }
}

/// Whether a line such as `model A:` or `train:` begins a body. Within another one `key:` may have its value
/// on the next line.
fn is_head(pieces: &Pieces<'_>, from: usize, to: usize, outermost: bool) -> bool {
    const WITHIN: &[&str] = &["repeat", "for", "if", "else", "branch", "head", "phase"];
    let first = pieces.all[from];
    let plain = from < to && pieces.is(to, ":") && first.rule == Rule::word && first.inside.is_none();
    plain && (outermost || WITHIN.contains(&first.text))
}

fn lines(pieces: &Pieces<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (at, piece) in pieces.all.iter().enumerate() {
        if piece.first {
            let start = pieces.text[..piece.span.start].rfind('\n').map_or(0, |line| line + 1);
            let before = &pieces.text[start..piece.span.start];
            let indent = before.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum();
            lines.push(Line { indent, pieces: (at, at), end: piece.span.end });
        }
        if let Some(line) = lines.last_mut() {
            line.pieces.1 = at;
        }
    }
    for line in &mut lines {
        let last = pieces.all[line.pieces.1].span.end;
        let behind = pieces.text[last..].lines().next().unwrap_or("");
        line.end = last + behind.trim_end().len();
    }
    lines
}
