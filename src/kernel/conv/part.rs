//! Points of a convolution that have the same taps.

use crate::desc::ConvDesc;
use crate::kernel::code::BuildError;
use crate::kernel::micro::{ReductionLoop, TileDesc, TileEpilogue, TileInit, TilePool};
use crate::tensor::Axis;

/// Points that have the same taps: everything going forward, one phase of the stride going back.
pub(super) struct Part {
    /// Rows and columns of points (of pooled points).
    pub(super) extent: [usize; 2],
    /// Where the first point's first tap is read, in elements of an image of the input.
    pub(super) input_start: usize,
    /// Where the first point is written, in elements of an image of the output.
    pub(super) output_start: usize,
    /// First tap's first row of the weights.
    pub(super) first_row: usize,
    /// Channels of a group on the side that is read.
    pub(super) reduced: usize,
    /// Channels of a group on the side that is written.
    pub(super) produced: usize,
    /// Elements of the weights from a group to the next.
    pub(super) weight_group_pitch: usize,
    /// Elements of the weights from a row to the next.
    pub(super) weight_row_pitch: usize,
    /// Everything about the tile but its sizes. Its steps through the weights count rows.
    pub(super) tile: TileDesc,
}

impl Part {
    /// Rows of all weights.
    pub(super) fn weight_rows(&self, desc: &ConvDesc) -> usize {
        desc.window.area() * self.reduced
    }

    /// First tap's place in the weights, in elements.
    pub(super) fn weight_start(&self, desc: &ConvDesc) -> usize {
        self.first_row * desc.block.unwrap_or(self.weight_row_pitch)
    }

    /// Everything about the tile but its sizes.
    pub(super) fn tile(&self, desc: &ConvDesc) -> TileDesc {
        let pitch = signed(desc.block.unwrap_or(self.weight_row_pitch));
        let mut tile = self.tile.clone();
        for lp in &mut tile.reduction {
            lp.b_step *= pitch;
        }
        tile
    }
}

fn wrong(reason: &'static str) -> BuildError {
    BuildError::Description { family: "conv", reason }
}

pub(super) fn forward_part(desc: &ConvDesc) -> Result<Part, BuildError> {
    let (x, y, window) = (&desc.input, &desc.output, &desc.window);
    let (reduced, produced) = (x.channels / desc.groups, y.channels / desc.groups);
    let halo = window.y.pad_before * x.row_pitch + window.x.pad_before * x.pixel_pitch;
    let input_start =
        x.origin.checked_sub(halo).ok_or_else(|| wrong("the input's halo is narrower than the padding"))?;
    let (kx, ky) = (window.x.kernel_size, window.y.kernel_size);
    let merged = desc.groups == 1 && window.x.dilation == 1 && x.pixel_pitch == reduced;
    let mut reduction = if merged {
        vec![ReductionLoop::new(kx * reduced, 1, 1)]
    } else {
        let tap = signed(window.x.dilation * x.pixel_pitch);
        vec![ReductionLoop::new(reduced, 1, 1), ReductionLoop::new(kx, tap, signed(reduced))]
    };
    reduction.push(ReductionLoop::new(ky, signed(window.y.dilation * x.row_pitch), signed(kx * reduced)));
    let pool = desc.epilogue.pool;
    if desc.epilogue.residual.is_some() && (pool.is_some() || desc.groups != 1) {
        return Err(wrong("a residual is added without pool and groups alone"));
    }
    let scale = if pool.is_some() { 2 } else { 1 };
    Ok(Part {
        extent: [window.y.output / scale, window.x.output / scale],
        input_start,
        output_start: y.origin,
        first_row: 0,
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
                pool: pool
                    .map(|pool| TilePool { winners: pool.winners.map(|w| [w.row_pitch, w.pixel_pitch]) }),
                residual: desc.epilogue.residual.map(|r| [r.row_pitch, r.pixel_pitch]),
                activation: desc.epilogue.activation,
            },
            ahead: 0,
        },
    })
}

/// Taps of one axis that reach the points `phase, phase + stride, …` of `dx`: they read `dy` at `m +
/// first_offset − t · offset_step` for the m-th such point and tap `first + t · step`, `t < count`. (From `oy
/// · stride + ky · dilation = iy + pad_before`.)
struct PhaseTaps {
    first: usize,
    step: usize,
    count: usize,
    first_offset: isize,
    offset_step: usize,
}

impl PhaseTaps {
    fn new(axis: &Axis, phase: usize) -> Self {
        let divides =
            |k: &usize| (phase + axis.pad_before).abs_diff(k * axis.dilation).is_multiple_of(axis.stride);
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

pub(super) fn grad_input_parts(desc: &ConvDesc) -> Result<Vec<Part>, BuildError> {
    let window = &desc.window;
    let phases = |axis: &Axis| 0..axis.stride.min(axis.input);
    let all = phases(&window.y).flat_map(|py| phases(&window.x).map(move |px| [py, px]));
    all.map(|phase| grad_input_part(desc, phase)).collect()
}

fn grad_input_part(desc: &ConvDesc, phase: [usize; 2]) -> Result<Part, BuildError> {
    let (dy, dx, window) = (&desc.input, &desc.output, &desc.window);
    let (reduced, produced) = (dy.channels / desc.groups, dx.channels / desc.groups);
    let (rows, columns) = (PhaseTaps::new(&window.y, phase[0]), PhaseTaps::new(&window.x, phase[1]));
    let start = signed(dy.origin)
        + rows.first_offset * signed(dy.row_pitch)
        + columns.first_offset * signed(dy.pixel_pitch);
    let has_taps = rows.count > 0 && columns.count > 0;
    let input_start = if has_taps { start } else { signed(dy.origin) };
    let tap = dy.channels;
    let kx = window.x.kernel_size;
    let reduction = vec![
        ReductionLoop::new(reduced, 1, 1),
        ReductionLoop::new(
            columns.count,
            -signed(columns.offset_step * dy.pixel_pitch),
            signed(columns.step * tap),
        ),
        ReductionLoop::new(
            rows.count,
            -signed(rows.offset_step * dy.row_pitch),
            signed(rows.step * kx * tap),
        ),
    ];
    Ok(Part {
        extent: [
            (window.y.input - phase[0]).div_ceil(window.y.stride),
            (window.x.input - phase[1]).div_ceil(window.x.stride),
        ],
        input_start: usize::try_from(input_start).map_err(|_| wrong("the gradient's halo is too narrow"))?,
        output_start: dx.origin + phase[0] * dx.row_pitch + phase[1] * dx.pixel_pitch,
        first_row: if has_taps { (rows.first * kx + columns.first) * tap } else { 0 },
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
            epilogue: TileEpilogue { activation: desc.epilogue.activation, ..TileEpilogue::default() },
            ahead: 0,
        },
    })
}

fn signed(elements: usize) -> isize {
    isize::try_from(elements).expect("sizes fit 63 bits")
}
