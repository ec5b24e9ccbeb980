//! The images' squares in chunks.

use cranelift::prelude::Value;

use crate::desc::Square;
use crate::kernel::bilinear::for_images_together;
use crate::kernel::builder::{KernelBuilder, Trips};
use crate::kernel::cache::streaming;
use crate::kernel::tiling::split;

/// A side of an image, or of a piece of it, in squares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    /// Squares of which all is inside.
    pub(super) whole: usize,
    /// Results inside of one more, 0 where there is none.
    pub(super) rest: usize,
}

impl Side {
    pub(super) fn of(results: usize, square: Square) -> Self {
        Self { whole: results / square.side(), rest: results % square.side() }
    }

    pub(super) fn squares(self) -> usize {
        self.whole + usize::from(self.rest > 0)
    }
}

/// `count` neighbouring pieces of a side, each of `side`, the first at square `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) count: usize,
    pub(super) side: Side,
}

/// Cuts a side into pieces of at most this many squares, nearly equal.
fn pieces(side: Side, most: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for run in split(side.squares(), side.squares().div_ceil(most)) {
        let is_last = run.start + run.size * run.count == side.squares() && side.rest > 0;
        let whole = run.count - usize::from(is_last);
        if whole > 0 {
            pieces.push(Piece { start: run.start, count: whole, side: Side { whole: run.size, rest: 0 } });
        }
        if is_last {
            let start = run.start + whole * run.size;
            pieces.push(Piece { start, count: 1, side: Side { whole: run.size - 1, rest: side.rest } });
        }
    }
    pieces
}

/// The squares that go through all three steps together, so that what lies between the steps stays in cache.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chunks {
    pub(super) square: Square,
    /// Images of a chunk, a power of two; more than one only where a chunk holds all of an image.
    pub(super) images: usize,
    pub(super) rows: Vec<Piece>,
    pub(super) columns: Vec<Piece>,
    /// Numbers at each point of a square, of inputs and results.
    numbers: usize,
    /// Other numbers that are visited for every chunk.
    visited: usize,
}

/// Squares of a chunk at most, from which the best is chosen: fewer keep the registers less busy, more need
/// more memory.
const SQUARES: [usize; 4] = [14, 28, 56, 112];

impl Chunks {
    /// For a convolution of `[I, O]` channels with results of `[height, width]`, in calls of this many images.
    /// Weights are read for every chunk.
    pub(super) fn of_conv(square: Square, results: [usize; 2], [i, o]: [usize; 2], images: usize) -> Self {
        Self::choose(square, results, i + o, square.area() * i * o, images)
    }

    /// The same for a gradient by the weights, whose sums are read and written for every chunk.
    pub(super) fn of_grad_weight(
        square: Square,
        results: [usize; 2],
        [i, o]: [usize; 2],
        images: usize,
    ) -> Self {
        Self::choose(square, results, i + o, 2 * square.area() * i * o, images)
    }

    /// For this many numbers at each point of a square, written and read again, and this many others that are
    /// visited for every chunk.
    fn choose(square: Square, results: [usize; 2], numbers: usize, visited: usize, images: usize) -> Self {
        let mut best: Option<(f64, Self)> = None;
        for most in SQUARES {
            let chunks = Self { numbers, visited, ..Self::of_at_most(square, results, images, most) };
            let cycles = chunks.count(images) as f64 * (chunks.visited() + chunks.between());
            if best.as_ref().is_none_or(|(least, _)| cycles < *least) {
                best = Some((cycles, chunks));
            }
        }
        best.expect("there is a number of squares").1
    }

    fn of_at_most(square: Square, [height, width]: [usize; 2], images: usize, most: usize) -> Self {
        let (y, x) = (Side::of(height, square), Side::of(width, square));
        let together = (most / (y.squares() * x.squares())).clamp(1, images.max(1));
        Self {
            square,
            images: 1 << together.ilog2(),
            rows: pieces(y, (most / x.squares()).max(1)),
            columns: pieces(x, most),
            numbers: 0,
            visited: 0,
        }
    }

