//! Statements as other languages write them.

use std::collections::BTreeMap;

use super::pieces::{Holds, Piece, Pieces, is_name, is_whole};
use super::{Found, Habit, Kind};
use crate::parse::Rule;
use crate::source::Span;

pub(super) fn find(pieces: &Pieces<'_>, found: &mut Found<'_>) {
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for at in (0..pieces.all.len()).filter(|&at| pieces.is(at + 1, "=")) {
        *named.entry(pieces.all[at].text).or_default() += 1;
    }
    for at in 0..pieces.all.len() {
        if pieces.all[at].begins {
            import(pieces, at, found);
            added(pieces, at, found);
            repeat(pieces, at, found);
            parentheses(pieces, at, found);
        }
        arrow(pieces, at, found);
        called(pieces, at, &named, found);
    }
    for at in 0..pieces.all.len() {
        comma(pieces, at, found);
    }
}

/// `import keras`, `from keras import layers`
fn import(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let piece = pieces.all[at];
    let is_import = piece.text == "import" || piece.text == "from" && pieces.is(at + 2, "import");
    if !is_import || piece.inside.is_some() || !piece.first {
        return;
    }
    let rest = pieces.text.get(piece.span.start..).unwrap_or("");
    let line = rest.find('\n').map_or(rest.len(), |end| end + 1);
    let shown = Span::new(piece.span.start, piece.span.start + rest[..line].trim_end().len());
    let whole = Span::new(piece.span.start, piece.span.start + line);
    found.add(Habit::new(Kind::Import, shown).edit(whole, ""));
}

/// `model.add(conv2d(32, 3))`
fn added(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let piece = pieces.all[at];
    let Some(close) = pieces.closer(at + 1) else { return };
    if !piece.text.ends_with(".add") || !pieces.touches_next(at) || !ends_statement(pieces, close) {
        return;
    }
    let head = Span::new(piece.span.start, pieces.all[at + 1].span.end);
    let habit = Habit::new(Kind::Add, head).named(piece.text).edit(head, "");
    found.add(habit.edit(pieces.all[close].span, ""));
}

/// `x = conv2d(32, 3)(x)`
fn called(pieces: &Pieces<'_>, at: usize, named: &BTreeMap<&str, usize>, found: &mut Found<'_>) {
    let Some(close) = pieces.closer(at) else { return };
    let follows =
        at.checked_sub(1).is_some_and(|before| pieces.all[before].text == ")" && pieces.touches_next(before));
    let argument = pieces.get(at + 1).filter(|argument| close == at + 2 && is_name(argument.text));
    let Some(argument) = argument.filter(|_| follows && ends_statement(pieces, close)) else { return };
    let place = Span::new(pieces.all[at].span.start, pieces.all[close].span.end);
    let mut habit = Habit::new(Kind::Call, place).named(argument.text).edit(place, "");
    // the name that every layer has is none
    if let Some(begin) = pieces.beginning(at).filter(|&begin| pieces.is(begin + 1, "=")) {
        let name = pieces.all[begin];
        if named.get(name.text).is_some_and(|times| *times > 1) && pieces.all.len() > begin + 2 {
            habit = habit.edit(Span::new(name.span.start, pieces.all[begin + 2].span.start), "");
        }
    }
    found.add(habit);
}

/// `for i in range(3)`
fn repeat(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let (piece, Some(index)) = (pieces.all[at], pieces.get(at + 1)) else { return };
    if piece.text != "for" || !pieces.is(at + 2, "in") {
        return;
    }
    let count = at + 3;
    let (to, value) = if pieces.is(count, "range") && pieces.is(count + 1, "(") {
        let Some(close) = pieces.closer(count + 1) else { return };
        (close, pieces.slice(count + 2, close - 1))
    } else {
        (count, pieces.slice(count, count))
    };
    let bounds: Vec<&str> = value.split(',').map(str::trim).collect();
    let range = match bounds[..] {
        [end] if is_whole(end) || is_name(end) => format!("0..{end}"),
        [start, end] => format!("{start}..{end}"),
        _ => return,
    };
    let place = Span::new(piece.span.start, pieces.all[to].span.end);
    let written = format!("repeat {} in {range}", index.text);
    found.add(Habit::new(Kind::Repeat, place).written(&written).edit(place, written));
}

