//! Marks of other languages and other keyboards: quotes, comments, blanks, numbers.

use super::pieces::{Holds, Piece, Pieces, is_name, is_whole};
use super::{Found, Habit, Kind};
use crate::parse::Rule;
use crate::source::Span;

/// A text between quotes of other languages.
pub(super) struct Quoted<'t> {
    pub(super) inner: &'t str,
    pub(super) end: usize,
}

/// The text that begins with a quote that is none of the language.
pub(super) fn quoted(text: &str, open: Span) -> Option<Quoted<'_>> {
    let closers: &[char] = match &text[open.start..open.end] {
        "'" => &['\''],
        "‘" | "’" | "`" => &['’', '‘', '`', '\''],
        "“" | "”" | "„" => &['”', '“', '"'],
        _ => return None,
    };
    let line = text[open.end..].lines().next()?;
    let (at, close) = line.char_indices().find(|(_, c)| closers.contains(c))?;
    let inner = &line[..at];
    (!inner.contains('"')).then_some(Quoted { inner, end: open.end + at + close.len_utf8() })
}

pub(super) fn find(pieces: &Pieces<'_>, found: &mut Found<'_>) {
    for hash in &pieces.hashes {
        found.add(Habit::new(Kind::Hash, *hash).named("#").edit(*hash, "//"));
    }
    for comment in &pieces.comments {
        block_comment(pieces.text, *comment, found);
    }
    for at in 0..pieces.all.len() {
        let piece = pieces.all[at];
        if let Some(inner) = piece.quoted {
            found.add(text_in_quotes(pieces, at, &piece, inner));
        } else if piece.rule == Rule::other {
            mark(pieces, at, &piece, found);
        } else if piece.rule == Rule::word {
            number(pieces, at, &piece, found);
        }
    }
}

/// `/* … */`
fn block_comment(text: &str, comment: Span, found: &mut Found<'_>) {
    let inner = text[comment.start..comment.end].trim_start_matches("/*").trim_end_matches("*/");
    let behind = text[comment.end..].lines().next().unwrap_or("");
    let line = text[..comment.start].rfind('\n').map_or(0, |end| end + 1);
    let before = text[line..comment.start].chars();
    let indent: String = before.map(|c| if c.is_whitespace() { c } else { ' ' }).collect();
    let lines = inner.lines().map(|line| line.trim().trim_start_matches('*').trim());
    let said: Vec<String> = lines.filter(|line| !line.is_empty()).map(|line| format!("// {line}")).collect();
    // a comment that goes on to the end of its line would take what follows
    let written = if behind.trim().is_empty() { said.join(&format!("\n{indent}")) } else { String::new() };
    let place = Span::new(comment.start, comment.start + 2);
    found.add(Habit::new(Kind::Hash, place).named("/*").edit(comment, written));
}

/// `'relu'`, `“relu”`
fn text_in_quotes(pieces: &Pieces<'_>, at: usize, piece: &Piece<'_>, inner: &str) -> Habit {
    let named = pieces.before(at).is_some_and(|before| matches!(before.text, ":" | "="));
    let listed = pieces.around(at).is_some_and(|open| open.text == "[");
    let is_word = is_name(inner) && (named || listed);
    let (kind, written) =
        if is_word { (Kind::Word, inner.to_owned()) } else { (Kind::Quote, format!("\"{inner}\"")) };
    Habit::new(kind, piece.span).written(&written).edit(piece.span, written)
}

fn mark(pieces: &Pieces<'_>, at: usize, piece: &Piece<'_>, found: &mut Found<'_>) {
    let touches_before = at.checked_sub(1).is_some_and(|before| pieces.touches_next(before));
    let before = pieces.before(at).filter(|_| touches_before);
    let plain = piece.text.chars().next().and_then(plain_mark);
    if let Some(plain) = plain {
        let kind = if plain.trim().is_empty() { Kind::Blank } else { Kind::Wide };
        found.add(Habit::new(kind, piece.span).named(piece.text).written(plain).edit(piece.span, plain));
    } else if piece.text == "." && before.is_some_and(|before| is_whole(before.text)) {
        // `1.` of `1./255`
        let number = before.map_or("", |before| before.text);
        let place = Span::new(piece.span.start - number.len(), piece.span.end);
        found.add(Habit::new(Kind::Number, place).written(number).edit(piece.span, ""));
    } else if piece.text == "°" && before.is_some_and(|before| before.rule == Rule::word) {
        let number = before.map_or("", |before| before.text);
        let place = Span::new(piece.span.start - number.len(), piece.span.end);
        let written = format!("{number}deg");
        found.add(Habit::new(Kind::Unit, place).written(&written).edit(piece.span, "deg"));
    }
}

