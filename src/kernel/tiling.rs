//! How a grid of results is cut into register tiles, and the loops over them.
//!
//! The choice comes from a model of the processor, never from a timing, so that equal descriptions give equal
//! code.

use cranelift::prelude::Value;

use super::Simd;
use super::builder::KernelBuilder;
use super::micro::{self, TileDesc};
use crate::tensor::Element;

/// `count` neighbouring pieces of `size` each, the first at `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pieces {
    pub(super) start: usize,
    pub(super) size: usize,
    pub(super) count: usize,
}

/// Cuts `0..length` into `pieces` whose sizes differ by at most one, the larger first.
pub(super) fn split(length: usize, pieces: usize) -> Vec<Pieces> {
    let (size, larger) = (length / pieces, length % pieces);
    let runs = [
        Pieces { start: 0, size: size + 1, count: larger },
        Pieces { start: larger * (size + 1), size, count: pieces - larger },
    ];
    runs.into_iter().filter(|run| run.count > 0 && run.size > 0).collect()
}

/// Neighbouring pieces of a row of vectors, of `vectors` each; a piece's last vector has `tail` lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VectorRun {
    /// First vector.
    pub(super) start: usize,
    pub(super) vectors: usize,
    pub(super) tail: usize,
    pub(super) count: usize,
}

/// Cuts a row of `elements` into pieces of whole vectors, the very last of which may be partly used.
pub(super) fn split_vectors(elements: usize, lanes: usize, pieces: usize) -> Vec<VectorRun> {
    let vectors = elements.div_ceil(lanes);
    let tail = elements - (vectors - 1) * lanes;
    let mut runs = Vec::new();
    for run in split(vectors, pieces) {
        let last = run.start + run.size * run.count == vectors;
        let full = if last && tail < lanes { run.count - 1 } else { run.count };
        if full > 0 {
            runs.push(VectorRun { start: run.start, vectors: run.size, tail: lanes, count: full });
        }
        if full < run.count {
            runs.push(VectorRun { start: run.start + full * run.size, vectors: run.size, tail, count: 1 });
        }
    }
    runs
}

/// A grid of results and what one of them costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// Rows of points (pooled points, where `scale` is 2).
    pub(super) rows: usize,
    /// Columns of points.
    pub(super) columns: usize,
    /// Points per row and column of the grid: 2 where tiles pool.
    pub(super) scale: usize,
    /// Results per point, which the vectors run over.
    pub(super) channels: usize,
    /// Steps of the reduction.
    pub(super) steps: usize,
    /// Elements of `a` from a point to the one below, and to its right neighbour.
    pub(super) a_pitch: [usize; 2],
    /// Elements from a row of `b` to the next: vectors that straddle cache lines take two loads.
    pub(super) b_pitch: usize,
    /// The accumulators start from memory.
    pub(super) loads_output: bool,
}

/// A cut of a [`Grid`] into tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tiling {
    pub(super) rows: Vec<Pieces>,
    pub(super) columns: Vec<Pieces>,
    pub(super) vectors: Vec<VectorRun>,
}

impl Grid {
    /// The cheapest cut by the model:
    /// ```text
    /// step = max(points · vectors / 2, (loads of b + points) / 2, 4)     two multiply-adds, two loads a cycle; a sum waits 4 cycles for itself
    /// step = 2 · step                                                   where the points' numbers push each other out of the first-level cache
    /// tile = steps · step + 12 + accumulators · (1, or 2 where they are loaded)
    /// ```
    /// over all tiles that fit the registers. Pieces of a cut differ by at most one, so partial tiles waste
    /// little.
    pub(super) fn choose(&self, simd: Simd) -> Tiling {
        self.choose_ranked(simd, 0)
    }

    /// The cut with this many cheaper ones, or the most expensive.
    pub(super) fn choose_ranked(&self, simd: Simd, rank: u8) -> Tiling {
        let [rows, columns, vectors] = match rank {
            0 => self.cheapest(simd).1,
            _ => {
                let mut cuts = self.cuts(simd);
                cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
                cuts.dedup_by_key(|cut| cut.1);
                cuts[usize::from(rank).min(cuts.len() - 1)].1
            }
        };
        Tiling {
            rows: split(self.rows, rows),
            columns: split(self.columns, columns),
            vectors: split_vectors(self.channels, simd.lanes(), vectors),
        }
    }

