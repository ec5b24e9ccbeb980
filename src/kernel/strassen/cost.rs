//! What Strassen's method costs: a model in cycles, as everything that decides about code.

use super::chunks::Chunks;
use super::{blocks, products};
use crate::desc::{ConvDesc, STRASSEN_PRODUCTS, StrassenDesc};
use crate::kernel::bilinear::{CALL, Calls};
use crate::kernel::cache::streaming;
use crate::kernel::{Target, conv};
use crate::tensor::Axis;

/// Its kernels have to be cheaper by this factor: memory between the steps is theirs alone.
const MARGIN: f64 = 0.97;

/// Cycles for a vector of each quarter, before or behind the products: of four vectors that are read seven
/// are made, or the other way round. Measured (16 to 25 for 256 to 1,024 channels); most of it is traffic
/// with the second-level cache, which also takes what is more than it holds without a visible step.
const VECTOR: f64 = 20.0;

/// Whether the method applies.
pub(crate) fn applies(desc: &ConvDesc) -> bool {
    let plain =
        |axis: &Axis| axis.kernel_size == 1 && axis.pad_before == 0 && (axis.stride == 1 || !desc.grad_input);
    let even = [desc.input.channels, desc.output.channels].iter().all(|channels| channels.is_multiple_of(2));
    plain(&desc.window.y) && plain(&desc.window.x) && desc.groups == 1 && desc.epilogue.pool.is_none() && even
}

/// Whether a convolution is cheaper so. `new_weights`: of this many calls, where they are changed after them.
pub(crate) fn is_worth_it(
    desc: &ConvDesc,
    calls: Calls,
    new_weights: Option<usize>,
    target: &Target,
) -> bool {
    if target.exact || !applies(desc) {
        return false;
    }
    let direct = calls.images as f64 * conv::cycles(desc, target);
    let direct = direct.max(calls.first_read(desc.input.channels * desc.output.channels));
    let strassen = StrassenDesc { conv: *desc, images: calls.images };
    let sums = weights(desc);
    let made = new_weights.map_or(0.0, |calls| 2.0 * streaming(sums * size_of::<f32>()) / calls as f64);
    let cycles = cycles(&Chunks::of(&strassen), desc, calls.images, target).max(calls.first_read(sums));
    cycles + made < MARGIN * direct
}

/// Cycles of a call for this many images.
fn cycles(chunks: &Chunks, desc: &ConvDesc, images: usize, target: &Target) -> f64 {
    let (read, blocks) = (streaming(weights(desc) * size_of::<f32>()), blocks(desc, target));
    let of_chunk = |pairs: usize| {
        // a block's weights are fetched while the one before is used
        products(desc, pairs, blocks).cycles(target.simd).max(read) + strips(pairs, desc, target)
    };
    chunks.sum(images, of_chunk)
}

/// Cycles of the sums before and behind the products of this many pairs.
fn strips(pairs: usize, desc: &ConvDesc, target: &Target) -> f64 {
    let vectors = |channels: usize| (channels / 2).div_ceil(target.simd.lanes());
    let vectors = vectors(desc.input.channels) + vectors(desc.output.channels);
    pairs as f64 * (vectors as f64 * VECTOR + 2.0 * CALL)
}

/// Numbers of the sums of weights.
fn weights(desc: &ConvDesc) -> usize {
    STRASSEN_PRODUCTS * (desc.input.channels / 2) * (desc.output.channels / 2)
}
