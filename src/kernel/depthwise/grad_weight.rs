//! Gradient by the weights: taps take the place of results, and `dy` that of the weights.
//!
//! A strip goes through a block of pixels; for a vector of channels the sums are in registers while the
//! pixels that belong to them are read, and come from and go to `dw` in between.

use cranelift::prelude::Value;

use super::blocks::{Blocks, Task};
use super::points::{Grid, Order, Points, Product, last_positions};
use crate::desc::{ConvGradWeightDesc, DepthwiseGradWeightDesc};
use crate::kernel::builder::KernelBuilder;
use crate::kernel::code::{BuildError, Effort, KernelFunction};
use crate::kernel::micro::{MemoryOperand, StripBuilder, StripDesc, StripOp, StripValue, strip_registers};
use crate::kernel::tiling::for_runs;
use crate::kernel::{Simd, Target};
use crate::tensor::Element;

/// The strip's pointers.
const X: u8 = 0;
const DY: u8 = 1;
const DW: u8 = 2;

/// Writes the kernel.
/// # Errors
/// [`BuildError`] where the description contradicts itself or the machine is unknown.
pub(in crate::kernel) fn build(
    desc: &DepthwiseGradWeightDesc,
    target: &Target,
) -> Result<KernelFunction, BuildError> {
    let conv = &desc.conv;
    let (input, grad, window) = (&conv.input, &conv.grad, &conv.window);
    let grid = Grid::new(Points::of_results(&window.y), Points::of_results(&window.x), input)?;
    let task =
        Task { extent: [window.y.output, window.x.output], products: window.area(), channels: grad.channels };
    let order = order(conv, target.simd);
    let strip = |extent: [usize; 2]| strip(&grid, conv, order, extent);
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
                    let [x, dy] =
                        moved(k, at, start, [window.x.stride * input.pixel_pitch, grad.pixel_pitch]);
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

/// Column by column where the registers hold the sums of all taps and as much of `dy` as the window is wide.
fn order(conv: &ConvGradWeightDesc, simd: Simd) -> Order {
    let needed = conv.window.area() + conv.window.x.kernel_size + 1;
    if needed <= strip_registers(simd) { Order::Columns } else { Order::Rows }
}

/// The products of `[rows, columns]` pixels of `dy`, added to `dw`.
fn strip(grid: &Grid, conv: &ConvGradWeightDesc, order: Order, [rows, columns]: [usize; 2]) -> StripDesc {
    let grad = &conv.grad;
    let mut b = StripBuilder::default();
    let mut grads: Vec<Option<StripValue>> = vec![None; rows * columns];
    let mut sums: Vec<Option<StripValue>> = vec![None; conv.window.area()];
    let tap = |product: &Product| product.tap[0] * conv.window.x.kernel_size + product.tap[1];
    let place = |tap: usize| MemoryOperand::new(DW, (tap * grad.channels).cast_signed());
    let positions = grid.positions([rows, columns], order);
    let last = last_positions(&positions, sums.len(), tap);
    for (index, position) in positions.iter().enumerate() {
        let x = b.load(MemoryOperand::new(X, position.at));
        for product in &position.products {
            let [oy, ox] = product.point;
            let at = (oy * grad.row_pitch + ox * grad.pixel_pitch).cast_signed();
            let dy = *grads[oy * columns + ox].get_or_insert_with(|| b.load(MemoryOperand::new(DY, at)));
            let tap = tap(product);
            let sum = sums[tap].unwrap_or_else(|| b.load(place(tap)));
            sums[tap] = Some(b.push(StripOp::MulAdd(x, dy, sum)));
        }
        for tap in (0..last.len()).filter(|&tap| last[tap] == Some(index)) {
            b.store(sums[tap], place(tap));
        }
    }
    b.finish(&[4, 4, 4], grad.channels)
}
