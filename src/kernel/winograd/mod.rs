//! Convolutions with 3x3 windows by Winograd's method: fewer products, more additions.
//!
//! An image is cut into squares of `m x m` results. Each is made of the `(m + 2)²` inputs under it in three
//! steps ([`transform`]):
//! ```text
//! v = Bᵀ d B                  for every square and input channel
//! M_ξ = V_ξ · U_ξ             for every point ξ: one product [squares, I] · [I, O]
//! y = Aᵀ M A                  for every square and output channel; then pool, bias, activation
//! ```
//! The gradient by the input is the same with windows turned round. The gradient by the weights has the roles
//! of results and taps exchanged ([`grad_weight`]). Squares go through the steps in chunks that stay in the
//! second-level cache.
//!
//! # Error
//!
//! What is added before it is multiplied is rounded before, too. With `ε = 2⁻²⁴` and `‖·‖` the largest sum of
//! absolute values of a row,
//! ```text
//! |y − ŷ| ≤ (‖Aᵀ‖ · ‖Bᵀ‖ · ‖G‖)² · (I + 24) · ε · I · max|x| · max|w|          the factor: 81 for squares of two, 3,530 for squares of four
//! ```
//! for a convolution; for the gradient by the weights `I` is the number of squares that are summed. This is
//! what cannot be exceeded. In the mean, over random inputs of 64 channels, the error is 0.7 times that of a
//! direct sum in the order of the taps for squares of two, and twice for squares of four. Tests hold all
//! kernels to the bound, and the mean to 1 and 3 times.

mod chunks;
mod cost;
mod grad_weight;
mod steps;
mod transform;
mod weight;

#[cfg(test)]
mod tests;

use cranelift::prelude::Value;

pub(crate) use cost::{applies, choose, choose_by_points, choose_grad_weight};
pub(super) use grad_weight::{build as build_grad_weight, scratch_bytes as grad_weight_scratch_bytes};
pub(crate) use steps::Planes;
pub(super) use steps::build as build_step;
pub(super) use weight::build as build_weight;

use chunks::{At, Chunks};
use transform::{Term, in_two_dimensions, interpolate, window};

use super::Target;
use super::bilinear::{Outlet, Products, finish, plane, winners};
use super::builder::KernelBuilder;
use super::code::{BuildError, Effort, KernelFunction};
use super::micro::{MemoryOperand, StripBuilder, StripDesc, StripOp};
use crate::desc::{ConvDesc, Square, WinogradDesc};
use crate::tensor::{Element, Layout};

/// The results of one image, and where the first square's inputs begin.
#[derive(Debug, Clone, Copy)]
struct Geometry {
    /// `[height, width]`
    results: [usize; 2],
    /// Elements of an image of the input before the first tap of the first result.
    start: usize,
}

impl Geometry {
    fn of(conv: &ConvDesc) -> Result<Self, BuildError> {
        let (y, x) = (&conv.window.y, &conv.window.x);
        let outside = |axis: &crate::tensor::Axis| {
            // how far the first window reaches beyond the image: turned round, its last tap comes first
            if conv.grad_input { 2_usize.checked_sub(axis.pad_before) } else { Some(axis.pad_before) }
        };
        let results = if conv.grad_input { [y.input, x.input] } else { [y.output, x.output] };
        let start = outside(y).zip(outside(x)).and_then(|(above, left)| {
            conv.input.origin.checked_sub(above * conv.input.row_pitch + left * conv.input.pixel_pitch)
        });
        start.map(|start| Self { results, start }).ok_or(BuildError::Description {
            family: "winograd",
            reason: "the input's halo is narrower than the padding",
        })
    }
}

/// What the kernel works with besides the image: its chunks, and the matrices of one of them in scratch
/// memory.
struct Workspace {
    chunks: Chunks,
    /// Elements of a point's inputs and of its results.
    planes: [usize; 2],
}