    /// Cycles and numbers of pieces of the cheapest cut.
    fn cheapest(&self, simd: Simd) -> (f64, [usize; 3]) {
        let cheapest = self.cuts(simd).into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        cheapest.expect("one point and one vector fit any machine's registers")
    }

    /// Cycles and numbers of pieces of all cuts whose tiles fit the registers.
    fn cuts(&self, simd: Simd) -> Vec<(f64, [usize; 3])> {
        let lanes = simd.lanes();
        let all = self.channels.div_ceil(lanes);
        let has_tail = !self.channels.is_multiple_of(lanes);
        let area = self.scale * self.scale;
        let mut cuts = Vec::new();
        for vectors in 1..=all {
            let points = micro::max_accumulators(simd, vectors, has_tail) / vectors / area;
            if points == 0 {
                break;
            }
            for columns in 1..=points.min(self.columns) {
                for rows in 1..=(points / columns).min(self.rows) {
                    let pieces =
                        [self.rows.div_ceil(rows), self.columns.div_ceil(columns), all.div_ceil(vectors)];
                    cuts.push((self.cost(lanes, pieces), pieces));
                }
            }
        }
        cuts
    }

    /// Cycles for the whole grid, in the cheapest cut.
    pub(super) fn cycles(&self, simd: Simd) -> f64 {
        self.cheapest(simd).0
    }

    /// Whether this many points read from more lines of one set of the first-level cache than it has.
    fn aliases(&self, [rows, columns]: [usize; 2]) -> bool {
        const SETS: usize = 64;
        const WAYS: u8 = 8;
        let mut lines = [0_u8; SETS];
        let mut known = [usize::MAX; 64];
        let mut count = 0;
        for (row, column) in
            (0..self.scale * rows).flat_map(|row| (0..self.scale * columns).map(move |c| (row, c)))
        {
            let line = (row * self.a_pitch[0] + column * self.a_pitch[1]) / LINE;
            if !known[..count].contains(&line) {
                known[count] = line;
                count += 1;
                lines[line % SETS] += 1;
            }
        }
        lines.iter().any(|&lines| lines > WAYS)
    }

    /// Cycles for the whole grid.
    fn cost(&self, lanes: usize, [rows, columns, vectors]: [usize; 3]) -> f64 {
        let straddle = if self.b_pitch.is_multiple_of(lanes) { 1.0 } else { 2.0 };
        let mut total = 0.0;
        for v in split(self.channels.div_ceil(lanes), vectors) {
            for r in split(self.rows, rows) {
                for c in split(self.columns, columns) {
                    let points = (r.size * c.size * self.scale * self.scale) as f64;
                    let sums = points * v.size as f64;
                    let loads = v.size as f64 * straddle + points;
                    let mut step = (sums / 2.0).max(loads / 2.0).max(4.0);
                    if self.aliases([r.size, c.size]) {
                        step *= 2.0;
                    }
                    let ends = 12.0 + sums * if self.loads_output { 2.0 } else { 1.0 };
                    total += (v.count * r.count * c.count) as f64 * (self.steps as f64 * step + ends);
                }
            }
        }
        total
    }
}

