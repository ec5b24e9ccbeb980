//! Gradient by the weights: taps take the place of results, and `dy` that of the weights.
//!
//! A strip goes through a block of pixels; for a vector of channels the sums of a row of taps are in registers as long as the rows of the block
//! that it belongs to are read, and come from and go to `dw` in between.

use cranelift::prelude::Value;

use super::blocks::{Blocks, Task};
use super::points::{Grid, Points};
use crate::kernel::Target;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::code::{BuildError, Effort, KernelFunction};
use crate::kernel::desc::{ConvGradWeightDesc, DepthwiseGradWeightDesc};
use crate::kernel::micro::{Place, StripBuilder, StripDesc, StripOp, StripValue};
use crate::kernel::tiling::for_runs;
use crate::tensor::Element;

/// The strip's pointers.
const X: u8 = 0;
const DY: u8 = 1;
const DW: u8 = 2;

/// Writes the kernel.
/// # Errors
/// [`BuildError`] where the description contradicts itself or the machine is unknown.
pub(in crate::kernel) fn build(desc: &DepthwiseGradWeightDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    let conv = &desc.conv;
    let (input, grad, window) = (&conv.input, &conv.grad, &conv.window);
    let grid = Grid::new(Points::of_results(&window.y), Points::of_results(&window.x), input)?;
    let task = Task { extent: [window.y.output, window.x.output], products: window.area(), channels: grad.channels };
    let strip = |extent: [usize; 2]| strip(&grid, conv, extent);
    let bytes = |rows: usize| {
        let read = grid.y.reach(rows) * input.row_pitch + rows * grad.row_pitch;
        read * Element::F32.size_bytes()
    };
    let blocks = Blocks::choose(&task, target.simd, strip, bytes);
    KernelBuilder::build(Effort::Speed, |k| {
        let (x, dy, dw) = (k.arg(0), k.arg(1), k.arg(2));
        k.fill(dw, window.area() * grad.channels, 0.0);
        let x = k.at_offset(Element::F32, x, input.origin);
        let dy = k.at_offset(Element::F32, dy, grad.origin);
        let count = k.count();
        k.for_range(count, |k, image| {
            let at = moved(k, [x, dy], image, [input.image_pitch, grad.image_pitch]);
            for_runs(k, &blocks.rows, |k, start, rows| {
                let at = moved(k, at, start, [window.y.stride * input.row_pitch, grad.row_pitch]);
                for_runs(k, &blocks.columns, |k, start, columns| {
                    let [x, dy] = moved(k, at, start, [window.x.stride * input.pixel_pitch, grad.pixel_pitch]);
                    k.call_strip(&strip([rows, columns]), &[x, dy, dw]);
                });
            });
        });
        Ok(())
    })
}

fn moved(k: &mut KernelBuilder<'_>, at: [Value; 2], index: Value, pitches: [usize; 2]) -> [Value; 2] {
    [0, 1].map(|i| {
        let by = k.index_scale(index, pitches[i]);
        k.at(Element::F32, at[i], by)
    })
}

/// The products of `[rows, columns]` pixels of `dy`, added to `dw`.
fn strip(grid: &Grid, conv: &ConvGradWeightDesc, [rows, columns]: [usize; 2]) -> StripDesc {
    let (input, grad, taps) = (&conv.input, &conv.grad, conv.window.x.kernel_size);
    let mut b = StripBuilder::default();
    let mut grads: Vec<Option<StripValue>> = vec![None; rows * columns];
    let mut sums: Vec<Option<StripValue>> = vec![None; conv.window.area()];
    let of_tap = |tap: usize| Place::new(DW, (tap * grad.channels).cast_signed());
    let reads = grid.x.reads(columns);
    let positions = grid.y.reads(rows);
    for (index, row) in positions.iter().enumerate() {
        for column in &reads {
            let at = row.at * input.row_pitch.cast_signed() + column.at * input.pixel_pitch.cast_signed();
            let x = b.load(Place::new(X, at));
            for (&(oy, ky), &(ox, kx)) in row.products.iter().flat_map(|y| column.products.iter().map(move |x| (y, x)))
            {
                let at = (oy * grad.row_pitch + ox * grad.pixel_pitch).cast_signed();
                let dy = *grads[oy * columns + ox].get_or_insert_with(|| b.load(Place::new(DY, at)));
                let tap = ky * taps + kx;
                let sum = sums[tap].unwrap_or_else(|| b.load(of_tap(tap)));
                sums[tap] = Some(b.push(StripOp::MulAdd(x, dy, sum)));
            }
        }
        // a row of taps that reads nothing further down has its sums
        let later = &positions[index + 1..];
        for &(_, ky) in &row.products {
            if later.iter().any(|read| read.products.iter().any(|&(_, other)| other == ky)) {
                continue;
            }
            for tap in ky * taps..(ky + 1) * taps {
                b.store(sums[tap], of_tap(tap));
            }
        }
    }
    b.finish(&[4, 4, 4], grad.channels)
}
