//! Arguments and settings as other languages write them.

use pest::Parser as _;

use super::pieces::{Holds, Piece, Pieces, is_definition, is_name, is_whole};
use super::{Found, Habit, Kind};
use crate::parse::{Grammar, Rule};
use crate::source::Span;

/// Words between two values, and words that a value begins or ends with.
const BETWEEN: &[&str] = &["of", "by", "in", "if", "then", "else", "onward", "epochs", "epoch", "x", "X"];

pub(super) fn find(pieces: &Pieces<'_>, found: &mut Found<'_>) {
    for at in 0..pieces.all.len() {
        match pieces.all[at].text {
            "=" => equals(pieces, at, found),
            "(" => tuple(pieces, at, found),
            _ => {}
        }
        gap(pieces, at, found);
        path(pieces, at, found);
    }
}

/// `kernel_size=3`, `rescale = 1/255`
fn equals(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let Some(name_at) = at.checked_sub(1).filter(|&before| is_name(pieces.all[before].text)) else { return };
    let (name, sign) = (pieces.all[name_at], pieces.all[at]);
    let Some(value) = pieces.get(at + 1).filter(|value| !value.first && !sign.first) else { return };
    let opens = |at: usize| pieces.before(at).is_some_and(|before| matches!(before.text, "(" | "," | "{"));
    let is_setting = match pieces.around(at) {
        Some(open) if open.text == "(" => opens(name_at) && !has_defaults(pieces, at),
        Some(Piece { holds: Some(Holds::Pairs), .. }) => opens(name_at),
        Some(Piece { holds: Some(Holds::Settings), .. }) => name.begins,
        _ => false,
    };
    if is_setting {
        let place = Span::new(name.span.end, value.span.start);
        found.add(Habit::new(Kind::Equals, sign.span).named(name.text).edit(place, ": "));
        value_of_python(value, found);
    }
}

/// `True` and `"relu"` behind `=`.
fn value_of_python(value: &Piece<'_>, found: &mut Found<'_>) {
    let inner = value.text.trim_matches('"');
    if matches!(value.text, "True" | "False") {
        let small = value.text.to_ascii_lowercase();
        found.add(Habit::new(Kind::Case, value.span).written(&small).edit(value.span, small));
    } else if value.rule == Rule::text && value.quoted.is_none() && is_name(inner) {
        found.add(Habit::new(Kind::Word, value.span).written(inner).edit(value.span, inner));
    }
}

/// Whether the parentheses around a piece hold parameters: `block Stage(filters = 32)`.
fn has_defaults(pieces: &Pieces<'_>, at: usize) -> bool {
    let open = pieces.all[at].inside;
    let head = open.and_then(|open| pieces.get(open.checked_sub(2)?));
    head.is_some_and(|head| is_definition(head.text))
}

/// `(3, 3)`: a size, or a list where it is no size.
fn tuple(pieces: &Pieces<'_>, open: usize, found: &mut Found<'_>) {
    let is_value = pieces.before(open).is_some_and(|before| {
        matches!(before.rule, Rule::colon | Rule::comma | Rule::infix) || matches!(before.text, "(" | "[")
    });
    let Some(close) = pieces.closer(open).filter(|_| is_value) else { return };
    let inner = &pieces.all[open + 1..close];
    let has_comma = inner.iter().any(|piece| piece.rule == Rule::comma);
    if !has_comma || inner.iter().any(|piece| matches!(piece.rule, Rule::open | Rule::close | Rule::colon)) {
        return;
    }
    let items: Vec<&str> = inner
        .split(|piece| piece.rule == Rule::comma)
        .filter_map(|item| pieces.text.get(item.first()?.span.start..item.last()?.span.end))
        .collect();
    let written = match &items[..] {
        [] => return,
        [one] => (*one).to_owned(),
        [_, _] | [_, _, _] if items.iter().all(|item| is_whole(item) && *item != "0") => items.join("x"),
        [_, _] | [_, _, _] if items.iter().all(|item| is_whole(item) || is_name(item)) => {
            format!("size({})", items.join(", "))
        }
        _ => format!("[{}]", items.join(", ")),
    };
    let place = Span::new(pieces.all[open].span.start, pieces.all[close].span.end);
    let kind = if written.starts_with('[') { Kind::List } else { Kind::Tuple };
    found.add(Habit::new(kind, place).written(&written).edit(place, written));
}

/// Two values with nothing between them: `padding same`, `32 3`, `epochs 3`.
fn gap(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let (piece, Some(next)) = (pieces.all[at], pieces.get(at + 1)) else { return };
    let is_value = |piece: &Piece<'_>| matches!(piece.rule, Rule::word | Rule::text);
    let apart = !next.first && !pieces.touches_next(at) && piece.inside == next.inside;
    let plain = |piece: &Piece<'_>| {
        let joins = BETWEEN.contains(&piece.text) && !piece.begins || piece.text == "if";
        is_value(piece) && !joins && !piece.text.starts_with('%')
    };
    if !apart || !plain(&piece) || !(plain(next) || next.text == "[") {
        return;
    }
    let behind = Span::new(piece.span.end, piece.span.end);
    let begins = pieces.before(at).is_some_and(|before| matches!(before.text, "(" | ","));
    match pieces.around(at) {
        Some(Piece { holds: Some(Holds::Settings), .. }) if piece.begins && is_name(piece.text) => {
            // `let x`, `allow X`, `phase head {`
            let is_head = pieces.is(at + 2, "{") || matches!(piece.text, "let" | "allow");
            if !is_head {
                found.add(Habit::new(Kind::Colon, behind).named(piece.text).edit(behind, ":"));
            }
        }
        Some(open) if open.text == "(" && begins && is_name(piece.text) => {
            found.add(Habit::new(Kind::Colon, behind).named(piece.text).edit(behind, ":"));
        }
        Some(open) if matches!(open.text, "(" | "[") && !is_unit(next.text) => {
            found.add(Habit::new(Kind::Separator, behind).edit(behind, ","));
        }
        _ => {}
    }
}

fn is_unit(text: &str) -> bool {
    matches!(text, "deg" | "turn" | "rad" | "s" | "min" | "h")
}

/// A path without quotes that is no value: `folder(./photos)`, `folder(C:\photos)`, `folder(사진)`.
fn path(pieces: &Pieces<'_>, at: usize, found: &mut Found<'_>) {
    let in_call = pieces.around(at).is_some_and(|open| open.text == "(");
    let begins = pieces.before(at).is_some_and(|before| matches!(before.text, "(" | "," | ":"));
    if !in_call || !begins || pieces.all[at].quoted.is_some() {
        return;
    }
    let is_drive = pieces.all[at].text.len() == 1
        && pieces.is(at + 1, ":")
        && (pieces.is(at + 2, "\\") || pieces.is(at + 2, "/"));
    let (_, to) = pieces.run(if is_drive { at + 2 } else { at });
    let ends = pieces.get(to + 1).is_none_or(|next| matches!(next.text, ")" | ","));
    let raw = pieces.slice(at, to);
    let is_path = raw.contains(['/', '\\'])
        || !raw.is_ascii() && raw.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    let sound = !raw.contains(['"', '\n', '(', ')', '*', '=', '<', '>', '×', '°']);
    if ends && is_path && sound && Grammar::parse(Rule::value_line, raw).is_err() {
        let place = Span::new(pieces.all[at].span.start, pieces.all[to].span.end);
        let written = format!("\"{}\"", raw.replace('\\', "/"));
        found.add(Habit::new(Kind::Path, place).written(&written).edit(place, written));
    }
}