/// Runs `body` with each piece's start (an index) and size.
pub(super) fn for_runs(
    k: &mut KernelBuilder<'_>,
    runs: &[Pieces],
    mut body: impl FnMut(&mut KernelBuilder<'_>, Value, usize),
) {
    for_numbered_runs(k, runs, |k, _, start, size| body(k, start, size));
}

/// The same, with each piece's number first.
fn for_numbered_runs(
    k: &mut KernelBuilder<'_>,
    runs: &[Pieces],
    mut body: impl FnMut(&mut KernelBuilder<'_>, Value, Value, usize),
) {
    let mut before = 0;
    for run in runs {
        k.for_range(run.count, |k, i| {
            let start = k.index_scale(i, run.size);
            let start = k.index_offset(start, run.start);
            let number = k.index_offset(i, before);
            body(k, number, start, run.size);
        });
        before += run.count;
    }
}

/// Elements of a cache line.
const LINE: usize = 16;

/// [`TileDesc::ahead`] for rows of this many elements.
pub(super) fn lines_ahead(row: usize) -> usize {
    row.div_ceil(LINE).next_power_of_two()
}

/// Runs `body` with each piece's first element (an index) and the run it belongs to.
pub(super) fn for_vector_runs(
    k: &mut KernelBuilder<'_>,
    runs: &[VectorRun],
    lanes: usize,
    mut body: impl FnMut(&mut KernelBuilder<'_>, Value, &VectorRun),
) {
    for run in runs {
        k.for_range(run.count, |k, i| {
            let start = k.index_scale(i, run.vectors * lanes);
            let start = k.index_offset(start, run.start * lanes);
            body(k, start, run);
        });
    }
}

/// The pointers of a tile's first point.
#[derive(Debug, Clone, Copy)]
pub(super) struct TilePointers {
    pub(super) a: Value,
    pub(super) b: Value,
    pub(super) c: Value,
    /// Any value where the tile has none.
    pub(super) bias: Value,
    /// Any value where the tile has none.
    pub(super) winners: Value,
    /// Any value where the tile has none.
    pub(super) residual: Value,
    /// Run-time length of the outermost loop, or what is fetched ahead; any value where there is neither.
    pub(super) trips: Value,
}

impl TilePointers {
    /// The fifth argument of a tile.
    pub(super) fn winners_or_residual(&self, tile: &TileDesc) -> Value {
        if tile.epilogue.residual.is_some() { self.residual } else { self.winners }
    }

    /// Moves what runs over the results of a point by `lane` elements.
    pub(super) fn at_lane(self, k: &mut KernelBuilder<'_>, lane: Value) -> Self {
        Self {
            b: k.at(Element::F32, self.b, lane),
            c: k.at(Element::F32, self.c, lane),
            bias: k.at(Element::F32, self.bias, lane),
            winners: k.at(Element::U8, self.winners, lane),
            residual: k.at(Element::F32, self.residual, lane),
            ..self
        }
    }
}

/// Calls tiles over all points of a grid, for one piece of the row of vectors. `tile` says everything but its
/// sizes.
pub(super) fn emit_points(
    k: &mut KernelBuilder<'_>,
    tile: &TileDesc,
    tiling: &Tiling,
    vectors: &VectorRun,
    at: TilePointers,
) {
    let scale = if tile.epilogue.pool.is_some() { 2 } else { 1 };
    let winners_pitch = tile.epilogue.pool.and_then(|pool| pool.winners).unwrap_or([0; 2]);
    // All pointers that move along one axis of the grid.
    let along = |k: &mut KernelBuilder<'_>, at: TilePointers, axis: usize, start: Value| {
        let a = k.index_scale(start, scale * tile.a_pitch[axis]);
        let c = k.index_scale(start, tile.c_pitch[axis]);
        let mut moved = TilePointers { a: k.at(Element::F32, at.a, a), c: k.at(Element::F32, at.c, c), ..at };
        if winners_pitch[axis] > 0 {
            let winners = k.index_scale(start, winners_pitch[axis]);
            moved.winners = k.at(Element::U8, at.winners, winners);
        }
        if let Some(pitch) = tile.epilogue.residual {
            let residual = k.index_scale(start, pitch[axis]);
            moved.residual = k.at(Element::F32, at.residual, residual);
        }
        moved
    };
    let across: usize = tiling.columns.iter().map(|run| run.count).sum();
    for_numbered_runs(k, &tiling.rows, |k, row, start, rows| {
        let at = along(k, at, 0, start);
        let before = k.index_scale(row, across);
        for_numbered_runs(k, &tiling.columns, |k, column, start, columns| {
            let mut at = along(k, at, 1, start);
            if tile.ahead > 0 {
                // each tile another line of the rows
                let number = k.index_add(before, column);
                let line = k.index_modulo(number, tile.ahead);
                let line = k.index_scale(line, LINE);
                at.trips = k.at(Element::F32, at.trips, line);
            }
            let tile = TileDesc {
                rows: scale * rows,
                columns: scale * columns,
                vectors: vectors.vectors,
                tail: vectors.tail,
                ..tile.clone()
            };
            k.call_tile(&tile, &[at.a, at.b, at.c, at.bias, at.winners_or_residual(&tile), at.trips]);
        });
    });
}