impl Workspace {
    fn of(desc: &WinogradDesc, results: [usize; 2]) -> Self {
        let (inputs, outputs) = (desc.conv.input.channels, desc.conv.output.channels);
        let chunks = Chunks::of_conv(desc.square, results, [inputs, outputs], desc.images);
        let planes = [inputs, outputs].map(|numbers| plane(chunks.squares(), numbers));
        Self { chunks, planes }
    }
}

/// Bytes of scratch memory: a chunk's inputs and results at their points.
pub(super) fn scratch_bytes(desc: &WinogradDesc) -> usize {
    let Ok(geometry) = Geometry::of(&desc.conv) else { return 0 };
    let planes = Workspace::of(desc, geometry.results).planes;
    desc.square.area() * (planes[0] + planes[1]) * Element::F32.size_bytes()
}

/// Writes the kernel.
/// # Errors
/// [`BuildError`] where the description contradicts itself or the machine is unknown.
pub(super) fn build(desc: &WinogradDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    let geometry = Geometry::of(&desc.conv)?;
    let workspace = Workspace::of(desc, geometry.results);
    let (conv, square, planes) = (&desc.conv, desc.square, workspace.planes);
    KernelBuilder::build(Effort::Speed, |k| {
        let (input, weight) = (k.arg(0), k.arg(1));
        let (outlet, next) = Outlet::load(k, conv, 2);
        // a chunk's inputs at their points, and its results
        let inputs = k.arg(next);
        let results = k.at_offset(Element::F32, inputs, square.area() * planes[0]);
        let image = k.at_offset(Element::F32, input, geometry.start);
        workspace.chunks.for_each(k, |k, chunk| {
            chunk.for_squares(k, square, |k, at| {
                emit_window(k, &conv.input, square, planes[0], at, [image, inputs]);
            });
            let products = Products::dense(
                square.area(),
                [conv.input.channels, conv.output.channels],
                (workspace.chunks.images * chunk.squares(), planes),
                target.simd,
            );
            products.emit(k, target, [inputs, weight, results], square.area());
            chunk.for_squares(k, square, |k, at| {
                emit_results(k, conv, square, planes[1], (results, &outlet), at)
            });
        });
        Ok(())
    })
}

/// Address of a square's first element in an image of a layout, whose pixels are `side` to a square.
fn square_address(
    k: &mut KernelBuilder<'_>,
    element: Element,
    base: Value,
    layout: &Layout,
    side: usize,
    at: &At,
) -> Value {
    let image = k.index_scale(at.image, layout.image_pitch);
    let row = k.index_scale(at.row, side * layout.row_pitch);
    let column = k.index_scale(at.column, side * layout.pixel_pitch);
    let offset = k.index_add(image, row);
    let offset = k.index_add(offset, column);
    k.at(element, base, offset)
}

/// A square's inputs at their points: `[image, points]` are the first pixel's address and the chunk's
/// matrices. Pixels beyond those that results inside the image need are not read: they count as zero.
fn emit_window(
    k: &mut KernelBuilder<'_>,
    layout: &Layout,
    square: Square,
    plane: usize,
    at: &At,
    [image, points]: [Value; 2],
) {
    let from = square_address(k, Element::F32, image, layout, square.side(), at);
    let row = k.index_scale(at.number, layout.channels);
    let to = k.at(Element::F32, points, row);
    let [high, wide] = at.inside.map(|results| results + 2);
    let side = square.points();
    let mut b = StripBuilder::default();
    in_two_dimensions(
        &mut b,
        [side, side],
        &mut |b, row, column| {
            let place = row * layout.row_pitch + column * layout.pixel_pitch;
            (row < high && column < wide).then(|| b.load(MemoryOperand::new(0, place.cast_signed())))
        },
        &|b, pixels| window(b, square, pixels),
        &mut |b, row, values| store_points(b, values, side * row, plane),
    );
    k.call_strip(&b.finish(&[4, 4], layout.channels), &[from, to]);
}

