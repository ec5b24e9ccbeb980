//! What a register tile computes.

use crate::desc::TileActivation;

/// How often a reduction loop runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trips {
    /// This often.
    Const(usize),
    /// As often as the tile's argument `trips` says, 0 included.
    Argument,
}

/// One loop of a tile's reduction nest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReductionLoop {
    /// How often it runs. Only the outermost loop may take it from the argument.
    pub trips: Trips,
    /// Elements that `a` moves by from an iteration to the next.
    pub a_step: isize,
    /// Elements that `b` moves by.
    pub b_step: isize,
}

impl ReductionLoop {
    /// A loop of constant length.
    pub fn new(trips: usize, a_step: isize, b_step: isize) -> Self {
        Self { trips: Trips::Const(trips), a_step, b_step }
    }

    /// A nest without the loops that run exactly once.
    pub fn without_single_trips(nest: Vec<Self>) -> Vec<Self> {
        nest.into_iter().filter(|lp| lp.trips != Trips::Const(1)).collect()
    }
}

/// What the accumulators start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileInit {
    /// 0
    Zero,
    /// The contents of `c` (no pool in the epilogue then).
    Output,
    /// The vector at `bias`, the same for every point.
    Bias,
}

/// 2x2 maximum over the points of the tile, with even [`TileDesc::rows`] and [`TileDesc::columns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TilePool {
    /// Bytes from a winner to the one below and to its right neighbour in `winners`; `None` where nobody
    /// asks.
    pub winners: Option<[usize; 2]>,
}

/// What happens to the accumulators before they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TileEpilogue {
    /// First the pool. A candidate replaces the best so far where it is larger; a NaN is not larger.
    pub pool: Option<TilePool>,
    /// Then the vectors at `residual` are added, each to its own: elements from a point's to those of the one
    /// below and of its right neighbour. Without a pool alone.
    pub residual: Option<[usize; 2]>,
    /// Then the activation. NaN stays NaN: the trainer looks for it.
    pub activation: Option<TileActivation>,
}

/// A tile of a matrix product, held in registers while it is summed up:
/// ```text
/// c[point, v] = init + Σ over the nest  a[point + steps] · b[v + steps]
/// ```
/// The points form a grid `rows x columns` (pixels of an image, rows of a matrix); for each there are
/// `vectors` vectors of results, which follow each other in `b`, `c` and `bias`. `a` gives one number per
/// point and step, spread over a vector.
///
/// Arguments: `a`, `b`, `c`, `bias` (where [`TileInit::Bias`]), `winners` (where the pool has some) or
/// `residual`, `trips` or `ahead`. Pointers stand at the element of the first point, first step, first lane.
/// Exactly the elements named above are read and written: the last vector's lanes from `tail` on are neither.
///
/// Each result is summed in the order of the nest, one product after the other, whatever the size of the
/// tile: a point's value does not depend on the tile it is computed in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TileDesc {
    /// Rows of points.
    pub rows: usize,
    /// Columns of points.
    pub columns: usize,
    /// Elements of `a` from a point to the one below, and to its right neighbour.
    pub a_pitch: [usize; 2],
    /// The same for `c` (of pooled points, where there is a pool).
    pub c_pitch: [usize; 2],
    /// Vectors per point.
    pub vectors: usize,
    /// Lanes of the last vector that are used, at least 1.
    pub tail: usize,
    /// The reduction, innermost loop first. Without loops there is exactly one step.
    pub reduction: Vec<ReductionLoop>,
    /// What the accumulators start from.
    pub init: TileInit,
    /// What happens before the store.
    pub epilogue: TileEpilogue,
    /// With each step one cache line is asked for ahead of its use by another tile: at the argument `ahead`,
    /// moved as `b` is. So many lines there are to a row of what will be used, and as many tiles fetch one
    /// each; 0: nothing is fetched. (No loop of variable length then.)
    pub ahead: usize,
}

impl TileDesc {
    /// Number of points.
    pub fn points(&self) -> usize {
        self.rows * self.columns
    }

    /// Vectors of results that are in registers at once.
    pub fn accumulators(&self) -> usize {
        self.points() * self.vectors
    }

