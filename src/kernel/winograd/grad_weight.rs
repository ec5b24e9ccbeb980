//! Gradient by the weights: a correlation whose "window" is a square of `dy`, and whose results are the nine
//! taps.
//! ```text
//! dw = Aᵀ (Σ over squares  (Bᵀ x B) ⊗ (G dy Gᵀ)) A        with G for m taps and Aᵀ for three results, at the same points
//! ```
//! The sum is taken at the points, for all squares of the call, and interpolated once at the end. Source:
//! Lavin & Gray, arXiv:1509.09308, §4 (F(3x3, mxm)).

use cranelift::prelude::Value;

use super::chunks::{At, Chunk, Chunks};
use super::transform::{evaluate, in_two_dimensions, interpolate};
use super::{emit_window, square_address, store_points};
use crate::desc::WinogradGradWeightDesc;
use crate::kernel::Target;
use crate::kernel::bilinear::{Blocks, plane};
use crate::kernel::builder::{KernelBuilder, Trips as LoopTrips};
use crate::kernel::code::{BuildError, Effort, KernelFunction};
use crate::kernel::micro::{
    MemoryOperand, ReductionLoop, StripBuilder, TileDesc, TileEpilogue, TileInit, Trips,
};
use crate::kernel::tiling::{Grid, TilePointers, emit_points, for_vector_runs};
use crate::tensor::Element;

/// What the kernel works with: its chunks, and matrices in scratch memory.
struct Workspace {
    chunks: Chunks,
    /// Elements of a point's `x`, `dy` and `dw`.
    planes: [usize; 3],
    blocks: Blocks,
}

impl Workspace {
    fn of(desc: &WinogradGradWeightDesc, target: &Target) -> Self {
        let (inputs, outputs) = (desc.conv.input.channels, desc.conv.grad.channels);
        let results = [desc.conv.window.y.output, desc.conv.window.x.output];
        let chunks = Chunks::of_grad_weight(desc.square, results, [inputs, outputs], desc.images);
        let blocks = Blocks::of(outputs, target.simd);
        let squares = chunks.squares();
        let planes =
            [plane(squares, inputs), plane(squares, blocks.padded()), plane(inputs, blocks.padded())];
        Self { chunks, planes, blocks }
    }

    /// Elements from the beginning of the scratch memory to `x`, `dy` and `dw`.
    fn places(&self, area: usize) -> [usize; 3] {
        [0, area * self.planes[0], area * (self.planes[0] + self.planes[1])]
    }
}

/// Bytes of scratch memory.
pub(in crate::kernel) fn scratch_bytes(desc: &WinogradGradWeightDesc, target: &Target) -> usize {
    let workspace = Workspace::of(desc, target);
    desc.square.area() * workspace.planes.iter().sum::<usize>() * Element::F32.size_bytes()
}

/// Writes the kernel.
/// # Errors
/// [`BuildError`] where the description contradicts itself or the machine is unknown.
pub(in crate::kernel) fn build(
    desc: &WinogradGradWeightDesc,
    target: &Target,
) -> Result<KernelFunction, BuildError> {
    let workspace = Workspace::of(desc, target);
    let (window, x) = (&desc.conv.window, &desc.conv.input);
    let before = window.y.pad_before * x.row_pitch + window.x.pad_before * x.pixel_pitch;
    let start = x.origin.checked_sub(before).ok_or(BuildError::Description {
        family: "winograd_grad_weight",
        reason: "the input's halo is narrower than the padding",
    })?;
    KernelBuilder::build(Effort::Speed, |k| {
        let (x, dy, dw, scratch) = (k.arg(0), k.arg(1), k.arg(2), k.arg(3));
        let x = k.at_offset(Element::F32, x, start);
        let dy = k.at_offset(Element::F32, dy, desc.conv.grad.origin);
        let area = desc.square.area();
        let points = workspace.places(area).map(|place| k.at_offset(Element::F32, scratch, place));
        k.fill(points[2], area * workspace.planes[2], 0.0);
        workspace.chunks.for_each(k, |k, chunk| {
            chunk.for_squares(k, desc.square, |k, at| {
                emit_window(k, &desc.conv.input, desc.square, workspace.planes[0], at, [x, points[0]]);
                emit_grad(k, desc, &workspace, at, [dy, points[1]]);
            });
            emit_products(k, desc, target, &workspace, chunk, points);
        });
        emit_taps(k, desc, &workspace, points[2], dw);
        Ok(())
    })
}

