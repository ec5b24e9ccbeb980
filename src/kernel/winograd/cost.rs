//! Whether Winograd's method is worth it: a model in cycles, as everything that decides about code.

use super::blocks::{Blocks, Chunks};
use crate::kernel::cache::streaming;
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

/// The squares for a convolution in calls of `images`, where they are worth it.
pub(crate) fn choose(desc: &ConvDesc, images: usize, target: &Target) -> Option<Square> {
    if target.exact || !applies(&desc.window, desc.groups) {
        return None;
    }
    let (inputs, outputs) = (desc.input.channels, desc.output.channels);
    let direct = images as f64 * conv::cycles(desc, target) + streaming(9 * inputs * outputs * 4);
    let axes = [&desc.window.y, &desc.window.x];
    let results = axes.map(|axis| if desc.grad_input { axis.input } else { axis.output });
    let cost = |square: Square| {
        let chunks = Chunks::of_conv(square, results, [inputs, outputs], images);
        let products = Products { rows: chunks.squares(), steps: inputs, columns: outputs, loads_output: false };
        let strips = strips(square, chunks.squares(), target, [inputs, outputs]);
        chunks.count(images) as f64 * (products.cycles(square, target) + strips + chunks.traffic)
    };
    best(direct, cost)
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
        let chunk = products.cycles(square, target) + strips + chunks.traffic;
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
