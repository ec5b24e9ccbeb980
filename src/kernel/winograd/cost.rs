//! Whether Winograd's method is worth it: a model in cycles, as everything that decides about code.

use super::chunks::Chunks;
use super::steps::Planes;
use crate::desc::{ConvDesc, ConvGradWeightDesc, Square};
use crate::kernel::bilinear::{Blocks, CALL, Calls, Products};
use crate::kernel::cache::{from_memory, streaming};
use crate::kernel::tiling::Grid;
use crate::kernel::{Simd, Target, conv, conv_grad_weight};
use crate::tensor::Window;

/// Winograd's kernels have to be cheaper by this factor: what the model leaves out (more memory, transforms
/// of weights) is theirs alone.
const MARGIN: f64 = 0.85;

/// Whether the method applies.
pub(crate) fn applies(window: &Window, groups: usize) -> bool {
    let plain = |axis: &crate::tensor::Axis| {
        axis.kernel_size == 3 && axis.stride == 1 && axis.dilation == 1 && axis.pad_before <= 2
    };
    groups == 1 && plain(&window.y) && plain(&window.x)
}

/// The squares for a convolution, where they are worth it.
pub(crate) fn choose(desc: &ConvDesc, calls: Calls, target: &Target) -> Option<Square> {
    if target.exact || !applies(&desc.window, desc.groups) {
        return None;
    }
    best(direct(desc, calls, target), |square| in_chunks(desc, calls, target, square))
}

/// The squares for a convolution whose steps go through the whole batch, one after the other, where that is
/// worth more than going through it in `shards` calls, with this method or directly. `once`: weights do not
/// change.
pub(crate) fn choose_by_points(
    desc: &ConvDesc,
    (calls, shards): (Calls, usize),
    once: bool,
    target: &Target,
) -> Option<Square> {
    if target.exact || shards == 1 || !applies(&desc.window, desc.groups) {
        return None;
    }
    let (inputs, outputs) = (desc.input.channels, desc.output.channels);
    let cost = |square: Square| {
        let squares = shards * calls.images * Planes::of(desc, square, calls.images).squares;
        let products = products(square, squares, [inputs, outputs], target.simd);
        let weights = from_memory(square.area() * inputs * outputs * 4) * if once { 1.0 } else { 2.0 };
        let between = 2.0 * streaming(square.area() * squares * (inputs + outputs) * 4);
        products.cycles(target.simd).max(weights)
            + strips(square, squares, target, [inputs, outputs])
            + between
    };
    let square = best(shards as f64 * direct(desc, calls, target), cost)?;
    let in_chunks = Square::ALL.map(|square| shards as f64 * in_chunks(desc, calls, target, square));
    // it takes memory for the squares of all images
    in_chunks.iter().all(|&cycles| cost(square) < MARGIN * cycles).then_some(square)
}

/// Cycles of a call of the direct kernel.
fn direct(desc: &ConvDesc, calls: Calls, target: &Target) -> f64 {
    // a block's weights are fetched while the one before is used
    let products = calls.images as f64 * conv::cycles(desc, target);
    products.max(calls.first_read(9 * desc.input.channels * desc.output.channels))
}

/// Cycles of a call of this method's kernel.
fn in_chunks(desc: &ConvDesc, calls: Calls, target: &Target, square: Square) -> f64 {
    let (inputs, outputs) = (desc.input.channels, desc.output.channels);
    let axes = [&desc.window.y, &desc.window.x];
    let results = axes.map(|axis| if desc.grad_input { axis.input } else { axis.output });
    let chunks = Chunks::of_conv(square, results, [inputs, outputs], calls.images);
    let products = products(square, chunks.squares(), [inputs, outputs], target.simd);
    let strips = strips(square, chunks.squares(), target, [inputs, outputs]);
    let (products, weights) = (products.cycles(target.simd), square.area() * inputs * outputs);
    // a block's weights are fetched while the one before is used
    let first = products.max(calls.first_read(weights));
    let later = products.max(streaming(weights * size_of::<f32>()));
    let count = chunks.count(calls.images) as f64;
    first + (count - 1.0) * later + count * (strips + chunks.between())
}

/// The same for a gradient by the weights.
pub(crate) fn choose_grad_weight(
    desc: &ConvGradWeightDesc,
    images: usize,
    target: &Target,
) -> Option<Square> {
    if target.exact || !applies(&desc.window, desc.groups) {
        return None;
    }
    let (inputs, outputs) = (desc.input.channels, desc.grad.channels);
    let direct = images as f64 * conv_grad_weight::cycles(desc, target);
    let results = [desc.window.y.output, desc.window.x.output];
    let cost = |square: Square| {
        let chunks = Chunks::of_grad_weight(square, results, [inputs, outputs], images);
        let products = grad_products(inputs, chunks.squares(), outputs, (square, target));
        let count = chunks.count(images) as f64;
        let strips = strips(square, chunks.squares(), target, [inputs, outputs]);
        let chunk = products + strips + chunks.visited() + chunks.between();
        // sums are cleared before and interpolated after
        count * chunk + 2.0 * streaming(square.area() * inputs * outputs * 4)
    };
    best(direct, cost)
}

/// The products of this many squares.
fn products(square: Square, squares: usize, channels: [usize; 2], simd: Simd) -> Products {
    Products::dense(square.area(), channels, (squares, [0; 2]), simd)
}

fn best(direct: f64, cost: impl Fn(Square) -> f64) -> Option<Square> {
    let costs = Square::ALL.map(|square| (cost(square), square));
    let [two, four] = costs;
    let (cycles, square) = if four.0 < two.0 { four } else { two };
    (cycles < MARGIN * direct).then_some(square)
}

/// The products of a gradient by the weights, which are added to sums in memory.
fn grad_products(rows: usize, steps: usize, columns: usize, (square, target): (Square, &Target)) -> f64 {
    let blocks = Blocks::of(columns, target.simd);
    let of_block = |width: usize| {
        let grid = Grid {
            rows: 1,
            columns: rows,
            scale: 1,
            channels: width,
            steps,
            a_pitch: [0, 1],
            b_pitch: blocks.width,
            loads_output: true,
        };
        grid.cycles(target.simd)
    };
    square.area() as f64 * blocks.sum(of_block)
}

/// Cycles of the transforms of this many squares, for each of `channels`. A transform reads and writes about as
/// many vectors as there are points, and makes two to four operations of each.
fn strips(square: Square, squares: usize, target: &Target, channels: [usize; 2]) -> f64 {
    let area = square.area() as f64;
    let a_vector = match square {
        Square::Two => 1.8 * area,
        Square::Four => 2.2 * area,
    };
    let vectors: usize = channels.iter().map(|c| c.div_ceil(target.simd.lanes())).sum();
    squares as f64 * (vectors as f64 * a_vector + 2.0 * CALL)
}
