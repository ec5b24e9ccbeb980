//! Convolution forward, and its gradient by the input.
//!
//! Both are a grid of points (pixels of the output; of `dx` with equal remainders by the stride) times channels, reduced over
//! taps and channels of the input. The halo of the input is zero, so that every point has the same taps.

#[cfg(test)]
mod tests;

use cranelift::prelude::Value;

use crate::kernel::Target;
use crate::kernel::builder::{KernelBuilder, Lanes};
use crate::kernel::code::{BuildError, Effort, KernelFunction};
use crate::kernel::desc::ConvDesc;
use crate::kernel::micro::{ReductionLoop, TileDesc, TileEpilogue, TileInit, TilePool};
use crate::kernel::tiling::{Grid, TilePointers, Tiling, VectorRun, emit_points, for_vector_runs};
use crate::tensor::{Axis, Element, Layout};

/// Weights beyond this many bytes do not stay in the second-level cache beside the images: a block of output channels then
/// visits all images before the next.
const CACHED_WEIGHT_BYTES: usize = 1 << 20;

/// Rows of weights at least this far apart share so few sets of the caches that a block of output channels throws itself
/// out: the block is then copied together first. (14% of peak without, on 7x7x512 → 512.)
const PACKED_PITCH_BYTES: usize = 1024;

/// Bytes of scratch memory: the weights of one block of output channels, where they are copied together.
pub(super) fn scratch_bytes(desc: &ConvDesc, target: &Target) -> usize {
    let parts = if desc.grad_input { grad_input_parts(desc) } else { forward_part(desc).map(|part| vec![part]) };
    let packed = parts.unwrap_or_default().iter().map(|part| part.packed_elements(desc, target)).max();
    packed.unwrap_or(0) * Element::F32.size_bytes()
}

/// Writes the kernel.
/// # Errors
/// [`BuildError`] where the description contradicts itself or the machine is unknown.
pub(super) fn build(desc: &ConvDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    let parts = if desc.grad_input { grad_input_parts(desc)? } else { vec![forward_part(desc)?] };
    let has_scratch = scratch_bytes(desc, target) > 0;
    KernelBuilder::build(Effort::Speed, |k| {
        let pointers = Pointers::load(k, desc, has_scratch);
        for part in &parts {
            part.emit(k, desc, target, &pointers);
        }
        Ok(())
    })
}

/// The kernel's arguments.
struct Pointers {
    input: Value,
    weight: Value,
    bias: Value,
    output: Value,
    winners: Value,
    /// Any value where the kernel has none.
    scratch: Value,
}

impl Pointers {
    fn load(k: &mut KernelBuilder<'_>, desc: &ConvDesc, has_scratch: bool) -> Self {
        let has_bias = usize::from(desc.epilogue.bias);
        let (input, weight, output) = (k.arg(0), k.arg(1), k.arg(2 + has_bias));
        let bias = if desc.epilogue.bias { k.arg(2) } else { weight };
        let has_winners = desc.epilogue.pool.is_some_and(|pool| pool.winners.is_some());
        let winners = if has_winners { k.arg(3 + has_bias) } else { output };
        let scratch = if has_scratch { k.arg(3 + has_bias + usize::from(has_winners)) } else { weight };
        Self { input, weight, bias, output, winners, scratch }
    }
}

/// Points that have the same taps: everything going forward, one phase of the stride going back.
struct Part {
    /// Rows and columns of points (of pooled points).
    extent: [usize; 2],
    /// Where the first point's first tap is read, in elements of an image of the input.
    input_start: usize,
    /// Where the first point is written, in elements of an image of the output.
    output_start: usize,
    /// First tap's place in the weights, in elements.
    weight_start: usize,
    /// Channels of a group on the side that is read.
    reduced: usize,
    /// Channels of a group on the side that is written.
    produced: usize,
    /// Elements of the weights from a group to the next.
    weight_group_pitch: usize,
    /// Elements of the weights from a row to the next.
    weight_row_pitch: usize,
    /// Everything about the tile but its sizes.
    tile: TileDesc,
}

fn wrong(reason: &'static str) -> BuildError {
    BuildError::Description { family: "conv", reason }
}

