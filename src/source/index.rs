//! Where the lines of a text begin, so that each question about a place takes a moment in a text of any size.

use std::ops::Range;

/// Bytes between two counts of characters: what is counted again for a place.
const STEP: usize = 512;

/// The lines of a text and how many characters stand before its places.
#[derive(Debug)]
pub(super) struct Index {
    /// The first byte of each line; there is always one.
    lines: Vec<usize>,
    /// How many characters begin before the bytes 0, [`STEP`], 2 · [`STEP`], …
    characters: Vec<usize>,
}

impl Index {
    pub(super) fn new(text: &str) -> Self {
        let lines = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1));
        let mut before = 0;
        let mut characters = vec![0];
        characters.extend(text.as_bytes().chunks(STEP).map(|chunk| {
            before += count(chunk);
            before
        }));
        Self { lines: lines.collect(), characters }
    }

    /// Line and column, both counted from 0, columns in characters.
    pub(super) fn line_column(&self, text: &str, offset: usize) -> (usize, usize) {
        let line = self.line_of(offset);
        (line, self.before(text, offset) - self.before(text, self.lines[line]))
    }

    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset) - 1
    }

    pub(super) fn line(&self, line: usize, length: usize) -> Range<usize> {
        let bound = |line: usize| self.lines.get(line).copied().unwrap_or(length);
        bound(line)..bound(line.saturating_add(1))
    }

    /// How many characters end before an offset.
    fn before(&self, text: &str, offset: usize) -> usize {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let step = offset / STEP;
        self.characters[step] + count(&text.as_bytes()[step * STEP..offset])
    }
}

/// How many characters begin in some bytes of a text.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_a_walk_through_the_text() {
        let long = "한글 é\u{301} 😀\t".repeat(200);
        for text in ["", "\n", "a\r\nb", "\u{feff}a\n\nb", &long, &format!("{long}\n{long}\n")] {
            let index = Index::new(text);
            for offset in (0..text.len() + 2).step_by(if text.len() > 100 { 7 } else { 1 }) {
                let mut end = offset.min(text.len());
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                let line = text[..end].matches('\n').count();
                let column = text[..end].rsplit('\n').next().map_or(0, |last| last.chars().count());
                assert_eq!(index.line_column(text, offset), (line, column), "{offset} in {text:?}");
                assert!(text.get(index.line(line, text.len())).is_some());
            }
        }
    }
}
