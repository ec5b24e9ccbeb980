//! Statistics over the batch. See [`MomentsDesc`] and [`CombineMomentsDesc`] for what they compute.

mod wide;

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes, Reduction};
use super::code::{BuildError, Effort, KernelFunction};
use super::global_pool::fold_pixels;
use super::pool::pixel;
use super::target::Target;
use crate::desc::{CombineMomentsDesc, MomentsDesc};
use crate::tensor::Element;

/// Vectors of channels that the narrow walk visits together: one cache line, and enough chains of additions
/// to hide their latency.
const VECTORS: usize = 4;

/// Code of a shard's moments.
pub(super) fn build(desc: &MomentsDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        let (x, partial) = (k.arg(0), k.arg(1));
        let channels = desc.input.channels;
        let (one, elements) = (k.f32(Lanes::One, 1.0), elements(k, desc));
        let divisor = k.max(elements, one);
        if let Some(lanes) = wide::lanes(desc, target.simd) {
            wide::emit(k, desc, lanes, partial, [elements, divisor]);
            return Ok(());
        }
        k.for_channels(channels, VECTORS, &mut |k, lanes, vectors, c| {
            let from = k.at(Element::F32, x, c);
            let zeros = vec![k.f32(lanes, 0.0); vectors];
            let sums = fold_images(k, desc, from, &zeros, &mut |k, at, v, sum| {
                let x = k.load(lanes, at, v * lanes.count());
                k.add(sum, x)
            });
            let n = k.splat(lanes, elements);
            let divisor = k.splat(lanes, divisor);
            let means: Vec<Value> = sums.iter().map(|&sum| k.div(sum, divisor)).collect();
            let squares = fold_images(k, desc, from, &zeros, &mut |k, at, v, sum| {
                let x = k.load(lanes, at, v * lanes.count());
                let deviation = k.sub(x, means[v]);
                k.mul_add(deviation, deviation, sum)
            });
            let to = k.at(Element::F32, partial, c);
            for v in 0..vectors {
                for (block, value) in [n, means[v], squares[v]].into_iter().enumerate() {
                    k.store(value, to, block * channels + v * lanes.count());
                }
            }
        });
        Ok(())
    })
}

/// Number of elements of each channel, as f32.
fn elements(k: &mut KernelBuilder<'_>, desc: &MomentsDesc) -> Value {
    let count = k.count();
    let elements = k.index_scale(count, desc.input.height * desc.input.width);
    let elements = k.low_bits(elements);
    k.int_to_float(elements)
}

/// Sums over all images, pixel by pixel; `body` adds element `v` behind the address to a sum.
fn fold_images(
    k: &mut KernelBuilder<'_>,
    desc: &MomentsDesc,
    from: Value,
    zeros: &[Value],
    body: &mut dyn FnMut(&mut KernelBuilder<'_>, Value, usize, Value) -> Value,
) -> Vec<Value> {
    let (count, first) = (k.count(), k.index(0));
    k.fold_range(count, zeros, |k, n, total| {
        let image = pixel(k, Element::F32, from, &desc.input, [n, first, first]);
        let of_image = fold_pixels(k, image, &desc.input, zeros, Reduction::Sum, |k, at, sums| {
            sums.iter().enumerate().map(|(v, &sum)| body(k, at, v, sum)).collect()
        });
        total.iter().zip(of_image).map(|(&total, image)| k.add(total, image)).collect()
    })
}

/// Code of the combination.
pub(super) fn build_combine(desc: &CombineMomentsDesc) -> Result<KernelFunction, BuildError> {
    if desc.parts == 0 {
        return Err(BuildError::Description { family: "combine_moments", reason: "no parts" });
    }
    KernelBuilder::build(Effort::Speed, |k| {
        let (partials, mean, variance) = (k.arg(0), k.arg(1), k.arg(2));
        k.for_channels(desc.channels, 1, &mut |k, lanes, _, c| {
            let from = k.at(Element::F32, partials, c);
            let [n, m, squares] = emit_tree(k, desc, lanes, from, [0, desc.parts]);
            let one = k.f32(lanes, 1.0);
            let n = k.max(n, one);
            let biased = k.div(squares, n);
            let (mean, variance) = (k.at(Element::F32, mean, c), k.at(Element::F32, variance, c));
            k.store(m, mean, 0);
            k.store(biased, variance, 0);
        });
        Ok(())
    })
}

/// `[n, mean, sum of squares]` of `len` parts from `first` on.
///
/// A part without elements is all zeros and changes nothing: its weight is 0, and next to it the other's is
/// 1.
fn emit_tree(
    k: &mut KernelBuilder<'_>,
    desc: &CombineMomentsDesc,
    lanes: Lanes,
    from: Value,
    range: [usize; 2],
) -> [Value; 3] {
    let [first, len] = range;
    if len == 1 {
        let part = k.at_offset(Element::F32, from, first * 3 * desc.channels);
        return [0, 1, 2].map(|block| k.load(lanes, part, block * desc.channels));
    }
    let left = left_of_tree(len);
    let [na, ma, sa] = emit_tree(k, desc, lanes, from, [first, left]);
    let [nb, mb, sb] = emit_tree(k, desc, lanes, from, [first + left, len - left]);
    let (n, one) = (k.add(na, nb), k.f32(lanes, 1.0));
    let divisor = k.max(n, one);
    let weight = k.div(nb, divisor);
    let delta = k.sub(mb, ma);
    let mean = k.mul_add(delta, weight, ma);
    let square = k.mul(delta, delta);
    let scaled = k.mul(na, weight);
    let sum = k.add(sa, sb);
    [n, mean, k.mul_add(square, scaled, sum)]
}

/// Leaves left of the root of a balanced tree over `len ≥ 2`: pairs of neighbours are joined, then pairs of
/// pairs; the last may stay alone.
pub fn left_of_tree(len: usize) -> usize {
    len.next_power_of_two() / 2
}