fn forward_part(desc: &ConvDesc) -> Result<Part, BuildError> {
    let (x, y, window) = (&desc.input, &desc.output, &desc.window);
    let (reduced, produced) = (x.channels / desc.groups, y.channels / desc.groups);
    let halo = window.y.pad_before * x.row_pitch + window.x.pad_before * x.pixel_pitch;
    let input_start =
        x.origin.checked_sub(halo).ok_or_else(|| wrong("the input's halo is narrower than the padding"))?;
    let row = signed(y.channels);
    let (kx, ky) = (window.x.kernel_size, window.y.kernel_size);
    let merged = desc.groups == 1 && window.x.dilation == 1 && x.pixel_pitch == reduced;
    let mut reduction = if merged {
        vec![ReductionLoop::new(kx * reduced, 1, row)]
    } else {
        let tap = signed(window.x.dilation * x.pixel_pitch);
        vec![ReductionLoop::new(reduced, 1, row), ReductionLoop::new(kx, tap, signed(reduced) * row)]
    };
    reduction.push(ReductionLoop::new(ky, signed(window.y.dilation * x.row_pitch), signed(kx * reduced) * row));
    let pool = desc.epilogue.pool;
    let scale = if pool.is_some() { 2 } else { 1 };
    Ok(Part {
        extent: [window.y.output / scale, window.x.output / scale],
        input_start,
        output_start: y.origin,
        weight_start: 0,
        reduced,
        produced,
        weight_group_pitch: produced,
        weight_row_pitch: y.channels,
        tile: TileDesc {
            rows: 1,
            columns: 1,
            a_pitch: [window.y.stride * x.row_pitch, window.x.stride * x.pixel_pitch],
            c_pitch: [y.row_pitch, y.pixel_pitch],
            vectors: 1,
            tail: 1,
            reduction: ReductionLoop::without_single_trips(reduction),
            init: if desc.epilogue.bias { TileInit::Bias } else { TileInit::Zero },
            epilogue: TileEpilogue {
                pool: pool.map(|pool| TilePool { winners: pool.winners.map(|w| [w.row_pitch, w.pixel_pitch]) }),
                activation: desc.epilogue.activation,
            },
            prefetch: false,
        },
    })
}

/// Taps of one axis that reach the points `phase, phase + stride, …` of `dx`: they read `dy` at `m + first_offset − t · offset_step` for
/// the m-th such point and tap `first + t · step`, `t < count`. (From `oy · stride + ky · dilation = iy + pad_before`.)
struct PhaseTaps {
    first: usize,
    step: usize,
    count: usize,
    first_offset: isize,
    offset_step: usize,
}

impl PhaseTaps {
    fn new(axis: &Axis, phase: usize) -> Self {
        let divides = |k: &usize| (phase + axis.pad_before).abs_diff(k * axis.dilation).is_multiple_of(axis.stride);
        let mut taps = (0..axis.kernel_size).filter(divides);
        let first = taps.next();
        let second = taps.next();
        let count = usize::from(first.is_some()) + usize::from(second.is_some()) + taps.count();
        let first = first.unwrap_or(0);
        let step = second.map_or(1, |second| second - first);
        let distance = signed(phase + axis.pad_before) - signed(first * axis.dilation);
        Self {
            first,
            step,
            count,
            first_offset: distance.div_euclid(signed(axis.stride)),
            offset_step: step * axis.dilation / axis.stride,
        }
    }
}

fn grad_input_parts(desc: &ConvDesc) -> Result<Vec<Part>, BuildError> {
    let window = &desc.window;
    let phases = |axis: &Axis| 0..axis.stride.min(axis.input);
    let all = phases(&window.y).flat_map(|py| phases(&window.x).map(move |px| [py, px]));
    all.map(|phase| grad_input_part(desc, phase)).collect()
}

