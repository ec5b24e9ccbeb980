//! Which points read what, along one axis of an image.

use std::collections::BTreeMap;

use crate::kernel::code::BuildError;
use crate::tensor::{Axis, Layout};

/// Points along one axis that have the same taps: everything going forward, every `stride`-th pixel of `dx`
/// going back.
#[derive(Debug)]
pub(super) struct Points {
    /// How many.
    pub(super) count: usize,
    /// Where the first one lies in what is written.
    pub(super) first: usize,
    /// From a point to the next in what is written.
    pub(super) step: usize,
    /// From a point to the next in what is read.
    pub(super) read_step: usize,
    /// Taps, by the positions that they read for the first point. Those outside the image lie in the halo.
    taps: Vec<Tap>,
}

#[derive(Debug, Clone, Copy)]
struct Tap {
    index: usize,
    at: isize,
}

/// A position along one axis that is read, and what for.
#[derive(Debug)]
struct Read {
    at: isize,
    /// Pairs of a point and the tap that it reads this position with.
    products: Vec<(usize, usize)>,
}

impl Points {
    /// The results of a convolution: point `o` reads `o · stride + k · dilation − pad` with tap `k`.
    pub(super) fn of_results(axis: &Axis) -> Self {
        let at = |k: usize| (k * axis.dilation).cast_signed() - axis.pad_before.cast_signed();
        let taps = (0..axis.kernel_size).map(|index| Tap { index, at: at(index) }).collect();
        Self { count: axis.output, first: 0, step: 1, read_step: axis.stride, taps }
    }

    /// The pixels `phase, phase + stride, …` of `dx`: point `m` reads `dy` at `m + (phase + pad − k ·
    /// dilation) / stride` with every tap `k` for which that divides.
    pub(super) fn of_phase(axis: &Axis, phase: usize) -> Self {
        let stride = axis.stride.cast_signed();
        let tap = |index: usize| {
            let distance = (phase + axis.pad_before).cast_signed() - (index * axis.dilation).cast_signed();
            (distance % stride == 0).then_some(Tap { index, at: distance / stride })
        };
        // later taps read earlier positions
        let taps = (0..axis.kernel_size).rev().filter_map(tap).collect();
        let count = axis.input.saturating_sub(phase).div_ceil(axis.stride);
        Self { count, first: phase, step: axis.stride, read_step: 1, taps }
    }

    /// What the first `count` points read, in the order of positions.
    fn reads(&self, count: usize) -> Vec<Read> {
        let mut reads: BTreeMap<isize, Vec<(usize, usize)>> = BTreeMap::new();
        for point in 0..count {
            for tap in &self.taps {
                let at = tap.at + (point * self.read_step).cast_signed();
                reads.entry(at).or_default().push((point, tap.index));
            }
        }
        reads.into_iter().map(|(at, products)| Read { at, products }).collect()
    }

    /// Positions that this many points reach over.
    pub(super) fn reach(&self, count: usize) -> usize {
        let (Some(first), Some(last)) = (self.taps.first(), self.taps.last()) else { return 0 };
        last.at.abs_diff(first.at) + 1 + (count - 1) * self.read_step
    }

    fn earliest(&self) -> isize {
        self.taps.first().map_or(0, |tap| tap.at)
    }
}

/// Points of both axes.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) y: Points,
    pub(super) x: Points,
    /// Elements from a row to the next, and from a pixel to the next, in what is read.
    pitch: [usize; 2],
}

/// The order in which a strip goes through the positions under its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Row by row: a row of the window is in use at a time.
    Rows,
    /// Column by column: the whole window is in use, and of each row of points as many as it is wide. More
    /// sums at once, which do not wait for each other.
    Columns,
}

/// A position that is read, and what for.
#[derive(Debug)]
pub(super) struct Position {
    /// In elements from that of the first point.
    pub(super) at: isize,
    pub(super) products: Vec<Product>,
}

/// What a point reads a position with; rows first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub(super) point: [usize; 2],
    pub(super) tap: [usize; 2],
}

impl Grid {
    /// # Errors
    /// [`BuildError`] where the halo of what is read is too narrow.
    pub(super) fn new(y: Points, x: Points, read: &Layout) -> Result<Self, BuildError> {
        let pitch = [read.row_pitch, read.pixel_pitch];
        let first = y.earliest() * pitch[0].cast_signed() + x.earliest() * pitch[1].cast_signed();
        if read.origin.checked_add_signed(first).is_none() {
            let reason = "the halo is narrower than the window reaches";
            return Err(BuildError::Description { family: "depthwise", reason });
        }
        Ok(Self { y, x, pitch })
    }

    /// What a block of `[rows, columns]` points reads.
    pub(super) fn positions(&self, [rows, columns]: [usize; 2], order: Order) -> Vec<Position> {
        let (rows, columns) = (self.y.reads(rows), self.x.reads(columns));
        let position = |row: &Read, column: &Read| Position {
            at: row.at * self.pitch[0].cast_signed() + column.at * self.pitch[1].cast_signed(),
            products: row
                .products
                .iter()
                .flat_map(|&(oy, ky)| column.products.iter().map(move |&(ox, kx)| ([oy, ox], [ky, kx])))
                .map(|(point, tap)| Product { point, tap })
                .collect(),
        };
        match order {
            Order::Rows => {
                rows.iter().flat_map(|row| columns.iter().map(move |c| position(row, c))).collect()
            }
            Order::Columns => {
                columns.iter().flat_map(|column| rows.iter().map(move |r| position(r, column))).collect()
            }
        }
    }
}

/// For each of `count` things that products are part of, the position (by its place in the list) that has the
/// last of them.
pub(super) fn last_positions(
    positions: &[Position],
    count: usize,
    thing: impl Fn(&Product) -> usize,
) -> Vec<Option<usize>> {
    let mut last = vec![None; count];
    for (index, position) in positions.iter().enumerate() {
        position.products.iter().for_each(|product| last[thing(product)] = Some(index));
    }
    last
}