/// A square of `dy` at the points, a block of channels after the other.
fn emit_grad(
    k: &mut KernelBuilder<'_>,
    desc: &WinogradGradWeightDesc,
    workspace: &Workspace,
    at: &At,
    [image, points]: [Value; 2],
) {
    let (layout, square, blocks) = (&desc.conv.grad, desc.square, &workspace.blocks);
    let from = square_address(k, Element::F32, image, layout, square.side(), at);
    let row = k.index_scale(at.number, blocks.width);
    let to = k.at(Element::F32, points, row);
    let side = square.side();
    blocks.for_each(k, |k, block, width| {
        let first = k.index_scale(block, blocks.width);
        let place = k.index_scale(block, blocks.width * workspace.chunks.squares());
        let (from, to) = (k.at(Element::F32, from, first), k.at(Element::F32, to, place));
        let mut b = StripBuilder::default();
        in_two_dimensions(
            &mut b,
            [side, side],
            &mut |b, row, column| {
                let place = row * layout.row_pitch + column * layout.pixel_pitch;
                let is_inside = row < at.inside[0] && column < at.inside[1];
                is_inside.then(|| b.load(MemoryOperand::new(0, place.cast_signed())))
            },
            &|b, pixels| evaluate(b, square, pixels),
            &mut |b, row, values| store_points(b, values, square.points() * row, workspace.planes[1]),
        );
        k.call_strip(&b.finish(&[4, 4], width), &[from, to]);
    });
}

/// `dw += xᵀ dy` at every point, over the squares of the chunk.
/// Long: four nested loops that share their pointers.
fn emit_products(
    k: &mut KernelBuilder<'_>,
    desc: &WinogradGradWeightDesc,
    target: &Target,
    workspace: &Workspace,
    chunk: &Chunk,
    points: [Value; 3],
) {
    let (inputs, blocks) = (desc.conv.input.channels, &workspace.blocks);
    let squares = chunk.squares();
    let (a_step, b_step) = (inputs.cast_signed(), blocks.width.cast_signed());
    let of_image = ReductionLoop::new(squares, a_step, b_step);
    // the number of images is a constant of a chunk unless it is the last
    let (reduction, trips) = match chunk.images {
        LoopTrips::Constant(images) => {
            (vec![ReductionLoop::new(images * squares, a_step, b_step)], k.index(images * squares))
        }
        LoopTrips::Runtime(images) => {
            let pitch = squares.cast_signed();
            let images_loop =
                ReductionLoop { trips: Trips::Argument, a_step: pitch * a_step, b_step: pitch * b_step };
            (ReductionLoop::without_single_trips(vec![of_image, images_loop]), images)
        }
    };
    let tile = TileDesc {
        rows: 1,
        columns: 1,
        a_pitch: [0, 1],
        c_pitch: [0, blocks.width],
        vectors: 1,
        tail: 1,
        reduction,
        init: TileInit::Output,
        epilogue: TileEpilogue::default(),
        ahead: 0,
    };
    k.for_range(desc.square.area(), |k, point| {
        let offsets = workspace.planes.map(|plane| k.index_scale(point, plane));
        let [a, b, c] = [0, 1, 2].map(|i| k.at(Element::F32, points[i], offsets[i]));
        blocks.for_each(k, |k, block, width| {
            let tiling = Grid {
                rows: 1,
                columns: inputs,
                scale: 1,
                channels: width,
                steps: workspace.chunks.images * squares,
                a_pitch: [0, 1],
                b_pitch: blocks.width,
                loads_output: true,
            }
            .choose(target.simd);
            let of_dy = k.index_scale(block, blocks.width * workspace.chunks.squares());
            let of_dw = k.index_scale(block, blocks.width * inputs);
            let (b, c) = (k.at(Element::F32, b, of_dy), k.at(Element::F32, c, of_dw));
            let at = TilePointers { a, b, c, bias: c, winners: c, residual: c, trips };
            for_vector_runs(k, &tiling.vectors, target.simd.lanes(), |k, lane, run| {
                let at = at.at_lane(k, lane);
                emit_points(k, &tile, &tiling, run, at);
            });
        });
    });
}

/// The nine taps from the points.
fn emit_taps(
    k: &mut KernelBuilder<'_>,
    desc: &WinogradGradWeightDesc,
    workspace: &Workspace,
    points: Value,
    dw: Value,
) {
    let (inputs, outputs) = (desc.conv.input.channels, desc.conv.grad.channels);
    let (square, blocks, plane) = (desc.square, &workspace.blocks, workspace.planes[2]);
    let side = square.points();
    let tap = inputs * outputs;
    blocks.for_each(k, |k, block, width| {
        let mut b = StripBuilder::default();
        in_two_dimensions(
            &mut b,
            [side, side],
            &mut |b, row, column| {
                Some(b.load(MemoryOperand::new(0, ((side * row + column) * plane).cast_signed())))
            },
            &|b, points| interpolate(b, square, points, 3),
            &mut |b, row, values| {
                for (column, value) in values.into_iter().enumerate() {
                    b.store(value, MemoryOperand::new(1, ((3 * row + column) * tap).cast_signed()));
                }
            },
        );
        let strip = b.finish(&[4, 4], width);
        let (from, to) = (k.index_scale(block, blocks.width * inputs), k.index_scale(block, blocks.width));
        let (from, to) = (k.at(Element::F32, points, from), k.at(Element::F32, dw, to));
        k.for_range(inputs, |k, input| {
            let (source, target) = (k.index_scale(input, blocks.width), k.index_scale(input, outputs));
            let (source, target) = (k.at(Element::F32, from, source), k.at(Element::F32, to, target));
            k.call_strip(&strip, &[source, target]);
        });
    });
}