fn grad_input_part(desc: &ConvDesc, phase: [usize; 2]) -> Result<Part, BuildError> {
    let (dy, dx, window) = (&desc.input, &desc.output, &desc.window);
    let (reduced, produced) = (dy.channels / desc.groups, dx.channels / desc.groups);
    let (rows, columns) = (PhaseTaps::new(&window.y, phase[0]), PhaseTaps::new(&window.x, phase[1]));
    let start =
        signed(dy.origin) + rows.first_offset * signed(dy.row_pitch) + columns.first_offset * signed(dy.pixel_pitch);
    let has_taps = rows.count > 0 && columns.count > 0;
    let input_start = if has_taps { start } else { signed(dy.origin) };
    let tap = dy.channels * produced;
    let kx = window.x.kernel_size;
    let reduction = vec![
        ReductionLoop::new(reduced, 1, signed(produced)),
        ReductionLoop::new(columns.count, -signed(columns.offset_step * dy.pixel_pitch), signed(columns.step * tap)),
        ReductionLoop::new(rows.count, -signed(rows.offset_step * dy.row_pitch), signed(rows.step * kx * tap)),
    ];
    Ok(Part {
        extent: [
            (window.y.input - phase[0]).div_ceil(window.y.stride),
            (window.x.input - phase[1]).div_ceil(window.x.stride),
        ],
        input_start: usize::try_from(input_start).map_err(|_| wrong("the gradient's halo is too narrow"))?,
        output_start: dx.origin + phase[0] * dx.row_pitch + phase[1] * dx.pixel_pitch,
        weight_start: if has_taps { (rows.first * kx + columns.first) * tap } else { 0 },
        reduced,
        produced,
        weight_group_pitch: reduced * produced,
        weight_row_pitch: produced,
        tile: TileDesc {
            rows: 1,
            columns: 1,
            a_pitch: [dy.row_pitch, dy.pixel_pitch],
            c_pitch: [window.y.stride * dx.row_pitch, window.x.stride * dx.pixel_pitch],
            vectors: 1,
            tail: 1,
            reduction: if has_taps {
                ReductionLoop::without_single_trips(reduction)
            } else {
                vec![ReductionLoop::new(0, 0, 0)]
            },
            init: TileInit::Zero,
            epilogue: TileEpilogue { pool: None, activation: desc.epilogue.activation },
            prefetch: false,
        },
    })
}

/// Cycles for one image by the model of [`Grid`].
pub(super) fn cycles(desc: &ConvDesc, target: &Target) -> f64 {
    let parts = if desc.grad_input { grad_input_parts(desc) } else { forward_part(desc).map(|part| vec![part]) };
    let of_part = |part: &Part| {
        if part.extent.contains(&0) { 0.0 } else { desc.groups as f64 * part.grid(desc).cycles(target.simd) }
    };
    parts.unwrap_or_default().iter().map(of_part).sum()
}

impl Part {
    fn grid(&self, desc: &ConvDesc) -> Grid {
        Grid {
            rows: self.extent[0],
            columns: self.extent[1],
            scale: if desc.epilogue.pool.is_some() { 2 } else { 1 },
            channels: self.produced,
            steps: self.tile.steps(),
            b_pitch: if self.is_packed(desc) { 0 } else { self.weight_row_pitch },
            loads_output: false,
        }
    }

    fn tiling(&self, desc: &ConvDesc, target: &Target) -> Tiling {
        self.grid(desc).choose(target.simd)
    }

    /// Whether the weights of a block of channels are copied together.
    fn is_packed(&self, desc: &ConvDesc) -> bool {
        desc.groups == 1 && self.weight_row_pitch * Element::F32.size_bytes() >= PACKED_PITCH_BYTES
    }

    /// Rows of all weights.
    fn weight_rows(&self, desc: &ConvDesc) -> usize {
        desc.window.area() * self.reduced
    }

    fn packed_elements(&self, desc: &ConvDesc, target: &Target) -> usize {
        if !self.is_packed(desc) || self.extent.contains(&0) {
            return 0;
        }
        let widest = self.tiling(desc, target).vectors.iter().map(|run| run.vectors).max();
        self.weight_rows(desc) * widest.unwrap_or(0) * target.simd.lanes()
    }

