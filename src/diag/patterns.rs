//! A catalogue of patterns: English texts with holes, and what they are in another language.
//!
//! A line of a file reads `pattern = translation`. The holes of a pattern have names, and the translation has
//! them, too:
//!
//! | Hole | Takes | Is shown |
//! |---|---|---|
//! | `{path}` | any text | as it is |
//! | `{#count}` | a number, a size, a range: `1,797`, `28x28x1`, `0..1` | as it is |
//! | `{+reason}` | any text | translated by the same patterns, as far as they fit |
//!
//! Of several patterns that fit, the one with most letters outside of its holes counts; the order of lines
//! does not. Every hole takes something, and as little as it can; a hole among words takes code whole, with both
//! of its backquotes. Within backquotes stands code: what a hole takes there is never translated.

use std::collections::{HashMap, HashSet};

/// Deepest text within a text.
const DEEPEST: usize = 8;

/// Patterns of a language.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    /// Without holes.
    closed: HashMap<&'static str, &'static str>,
    /// With holes, the most letters first.
    open: Vec<Pattern>,
}

/// A pattern with holes.
#[derive(Debug)]
struct Pattern {
    /// What stands around the holes: one more than there are holes.
    around: Vec<&'static str>,
    holes: Vec<Hole>,
    translation: &'static str,
}

/// A place in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hole {
    name: &'static str,
    takes: Takes,
    /// It stands within backquotes.
    is_code: bool,
}

/// What a hole takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Text,
    Number,
    Phrase,
}

impl Patterns {
    /// The patterns of some files. Lines that begin with `//` are for those who read the files.
    pub(super) fn read(files: &[&'static str]) -> Self {
        let mut patterns = Self::default();
        for (pattern, translation) in files.iter().flat_map(|file| lines(file)) {
            let (around, holes) = split(pattern);
            if holes.is_empty() {
                patterns.closed.insert(pattern, translation);
            } else {
                patterns.open.push(Pattern { around, holes, translation });
            }
        }
        // files are read in a fixed order, and the sort is stable
        patterns.open.sort_by_key(|pattern| std::cmp::Reverse(pattern.letters()));
        patterns
    }

    /// A text as far as it is known: all of it, or the parts that it is joined of by `; `, `, ` and `: `.
    pub(super) fn as_far_as_known(&self, text: &str) -> String {
        self.parts(text, DEEPEST)
    }

    fn parts(&self, text: &str, depth: usize) -> String {
        let Some(depth) = depth.checked_sub(1) else { return text.to_owned() };
        if let Some(translation) = self.known(text, depth) {
            return translation;
        }
        // a single word is a name
        let about = |about: &str| match self.whole(about, depth) {
            Some(translation) if about.contains(' ') => translation,
            Some(_) | None => about.to_owned(),
        };
        let named = text.split_once(": ");
        if let Some((name, rest)) = named.and_then(|(name, rest)| Some((name, self.known(rest, depth)?))) {
            return format!("{}: {rest}", about(name));
        }
        if text.contains("; ") {
            let parts: Vec<String> = text.split("; ").map(|part| self.parts(part, depth)).collect();
            return parts.join("; ");
        }
        match named {
            Some((name, rest)) => format!("{}: {}", about(name), self.parts(rest, depth)),
            None => text.to_owned(),
        }
    }

    /// The translation of a text of which all is known. Its parts go first: a pattern that ends in a hole would
    /// take all that follows its own part for what the hole takes.
    fn known(&self, text: &str, depth: usize) -> Option<String> {
        let parts = self.all_of(text, "; ", depth).or_else(|| self.all_of(text, ", ", depth));
        parts.or_else(|| self.whole(text, depth))
    }

    /// The translation of several parts, if each is known as a whole.
    fn all_of(&self, text: &str, between: &str, depth: usize) -> Option<String> {
        if !text.contains(between) {
            return None;
        }
        let parts: Option<Vec<String>> = text.split(between).map(|part| self.whole(part, depth)).collect();
        Some(parts?.join(between))
    }

    /// The translation of a text that a pattern fits.
    fn whole(&self, text: &str, depth: usize) -> Option<String> {
        if let Some(translation) = self.closed.get(text) {
            return Some((*translation).to_owned());
        }
        self.open.iter().find_map(|pattern| {
            let found = pattern.fit(text)?;
            Some(pattern.filled(&found, &|part| self.parts(part, depth)))
        })
    }
}

/// Patterns and translations of a file.
pub(super) fn lines(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = file.lines().filter(|line| !line.starts_with("//"));
    lines.filter_map(|line| line.split_once(" = "))
}

/// What stands around the holes of a pattern, and the holes.
fn split(pattern: &'static str) -> (Vec<&'static str>, Vec<Hole>) {
    let (mut around, mut holes) = (Vec::new(), Vec::new());
    let (mut begun, mut from) = (0, 0);
    while let Some(open) = pattern[from..].find('{').map(|at| from + at) {
        let Some((name, takes, end)) = hole(pattern, open) else {
            from = open + 1;
            continue;
        };
        let is_code = pattern[..open].matches('`').count() % 2 == 1;
        around.push(&pattern[begun..open]);
        holes.push(Hole { name, takes, is_code });
        (begun, from) = (end, end);
    }
    around.push(&pattern[begun..]);
    (around, holes)
}

/// The hole that begins at a brace, and where it ends; `None` where the brace is a brace.
fn hole(pattern: &'static str, open: usize) -> Option<(&'static str, Takes, usize)> {
    let inner = &pattern[open + 1..];
    let inner = &inner[..inner.find('}')?];
    let end = open + inner.len() + 2;
    let (name, takes) = match inner.as_bytes().first()? {
        b'#' => (&inner[1..], Takes::Number),
        b'+' => (&inner[1..], Takes::Phrase),
        _ => (inner, Takes::Text),
    };
    let is_name =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    is_name.then_some((name, takes, end))
}

impl Pattern {
    fn letters(&self) -> usize {
        self.around.iter().map(|piece| piece.len()).sum()
    }

