//! The lines of a text that a problem is drawn with.
//!
//! The library that draws pads with blanks up to the column of a label, and breaks where that is beyond
//! 65,535. It also walks through all it is given for every label. So it gets the lines with labels alone, of
//! a long line what stands near the ends of labels, and of a label over many lines the first.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::shown::{picture, shown};
use crate::source::{SourceFile, Span};

/// Bytes of a line that is drawn whole.
const LONG: usize = 1_000;

/// Bytes of a long line that are drawn on either side of a label's end.
const NEAR: usize = 80;

/// Lines of a label that is drawn over all of them.
const MOST_LINES: usize = 40;

/// The lines of one text that some places lie in.
#[derive(Debug)]
pub(super) struct Excerpt {
    file: SourceFile,
    /// The file's name as it is shown.
    name: String,
    /// The lines, one after the other.
    text: String,
    /// The number of each line, counted from 0, and where it begins in `text`.
    lines: Vec<(usize, usize)>,
    /// Where stretches of `text` come from: where each begins in `text` and in the file.
    pieces: Vec<(usize, usize)>,
}

impl Excerpt {
    /// The lines of places, which are those of the file.
    pub(super) fn new(file: &SourceFile, places: impl Iterator<Item = Span>) -> Self {
        let places: Vec<Span> = places.map(|place| drawn(file, place)).collect();
        let mut wanted: Vec<usize> =
            places.iter().flat_map(|place| file.line_of(place.start)..=file.line_of(place.end)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut ends: Vec<usize> = places.iter().flat_map(|place| [place.start, place.end]).collect();
        ends.sort_unstable();
        let mut excerpt = Self {
            file: file.clone(),
            name: shown(&file.name),
            text: String::new(),
            lines: Vec::new(),
            pieces: Vec::new(),
        };
        for line in wanted {
            excerpt.lines.push((line, excerpt.text.len()));
            let bytes = file.line(line);
            let from = ends.partition_point(|end| *end < bytes.start);
            let to = ends.partition_point(|end| *end <= bytes.end);
            excerpt.take_line(bytes, &ends[from..to]);
        }
        excerpt
    }

    /// Where a place of the file stands in the excerpt.
    pub(super) fn place(&self, place: Span) -> Range<usize> {
        let place = drawn(&self.file, place);
        let start = self.here(place.start);
        start..self.here(place.end).max(start)
    }

    /// Takes a line in, of a long one what is near the ends of places.
    fn take_line(&mut self, line: Range<usize>, ends: &[usize]) {
        if line.len() <= LONG {
            return self.take(line);
        }
        let text = self.file.text.clone();
        let content = line.start + without_end(&text[line.clone()]).len();
        let mut taken = line.start;
        for &end in ends {
            let from = text.floor_char_boundary(end.saturating_sub(NEAR)).max(taken);
            let to = text.ceil_char_boundary(end.saturating_add(NEAR)).min(content);
            if to > from {
                if from > taken {
                    self.text.push('…');
                }
                self.take(from..to);
                taken = to;
            }
        }
        if taken < content {
            self.text.push('…');
        }
        self.take(content..line.end);
    }

    fn take(&mut self, bytes: Range<usize>) {
        let text = self.file.text.clone();
        self.pieces.push((self.text.len(), bytes.start));
        let mut rest = text[bytes.clone()].chars();
        while let Some(c) = rest.next() {
            let is_layout = matches!(c, '\n' | '\t') || c == '\r' && rest.as_str().starts_with('\n');
            let drawn = picture(c).filter(|_| !is_layout).unwrap_or(c);
            self.text.push(drawn);
            if drawn.len_utf8() != c.len_utf8() {
                self.pieces.push((self.text.len(), bytes.end - rest.as_str().len()));
            }
        }
    }

    /// Where an offset of the file stands.
    fn here(&self, offset: usize) -> usize {
        let after = self.pieces.partition_point(|(_, origin)| *origin <= offset);
        let (start, origin) = after.checked_sub(1).map_or((0, offset), |at| self.pieces[at]);
        self.text.floor_char_boundary(start + (offset - origin))
    }

    /// Where an offset of the excerpt comes from.
    fn origin(&self, here: usize) -> usize {
        let after = self.pieces.partition_point(|(start, _)| *start <= here);
        after.checked_sub(1).map_or(0, |at| self.pieces[at].1 + (here - self.pieces[at].0))
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        _lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = &*self.text;
        let first = span.offset();
        let last = first + span.len();
        let (Some(before), Some(after)) = (text.get(..first), text.get(last..)) else {
            return Err(MietteError::OutOfBounds);
        };
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(text.len(), |at| last + at + 1);
        let lines = text[start..end].lines().count();
        let line = self.lines.partition_point(|(_, begin)| *begin <= start);
        let number = line.checked_sub(1).map_or(0, |line| self.lines[line].0);
        // miette asks without context when it wants the place to name, with context when it wants what to
        // draw
        let column = if lines_before == 0 { self.file.line_column(self.origin(first)).1 - 1 } else { 0 };
        let contents = MietteSpanContents::new_named(
            self.name.clone(),
            &text.as_bytes()[start..end],
            SourceSpan::from((start, end - start)),
            number,
            column,
            lines,
        );
        Ok(Box::new(contents))
    }
}

/// What of a place is drawn: of many lines the first, and whole characters of the text.
fn drawn(file: &SourceFile, place: Span) -> Span {
    let start = file.text.floor_char_boundary(place.start);
    let end = file.text.ceil_char_boundary(place.end).max(start);
    let line = file.line_of(start);
    if file.line_of(end) - line <= MOST_LINES {
        return Span::new(start, end);
    }
    let bytes = file.line(line);
    Span::new(start, (bytes.start + without_end(&file.text[bytes]).len()).max(start))
}

/// A line without its line end.
fn without_end(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, places: &[(usize, usize)]) -> Excerpt {
        let places = places.iter().map(|(start, end)| Span::new(*start, *end));
        Excerpt::new(&SourceFile::new("a.cnn", text), places)
    }

    #[test]
    fn holds_the_lines_of_places() {
        let excerpt = excerpt("one\ntwo\nthree\nfour", &[(15, 16), (4, 7)]);
        assert_eq!(excerpt.text, "two\nfour");
        assert_eq!(excerpt.lines, [(1, 0), (3, 4)]);
        assert_eq!(excerpt.place(Span::new(15, 16)), 5..6);
        assert_eq!(excerpt.origin(5), 15);
    }

    #[test]
    fn a_long_line_loses_what_is_far_from_places() {
        let text = format!("{}here{}\nnext", "가".repeat(30_000), "b".repeat(5_000));
        let excerpt = excerpt(&text, &[(90_000, 90_004), (90_004, 90_005)]);
        assert_eq!(excerpt.text, format!("…{}here{}…\n", "가".repeat(27), "b".repeat(81)));
        assert_eq!(&excerpt.text[excerpt.place(Span::new(90_000, 90_004))], "here");
    }

    #[test]
    fn control_characters_are_pictures() {
        let excerpt = excerpt("a\u{1b}b\tc\r\n", &[(2, 3)]);
        assert_eq!(excerpt.text, "a␛b\tc\r\n");
        assert_eq!(&excerpt.text[excerpt.place(Span::new(2, 3))], "b");
        assert_eq!(excerpt.origin(4), 2);
    }
}
