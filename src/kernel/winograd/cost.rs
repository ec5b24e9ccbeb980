//! Whether Winograd's method is worth it: a model in cycles, as everything that decides about code.

use super::blocks::{Blocks, Chunks};
use super::steps::Planes;
use crate::kernel::cache::{from_memory, streaming};
use crate::kernel::desc::{ConvDesc, ConvGradWeightDesc, Square};
use crate::kernel::tiling::Grid;
use crate::kernel::{Target, conv, conv_grad_weight};
use crate::tensor::Window;

/// Cycles of one call of a strip or tile besides its arithmetic.
const CALL: f64 = 12.0;

/// Winograd's kernels have to be cheaper by this factor: what the model leaves out (more memory, transforms of weights) is theirs alone.
const MARGIN: f64 = 0.85;

/// Whether the method applies.
pub(crate) fn applies(window: &Window, groups: usize) -> bool {
    let plain = |axis: &crate::tensor::Axis| {
        axis.kernel_size == 3 && axis.stride == 1 && axis.dilation == 1 && axis.pad_before <= 2
    };
    groups == 1 && plain(&window.y) && plain(&window.x)
}

/// How a convolution is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calls {
    /// Images of a call.
    pub(crate) images: usize,
    /// Each call reads its weights from memory.
    pub(crate) cold: bool,
}

impl Calls {
    /// Cycles to read so many weights for the first time in a call.
    fn first_read(self, weights: usize) -> f64 {
        let bytes = weights * size_of::<f32>();
        if self.cold { from_memory(bytes) } else { streaming(bytes) }
    }
}

/// The squares for a convolution, where they are worth it.
pub(crate) fn choose(desc: &ConvDesc, calls: Calls, target: &Target) -> Option<Square> {
    if target.exact || !applies(&desc.window, desc.groups) {
        return None;
    }
    best(direct(desc, calls, target), |square| in_chunks(desc, calls, target, square))
}

/// The squares for a convolution whose steps go through the whole batch, one after the other, where that is worth more than going through it in `shards` calls,
/// with this method or directly. `once`: weights do not change.
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
        let products = Products { rows: squares, steps: inputs, columns: outputs, loads_output: false };
        let weights = from_memory(square.area() * inputs * outputs * 4) * if once { 1.0 } else { 2.0 };
        let between = 2.0 * streaming(square.area() * squares * (inputs + outputs) * 4);
        products.cycles(square, target).max(weights) + strips(square, squares, target, [inputs, outputs]) + between
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
    let products = Products { rows: chunks.squares(), steps: inputs, columns: outputs, loads_output: false };
    let strips = strips(square, chunks.squares(), target, [inputs, outputs]);
    let (products, weights) = (products.cycles(square, target), square.area() * inputs * outputs);
    // a block's weights are fetched while the one before is used
    let first = products.max(calls.first_read(weights));
    let later = products.max(streaming(weights * size_of::<f32>()));
    let count = chunks.count(calls.images) as f64;
    first + (count - 1.0) * later + count * (strips + chunks.between())
}

/// The same for a gradient by the weights.
pub(crate) fn choose_grad_weight(desc: &ConvGradWeightDesc, images: usize, target: &Target) -> Option<Square> {
    if target.exact || !applies(&desc.window, desc.groups) {
        return None;
    }
    let (inputs, outputs) = (desc.input.channels, desc.grad.channels);
    let direct = images as f64 * conv_grad_weight::cycles(desc, target);
    let results = [desc.window.y.output, desc.window.x.output];
    let cost = |square: Square| {
        let chunks = Chunks::of_grad_weight(square, results, [inputs, outputs], images);
        let products = Products { rows: inputs, steps: chunks.squares(), columns: outputs, loads_output: true };
        let count = chunks.count(images) as f64;
        let strips = strips(square, chunks.squares(), target, [inputs, outputs]);
        let chunk = products.cycles(square, target) + strips + chunks.visited() + chunks.between();
        // sums are cleared before and interpolated after
        count * chunk + 2.0 * streaming(square.area() * inputs * outputs * 4)
    };
    best(direct, cost)
}

fn best(direct: f64, cost: impl Fn(Square) -> f64) -> Option<Square> {
    let costs = Square::ALL.map(|square| (cost(square), square));
    let [two, four] = costs;
    let (cycles, square) = if four.0 < two.0 { four } else { two };
    (cycles < MARGIN * direct).then_some(square)
}

/// The products of a chunk.
struct Products {
    rows: usize,
    steps: usize,
    columns: usize,
    loads_output: bool,
}

impl Products {
    fn cycles(&self, square: Square, target: &Target) -> f64 {
        let blocks = Blocks::of(self.columns, target.simd);
        let of_block = |width: usize| {
            let grid = Grid {
                rows: 1,
                columns: self.rows,
                scale: 1,
                channels: width,
                steps: self.steps,
                a_pitch: [0, if self.loads_output { 1 } else { self.steps }],
                b_pitch: blocks.width,
                loads_output: self.loads_output,
            };
            grid.cycles(target.simd)
        };
        let (whole, rest) = (self.columns / blocks.width, self.columns % blocks.width);
        let last = if rest > 0 { of_block(rest) } else { 0.0 };
        square.area() as f64 * (whole as f64 * of_block(blocks.width) + last)
    }
}

/// Cycles of the transforms of so many squares, for each of `channels`. A transform reads and writes about as many vectors as there are points, and makes two to
/// four operations of each.
fn strips(square: Square, squares: usize, target: &Target, channels: [usize; 2]) -> f64 {
    let area = square.area() as f64;
    let a_vector = match square {
        Square::Two => 1.8 * area,
        Square::Four => 2.2 * area,
    };
    let vectors: usize = channels.iter().map(|c| c.div_ceil(target.simd.lanes())).sum();
    squares as f64 * (vectors as f64 * a_vector + 2.0 * CALL)
}
