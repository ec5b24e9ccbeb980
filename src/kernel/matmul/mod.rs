//! The three products of a dense layer.

use cranelift::prelude::Value;

use crate::desc::{MatmulDesc, MatmulKind};
use crate::kernel::builder::{KernelBuilder, Trips as Length};
use crate::kernel::code::{BuildError, Effort, KernelFunction};
use crate::kernel::micro::{ReductionLoop, TileDesc, TileEpilogue, TileInit, Trips};
use crate::kernel::tiling::{Grid, TilePointers, Tiling, VectorRun, emit_points, for_runs, for_vector_runs};
use crate::kernel::turn::Turn;
use crate::kernel::{Simd, Target};
use crate::tensor::Element;

#[cfg(test)]
mod tests;

/// Writes the kernel.
/// # Errors
/// [`BuildError::Host`] where the machine is unknown.
pub(super) fn build(desc: &MatmulDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        match desc.kind {
            MatmulKind::Forward => emit_forward(k, desc, target.simd),
            MatmulKind::GradInput => emit_grad_input(k, desc, target.simd),
            MatmulKind::GradWeight => emit_grad_weight(k, desc, target.simd),
        }
        Ok(())
    })
}

/// Bytes of scratch memory: for the gradient by the input, `dY` and a block of `dX`, both with the images
/// side by side.
pub(super) fn scratch_bytes(desc: &MatmulDesc, target: &Target) -> usize {
    match desc.kind {
        MatmulKind::Forward | MatmulKind::GradWeight => 0,
        MatmulKind::GradInput => {
            let plan = GradInput::new(desc, target.simd);
            (desc.outputs + plan.block()) * plan.images * Element::F32.size_bytes()
        }
    }
}

fn tile(a_pitch: [usize; 2], c_pitch: [usize; 2], reduction: ReductionLoop) -> TileDesc {
    TileDesc {
        rows: 1,
        columns: 1,
        a_pitch,
        c_pitch,
        vectors: 1,
        tail: 1,
        reduction: vec![reduction],
        init: TileInit::Zero,
        epilogue: TileEpilogue::default(),
        ahead: 0,
    }
}

/// Rows of `W` that are at least this far apart share few sets of the caches: only this many of a block's rows
/// stay there at once.
const FAR_ROW_BYTES: usize = 1024;
const FAR_ROWS: usize = 512;

/// Images from which on a block of `W` is used often enough that fetching the next one ahead pays.
const PREFETCH_IMAGES: usize = 8;

/// `Y`: points are images, vectors run over the outputs. All images visit a block of `W` before the next one,
/// and fetch that one meanwhile, so that `W` is read from far away once.
fn emit_forward(k: &mut KernelBuilder<'_>, desc: &MatmulDesc, simd: Simd) {
    let tiling = Grid {
        rows: desc.max_rows.max(1),
        columns: 1,
        scale: 1,
        channels: desc.outputs,
        steps: desc.inputs,
        a_pitch: [desc.input_pitch, 0],
        b_pitch: desc.weight_pitch,
        loads_output: false,
    }
    .choose(simd);
    let (x, weight) = (k.arg(0), k.arg(1));
    let bias = if desc.bias { k.arg(2) } else { weight };
    let y = k.arg(if desc.bias { 3 } else { 2 });
    let at =
        TilePointers { a: x, b: weight, c: y, bias, winners: weight, residual: weight, trips: k.count() };
    let is_far = desc.weight_pitch * Element::F32.size_bytes() >= FAR_ROW_BYTES;
    let block = if is_far { desc.inputs.div_ceil(desc.inputs.div_ceil(FAR_ROWS)) } else { desc.inputs };
    let start = if desc.bias { TileInit::Bias } else { TileInit::Zero };
    let piece = |k: &mut KernelBuilder<'_>, place: Value, inputs: usize, init: TileInit, is_last: bool| {
        let mut tile = tile(
            [desc.input_pitch, 0],
            [desc.output_pitch, 0],
            ReductionLoop::new(inputs, 1, desc.weight_pitch.cast_signed()),
        );
        tile.ahead = usize::from(desc.max_rows >= PREFETCH_IMAGES);
        tile.init = init;
        tile.epilogue.activation = desc.activation.filter(|_| is_last);
        let row = k.index_scale(place, desc.weight_pitch);
        let at = TilePointers { a: k.at(Element::F32, at.a, place), b: k.at(Element::F32, at.b, row), ..at };
        emit_forward_block(k, desc, simd, &tile, &tiling, at);
    };
    let zero = k.index(0);
    if block == desc.inputs {
        piece(k, zero, block, start, true);
        return;
    }
    piece(k, zero, block, start, false);
    let last = (desc.inputs - 1) / block * block;
    k.for_range(last / block - 1, |k, i| {
        let place = k.index_scale(i, block);
        let place = k.index_offset(place, block);
        piece(k, place, block, TileInit::Output, false);
    });
    let place = k.index(last);
    piece(k, place, desc.inputs - last, TileInit::Output, true);
}

