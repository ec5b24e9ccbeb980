//! Convolutions with 1x1 windows by Strassen's method: seven products of quarters instead of eight.
//!
//! A 1x1 window is a matrix product `Y = X W` of pixels, input channels and output channels. Halves of each
//! make quarters, of which
//! ```text
//! M₁ = (X₁₁ + X₂₂)(W₁₁ + W₂₂)     M₂ = (X₂₁ + X₂₂) W₁₁     M₃ = X₁₁ (W₁₂ − W₂₂)     M₄ = X₂₂ (W₂₁ − W₁₁)
//! M₅ = (X₁₁ + X₁₂) W₂₂            M₆ = (X₂₁ − X₁₁)(W₁₁ + W₁₂)                        M₇ = (X₁₂ − X₂₂)(W₂₁ + W₂₂)
//! Y₁₁ = M₁ + M₄ − M₅ + M₇         Y₁₂ = M₃ + M₅            Y₂₁ = M₂ + M₄            Y₂₂ = M₁ − M₂ + M₃ + M₆
//! ```
//! The halves of the pixels are pairs ([`pairs`]) in a chunk that stays in the second-level cache; sums of
//! weights are made once ([`weight`]). Source: Strassen, Gaussian Elimination is not Optimal, Numer. Math. 13
//! (1969). One level of it: a second would save another eighth of the products and double what is added.
//!
//! # Error
//!
//! With `ε = 2⁻²⁴` and `I` input channels,
//! ```text
//! |y − ŷ| ≤ 6 · (I / 2 + 8) · ε · I · max|x| · max|w|
//! ```
//! A sum of numbers is at most twice as large as they are, so that the seven products contribute 4, 2, 2, 2,
//! 2, 4 and 4 times what a direct one of `I / 2` steps does, 12 times at most together (in `Y₁₁`: 4 + 2 + 2 +
//! 4). It is three times the bound of a direct sum of `I` steps. In the mean, over random inputs of 256
//! channels, the error is 1.6 times that of a direct sum. Tests hold the kernels to the bound, and the mean
//! to twice.

mod chunks;
mod cost;
mod pairs;
mod results;
mod weight;

#[cfg(test)]
mod tests;

use cranelift::prelude::Value;

pub(crate) use cost::{applies, is_worth_it};
pub(super) use weight::build as build_weight;

use chunks::Chunks;
use pairs::Pair;

use super::Target;
use super::bilinear::{Blocks, Outlet, Products, plane};
use super::builder::KernelBuilder;
use super::code::{BuildError, Effort, KernelFunction};
use super::micro::{MemoryOperand, StripBuilder, StripValue};
use crate::desc::{ConvDesc, STRASSEN_PRODUCTS, StrassenDesc};
use crate::tensor::Element;

/// A summand with its factor; nothing where it is zero.
type Weighted = (f64, Option<StripValue>);

/// Elements from a row of this many numbers to the next: not a multiple of 4 KiB, where all rows fall on the
/// same sets of the first-level cache.
fn pitch(numbers: usize) -> usize {
    const LINE: usize = 16;
    if numbers.is_multiple_of(1024) { numbers + LINE } else { numbers }
}

/// Output channels of a half in blocks.
fn blocks(conv: &ConvDesc, target: &Target) -> Blocks {
    Blocks::of(conv.output.channels / 2, target.simd)
}

/// The seven products of a chunk of this many pairs, for a block of output channels.
fn products(conv: &ConvDesc, pairs: usize, outputs: Blocks) -> Products {
    let inputs = conv.input.channels / 2;
    let pitch = [pitch(inputs), outputs.width];
    let planes = pitch.map(|pitch| plane(pairs, pitch));
    Products { points: STRASSEN_PRODUCTS, inputs, outputs, rows: pairs, pitch, planes }
}

