//! Bytes with what is known of them.

use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes with what is known of them: intervals that do not overlap, by their beginnings.
#[derive(Debug)]
pub(super) struct Intervals<T> {
    intervals: BTreeMap<usize, (usize, T)>,
}

impl<T: Clone + PartialEq> Intervals<T> {
    pub(super) fn new(bytes: usize, value: T) -> Self {
        Self { intervals: BTreeMap::from([(0, (bytes, value))]) }
    }

    /// Changes what is known of some bytes.
    pub(super) fn change(&mut self, bytes: Range<usize>, mut change: impl FnMut(Range<usize>, &mut T)) {
        if bytes.is_empty() {
            return;
        }
        self.cut_at(bytes.start);
        self.cut_at(bytes.end);
        let mut count = 0;
        for (&start, (end, value)) in self.intervals.range_mut(bytes.clone()) {
            change(start..*end, value);
            count += 1;
        }
        if count > 1 {
            self.join(bytes);
        }
    }

    /// Makes neighbours one of which the same is known: memory is used again and again, and would
    /// otherwise be in ever smaller parts.
    fn join(&mut self, bytes: Range<usize>) {
        let mut inside =
            self.intervals.range(bytes).map(|(&start, (end, value))| (start, *end, value.clone()));
        let Some(mut last) = inside.next() else { return };
        let (mut longer, mut gone) = (Vec::new(), Vec::new());
        for next in inside {
            if next.2 == last.2 {
                last.1 = next.1;
                gone.push(next.0);
            } else {
                longer.push(last);
                last = next;
            }
        }
        longer.push(last);
        if gone.is_empty() {
            return;
        }
        for start in gone {
            self.intervals.remove(&start);
        }
        for (start, end, value) in longer {
            self.intervals.insert(start, (end, value));
        }
    }

    /// The same for all of them at once.
    pub(super) fn set(&mut self, bytes: Range<usize>, value: T) {
        if bytes.is_empty() {
            return;
        }
        self.cut_at(bytes.start);
        self.cut_at(bytes.end);
        let covered: Vec<usize> = self.intervals.range(bytes.clone()).map(|(&start, _)| start).collect();
        for start in covered {
            self.intervals.remove(&start);
        }
        self.intervals.insert(bytes.start, (bytes.end, value));
    }

    /// What is known of some bytes, in order.
    pub(super) fn of(&self, bytes: Range<usize>) -> impl Iterator<Item = (Range<usize>, &T)> {
        let before = self.intervals.range(..bytes.start).next_back();
        let inside = self.intervals.range(bytes.clone());
        before.into_iter().chain(inside).filter_map(move |(&start, (end, value))| {
            let part = start.max(bytes.start)..(*end).min(bytes.end);
            (!part.is_empty()).then_some((part, value))
        })
    }

    /// Makes an interval that goes across a place two.
    fn cut_at(&mut self, place: usize) {
        let before = self.intervals.range_mut(..place).next_back();
        if let Some((_, (end, value))) = before.filter(|(_, (end, _))| *end > place) {
            let rest = (std::mem::replace(end, place), value.clone());
            self.intervals.insert(place, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_what_was_said_of_them_last() {
        let mut intervals = Intervals::new(100, 'a');
        intervals.set(10..20, 'b');
        intervals.change(15..30, |_, value| *value = if *value == 'b' { 'c' } else { 'd' });
        let all: Vec<_> = intervals.of(0..100).map(|(range, value)| (range, *value)).collect();
        assert_eq!(all, [(0..10, 'a'), (10..15, 'b'), (15..20, 'c'), (20..30, 'd'), (30..100, 'a')]);
        let some: Vec<_> = intervals.of(12..18).map(|(range, value)| (range, *value)).collect();
        assert_eq!(some, [(12..15, 'b'), (15..18, 'c')]);
        intervals.change(10..20, |_, value| *value = 'f');
        let joined: Vec<_> = intervals.of(5..25).map(|(range, value)| (range, *value)).collect();
        assert_eq!(joined, [(5..10, 'a'), (10..20, 'f'), (20..25, 'd')]);
        intervals.set(0..100, 'e');
        assert_eq!(intervals.of(0..100).count(), 1);
    }
}
