//! Blocks of columns. See [`PackDesc`].

use super::builder::KernelBuilder;
use super::code::{BuildError, Effort, KernelFunction};
use super::micro::{MemoryOperand, StripBuilder, StripDesc};
use crate::desc::PackDesc;
use crate::tensor::Element;

/// Writes the kernel.
/// # Errors
/// [`BuildError::Host`] where the machine is unknown.
pub(super) fn build(desc: &PackDesc) -> Result<KernelFunction, BuildError> {
    let (whole, rest) = (desc.columns / desc.block, desc.columns % desc.block);
    KernelBuilder::build(Effort::Speed, |k| {
        let (source, destination, count) = (k.arg(0), k.arg(1), k.count());
        k.for_range(count, |k, row| {
            let (from, to) = (k.index_scale(row, desc.columns), k.index_scale(row, desc.block));
            let (from, to) = (k.at(Element::F32, source, from), k.at(Element::F32, destination, to));
            for (first, blocks, width) in [(0, whole, desc.block), (whole, usize::from(rest > 0), rest)] {
                k.for_range(blocks, |k, block| {
                    let block = k.index_offset(block, first);
                    let (column, place) =
                        (k.index_scale(block, desc.block), k.index_scale(block, desc.block * desc.rows));
                    let (from, to) = (k.at(Element::F32, from, column), k.at(Element::F32, to, place));
                    k.call_strip(&copy(width), &[from, to]);
                });
            }
        });
        Ok(())
    })
}

fn copy(elements: usize) -> StripDesc {
    let mut b = StripBuilder::default();
    let value = b.load(MemoryOperand::new(0, 0));
    b.store(Some(value), MemoryOperand::new(1, 0));
    b.finish(&[4, 4], elements)
}
