//! The strip of a block of results: each position under it is loaded once and multiplied for all results that
//! it is part of.
//!
//! A result is summed in the order of the positions it reads, whatever the size of the block: its value does
//! not depend on the block.

use super::points::{Grid, Order, last_positions};
use crate::desc::ConvDesc;
use crate::kernel::Simd;
use crate::kernel::micro::{MemoryOperand, StripBuilder, StripDesc, StripOp, StripValue, strip_registers};

/// The strip's pointers.
pub(super) const INPUT: u8 = 0;
pub(super) const WEIGHT: u8 = 1;
pub(super) const OUTPUT: u8 = 2;
pub(super) const BIAS: u8 = 3;
pub(super) const WINNERS: u8 = 4;

/// Points of a side of what is stored: two where results are pooled.
pub(super) fn scale(conv: &ConvDesc) -> usize {
    if conv.epilogue.pool.is_some() { 2 } else { 1 }
}

/// The order of a strip of results: column by column where the registers hold all weights and four rows of
/// sums as wide as the window.
pub(super) fn order(conv: &ConvDesc, simd: Simd) -> Order {
    let (window, rows) = (&conv.window, 4);
    let needed = window.area() + rows * window.x.kernel_size + 1;
    if needed <= strip_registers(simd) { Order::Columns } else { Order::Rows }
}

/// The strip of `[rows, columns]` results (of pooled ones).
pub(super) fn results(grid: &Grid, conv: &ConvDesc, order: Order, extent: [usize; 2]) -> StripDesc {
    let scale = scale(conv);
    let [rows, columns] = extent.map(|results| scale * results);
    let mut writer = Writer {
        b: StripBuilder::default(),
        grid,
        conv,
        columns,
        weights: vec![None; conv.window.area()],
        sums: vec![None; rows * columns],
    };
    let stored = |[row, column]: [usize; 2]| row / scale * extent[1] + column / scale;
    let positions = grid.positions([rows, columns], order);
    let last = last_positions(&positions, extent[0] * extent[1], |product| stored(product.point));
    let places = |index: usize| [index / extent[1], index % extent[1]];
    for (index, position) in positions.iter().enumerate() {
        let x = writer.b.load(MemoryOperand::new(INPUT, position.at));
        for product in &position.products {
            let [oy, ox] = product.point;
            let [ky, kx] = product.tap;
            writer.add(x, ky * conv.window.x.kernel_size + kx, oy * columns + ox);
        }
        let ended = (0..last.len()).filter(|&result| last[result] == Some(index));
        ended.for_each(|result| writer.finish(places(result)));
    }
    // pixels that no window reaches
    let untouched = (0..last.len()).filter(|&result| last[result].is_none());
    untouched.for_each(|result| writer.finish(places(result)));
    writer.b.finish(&[4, 4, 4, 4, 1], conv.output.channels)
}

struct Writer<'a> {
    b: StripBuilder,
    grid: &'a Grid,
    conv: &'a ConvDesc,
    columns: usize,
    /// Of each tap, once it is loaded.
    weights: Vec<Option<StripValue>>,
    /// Of each point, once something was added to it.
    sums: Vec<Option<StripValue>>,
}

impl Writer<'_> {
    /// Adds a product to a point.
    fn add(&mut self, x: StripValue, tap: usize, point: usize) {
        let place = MemoryOperand::new(WEIGHT, (tap * self.conv.output.channels).cast_signed());
        let weight = *self.weights[tap].get_or_insert_with(|| self.b.load(place));
        let sum = self.sums[point].or_else(|| self.bias());
        self.sums[point] = Some(match sum {
            Some(sum) => self.b.push(StripOp::MulAdd(x, weight, sum)),
            None => self.b.push(StripOp::Mul(x, weight)),
        });
    }

    fn bias(&mut self) -> Option<StripValue> {
        self.conv.epilogue.bias.then(|| self.b.load_once(MemoryOperand::new(BIAS, 0)))
    }

    fn sum(&mut self, point: usize) -> Option<StripValue> {
        self.sums[point].or_else(|| self.bias())
    }

    /// Pool, activation and store of a result.
    fn finish(&mut self, [row, column]: [usize; 2]) {
        let Some(pool) = self.conv.epilogue.pool else {
            let sum = self.sum(row * self.columns + column);
            return self.store(sum, [row, column]);
        };
        let above = 2 * (row * self.columns + column);
        let below = above + self.columns;
        let points = [above, above + 1, below, below + 1]
            .map(|point| self.sum(point).unwrap_or_else(|| self.b.constant(0.0)));
        let winners = pool.winners.map(|layout| {
            MemoryOperand::new(WINNERS, (row * layout.row_pitch + column * layout.pixel_pitch).cast_signed())
        });
        let best = self.b.push(StripOp::Pool { points, winners });
        self.store(Some(best), [row, column]);
    }

    fn store(&mut self, value: Option<StripValue>, [row, column]: [usize; 2]) {
        let (y, x, layout) = (&self.grid.y, &self.grid.x, &self.conv.output);
        let at =
            (y.first + row * y.step) * layout.row_pitch + (x.first + column * x.step) * layout.pixel_pitch;
        let value = match (value, self.conv.epilogue.activation) {
            (Some(x), Some(activation)) => Some(self.b.activate(x, activation)),
            // an activation of zero is zero
            (value, _) => value,
        };
        self.b.store(value, MemoryOperand::new(OUTPUT, at.cast_signed()));
    }
}