    fn emit(&self, k: &mut KernelBuilder<'_>, desc: &ConvDesc, target: &Target, args: &Pointers) {
        if self.extent.contains(&0) {
            return;
        }
        let lanes = target.simd.lanes();
        let tiling = self.tiling(desc, target);
        let at = TilePointers {
            a: k.at_offset(Element::F32, args.input, self.input_start),
            b: args.weight,
            c: k.at_offset(Element::F32, args.output, self.output_start),
            bias: args.bias,
            winners: k.at_offset(Element::U8, args.winners, winners_layout(desc).map_or(0, |w| w.origin)),
            trips: k.count(),
        };
        let count = k.count();
        let weight_bytes = self.weight_rows(desc) * self.produced * desc.groups * Element::F32.size_bytes();
        let first = |k: &mut KernelBuilder<'_>, at: TilePointers| TilePointers {
            b: k.at_offset(Element::F32, at.b, self.weight_start),
            ..at
        };
        if self.is_packed(desc) {
            self.for_channels(k, desc, &tiling.vectors, lanes, at, |k, run, at| {
                let width = run.vectors * lanes;
                let used = width - lanes + run.tail;
                copy_rows(k, self.weight_rows(desc), used, [at.b, args.scratch], [self.weight_row_pitch, width]);
                let packed = |offset: usize| offset / self.weight_row_pitch * width;
                let at = TilePointers { b: k.at_offset(Element::F32, args.scratch, packed(self.weight_start)), ..at };
                let mut tile = self.tile.clone();
                for lp in &mut tile.reduction {
                    lp.b_step = lp.b_step / signed(self.weight_row_pitch) * signed(width);
                }
                k.for_range(count, |k, image| {
                    let at = at_image(k, desc, at, image);
                    emit_points(k, &tile, &tiling, run, at);
                });
            });
        } else if weight_bytes <= CACHED_WEIGHT_BYTES {
            k.for_range(count, |k, image| {
                let at = at_image(k, desc, at, image);
                self.for_channels(k, desc, &tiling.vectors, lanes, at, |k, run, at| {
                    let at = first(k, at);
                    emit_points(k, &self.tile, &tiling, run, at);
                });
            });
        } else {
            self.for_channels(k, desc, &tiling.vectors, lanes, at, |k, run, at| {
                let at = first(k, at);
                k.for_range(count, |k, image| {
                    let at = at_image(k, desc, at, image);
                    emit_points(k, &self.tile, &tiling, run, at);
                });
            });
        }
    }

    /// Runs over the groups and the blocks of channels that are written.
    fn for_channels(
        &self,
        k: &mut KernelBuilder<'_>,
        desc: &ConvDesc,
        runs: &[VectorRun],
        lanes: usize,
        at: TilePointers,
        mut body: impl FnMut(&mut KernelBuilder<'_>, &VectorRun, TilePointers),
    ) {
        k.for_range(desc.groups, |k, group| {
            let (a, b) = (k.index_scale(group, self.reduced), k.index_scale(group, self.weight_group_pitch));
            let c = k.index_scale(group, self.produced);
            let at = TilePointers {
                a: k.at(Element::F32, at.a, a),
                b: k.at(Element::F32, at.b, b),
                c: k.at(Element::F32, at.c, c),
                bias: k.at(Element::F32, at.bias, c),
                winners: k.at(Element::U8, at.winners, c),
                ..at
            };
            for_vector_runs(k, runs, lanes, |k, lane, run| {
                let at = at.at_lane(k, lane);
                body(k, run, at);
            });
        });
    }
}

/// Copies the first `used` elements of each row from one pitch to another.
fn copy_rows(k: &mut KernelBuilder<'_>, rows: usize, used: usize, [from, to]: [Value; 2], pitch: [usize; 2]) {
    k.for_range(rows, |k, row| {
        let (source, target) = (k.index_scale(row, pitch[0]), k.index_scale(row, pitch[1]));
        let (source, target) = (k.at(Element::F32, from, source), k.at(Element::F32, to, target));
        let whole = used / 4 * 4;
        for at in (0..whole).step_by(4) {
            let values = k.load(Lanes::Four, source, at);
            k.store(values, target, at);
        }
        for at in whole..used {
            let value = k.load(Lanes::One, source, at);
            k.store(value, target, at);
        }
    });
}

fn winners_layout(desc: &ConvDesc) -> Option<Layout> {
    desc.epilogue.pool.and_then(|pool| pool.winners)
}

/// Moves what has one tensor per image.
fn at_image(k: &mut KernelBuilder<'_>, desc: &ConvDesc, at: TilePointers, image: Value) -> TilePointers {
    let (a, c) = (k.index_scale(image, desc.input.image_pitch), k.index_scale(image, desc.output.image_pitch));
    let mut moved = TilePointers { a: k.at(Element::F32, at.a, a), c: k.at(Element::F32, at.c, c), ..at };
    if let Some(layout) = winners_layout(desc) {
        let winners = k.index_scale(image, layout.image_pitch);
        moved.winners = k.at(Element::U8, at.winners, winners);
    }
    moved
}

fn signed(elements: usize) -> isize {
    isize::try_from(elements).expect("sizes fit 63 bits")
}
