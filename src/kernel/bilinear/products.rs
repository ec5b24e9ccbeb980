//! One matrix product for each point.

use cranelift::prelude::Value;

use super::Blocks;
use crate::kernel::builder::{KernelBuilder, Trips};
use crate::kernel::micro::{ReductionLoop, TileDesc, TileEpilogue, TileInit};
use crate::kernel::tiling::{Grid, TilePointers, emit_points, for_vector_runs, lines_ahead};
use crate::kernel::{Simd, Target};
use crate::tensor::Element;

/// Products `[rows, I] · [I, O]`, one at each point. Weights `[O / W, points, I, W]` with `W` of [`Blocks`].
pub(in crate::kernel) struct Products {
    /// Points that there are.
    pub(in crate::kernel) points: usize,
    /// `I`
    pub(in crate::kernel) inputs: usize,
    /// `O`
    pub(in crate::kernel) outputs: Blocks,
    pub(in crate::kernel) rows: usize,
    /// Elements from a row to the next, of inputs and of results.
    pub(in crate::kernel) pitch: [usize; 2],
    /// Elements from a point's inputs to the next point's, and the same of results.
    pub(in crate::kernel) planes: [usize; 2],
}

impl Products {
    /// Products of `[I, O]` channels whose rows lie one behind the other.
    pub(in crate::kernel) fn dense(
        points: usize,
        channels: [usize; 2],
        (rows, planes): (usize, [usize; 2]),
        simd: Simd,
    ) -> Self {
        let [inputs, outputs] = channels;
        Self { points, inputs, outputs: Blocks::of(outputs, simd), rows, pitch: channels, planes }
    }

    /// Code for this many of the points: `[inputs, weights, results]` at the first. Where there are fewer
    /// images than there is room for, the rows of the others are made of what happens to lie there, and
    /// nobody reads them.
    pub(in crate::kernel) fn emit(
        &self,
        k: &mut KernelBuilder<'_>,
        target: &Target,
        [v, u, m]: [Value; 3],
        points: impl Into<Trips>,
    ) {
        let (inputs, blocks) = (self.inputs, self.outputs);
        let tile = TileDesc {
            rows: 1,
            columns: 1,
            a_pitch: [0, self.pitch[0]],
            c_pitch: [0, self.pitch[1]],
            vectors: 1,
            tail: 1,
            reduction: vec![ReductionLoop::new(inputs, 1, blocks.width.cast_signed())],
            init: TileInit::Zero,
            epilogue: TileEpilogue::default(),
            ahead: lines_ahead(blocks.width),
        };
        let matrix = inputs * blocks.width;
        k.for_range(points, |k, point| {
            let a = k.index_scale(point, self.planes[0]);
            let b = k.index_scale(point, matrix);
            let c = k.index_scale(point, self.planes[1]);
            let (a, of_point) = (k.at(Element::F32, v, a), k.at(Element::F32, u, b));
            let c = k.at(Element::F32, m, c);
            blocks.for_each(k, |k, block, width| {
                let tiling = self.grid(width).choose(target.simd);
                let weights = k.index_scale(block, self.points * matrix);
                let first = k.index_scale(block, blocks.width);
                let (b, c) = (k.at(Element::F32, of_point, weights), k.at(Element::F32, c, first));
                // the weights of the next block, or of the next point's first, fetched meanwhile
                let is_last = k.index_equals(block, blocks.count() - 1);
                let (next, first) = (k.index_offset(weights, self.points * matrix), k.index(matrix));
                let next = k.select(is_last, first, next);
                let ahead = k.at(Element::F32, of_point, next);
                let at = TilePointers { a, b, c, bias: c, winners: c, residual: c, trips: ahead };
                for_vector_runs(k, &tiling.vectors, target.simd.lanes(), |k, lane, run| {
                    let at = at.at_lane(k, lane);
                    emit_points(k, &tile, &tiling, run, at);
                });
            });
        });
    }

    /// Cycles for all points by the model of [`Grid`].
    pub(in crate::kernel) fn cycles(&self, simd: Simd) -> f64 {
        self.points as f64 * self.outputs.sum(|width| self.grid(width).cycles(simd))
    }

    /// How the rows are cut into tiles, for a block of output channels.
    fn grid(&self, width: usize) -> Grid {
        Grid {
            rows: 1,
            columns: self.rows,
            scale: 1,
            channels: width,
            steps: self.inputs,
            a_pitch: [0, self.pitch[0]],
            b_pitch: self.outputs.width,
            loads_output: false,
        }
    }
}