/// Bytes of scratch memory: a chunk's sums, and the products of one block.
pub(super) fn scratch_bytes(desc: &StrassenDesc, target: &Target) -> usize {
    let pairs = Chunks::of(desc).pairs();
    let planes = products(&desc.conv, pairs, blocks(&desc.conv, target)).planes;
    STRASSEN_PRODUCTS * (planes[0] + planes[1]) * Element::F32.size_bytes()
}

/// Writes the kernel.
/// # Errors
/// [`BuildError`] where the description contradicts itself or the machine is unknown.
pub(super) fn build(desc: &StrassenDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    let conv = &desc.conv;
    if !applies(conv) {
        return Err(BuildError::Description {
            family: "strassen",
            reason: "not a plain product of two matrices",
        });
    }
    let (chunks, blocks) = (Chunks::of(desc), blocks(conv, target));
    let planes = products(conv, chunks.pairs(), blocks).planes;
    KernelBuilder::build(Effort::Speed, |k| {
        let (input, weight) = (k.arg(0), k.arg(1));
        let (outlet, next) = Outlet::load(k, conv, 2);
        let sums = k.arg(next);
        let matrices = k.at_offset(Element::F32, sums, STRASSEN_PRODUCTS * planes[0]);
        let input = k.at_offset(Element::F32, input, conv.input.origin);
        chunks.for_each(k, |k, chunk| {
            chunk.for_rows(k, |k, pairs| {
                pairs.for_each(k, |k, pair| emit_sums(k, conv, pair, (input, sums), planes[0]));
            });
            // what a block's products leave is added up while it lies in the first-level cache
            blocks.for_each(k, |k, block, width| {
                let weights =
                    k.index_scale(block, STRASSEN_PRODUCTS * conv.input.channels / 2 * blocks.width);
                let weights = k.at(Element::F32, weight, weights);
                let of_block = Blocks { channels: width, ..blocks };
                let products = Products { planes, ..products(conv, chunks.images * chunk.pairs(), of_block) };
                products.emit(k, target, [sums, weights, matrices], STRASSEN_PRODUCTS);
                let first = k.index_scale(block, blocks.width);
                let outlet = outlet.at_channel(k, first);
                chunk.for_rows(k, |k, pairs| {
                    results::emit(k, conv, (pairs, &products, target.simd), matrices, &outlet);
                });
            });
        });
        Ok(())
    })
}

/// The sums of two pixels' halves. Of a pixel alone, the other counts as zero, and products with nothing but
/// it are left out.
fn emit_sums(
    k: &mut KernelBuilder<'_>,
    conv: &ConvDesc,
    pair: &Pair,
    (input, sums): (Value, Value),
    plane: usize,
) {
    let half = conv.input.channels / 2;
    let stride = [conv.window.y.stride, conv.window.x.stride];
    let row = k.index_scale(pair.number, pitch(half));
    let to = k.at(Element::F32, sums, row);
    let mut pixels = pair.addresses(k, Element::F32, input, &conv.input, stride);
    let mut b = StripBuilder::default();
    let mut load = |pixel: usize, at: usize| {
        (pixel < pixels.len()).then(|| b.load(MemoryOperand::new(pixel as u8, at.cast_signed())))
    };
    let [x11, x12, x21, x22] = [load(0, 0), load(0, half), load(1, 0), load(1, half)];
    let sums: [&[Weighted]; STRASSEN_PRODUCTS] = [
        &[(1.0, x11), (1.0, x22)],
        &[(1.0, x21), (1.0, x22)],
        &[(1.0, x11)],
        &[(1.0, x22)],
        &[(1.0, x11), (1.0, x12)],
        &[(1.0, x21), (-1.0, x11)],
        &[(1.0, x12), (-1.0, x22)],
    ];
    let pointer = pixels.len() as u8;
    for (point, terms) in sums.iter().enumerate() {
        if let Some(sum) = b.combine(terms) {
            b.store(Some(sum), MemoryOperand::new(pointer, (point * plane).cast_signed()));
        }
    }
    pixels.push(to);
    k.call_strip(&b.finish(&vec![4; pixels.len()], half), &pixels);
}