/// All images and outputs for some of the inputs.
fn emit_forward_block(
    k: &mut KernelBuilder<'_>,
    desc: &MatmulDesc,
    simd: Simd,
    tile: &TileDesc,
    tiling: &Tiling,
    at: TilePointers,
) {
    let lanes = simd.lanes();
    // Each tile fetches one line of every row of the next block: the first tiles of a block fetch its first
    // lines.
    let call = |k: &mut KernelBuilder<'_>, at: TilePointers, run: &VectorRun, row: Value, rows: usize| {
        let (a, c) = (k.index_scale(row, desc.input_pitch), k.index_scale(row, desc.output_pitch));
        let ahead = k.index_scale(row, lanes.div_ceil(rows));
        let ahead = k.index_offset(ahead, run.vectors * lanes);
        let at = TilePointers {
            a: k.at(Element::F32, at.a, a),
            c: k.at(Element::F32, at.c, c),
            trips: k.at(Element::F32, at.b, ahead),
            ..at
        };
        let tile = TileDesc { rows, vectors: run.vectors, tail: run.tail, ..tile.clone() };
        k.call_tile(&tile, &[at.a, at.b, at.c, at.bias, at.winners, at.trips]);
    };
    let count = k.count();
    let is_nominal = k.index_equals(count, desc.max_rows);
    let nominal = |k: &mut KernelBuilder<'_>| {
        for_vector_runs(k, &tiling.vectors, lanes, |k, lane, run| {
            let at = at.at_lane(k, lane);
            for_runs(k, &tiling.rows, |k, row, rows| call(k, at, run, row, rows));
        });
    };
    let any = |k: &mut KernelBuilder<'_>| {
        for_vector_runs(k, &tiling.vectors, lanes, |k, lane, run| {
            let at = at.at_lane(k, lane);
            for_rows(k, tiling.rows[0].size, |k, row, rows| call(k, at, run, row, rows));
        });
    };
    k.either(is_nominal, nominal, any);
}

/// Runs over the images of the call: pieces of `largest` as long as they fit, then halves of a power of two.
fn for_rows(
    k: &mut KernelBuilder<'_>,
    largest: usize,
    mut body: impl FnMut(&mut KernelBuilder<'_>, Value, usize),
) {
    let smaller = (0..largest.ilog2() + 1).rev().map(|bit| 1 << bit).filter(|&size| size < largest);
    let count = k.count();
    let mut row = k.index(0);
    for size in std::iter::once(largest).chain(smaller) {
        let before_last = k.index(size - 1);
        let end = k.index_sub(count, before_last);
        let next = k.fold_steps(row, end, size, &[row], |k, row, _| {
            body(k, row, size);
            vec![k.index_offset(row, size)]
        });
        row = next[0];
    }
}

/// `dW`: points are inputs, vectors run over the outputs, reduced over the images. The nominal number of
/// images has its own tiles, whose loop is unrolled.
fn emit_grad_weight(k: &mut KernelBuilder<'_>, desc: &MatmulDesc, simd: Simd) {
    let (a_step, b_step) = (desc.input_pitch.cast_signed(), desc.output_pitch.cast_signed());
    let nominal = tile([0, 1], [0, desc.weight_pitch], ReductionLoop::new(desc.max_rows, a_step, b_step));
    let mut any = nominal.clone();
    any.reduction = vec![ReductionLoop { trips: Trips::Argument, a_step, b_step }];
    let tiling = Grid {
        rows: 1,
        columns: desc.inputs,
        scale: 1,
        channels: desc.outputs,
        steps: desc.max_rows,
        a_pitch: [0, 1],
        b_pitch: desc.output_pitch,
        loads_output: false,
    }
    .choose(simd);
    let (x, dy, dw) = (k.arg(0), k.arg(1), k.arg(2));
    let at = TilePointers { a: x, b: dy, c: dw, bias: dw, winners: dw, residual: dw, trips: k.count() };
    let count = k.count();
    let is_nominal = k.index_equals(count, desc.max_rows);
    let emit = |k: &mut KernelBuilder<'_>, tile: &TileDesc| {
        for_vector_runs(k, &tiling.vectors, simd.lanes(), |k, lane, run| {
            let at = at.at_lane(k, lane);
            emit_points(k, tile, &tiling, run, at);
        });
    };
    k.either(is_nominal, |k| emit(k, &nominal), |k| emit(k, &any));
}

