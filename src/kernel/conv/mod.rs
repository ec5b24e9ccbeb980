//! Convolution forward, and its gradient by the input.
//!
//! Both are a grid of points (pixels of the output; of `dx` with equal remainders by the stride) times
//! channels, reduced over taps and channels of the input. The halo of the input is zero, so that every point
//! has the same taps.

mod nest;
mod part;
#[cfg(test)]
pub(in crate::kernel) mod tests;

use cranelift::prelude::Value;

use crate::desc::ConvDesc;
use crate::kernel::Target;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::code::{BuildError, Effort, KernelFunction};

use part::{Part, forward_part, grad_input_parts};

/// Rows of weights at least this far apart share so few sets of the caches that a block of output channels
/// throws itself out: the blocks are then stored one behind the other. (14% of peak without, on 7x7x512 →
/// 512.)
const FAR_ROW_BYTES: usize = 1024;

/// Output channels that should lie together in the weights; `None`: rows as they are.
pub(crate) fn block(desc: &ConvDesc, target: &Target) -> Option<usize> {
    let produced = desc.output.channels;
    let width = block_width(target);
    (desc.groups == 1 && produced > width && produced * size_of::<f32>() >= FAR_ROW_BYTES).then_some(width)
}

/// Output channels of a block.
pub(crate) fn block_width(target: &Target) -> usize {
    target.simd.lanes() * BLOCK_VECTORS
}

/// Vectors of a block: with two, a tile has the most points for each weight that is loaded.
const BLOCK_VECTORS: usize = 2;

fn parts(desc: &ConvDesc) -> Result<Vec<Part>, BuildError> {
    if desc.grad_input { grad_input_parts(desc) } else { Ok(vec![forward_part(desc)?]) }
}

/// Writes the kernel.
/// # Errors
/// [`BuildError`] where the description contradicts itself or the machine is unknown.
pub(super) fn build(desc: &ConvDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    let parts = parts(desc)?;
    KernelBuilder::build(Effort::Speed, |k| {
        let pointers = Pointers::load(k, desc);
        for part in &parts {
            nest::emit(k, part, desc, target, &pointers);
        }
        Ok(())
    })
}

/// Cycles for one image by the model of [`crate::kernel::tiling::Grid`].
pub(super) fn cycles(desc: &ConvDesc, target: &Target) -> f64 {
    parts(desc).unwrap_or_default().iter().map(|part| nest::cycles(part, desc, target)).sum()
}

/// The kernel's arguments.
struct Pointers {
    input: Value,
    weight: Value,
    bias: Value,
    residual: Value,
    output: Value,
    winners: Value,
}

impl Pointers {
    fn load(k: &mut KernelBuilder<'_>, desc: &ConvDesc) -> Self {
        let (input, weight) = (k.arg(0), k.arg(1));
        let mut next = 2;
        let mut optional = |k: &mut KernelBuilder<'_>, is_there: bool| {
            next += usize::from(is_there);
            if is_there { k.arg(next - 1) } else { weight }
        };
        let bias = optional(k, desc.epilogue.bias);
        let residual = optional(k, desc.epilogue.residual.is_some());
        let output = optional(k, true);
        let winners = optional(k, desc.epilogue.pool.is_some_and(|pool| pool.winners.is_some()));
        Self { input, weight, bias, residual, output, winners }
    }
}
