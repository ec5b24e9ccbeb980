//! The pixels that go through all steps together, so that what lies between the steps stays in cache.

use super::pairs::{Chunk, count};
use crate::desc::StrassenDesc;
use crate::kernel::bilinear::for_images_together;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::tiling::split;

/// `count` neighbouring pieces of this many rows, the first at row `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    start: usize,
    rows: usize,
    count: usize,
}

/// Cuts rows into pieces of at most this many pairs of rows, nearly equal; all but the last are even.
fn pieces(rows: usize, most: usize) -> Vec<Piece> {
    let both = rows / 2;
    if both <= most {
        return vec![Piece { start: 0, rows, count: 1 }];
    }
    let mut pieces = Vec::new();
    for run in split(both, both.div_ceil(most)) {
        let is_last = run.start + run.size * run.count == both && rows % 2 == 1;
        let whole = run.count - usize::from(is_last);
        if whole > 0 {
            pieces.push(Piece { start: 2 * run.start, rows: 2 * run.size, count: whole });
        }
        if is_last {
            pieces.push(Piece {
                start: 2 * (run.start + whole * run.size),
                rows: 2 * run.size + 1,
                count: 1,
            });
        }
    }
    pieces
}

/// Chunks of an image, or of some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunks {
    /// Images of a chunk, a power of two; more than one only where a chunk holds all of an image.
    pub(super) images: usize,
    pieces: Vec<Piece>,
    columns: usize,
}

/// Pairs of a chunk at most: fewer keep the registers less busy and read the weights more often, more need
/// more memory (28 and 112 take up to 2% longer). The same for all processors: which pixels are pairs is seen
/// in the last digits.
const PAIRS: usize = 56;

impl Chunks {
    pub(super) fn of(desc: &StrassenDesc) -> Self {
        let [height, width] = [desc.conv.output.height, desc.conv.output.width];
        let together = (PAIRS / count(height, width)).clamp(1, desc.images.max(1));
        Self { images: 1 << together.ilog2(), pieces: pieces(height, (PAIRS / width).max(1)), columns: width }
    }

    /// Pairs of the largest chunk.
    pub(super) fn pairs(&self) -> usize {
        let largest = self.pieces.iter().map(|piece| count(piece.rows, self.columns)).max();
        self.images * largest.unwrap_or(0)
    }

    /// Sum over the chunks of this many images of what each costs, by its pairs.
    pub(super) fn sum(&self, images: usize, cost: impl Fn(usize) -> f64) -> f64 {
        let of_piece =
            |piece: &Piece| piece.count as f64 * cost(self.images * count(piece.rows, self.columns));
        images.div_ceil(self.images) as f64 * self.pieces.iter().map(of_piece).sum::<f64>()
    }

    /// Runs over the chunks of the call.
    pub(super) fn for_each(
        &self,
        k: &mut KernelBuilder<'_>,
        mut body: impl FnMut(&mut KernelBuilder<'_>, &Chunk),
    ) {
        for_images_together(k, self.images, |k, image, images| {
            for piece in &self.pieces {
                k.for_range(piece.count, |k, i| {
                    let row = k.index_scale(i, piece.rows);
                    let row = k.index_offset(row, piece.start);
                    body(k, &Chunk { image, images, row, rows: piece.rows, columns: self.columns });
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_rows() {
        for (rows, most) in (1..40).flat_map(|rows| (1..6).map(move |most| (rows, most))) {
            let mut next = 0;
            for piece in pieces(rows, most) {
                assert_eq!(piece.start, next, "{rows} rows, at most {most} pairs");
                assert!(piece.rows <= 2 * most + 1);
                next += piece.rows * piece.count;
                assert!(piece.rows % 2 == 0 || next == rows, "only the last is odd");
            }
            assert_eq!(next, rows, "at most {most} pairs");
        }
    }
}