    /// Cycles in which a chunk writes and reads what lies between its steps, by the model.
    pub(super) fn between(&self) -> f64 {
        2.0 * streaming(self.square.area() * self.squares() * self.numbers * size_of::<f32>())
    }

    /// Cycles to go through what is visited for every chunk.
    pub(super) fn visited(&self) -> f64 {
        streaming(self.visited * size_of::<f32>())
    }

    /// Squares of the largest chunk.
    pub(super) fn squares(&self) -> usize {
        let largest = |pieces: &[Piece]| pieces.iter().map(|piece| piece.side.squares()).max().unwrap_or(0);
        self.images * largest(&self.rows) * largest(&self.columns)
    }

    /// Chunks for this many images.
    pub(super) fn count(&self, images: usize) -> usize {
        let all = |pieces: &[Piece]| pieces.iter().map(|piece| piece.count).sum::<usize>();
        images.div_ceil(self.images) * all(&self.rows) * all(&self.columns)
    }

    /// Runs over the chunks of the call: `body` gets the first image, how many there are, and the piece of
    /// each.
    pub(super) fn for_each(
        &self,
        k: &mut KernelBuilder<'_>,
        mut body: impl FnMut(&mut KernelBuilder<'_>, &Chunk),
    ) {
        for_images_together(k, self.images, |k, image, images| {
            for rows in &self.rows {
                k.for_range(rows.count, |k, i| {
                    let row = k.index_scale(i, rows.side.squares());
                    let row = k.index_offset(row, rows.start);
                    for columns in &self.columns {
                        k.for_range(columns.count, |k, i| {
                            let column = k.index_scale(i, columns.side.squares());
                            let column = k.index_offset(column, columns.start);
                            let sides = [rows.side, columns.side];
                            body(k, &Chunk { image, images, row, column, sides });
                        });
                    }
                });
            }
        });
    }
}

/// Some squares of some images.
pub(super) struct Chunk {
    pub(super) image: Value,
    pub(super) images: Trips,
    /// First square.
    pub(super) row: Value,
    pub(super) column: Value,
    /// Rows and columns of squares in each image.
    pub(super) sides: [Side; 2],
}

/// One square of a chunk.
pub(super) struct At {
    pub(super) image: Value,
    pub(super) row: Value,
    pub(super) column: Value,
    /// Its number within the chunk.
    pub(super) number: Value,
    /// Rows and columns of its results that are inside.
    pub(super) inside: [usize; 2],
}

impl Chunk {
    /// Squares of one image.
    pub(super) fn squares(&self) -> usize {
        self.sides[0].squares() * self.sides[1].squares()
    }

    /// Runs over the squares.
    pub(super) fn for_squares(
        &self,
        k: &mut KernelBuilder<'_>,
        square: Square,
        mut body: impl FnMut(&mut KernelBuilder<'_>, &At),
    ) {
        let [rows, columns] = self.sides;
        let runs = |side: Side| [(0, side.whole, square.side()), (side.whole, side.squares(), side.rest)];
        k.for_range(self.images, |k, i| {
            let image = k.index_add(self.image, i);
            let before = k.index_scale(i, self.squares());
            for (first, end, high) in runs(rows) {
                k.fold_steps(first, end, 1, &[], |k, y, _| {
                    let row = k.index_add(self.row, y);
                    let line = k.index_scale(y, columns.squares());
                    let line = k.index_add(before, line);
                    for (first, end, wide) in runs(columns) {
                        k.fold_steps(first, end, 1, &[], |k, x, _| {
                            let (column, number) = (k.index_add(self.column, x), k.index_add(line, x));
                            body(k, &At { image, row, column, number, inside: [high, wide] });
                            Vec::new()
                        });
                    }
                    Vec::new()
                });
            }
        });
    }
}
