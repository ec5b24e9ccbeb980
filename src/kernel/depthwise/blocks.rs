//! How many points a strip computes: a model in cycles, as everything that decides about code.

use crate::kernel::Simd;
use crate::kernel::cache::streaming;
use crate::kernel::micro::{StripDesc, strip_registers};
use crate::kernel::tiling::{Pieces, split};

/// Cycles of one call of a strip besides its turns.
const CALL: f64 = 12.0;

/// Cycles of a turn besides its operations: its pointers move.
const TURN: f64 = 2.0;

/// Cycles of a value that finds no register: it is stored and loaded.
const SPILL: f64 = 2.0;

/// Rows and columns of a block at most.
const MOST: [usize; 2] = [4, 16];

/// Products of a strip at most, where it has more than one point: its code stays below a few KiB.
const MOST_PRODUCTS: usize = 400;

/// A grid of points in blocks, one strip each.
#[derive(Debug)]
pub(super) struct Blocks {
    pub(super) rows: Vec<Pieces>,
    pub(super) columns: Vec<Pieces>,
}

/// What is to be cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    /// Rows and columns of points.
    pub(super) extent: [usize; 2],
    /// Products of a point.
    pub(super) products: usize,
    /// Channels, which a strip runs along.
    pub(super) channels: usize,
}

impl Blocks {
    /// The cheapest cut. `strip` writes one for this many rows and columns; `bytes` are those that a block of
    /// rows goes through.
    pub(super) fn choose(
        task: &Task,
        simd: Simd,
        strip: impl Fn([usize; 2]) -> StripDesc,
        bytes: impl Fn(usize) -> usize,
    ) -> Self {
        let turns = task.channels.div_ceil(simd.lanes()) as f64;
        let registers = strip_registers(simd);
        let cost = |size: [usize; 2]| {
            let pieces = [0, 1].map(|axis| task.extent[axis].div_ceil(size[axis]));
            let strip = strip(size);
            let spilt = strip.registers().saturating_sub(registers) as f64;
            let call = turns * (strip.cycles_per_vector() + SPILL * spilt + TURN) + CALL;
            pieces[0] as f64 * (pieces[1] as f64 * call + streaming(bytes(size[0])))
        };
        let sizes = |axis: usize| {
            let extent = task.extent[axis];
            // sizes that are the largest piece of a cut into equal ones
            (1..=MOST[axis].min(extent)).filter(move |&size| extent.div_ceil(extent.div_ceil(size)) == size)
        };
        let fits = |[rows, columns]: &[usize; 2]| {
            let points = rows * columns;
            points == 1 || points * task.products <= MOST_PRODUCTS && points <= registers
        };
        let candidates = sizes(0).flat_map(|rows| sizes(1).map(move |columns| [rows, columns])).filter(fits);
        let costs = candidates.map(|size| (cost(size), size));
        let (_, size) = costs.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((0.0, [1, 1]));
        let [rows, columns] =
            [0, 1].map(|axis| split(task.extent[axis], task.extent[axis].div_ceil(size[axis])));
        Self { rows, columns }
    }
}
