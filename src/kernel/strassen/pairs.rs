//! The pixels of a chunk in pairs: the halves of the pixels, as Strassen's method wants them.

use cranelift::prelude::Value;

use crate::kernel::builder::{KernelBuilder, Trips};
use crate::tensor::{Element, Layout};

/// Pairs whose pixels lie equally far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PairRun {
    /// `[row, column]` of the first pixel of the first pair.
    first: [usize; 2],
    /// Rows and columns from a pair's first pixel to its second. `None`: there is no second one.
    apart: Option<[usize; 2]>,
    /// Rows and columns of pairs.
    extent: [usize; 2],
    /// Pairs before these.
    before: usize,
}

/// All pixels of this many rows and columns in pairs: the upper half of the rows with the lower half; a last
/// odd row in itself, and its last odd pixel alone.
pub(super) fn pair_runs(rows: usize, columns: usize) -> Vec<PairRun> {
    let (half, middle) = (rows / 2, columns / 2);
    let mut runs =
        vec![PairRun { first: [0, 0], apart: Some([half, 0]), extent: [half, columns], before: 0 }];
    if rows % 2 == 1 {
        let (row, before) = (rows - 1, half * columns);
        runs.push(PairRun { first: [row, 0], apart: Some([0, middle]), extent: [1, middle], before });
        if columns % 2 == 1 {
            let first = [row, columns - 1];
            runs.push(PairRun { first, apart: None, extent: [1, 1], before: before + middle });
        }
    }
    runs.retain(|run| !run.extent.contains(&0));
    runs
}

/// How many pairs that are.
pub(super) fn count(rows: usize, columns: usize) -> usize {
    (rows * columns).div_ceil(2)
}

/// Some rows of some images.
pub(super) struct Chunk {
    pub(super) image: Value,
    pub(super) images: Trips,
    /// First row.
    pub(super) row: Value,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// A row of pairs of a chunk.
pub(super) struct Pairs {
    pub(super) first: Pair,
    pub(super) columns: usize,
}

/// A pair of a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    image: Value,
    row: Value,
    column: Value,
    apart: Option<[usize; 2]>,
    /// Its number within the chunk.
    pub(super) number: Value,
}

impl Chunk {
    /// Pairs of one image.
    pub(super) fn pairs(&self) -> usize {
        count(self.rows, self.columns)
    }

    /// Runs over the rows of pairs.
    pub(super) fn for_rows(
        &self,
        k: &mut KernelBuilder<'_>,
        mut body: impl FnMut(&mut KernelBuilder<'_>, &Pairs),
    ) {
        k.for_range(self.images, |k, i| {
            let image = k.index_add(self.image, i);
            let before = k.index_scale(i, self.pairs());
            for run in pair_runs(self.rows, self.columns) {
                let [rows, columns] = run.extent;
                let before = k.index_offset(before, run.before);
                let column = k.index(run.first[1]);
                k.for_range(rows, |k, y| {
                    let line = k.index_scale(y, columns);
                    let number = k.index_add(before, line);
                    let row = k.index_add(self.row, y);
                    let row = k.index_offset(row, run.first[0]);
                    body(k, &Pairs { first: Pair { image, row, column, apart: run.apart, number }, columns });
                });
            }
        });
    }
}

impl Pairs {
    /// Runs over the pairs.
    pub(super) fn for_each(
        &self,
        k: &mut KernelBuilder<'_>,
        mut body: impl FnMut(&mut KernelBuilder<'_>, &Pair),
    ) {
        k.for_range(self.columns, |k, x| {
            let (column, number) = (k.index_add(self.first.column, x), k.index_add(self.first.number, x));
            body(k, &Pair { column, number, ..self.first });
        });
    }
}

impl Pair {
    /// Two, or one.
    pub(super) fn pixels(&self) -> usize {
        if self.apart.is_some() { 2 } else { 1 }
    }

    /// Addresses of the pixels in an image of a layout, of whose rows and columns every this many count.
    pub(super) fn addresses(
        &self,
        k: &mut KernelBuilder<'_>,
        element: Element,
        base: Value,
        layout: &Layout,
        stride: [usize; 2],
    ) -> Vec<Value> {
        let pitch = [stride[0] * layout.row_pitch, stride[1] * layout.pixel_pitch];
        let image = k.index_scale(self.image, layout.image_pitch);
        let row = k.index_scale(self.row, pitch[0]);
        let column = k.index_scale(self.column, pitch[1]);
        let offset = k.index_add(image, row);
        let offset = k.index_add(offset, column);
        let first = k.at(element, base, offset);
        let second = self
            .apart
            .map(|[rows, columns]| k.at_offset(element, first, rows * pitch[0] + columns * pitch[1]));
        std::iter::once(first).chain(second).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_in_one_pair() {
        for (rows, columns) in (1..8).flat_map(|rows| (1..8).map(move |columns| (rows, columns))) {
            let mut seen = vec![0; rows * columns];
            let mut numbers = Vec::new();
            for run in pair_runs(rows, columns) {
                for (y, x) in (0..run.extent[0]).flat_map(|y| (0..run.extent[1]).map(move |x| (y, x))) {
                    let at = [run.first[0] + y, run.first[1] + x];
                    seen[at[0] * columns + at[1]] += 1;
                    if let Some(apart) = run.apart {
                        seen[(at[0] + apart[0]) * columns + at[1] + apart[1]] += 1;
                    }
                    numbers.push(run.before + y * run.extent[1] + x);
                }
            }
            assert!(seen.iter().all(|&times| times == 1), "{rows}x{columns}: {seen:?}");
            assert!(numbers.iter().copied().eq(0..count(rows, columns)), "{rows}x{columns}: {numbers:?}");
        }
    }
}
