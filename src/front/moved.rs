//! Where the places of a text lie after it was changed.

use std::ops::RangeInclusive;

use crate::diag::Edit;
use crate::source::Span;

/// A text before and after some edits.
pub(super) struct Moved<'e> {
    /// In the order of the text, none touching another.
    edits: Vec<&'e Edit>,
    /// For each edit by how much what begins with it has moved; then what stands behind the last.
    by: Vec<isize>,
}

impl<'e> Moved<'e> {
    /// By edits in any order.
    pub(super) fn by(edits: impl Iterator<Item = &'e Edit>) -> Self {
        let mut edits: Vec<&Edit> = edits.collect();
        edits.sort_by_key(|edit| edit.span.start);
        let mut moved = 0;
        let mut by = vec![0];
        for edit in &edits {
            moved += edit.text.len().cast_signed() - edit.span.len().cast_signed();
            by.push(moved);
        }
        Self { edits, by }
    }

    /// Where what stood at an offset may be: anywhere in what took its place, or in front of or behind what
    /// was put in there.
    pub(super) fn places(&self, offset: usize) -> RangeInclusive<usize> {
        let before =
            |edit: &&Edit| edit.span.end < offset || (edit.span.end == offset && !edit.span.is_empty());
        let at = self.edits.partition_point(before);
        let place = |offset: usize| offset.saturating_add_signed(self.by[at]);
        match self.edits.get(at) {
            Some(edit) if edit.span.start <= offset => {
                let start = place(edit.span.start);
                start..=start + edit.text.len()
            }
            _ => place(offset)..=place(offset),
        }
    }

    /// What the edits have written, in the new text.
    pub(super) fn written(&self) -> impl Iterator<Item = Span> {
        self.edits.iter().zip(&self.by).map(|(edit, by)| {
            let start = edit.span.start.saturating_add_signed(*by);
            Span::new(start, start + edit.text.len())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_where_the_text_went() {
        // 0123456789 → 0XYZ345!6789
        let edits = [
            Edit { span: Span::new(6, 6), text: "!".into() },
            Edit { span: Span::new(1, 3), text: "XYZ".into() },
        ];
        let moved = Moved::by(edits.iter());
        let places = [0, 1, 2, 3, 5, 6, 7].map(|offset| moved.places(offset));
        assert_eq!(places, [0..=0, 1..=4, 1..=4, 4..=4, 6..=6, 7..=8, 9..=9]);
        let written: Vec<Span> = moved.written().collect();
        assert_eq!(written, [Span::new(1, 4), Span::new(7, 8)]);
    }
}
