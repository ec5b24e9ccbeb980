//! Some taps of a window's weights.

use crate::tensor::{Shape, TensorType};

/// A rectangle of the taps of weights `[Kh, Kw, I, O]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Taps {
    /// First row and column of taps.
    pub first: [usize; 2],
    /// Rows and columns of taps.
    pub count: [usize; 2],
    /// Rows and columns of taps of the whole window.
    pub of: [usize; 2],
}

impl Taps {
    /// The type of weights with these taps alone.
    pub fn cropped(&self, whole: &TensorType) -> TensorType {
        with_taps(whole, self.count)
    }

    /// The type of weights with all taps.
    pub fn whole(&self, cropped: &TensorType) -> TensorType {
        with_taps(cropped, self.of)
    }

    /// Runs of taps that lie one behind the other: (first tap, number of taps), in order.
    pub fn runs(&self) -> Vec<(usize, usize)> {
        let [first_row, first_column] = self.first;
        let [rows, columns] = self.count;
        let tap = |row: usize| (first_row + row) * self.of[1] + first_column;
        if columns == self.of[1] || rows == 1 {
            vec![(tap(0), rows * columns)]
        } else {
            (0..rows).map(|row| (tap(row), columns)).collect()
        }
    }

    /// Runs of the taps that are left out.
    pub fn gaps(&self) -> Vec<(usize, usize)> {
        let all = self.of[0] * self.of[1];
        let mut gaps = Vec::new();
        let mut end = 0;
        for (start, taps) in self.runs().into_iter().chain([(all, 0)]) {
            if start > end {
                gaps.push((end, start - end));
            }
            end = start + taps;
        }
        gaps
    }
}

fn with_taps(weights: &TensorType, taps: [usize; 2]) -> TensorType {
    let extents = weights.shape.extents();
    TensorType::single(Shape::new([taps[0], taps[1], extents[2], extents[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_gaps_cover_the_window() {
        for (first, count) in
            [([1, 1], [1, 1]), ([0, 1], [2, 2]), ([1, 0], [2, 3]), ([0, 0], [3, 3]), ([2, 2], [1, 1])]
        {
            let taps = Taps { first, count, of: [3, 3] };
            let mut covered = [0; 9];
            for (start, taps) in taps.runs() {
                covered[start..start + taps].iter_mut().for_each(|tap| *tap += 1);
            }
            for (start, taps) in taps.gaps() {
                covered[start..start + taps].iter_mut().for_each(|tap| *tap += 10);
            }
            for (tap, covered) in covered.into_iter().enumerate() {
                let inside = |axis: usize, at: usize| (first[axis]..first[axis] + count[axis]).contains(&at);
                let expected = if inside(0, tap / 3) && inside(1, tap % 3) { 1 } else { 10 };
                assert_eq!(covered, expected, "{taps:?} tap {tap}");
            }
        }
    }
}
