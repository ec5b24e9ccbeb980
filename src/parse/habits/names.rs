//! Names that cannot be names here: `model 모델`, `model LeNet-5`.

use std::collections::BTreeSet;

use super::pieces::{Pieces, is_definition, is_name};
use super::{Found, Habit, Kind};
use crate::parse::Rule;
use crate::source::Span;

/// Most names that are looked for: the whole text is gone through for each.
const MOST_NAMES: usize = 50;

pub(super) fn find(pieces: &Pieces<'_>, found: &mut Found<'_>) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut given: BTreeSet<String> = pieces.all.iter().map(|piece| piece.text.to_owned()).collect();
    for at in 0..pieces.all.len() {
        let Some(begin) = name_at(pieces, at).filter(|_| known.len() < MOST_NAMES) else { continue };
        let (from, to) = pieces.run(begin);
        let raw = pieces.slice(from, to);
        let text = pieces.all[from].quoted.unwrap_or(raw.trim_matches('"'));
        // of layers also `blocks.0`
        let is_right = is_name(raw) || begin == at && is_path(raw);
        if is_right || raw.is_empty() || !text.chars().all(is_of_name) || !known.insert(raw) {
            continue;
        }
        let written = free_name(&name_like(text, pieces.before(begin).map_or("", |word| word.text)), &given);
        given.insert(written.clone());
        let place = Span::new(pieces.all[from].span.start, pieces.all[to].span.end);
        let mut habit = Habit::new(Kind::Name, place).named(text).written(&written);
        for place in places_of(pieces, raw, (from, to)) {
            habit = habit.edit(place, &*written);
        }
        found.add(habit);
    }
}

/// Where a name is given by what stands at an index: behind `model`, `block` or `let`, or before `=`.
fn name_at(pieces: &Pieces<'_>, at: usize) -> Option<usize> {
    let piece = pieces.get(at)?;
    if piece.begins && (is_definition(piece.text) || piece.text == "let") {
        return pieces.get(at + 1).filter(|next| !next.first && next.rule != Rule::open).map(|_| at + 1);
    }
    let may_name =
        piece.begins && piece.rule == Rule::word && pieces.around(at).is_some_and(|open| open.text == "{");
    (may_name && pieces.is(pieces.run(at).1 + 1, "=")).then_some(at)
}

/// A name, and names or numbers behind it.
fn is_path(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.split('.');
    parts.next().is_some_and(is_name) && parts.all(|part| is_name(part) || is_number(part))
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// A name that is like a text: its letters of ASCII, or what it is a name of.
fn name_like(text: &str, keyword: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let plain = plain.trim_matches('_');
    let has_letters = plain.contains(|c: char| c.is_ascii_alphabetic()) && text.is_ascii();
    match keyword.to_ascii_lowercase().as_str() {
        _ if has_letters && is_name(plain) => plain.to_owned(),
        _ if has_letters => format!("_{plain}"),
        "model" => "Model".to_owned(),
        "block" => "Block".to_owned(),
        _ => "name".to_owned(),
    }
}

fn free_name(name: &str, given: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !given.contains(name)).unwrap_or_default()
}

/// All places of a name; `first` is where it is given.
fn places_of(pieces: &Pieces<'_>, raw: &str, first: (usize, usize)) -> Vec<Span> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < pieces.all.len() {
        let (from, to) = pieces.run(at);
        let is_text = pieces.all[from].rule == Rule::text && from != first.0;
        if pieces.slice(from, to) == raw && !is_text {
            places.push(Span::new(pieces.all[from].span.start, pieces.all[to].span.end));
        }
        at = to + 1;
    }
    places
}