/// `conv2d 32, 3`
fn parentheses(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let (piece, Some(next)) = (pieces.all[at], pieces.get(at + 1)) else { return };
    let holds_layers = pieces.around(at).is_some_and(|open| open.holds == Some(Holds::Layers));
    let starts_number = next.text.starts_with(|c: char| c.is_ascii_digit());
    let is_layer =
        is_name(piece.text) && !matches!(piece.text, "repeat" | "if" | "for" | "let" | "allow" | "from");
    if !holds_layers || !is_layer || next.first || !starts_number {
        return;
    }
    let mut to = at + 1;
    while let Some(next) = pieces.get(to + 1)
        && !next.first
        && !matches!(next.rule, Rule::semicolon | Rule::arrow)
        && !matches!(next.text, "{" | "}")
    {
        to += 1;
    }
    let behind = Span::new(piece.span.end, pieces.all[to].span.end);
    let arguments = format!("({})", pieces.slice(at + 1, to).trim_end_matches(','));
    let place = Span::new(piece.span.start, behind.end);
    found.add(Habit::new(Kind::Parentheses, place).edit(behind, arguments));
}

/// Words after which no layer ends.
const NO_LAYERS: &[&str] = &["repeat", "if", "for", "let", "allow", "from", "head", "branch", "else"];

/// `max_pool2d(2) flatten`, `flatten | relu`, `flatten => relu`
fn arrow(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let (piece, Some(next)) = (pieces.all[at], pieces.get(at + 1)) else { return };
    let holds_layers = pieces.around(at).is_some_and(|open| open.holds == Some(Holds::Layers));
    let ends_layer =
        piece.text == ")" || is_name(piece.text) && piece.begins && !NO_LAYERS.contains(&piece.text);
    if !holds_layers || next.first || !ends_layer || pieces.touches_next(at) {
        return;
    }
    let is_layer = |at: usize| {
        let named = pieces.get(at).is_some_and(|layer| is_name(layer.text) && !layer.first);
        named && !pieces.is(at, "else") && !pieces.is(at + 1, ":") && !pieces.is(at + 1, "=")
    };
    let second = pieces.get(at + 2).filter(|_| pieces.touches_next(at + 1)).map(|piece| piece.text);
    let to = match (next.text, second) {
        ("=" | "|" | ">", Some(">")) => at + 2,
        ("|" | ">", _) => at + 1,
        _ if piece.text == ")" && is_layer(at + 1) => {
            let place = Span::new(piece.span.end, piece.span.end);
            found.add(Habit::new(Kind::Arrow, place).written("->").edit(place, " ->"));
            return;
        }
        _ => return,
    };
    if is_layer(to + 1) {
        let place = Span::new(next.span.start, pieces.all[to].span.end);
        found.add(Habit::new(Kind::Arrow, place).written("->").edit(place, "->"));
    }
}

/// Whether a piece is the last of its statement.
fn ends_statement(pieces: &Pieces<'_>, at: usize) -> bool {
    pieces.is_last(at) || pieces.get(at + 1).is_some_and(|next| matches!(next.text, "," | ";" | "}" | "->"))
}

/// `epochs: 3,`
fn comma(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let piece = pieces.all[at];
    let between = match pieces.around(at) {
        None => true,
        Some(open) => matches!(open.holds, Some(Holds::Layers | Holds::Settings)),
    };
    if piece.text != "," || !between {
        return;
    }
    let next = pieces.get(at + 1).filter(|next| !next.first && next.text != "}");
    let Some(next) = next else {
        found.add(Habit::new(Kind::Comma, piece.span).edit(piece.span, ""));
        return;
    };
    let in_settings = pieces.around(at).is_some_and(|open| open.holds == Some(Holds::Settings));
    let is_entry =
        matches!(pieces.get(at + 2).map(|piece| piece.text), Some(":" | "=" | "(")) && is_name(next.text);
    if is_entry || !in_settings {
        found.add(Habit::new(Kind::Comma, piece.span).written(";").edit(piece.span, ";"));
    } else {
        list(pieces, at, found);
    }
}

/// `metrics: accuracy, mae`: values in a row are a list.
fn list(pieces: &Pieces<'_>, comma: usize, found: &mut Found<'_>) {
    let Some(begin) = pieces.beginning(comma) else { return };
    if !pieces.is(begin + 1, ":") && !pieces.is(begin + 1, "=") {
        return;
    }
    let is_value = |piece: &Piece<'_>| matches!(piece.rule, Rule::word | Rule::text);
    let from = begin + 2;
    let mut to = from;
    while let (Some(comma), Some(next)) = (pieces.get(to + 1), pieces.get(to + 2))
        && comma.text == ","
        && is_value(next)
        && !next.first
        && !matches!(pieces.get(to + 3).map(|piece| piece.text), Some(":" | "=" | "("))
    {
        to += 2;
    }
    // `a: ,` at the end of a text has no value
    let (Some(first), Some(last)) = (pieces.get(from), pieces.get(to)) else { return };
    if to <= comma || !is_value(first) {
        return;
    }
    let place = Span::new(first.span.start, last.span.end);
    let written = format!("[{}]", pieces.slice(from, to));
    found.add(Habit::new(Kind::List, place).written(&written).edit(place, written));
}
