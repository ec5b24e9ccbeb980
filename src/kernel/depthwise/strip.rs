//! The strip of a block of results: each position under it is loaded once and multiplied for all results that it is part of.
//!
//! A result is summed in the order of the positions it reads, row by row, whatever the size of the block: its value does not depend on the block.

use super::points::Grid;
use crate::kernel::desc::ConvDesc;
use crate::kernel::micro::{Place, StripBuilder, StripDesc, StripOp, StripValue};

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

/// The strip of `[rows, columns]` results (of pooled ones).
pub(super) fn results(grid: &Grid, conv: &ConvDesc, extent: [usize; 2]) -> StripDesc {
    let [rows, columns] = extent.map(|results| scale(conv) * results);
    let mut writer = Writer {
        b: StripBuilder::default(),
        grid,
        conv,
        columns,
        weights: vec![None; conv.window.area()],
        sums: vec![None; rows * columns],
    };
    let mut done = 0;
    let reads = grid.x.reads(columns);
    let positions = grid.y.reads(rows);
    for (index, row) in positions.iter().enumerate() {
        for column in &reads {
            let at = row.at * conv.input.row_pitch.cast_signed() + column.at * conv.input.pixel_pitch.cast_signed();
            let x = writer.b.load(Place::new(INPUT, at));
            for &(oy, ky) in &row.products {
                for &(ox, kx) in &column.products {
                    writer.add(x, ky * conv.window.x.kernel_size + kx, oy * columns + ox);
                }
            }
        }
        // rows end in their order
        let later = &positions[index + 1..];
        while done < rows && !later.iter().any(|read| read.products.iter().any(|&(oy, _)| oy == done)) {
            writer.finish(done);
            done += 1;
        }
    }
    (done..rows).for_each(|row| writer.finish(row));
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
        let place = Place::new(WEIGHT, (tap * self.conv.output.channels).cast_signed());
        let weight = *self.weights[tap].get_or_insert_with(|| self.b.load(place));
        let sum = self.sums[point].or_else(|| self.bias());
        self.sums[point] = Some(match sum {
            Some(sum) => self.b.push(StripOp::MulAdd(x, weight, sum)),
            None => self.b.push(StripOp::Mul(x, weight)),
        });
    }

    fn bias(&mut self) -> Option<StripValue> {
        self.conv.epilogue.bias.then(|| self.b.load_once(Place::new(BIAS, 0)))
    }

    /// Pool, activation and store of a row of points.
    fn finish(&mut self, row: usize) {
        let Some(pool) = self.conv.epilogue.pool else {
            for column in 0..self.columns {
                let sum = self.sums[row * self.columns + column].or_else(|| self.bias());
                self.store(sum, [row, column]);
            }
            return;
        };
        if row.is_multiple_of(2) {
            return;
        }
        for column in 0..self.columns / 2 {
            let above = (row - 1) * self.columns + 2 * column;
            let below = above + self.columns;
            let points = [above, above + 1, below, below + 1].map(|point| {
                let sum = self.sums[point].or_else(|| self.bias());
                sum.unwrap_or_else(|| self.b.constant(0.0))
            });
            let winners = pool.winners.map(|layout| {
                Place::new(WINNERS, (row / 2 * layout.row_pitch + column * layout.pixel_pitch).cast_signed())
            });
            let best = self.b.push(StripOp::Pool { points, winners });
            self.store(Some(best), [row / 2, column]);
        }
    }

    fn store(&mut self, value: Option<StripValue>, [row, column]: [usize; 2]) {
        let (y, x, layout) = (&self.grid.y, &self.grid.x, &self.conv.output);
        let at = (y.first + row * y.step) * layout.row_pitch + (x.first + column * x.step) * layout.pixel_pitch;
        let value = match (value, self.conv.epilogue.activation) {
            (Some(x), Some(activation)) => Some(self.b.activate(x, activation)),
            // an activation of zero is zero
            (value, _) => value,
        };
        self.b.store(value, Place::new(OUTPUT, at.cast_signed()));
    }
}