/// The mark of this language that a mark of another keyboard stands for.
fn plain_mark(mark: char) -> Option<&'static str> {
    Some(match mark {
        '（' => "(",
        '）' => ")",
        '［' | '【' => "[",
        '］' | '】' => "]",
        '｛' => "{",
        '｝' => "}",
        '，' | '、' => ",",
        '：' => ":",
        '；' => ";",
        '＝' => "=",
        '％' => "%",
        '／' | '÷' => "/",
        '＊' => "*",
        '＂' => "\"",
        '→' => "->",
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => " ",
        '\u{200b}'..='\u{200d}' | '\u{2060}' => "",
        '–' | '−' | '－' => "-",
        _ => return None,
    })
}

/// Numbers, sizes and units that are written with blanks, or without a digit.
fn number(pieces: &Pieces<'_>, at: usize, piece: &Piece<'_>, found: &mut Found<'_>) {
    if piece.text.starts_with('.') && is_whole(&piece.text[1..]) {
        let written = format!("0{}", piece.text);
        let start = Span::new(piece.span.start, piece.span.start);
        found.add(Habit::new(Kind::Number, piece.span).written(&written).edit(start, "0"));
        return;
    }
    let plain: String = piece.text.chars().filter(|c| *c != '_').collect();
    if plain != piece.text && piece.text.starts_with(|c: char| c.is_ascii_digit()) && is_whole(&plain) {
        found.add(Habit::new(Kind::Digits, piece.span).written(&plain).edit(piece.span, plain));
        return;
    }
    let begins_size = || pieces.before(at).is_none_or(|before| !is_times(before.text));
    if let Some(written) = size(piece.text).filter(|written| written != piece.text) {
        found.add(Habit::new(Kind::Size, piece.span).written(&written).edit(piece.span, written));
        return;
    }
    if !is_whole(piece.text) || !begins_size() {
        if is_number(piece.text) {
            unit(pieces, at, piece, found);
        }
        return;
    }
    let mut to = at;
    while pieces.get(to + 1).is_some_and(|times| is_times(times.text) && !times.first)
        && pieces.get(to + 2).is_some_and(|next| is_whole(next.text) && !next.first)
    {
        to += 2;
    }
    if to == at {
        unit(pieces, at, piece, found);
        return;
    }
    let extents: Vec<&str> = (at..=to).step_by(2).map(|at| pieces.all[at].text).collect();
    let (place, written) = (Span::new(piece.span.start, pieces.all[to].span.end), extents.join("x"));
    found.add(Habit::new(Kind::Size, place).written(&written).edit(place, written));
}

/// `20 %`, `20 deg`
fn unit(pieces: &Pieces<'_>, at: usize, piece: &Piece<'_>, found: &mut Found<'_>) {
    const UNITS: &[&str] = &["%", "deg", "turn", "rad"];
    let Some(unit) = pieces.get(at + 1).filter(|unit| !unit.first && UNITS.contains(&unit.text)) else {
        return;
    };
    // at the beginning of a statement `20 %` is no value
    if pieces.touches_next(at)
        || piece.begins && piece.inside.is_none_or(|open| pieces.all[open].holds != Some(Holds::Pairs))
    {
        return;
    }
    let written = format!("{}{}", piece.text, unit.text);
    let place = Span::new(piece.span.start, unit.span.end);
    let blank = Span::new(piece.span.end, unit.span.start);
    found.add(Habit::new(Kind::Unit, place).written(&written).edit(blank, ""));
}

fn is_times(text: &str) -> bool {
    matches!(text, "x" | "X" | "×")
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok()
}

/// `3x3` of `3X3`
fn size(text: &str) -> Option<String> {
    let extents: Vec<&str> = text.split(['x', 'X', '×']).collect();
    let open = |extent: &&str| is_whole(extent) || *extent == "?";
    (extents.len() > 1 && extents.iter().all(open)).then(|| extents.join("x"))
}