/// Stores a row of points behind pointer 1.
fn store_points(b: &mut StripBuilder, values: Vec<Term>, first: usize, plane: usize) {
    for (value, point) in values.into_iter().zip(first..) {
        b.store(value, MemoryOperand::new(1, (point * plane).cast_signed()));
    }
}

/// A square's results from its points, which begin at `points`.
fn emit_results(
    k: &mut KernelBuilder<'_>,
    conv: &ConvDesc,
    square: Square,
    plane: usize,
    (points, outlet): (Value, &Outlet),
    at: &At,
) {
    let scale = if conv.epilogue.pool.is_some() { 2 } else { 1 };
    if at.inside.iter().any(|&inside| inside < scale) {
        return;
    }
    let side = square.side() / scale;
    let row = k.index_scale(at.number, conv.output.channels);
    let from = k.at(Element::F32, points, row);
    let to = square_address(k, Element::F32, outlet.output, &conv.output, side, at);
    let mut beside = |element: Element, layout: Layout| {
        let first = k.at_offset(element, outlet.beside, layout.origin);
        square_address(k, element, first, &layout, side, at)
    };
    let beside = match (winners(conv), conv.epilogue.residual) {
        (Some(layout), _) => beside(Element::U8, layout),
        (None, Some(layout)) => beside(Element::F32, layout),
        (None, None) => to,
    };
    let strip = results_strip(conv, square, plane, at.inside);
    k.call_strip(&strip, &[from, to, outlet.bias, beside]);
}

fn results_strip(conv: &ConvDesc, square: Square, plane: usize, inside: [usize; 2]) -> StripDesc {
    let mut b = StripBuilder::default();
    let side = square.points();
    let mut above: Vec<Term> = Vec::new();
    in_two_dimensions(
        &mut b,
        [side, side],
        &mut |b, row, column| {
            Some(b.load(MemoryOperand::new(0, ((side * row + column) * plane).cast_signed())))
        },
        &|b, points| interpolate(b, square, points, square.side()),
        &mut |b, row, values| {
            if row >= inside[0] {
                return;
            }
            if conv.epilogue.pool.is_none() {
                let place =
                    |layout: Layout, column: usize| row * layout.row_pitch + column * layout.pixel_pitch;
                for (column, value) in values.into_iter().enumerate().take(inside[1]) {
                    let residual = conv.epilogue.residual.map_or(0, |layout| place(layout, column));
                    finish(b, conv, value, places(residual, place(conv.output, column)));
                }
            } else if row % 2 == 0 {
                above = values;
            } else {
                pool_rows(b, conv, row / 2, [&above, &values], inside[1] / 2);
            }
        },
    );
    let beside = if conv.epilogue.residual.is_some() { 4 } else { 1 };
    b.finish(&[4, 4, 4, beside], conv.output.channels)
}

/// The largest of each four results of two rows.
fn pool_rows(
    b: &mut StripBuilder,
    conv: &ConvDesc,
    row: usize,
    [above, below]: [&[Term]; 2],
    columns: usize,
) {
    for column in 0..columns {
        let four = [above[2 * column], above[2 * column + 1], below[2 * column], below[2 * column + 1]];
        let [Some(p0), Some(p1), Some(p2), Some(p3)] = four else {
            unreachable!("results are loaded from memory")
        };
        let winners = winners(conv).map(|layout| {
            MemoryOperand::new(3, (row * layout.row_pitch + column * layout.pixel_pitch).cast_signed())
        });
        let best = b.push(StripOp::Pool { points: [p0, p1, p2, p3], winners });
        let result = row * conv.output.row_pitch + column * conv.output.pixel_pitch;
        finish(b, conv, Some(best), places(0, result));
    }
}

/// Bias, residual and result behind their pointers.
fn places(residual: usize, result: usize) -> [MemoryOperand; 3] {
    [
        MemoryOperand::new(2, 0),
        MemoryOperand::new(3, residual.cast_signed()),
        MemoryOperand::new(1, result.cast_signed()),
    ]
}
