//! Sums of the weights' quarters.

use super::Weighted;
use crate::desc::{STRASSEN_PRODUCTS, StrassenWeightDesc};
use crate::kernel::Target;
use crate::kernel::bilinear::Blocks;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::code::{BuildError, Effort, KernelFunction};
use crate::kernel::micro::{MemoryOperand, StripBuilder, StripDesc};
use crate::tensor::Element;

/// Writes the kernel.
/// # Errors
/// [`BuildError`] where the description contradicts itself or the machine is unknown.
pub(in crate::kernel) fn build(
    desc: &StrassenWeightDesc,
    target: &Target,
) -> Result<KernelFunction, BuildError> {
    if desc.part == 0 || !desc.outputs.is_multiple_of(desc.part) || desc.part % 2 + desc.inputs % 2 > 0 {
        let reason = "parts of output channels and halves of channels have to be equal";
        return Err(BuildError::Description { family: "strassen_weight", reason });
    }
    let half = desc.part / 2;
    let blocks = Blocks::of(half, target.simd);
    let matrix = desc.inputs / 2 * blocks.width;
    let parts = desc.outputs / desc.part;
    KernelBuilder::build(Effort::Speed, |k| {
        let (weight, sums) = (k.arg(0), k.arg(1));
        let count = k.count();
        k.for_range(count, |k, row| {
            let (from, to) = (k.index_scale(row, desc.outputs), k.index_scale(row, blocks.width));
            let (from, to) = (k.at(Element::F32, weight, from), k.at(Element::F32, sums, to));
            k.for_range(parts, |k, part| {
                let first = k.index_scale(part, desc.part);
                let place = k.index_scale(part, half.div_ceil(blocks.width) * STRASSEN_PRODUCTS * matrix);
                let (from, to) = (k.at(Element::F32, from, first), k.at(Element::F32, to, place));
                blocks.for_each(k, |k, block, width| {
                    let first = k.index_scale(block, blocks.width);
                    let place = k.index_scale(block, STRASSEN_PRODUCTS * matrix);
                    let (from, to) = (k.at(Element::F32, from, first), k.at(Element::F32, to, place));
                    k.call_strip(&strip(desc, matrix, width), &[from, to]);
                });
            });
        });
        Ok(())
    })
}

/// One row of a block.
fn strip(desc: &StrassenWeightDesc, matrix: usize, width: usize) -> StripDesc {
    let (right, below) = (desc.part / 2, desc.inputs / 2 * desc.outputs);
    let mut b = StripBuilder::default();
    let [w11, w12, w21, w22] =
        [0, right, below, below + right].map(|at| Some(b.load(MemoryOperand::new(0, at.cast_signed()))));
    let sums: [&[Weighted]; STRASSEN_PRODUCTS] = [
        &[(1.0, w11), (1.0, w22)],
        &[(1.0, w11)],
        &[(1.0, w12), (-1.0, w22)],
        &[(1.0, w21), (-1.0, w11)],
        &[(1.0, w22)],
        &[(1.0, w11), (1.0, w12)],
        &[(1.0, w21), (1.0, w22)],
    ];
    for (point, terms) in sums.iter().enumerate() {
        let sum = b.combine(terms);
        b.store(sum, MemoryOperand::new(1, (point * matrix).cast_signed()));
    }
    b.finish(&[4, 4], width)
}