    /// What the holes take of a text; `None` if the pattern does not fit it.
    fn fit<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (first, last) = (self.around.first()?, self.around.last()?);
        let inner = text.strip_prefix(first)?.strip_suffix(last)?;
        let mut found = Vec::with_capacity(self.holes.len());
        self.fill(inner, 0, &mut found, &mut HashSet::new()).then_some(found)
    }

    /// Fills the holes from `at` on with what is left of a text. `dead` are the holes and places from where it
    /// was tried in vain: so the work grows with the square of the text's length at most.
    fn fill<'t>(
        &self,
        left: &'t str,
        at: usize,
        found: &mut Vec<&'t str>,
        dead: &mut HashSet<(usize, usize)>,
    ) -> bool {
        let hole = self.holes[at];
        if at + 1 == self.holes.len() {
            found.push(left);
            if hole.fits(left) {
                return true;
            }
            found.pop();
            return false;
        }
        if dead.contains(&(at, left.len())) {
            return false;
        }
        let next = self.around[at + 1];
        let starts = if next.is_empty() {
            left.char_indices().map(|(at, _)| at).collect::<Vec<_>>()
        } else {
            left.match_indices(next).map(|(at, _)| at).collect()
        };
        for start in starts.into_iter().filter(|start| *start > 0) {
            if hole.fits(&left[..start]) {
                found.push(&left[..start]);
                if self.fill(&left[start + next.len()..], at + 1, found, dead) {
                    return true;
                }
                found.pop();
            }
        }
        dead.insert((at, left.len()));
        false
    }

    /// The translation with what the holes took.
    fn filled(&self, found: &[&str], phrase: &dyn Fn(&str) -> String) -> String {
        let (around, places) = split(self.translation);
        let mut text = around.first().copied().unwrap_or_default().to_owned();
        for (place, after) in places.iter().zip(&around[1..]) {
            let hole = self.holes.iter().zip(found).find(|(hole, _)| hole.name == place.name);
            match hole {
                Some((Hole { takes: Takes::Phrase, is_code: false, .. }, part)) => text += &phrase(part),
                Some((_, part)) => text += part,
                None => {}
            }
            text += after;
        }
        text
    }
}

impl Hole {
    fn fits(self, part: &str) -> bool {
        let is_number = |c: char| c.is_ascii_digit() || ",.x?%-".contains(c);
        let marks = part.matches('`').count();
        !part.is_empty()
            && (if self.is_code { marks == 0 } else { marks.is_multiple_of(2) })
            && (self.takes != Takes::Number || part.chars().all(is_number))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn patterns_keep_what_they_do_not_know() {
        let patterns = Patterns::read(&["\
// a remark = 말
the loss `{+name}` = 손실 `{name}`
{#a} and {#b} = {a}, {b}
{+a} in {b} = {b}의 {a}
a number = 수
`{file}` is {+what} = `{file}`: {what}
write `{ a: 1 }` = `{ a: 1 }`을 쓰세요
a link = 링크"]);
        for (text, wanted) in [
            ("the loss `a number`", "손실 `a number`"),
            ("28x28x1 and 3x3", "28x28x1, 3x3"),
            ("cats and dogs", "cats and dogs"),
            ("a number in 0..1", "0..1의 수"),
            ("`a` and `b` is a number", "`a` and `b` is a number"),
            ("`a link` is a link; a number", "`a link`: 링크; 수"),
            ("write `{ a: 1 }`", "`{ a: 1 }`을 쓰세요"),
            ("`` is a link", "`` is a link"),
            ("a link, a number", "링크, 수"),
            ("a link, a dog", "a link, a dog"),
        ] {
            assert_eq!(patterns.as_far_as_known(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_pattern_with_most_letters_counts() {
        let lines = ["{a} is {b} = 1", "{a} is here = 2", "it is here = 3", "it is {b} = 4"];
        for turn in 0..lines.len() {
            let mut turned = lines;
            turned.rotate_left(turn);
            let file: &'static str = Box::leak(turned.join("\n").into_boxed_str());
            let patterns = Patterns::read(&[file]);
            let found = ["x is y", "x is here", "it is here", "it is y"];
            let found = found.map(|text| patterns.as_far_as_known(text));
            assert_eq!(found, ["1", "2", "3", "4"]);
        }
    }

    /// Names of holes, sorted.
    pub(crate) fn names(text: &'static str) -> Vec<&'static str> {
        let mut names: Vec<&str> = split(text).1.iter().map(|hole| hole.name).collect();
        names.sort_unstable();
        names
    }
}