/// How `dX` is computed: points are inputs, vectors run over the *images*, so that `W`, by far the largest,
/// is read as it lies, one number at a time. `dY` goes in and `dX` comes out with the images side by side.
struct GradInput {
    /// Images side by side: all, rounded up to whole vectors. What lies in the lanes behind the last image
    /// has no meaning.
    images: usize,
    tiling: Tiling,
}

impl GradInput {
    fn new(desc: &MatmulDesc, simd: Simd) -> Self {
        let images = desc.max_rows.max(1).next_multiple_of(simd.lanes());
        let grid = Grid {
            rows: 1,
            columns: desc.inputs,
            scale: 1,
            channels: images,
            steps: desc.outputs,
            a_pitch: [0, desc.weight_pitch],
            b_pitch: images,
            loads_output: false,
        };
        Self { images, tiling: grid.choose(simd) }
    }

    /// Inputs of the largest tile.
    fn block(&self) -> usize {
        self.tiling.columns[0].size
    }
}

fn emit_grad_input(k: &mut KernelBuilder<'_>, desc: &MatmulDesc, simd: Simd) {
    let plan = GradInput::new(desc, simd);
    let tile = tile(
        [0, desc.weight_pitch],
        [0, plan.images],
        ReductionLoop::new(desc.outputs, 1, plan.images.cast_signed()),
    );
    let (dy, weight, dx, dy_turned) = (k.arg(0), k.arg(1), k.arg(2), k.arg(3));
    let dx_turned = k.at_offset(Element::F32, dy_turned, desc.outputs * plan.images);
    let count = k.count();
    let size = [Length::Runtime(count), Length::Constant(desc.outputs)];
    Turn { size, pointers: [dy, dy_turned], pitches: [desc.output_pitch, plan.images] }.emit(k, simd);
    for_runs(k, &plan.tiling.columns, |k, input, inputs| {
        let row = k.index_scale(input, desc.weight_pitch);
        let at = TilePointers {
            a: k.at(Element::F32, weight, row),
            b: dy_turned,
            c: dx_turned,
            bias: dx_turned,
            winners: dx_turned,
            residual: dx_turned,
            trips: count,
        };
        for_vector_runs(k, &plan.tiling.vectors, simd.lanes(), |k, lane, run| {
            // A piece of images behind the last of this call is left out.
            let any = k.index_less(lane, count);
            k.when(any, |k| {
                let at = at.at_lane(k, lane);
                let tile = TileDesc { columns: inputs, vectors: run.vectors, tail: run.tail, ..tile.clone() };
                k.call_tile(&tile, &[at.a, at.b, at.c, at.bias, at.winners, at.trips]);
            });
        });
        let dx = k.at(Element::F32, dx, input);
        let size = [Length::Constant(inputs), Length::Runtime(count)];
        Turn { size, pointers: [dx_turned, dx], pitches: [plan.images, desc.input_pitch] }.emit(k, simd);
    });
}
