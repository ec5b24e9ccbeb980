//! Weights at the points.

use super::transform::{evaluate, in_two_dimensions};
use crate::desc::WinogradWeightDesc;
use crate::kernel::Target;
use crate::kernel::bilinear::Blocks;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::code::{BuildError, Effort, KernelFunction};
use crate::kernel::micro::{MemoryOperand, StripBuilder, StripDesc};
use crate::tensor::Element;

/// Writes the kernel.
/// # Errors
/// [`BuildError::Host`] where the machine is unknown.
pub(in crate::kernel) fn build(
    desc: &WinogradWeightDesc,
    target: &Target,
) -> Result<KernelFunction, BuildError> {
    let blocks = Blocks::of(desc.outputs, target.simd);
    KernelBuilder::build(Effort::Speed, |k| {
        let (weight, points) = (k.arg(0), k.arg(1));
        let count = k.count();
        k.for_range(count, |k, row| {
            let (from, to) = (k.index_scale(row, desc.outputs), k.index_scale(row, blocks.width));
            let (from, to) = (k.at(Element::F32, weight, from), k.at(Element::F32, points, to));
            blocks.for_each(k, |k, block, width| {
                let (first, place) = (
                    k.index_scale(block, blocks.width),
                    k.index_scale(block, blocks.width * desc.inputs * desc.square.area()),
                );
                let (from, to) = (k.at(Element::F32, from, first), k.at(Element::F32, to, place));
                k.call_strip(&strip(desc, &blocks, width), &[from, to]);
            });
        });
        Ok(())
    })
}

/// One row of a block.
fn strip(desc: &WinogradWeightDesc, blocks: &Blocks, width: usize) -> StripDesc {
    let tap = (desc.inputs * desc.outputs).cast_signed();
    let plane = (desc.inputs * blocks.width).cast_signed();
    let points = desc.square.points();
    let mut b = StripBuilder::default();
    in_two_dimensions(
        &mut b,
        [3, 3],
        &mut |b, row, column| {
            let (row, column) = if desc.flipped { (2 - row, 2 - column) } else { (row, column) };
            Some(b.load(MemoryOperand::new(0, (3 * row + column).cast_signed() * tap)))
        },
        &|b, taps| evaluate(b, desc.square, taps),
        &mut |b, row, values| {
            for (column, value) in values.into_iter().enumerate() {
                b.store(value, MemoryOperand::new(1, (points * row + column).cast_signed() * plane));
            }
        },
    );
    b.finish(&[4, 4], width)
}
