//! Whether Winograd's method is worth it: a model in cycles, as everything that decides about code.

use super::blocks::{Blocks, Chunks};
use crate::kernel::desc::{ConvDesc, ConvGradWeightDesc, Square};
use crate::kernel::{Target, conv, conv_grad_weight};
use crate::kernel::tiling::Grid;
use crate::tensor::Window;

/// Cycles of one call of a strip or tile besides its arithmetic.
const CALL: f64 = 12.0;

/// Winograd's kernels have to be cheaper by this factor: what the model leaves out (more memory, transforms of weights) is theirs alone.
const MARGIN: f64 = 0.85;

/// Bytes a cycle that come from the second-level cache, from the third, and from memory, and what the first two hold. Rounded down from what current servers do.
const LEVELS: [(usize, f64); 3] = [(1 << 20, 32.0), (12 << 20, 10.0), (usize::MAX, 4.0)];

/// Cycles to read something `times` over that is too large for the first-level cache.
fn streaming(bytes: usize, times: f64) -> f64 {
    let rate = LEVELS.iter().find(|(size, _)| bytes <= *size).map_or(1.0, |(_, rate)| *rate);
    times * bytes as f64 / rate
}

/// Whether the method applies.
fn applies(window: &Window, groups: usize) -> bool {
    let plain = |axis: &crate::tensor::Axis| {
        axis.kernel_size == 3 && axis.stride == 1 && axis.dilation == 1 && axis.pad_before <= 2
    };
    groups == 1 && plain(&window.y) && plain(&window.x)
}

/// The squares for a convolution in calls of `images`, where they are worth it.
pub(crate) fn choose(desc: &ConvDesc, images: usize, target: &Target) -> Option<Square> {
    if target.exact || !applies(&desc.window, desc.groups) {
        return None;
    }
    let (inputs, outputs) = (desc.input.channels, desc.output.channels);
    let direct = images as f64 * conv::cycles(desc, target) + streaming(9 * inputs * outputs * 4, 1.0);
    let axes = [&desc.window.y, &desc.window.x];
    let results = axes.map(|axis| if desc.grad_input { axis.input } else { axis.output });
    let cost = |square: Square| {
        let chunks = Chunks::choose(square, results, inputs + outputs, images);
        let blocks = Blocks::of(outputs, target.simd);
        let weights = square.area() * inputs * blocks.padded() * 4;
        let products = Products { rows: chunks.squares(), steps: inputs, columns: outputs, loads_output: false };
        let count = chunks.count(images) as f64;
        let strips = strips(square, chunks.squares(), target, [inputs, outputs]);
        let planes = square.area() * chunks.squares() * (inputs + outputs) * 4;
        count * (products.cycles(square, target) + strips + streaming(weights, 1.0) + streaming(planes, 1.0))
    };
    best(direct, cost)
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
        let chunks = Chunks::choose(square, results, inputs + outputs, images);
        let products = Products { rows: inputs, steps: chunks.squares(), columns: outputs, loads_output: true };
        let count = chunks.count(images) as f64;
        let strips = strips(square, chunks.squares(), target, [inputs, outputs]);
        let sums = square.area() * inputs * Blocks::of(outputs, target.simd).padded() * 4;
        let planes = square.area() * chunks.squares() * (inputs + outputs) * 4;
        // sums are read and written for every chunk, cleared before and interpolated after
        let chunk = products.cycles(square, target) + strips + streaming(sums, 2.0) + streaming(planes, 1.0);
        count * chunk + streaming(sums, 2.0)
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
