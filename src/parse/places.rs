//! Where the places of a text that is read lie among all texts.

use crate::diag::Edit;
use crate::source::Span;

/// Where the places of a text lie among all texts. It may be a text in which edits were made: what an edit
/// wrote lies where the text lies that it replaced.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// Offset of the unedited text's first byte among all texts.
    base: usize,
    edits: Vec<Made>,
}

/// An edit that was made.
#[derive(Debug, Clone, Copy)]
struct Made {
    /// What it replaced, in the unedited text.
    before: Span,
    /// What it wrote, in the edited one.
    after: Span,
}

impl Places {
    /// Those of a text as it was given.
    pub(super) fn from(base: usize) -> Self {
        Self { base, edits: Vec::new() }
    }

    /// Those of a text in which edits were made, sorted and without a byte that two of them replace.
    pub(super) fn of_edited(base: usize, edits: &[Edit]) -> Self {
        let (mut taken, mut written) = (0, 0);
        let made = edits.iter().map(|Edit { span, text }| {
            let start = written + (span.start - taken);
            (taken, written) = (span.end, start + text.len());
            Made { before: *span, after: Span::new(start, written) }
        });
        Self { base, edits: made.collect() }
    }

    /// A place of the text among all texts.
    pub(super) fn global(&self, span: Span) -> Span {
        let (start, end) = (self.start(span.start), self.end(span.end));
        Span::new(self.base + start, self.base + end.max(start))
    }

    /// Where what begins at an offset begins in the unedited text.
    fn start(&self, offset: usize) -> usize {
        let next = self.edits.partition_point(|made| made.after.start <= offset);
        match next.checked_sub(1).map(|at| self.edits[at]) {
            Some(made) if offset >= made.after.end => made.before.end + (offset - made.after.end),
            Some(made) => made.before.start,
            None => offset,
        }
    }

    /// Where what ends at an offset ends in the unedited text.
    fn end(&self, offset: usize) -> usize {
        let next = self.edits.partition_point(|made| made.after.start < offset);
        match next.checked_sub(1).map(|at| self.edits[at]) {
            Some(made) if offset >= made.after.end => made.before.end + (offset - made.after.end),
            Some(made) => made.before.end,
            None => offset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_an_edited_text_are_those_of_the_text_before() {
        let edit = |start, end, text: &str| Edit { span: Span::new(start, end), text: text.to_owned() };
        // `a=(3, 3), b` became `a: 3x3 b!`
        let places =
            Places::of_edited(100, &[edit(1, 2, ": "), edit(2, 8, "3x3"), edit(8, 9, ""), edit(11, 11, "!")]);
        let at = |start, end| {
            let span = places.global(Span::new(start, end));
            (span.start - 100, span.end - 100)
        };
        assert_eq!(at(0, 1), (0, 1));
        assert_eq!(at(3, 6), (2, 8));
        assert_eq!(at(4, 5), (2, 8));
        assert_eq!(at(0, 6), (0, 8));
        assert_eq!(at(7, 8), (10, 11));
        assert_eq!(at(7, 9), (10, 11));
    }
}