    /// Steps of the reduction for each turn of its variable loop.
    pub fn steps(&self) -> usize {
        let constant = |lp: &ReductionLoop| if let Trips::Const(trips) = lp.trips { trips } else { 1 };
        self.reduction.iter().map(constant).product()
    }

    /// Offset in elements of a point in `a`.
    pub(super) fn a_offset(&self, point: usize) -> isize {
        offset(self.a_pitch, point / self.columns, point % self.columns)
    }

    /// Offset in elements of a (pooled) point in `c`.
    pub(super) fn c_offset(&self, row: usize, column: usize) -> isize {
        offset(self.c_pitch, row, column)
    }

    /// The index of the accumulator of a vector of a point.
    pub(super) fn accumulator(&self, point: usize, vector: usize) -> usize {
        point * self.vectors + vector
    }

    /// Accumulators of the four points that become pooled point `(row, column)`, in row-major order.
    pub(super) fn pooled(&self, row: usize, column: usize, vector: usize) -> [usize; 4] {
        let first = 2 * row * self.columns + 2 * column;
        [first, first + 1, first + self.columns, first + self.columns + 1]
            .map(|point| self.accumulator(point, vector))
    }

    /// Rows and columns of what is stored.
    pub(super) fn stored(&self) -> [usize; 2] {
        match self.epilogue.pool {
            Some(_) => [self.rows / 2, self.columns / 2],
            None => [self.rows, self.columns],
        }
    }

    /// The reduction split into what is written out step by step and the loops around it.
    ///
    /// Loops are written out from the innermost one while there are at most `limit` steps. An innermost loop
    /// that is longer runs as a loop over `unroll` steps, and what is left of it is written out behind.
    pub(super) fn unrolled(&self, limit: usize, unroll: usize) -> Unrolled<'_> {
        let mut steps = vec![TileStep { a: 0, b: 0 }];
        for (level, lp) in self.reduction.iter().enumerate() {
            let Trips::Const(trips) = lp.trips else {
                return Unrolled { steps, inner: None, outer: &self.reduction[level..] };
            };
            if steps.len() * trips > limit {
                if level > 0 {
                    return Unrolled { steps, inner: None, outer: &self.reduction[level..] };
                }
                let by = unroll as isize;
                let stride = TileStep { a: by * lp.a_step, b: by * lp.b_step };
                let inner = InnerLoop {
                    trips: trips / unroll,
                    stride,
                    steps: run(lp, unroll),
                    rest: run(lp, trips % unroll),
                };
                return Unrolled { steps: Vec::new(), inner: Some(inner), outer: &self.reduction[1..] };
            }
            let repeated = run(lp, trips);
            steps = repeated
                .iter()
                .flat_map(|by| steps.iter().map(|s| TileStep { a: s.a + by.a, b: s.b + by.b }))
                .collect();
        }
        Unrolled { steps, inner: None, outer: &[] }
    }
}

/// Offset in elements of a point, by the pitches of rows and columns.
pub(super) fn offset(pitch: [usize; 2], row: usize, column: usize) -> isize {
    isize::try_from(row * pitch[0] + column * pitch[1]).expect("a tile is small")
}

/// The first `trips` steps of a loop.
fn run(lp: &ReductionLoop, trips: usize) -> Vec<TileStep> {
    (0..trips).map(|t| t as isize).map(|t| TileStep { a: t * lp.a_step, b: t * lp.b_step }).collect()
}

/// Where one step of the reduction reads, in elements from the moving pointers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TileStep {
    pub(super) a: isize,
    pub(super) b: isize,
}

/// An innermost loop over several steps at once. The pointers stand after its last iteration, where `rest`
/// continues.
#[derive(Debug)]
pub(super) struct InnerLoop {
    pub(super) trips: usize,
    /// How far one iteration moves the pointers.
    pub(super) stride: TileStep,
    pub(super) steps: Vec<TileStep>,
    pub(super) rest: Vec<TileStep>,
}

/// A reduction as it is written: `steps` or `inner` inside the loops of `outer`.
#[derive(Debug)]
pub(super) struct Unrolled<'a> {
    pub(super) steps: Vec<TileStep>,
    pub(super) inner: Option<InnerLoop>,
    pub(super) outer: &'a [ReductionLoop],
}
