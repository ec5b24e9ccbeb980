//! Gradient of a convolution by its weights.
//!
//! A grid of points (taps and channels of `x`) times channels of `dy`, reduced over the pixels of all images.
//! The sums do not fit the registers, so `dw` is visited once for every chunk of pixels small enough that `x`
//! and `dy` stay in the first-level cache while all tiles run over it.

use cranelift::prelude::Value;

use crate::desc::ConvGradWeightDesc;
use crate::kernel::Target;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::code::{BuildError, Effort, KernelFunction};
use crate::kernel::micro::{ReductionLoop, TileDesc, TileEpilogue, TileInit, Trips};
use crate::kernel::tiling::{Grid, TilePointers, Tiling, emit_points, for_runs, for_vector_runs, split};
use crate::tensor::Element;

#[cfg(test)]
pub(in crate::kernel) mod tests;

/// Bytes of `x` and `dy` that one chunk may have: they share a first-level cache of 32 to 48 KiB with the
/// tiles of `dw`.
const CHUNK_BYTES: usize = 32 << 10;

/// Pixels of a chunk at least, where `dw` is no larger than [`CACHED_BYTES`], and where it is: below, loading
/// and storing the tiles of `dw` costs more than the cache saves.
const MIN_CHUNK_PIXELS: [usize; 2] = [48, 384];

/// What stays in the second-level cache beside the images.
const CACHED_BYTES: usize = 1 << 20;

/// Writes the kernel.
/// # Errors
/// [`BuildError`] where the description contradicts itself or the machine is unknown.
pub(super) fn build(desc: &ConvGradWeightDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    let geometry = Geometry::new(desc)?;
    let chunk = Chunk::choose(desc);
    let tile = geometry.tile(desc, chunk);
    let tiling = geometry.grid(desc, &tile, chunk).choose_ranked(target.simd, desc.cut);
    KernelBuilder::build(Effort::Speed, |k| {
        let (x, dy, dw) = (k.arg(0), k.arg(1), k.arg(2));
        clear(k, desc, dw, geometry.inputs * desc.grad.channels);
        let at = TilePointers {
            a: k.at_offset(Element::F32, x, geometry.input_start),
            b: k.at_offset(Element::F32, dy, desc.grad.origin),
            c: dw,
            bias: dw,
            winners: dw,
            residual: dw,
            trips: k.count(),
        };
        let count = k.count();
        match chunk {
            Chunk::Rows(rows) => k.for_range(count, |k, image| {
                let at = at_image(k, desc, at, image);
                for_runs(
                    k,
                    &split(desc.window.y.output, desc.window.y.output.div_ceil(rows)),
                    |k, start, rows| {
                        let a = k.index_scale(start, desc.window.y.stride * desc.input.row_pitch);
                        let b = k.index_scale(start, desc.grad.row_pitch);
                        let trips = k.index(rows);
                        let at = TilePointers {
                            a: k.at(Element::F32, at.a, a),
                            b: k.at(Element::F32, at.b, b),
                            trips,
                            ..at
                        };
                        geometry.emit(k, desc, target, &tile, &tiling, at);
                    },
                );
            }),
            Chunk::Images(images) => {
                let whole = k.index_round_down(count, images);
                k.fold_steps(0, whole, images, &[], |k, image, _| {
                    let trips = k.index(images);
                    let at = TilePointers { trips, ..at_image(k, desc, at, image) };
                    geometry.emit(k, desc, target, &tile, &tiling, at);
                    Vec::new()
                });
                let rest = k.index_sub(count, whole);
                let at = TilePointers { trips: rest, ..at_image(k, desc, at, whole) };
                k.when(rest, |k| geometry.emit(k, desc, target, &tile, &tiling, at));
            }
        }
        Ok(())
    })
}

/// Cycles for one image by the model of [`Grid`].
pub(super) fn cycles(desc: &ConvGradWeightDesc, target: &Target) -> f64 {
    let Ok(geometry) = Geometry::new(desc) else { return 0.0 };
    let chunk = Chunk::choose(desc);
    let chunks_of_an_image = match chunk {
        Chunk::Rows(rows) => desc.window.y.output as f64 / rows as f64,
        Chunk::Images(images) => 1.0 / images as f64,
    };
    let tile = geometry.tile(desc, chunk);
    let tiles = (desc.groups * geometry.outer[0]) as f64;
    chunks_of_an_image * tiles * geometry.grid(desc, &tile, chunk).cycles(target.simd)
}

/// Moves to an image.
fn at_image(
    k: &mut KernelBuilder<'_>,
    desc: &ConvGradWeightDesc,
    at: TilePointers,
    image: Value,
) -> TilePointers {
    let (a, b) = (k.index_scale(image, desc.input.image_pitch), k.index_scale(image, desc.grad.image_pitch));
    TilePointers { a: k.at(Element::F32, at.a, a), b: k.at(Element::F32, at.b, b), ..at }
}

/// Zeros over `of_tap` elements of each tap of `dw`.
fn clear(k: &mut KernelBuilder<'_>, desc: &ConvGradWeightDesc, dw: Value, of_tap: usize) {
    let (taps, pitch) = (desc.window.area(), desc.tap_rows * desc.grad.channels);
    if of_tap == pitch {
        return clear_run(k, dw, taps * of_tap);
    }
    k.for_range(taps, |k, tap| {
        let start = k.index_scale(tap, pitch);
        let start = k.at(Element::F32, dw, start);
        clear_run(k, start, of_tap);
    });
}

fn clear_run(k: &mut KernelBuilder<'_>, pointer: Value, elements: usize) {
    use crate::kernel::builder::Lanes;
    for (lanes, from, count) in [(Lanes::Four, 0, elements / 4), (Lanes::One, elements / 4 * 4, elements % 4)]
    {
        let zero = k.f32(lanes, 0.0);
        let start = k.at_offset(Element::F32, pointer, from);
        k.for_range(count, |k, i| {
            let at = k.index_scale(i, lanes.count());
            let at = k.at(Element::F32, start, at);
            k.store(zero, at, 0);
        });
    }
}

/// The pixels that all tiles visit before the next.
#[derive(Debug, Clone, Copy)]
enum Chunk {
    /// This many rows of an image at most.
    Rows(usize),
    /// This many whole images, a power of two.
    Images(usize),
}

impl Chunk {
    fn choose(desc: &ConvGradWeightDesc) -> Self {
        let height = desc.window.y.output;
        let row =
            (desc.window.y.stride * desc.input.row_pitch + desc.grad.row_pitch) * Element::F32.size_bytes();
        let inputs = desc.input.channels / desc.groups;
        let dw = desc.window.area() * inputs * desc.grad.channels * Element::F32.size_bytes();
        let pixels = MIN_CHUNK_PIXELS[usize::from(dw > CACHED_BYTES)];
        let rows = (CHUNK_BYTES / row).max(pixels.div_ceil(desc.window.x.output));
        match rows / height {
            0 => Chunk::Rows(rows),
            images => Chunk::Images(1 << images.ilog2()),
        }
    }
}

/// How the points of the grid lie in `x` and `dw`.
struct Geometry {
    /// Channels of `x` in a group.
    inputs: usize,
    /// Where the first tap of the first pixel lies, in elements of an image of `x`.
    input_start: usize,
    /// Points below each other, and beside each other: taps of a column and (tap, channel) pairs of a row
    /// where a row of taps is one run of memory, else taps of a row and channels.
    extent: [usize; 2],
    a_pitch: [usize; 2],
    c_pitch: [usize; 2],
    /// What remains: taps of a column, with their pitches in `x` and `dw`.
    outer: [usize; 3],
}

impl Geometry {
    fn new(desc: &ConvGradWeightDesc) -> Result<Self, BuildError> {
        let (window, x) = (&desc.window, &desc.input);
        let inputs = x.channels / desc.groups;
        let halo = window.y.pad_before * x.row_pitch + window.x.pad_before * x.pixel_pitch;
        let input_start = x.origin.checked_sub(halo).ok_or(BuildError::Description {
            family: "conv_grad_weight",
            reason: "the input's halo is narrower than the padding",
        })?;
        let row = desc.grad.channels;
        let (kx, ky) = (window.x.kernel_size, window.y.kernel_size);
        let [tap_x, tap_y] = [window.x.dilation * x.pixel_pitch, window.y.dilation * x.row_pitch];
        let rows = [tap_y, kx * desc.tap_rows * row];
        let is_whole = inputs == desc.tap_rows;
        Ok(if desc.groups == 1 && window.x.dilation == 1 && x.pixel_pitch == inputs && is_whole {
            Self {
                inputs,
                input_start,
                extent: [ky, kx * inputs],
                a_pitch: [rows[0], 1],
                c_pitch: [rows[1], row],
                outer: [1, 0, 0],
            }
        } else {
            Self {
                inputs,
                input_start,
                extent: [kx, inputs],
                a_pitch: [tap_x, 1],
                c_pitch: [desc.tap_rows * row, row],
                outer: [ky, rows[0], rows[1]],
            }
        })
    }

    /// Everything about the tiles but their sizes.
    fn tile(&self, desc: &ConvGradWeightDesc, chunk: Chunk) -> TileDesc {
        let (x, dy, window) = (&desc.input, &desc.grad, &desc.window);
        let pixel = |trips, a: usize, b: usize| ReductionLoop {
            trips,
            a_step: a.cast_signed(),
            b_step: b.cast_signed(),
        };
        let row = |trips| pixel(trips, window.y.stride * x.row_pitch, dy.row_pitch);
        let mut reduction =
            vec![pixel(Trips::Const(window.x.output), window.x.stride * x.pixel_pitch, dy.pixel_pitch)];
        match chunk {
            Chunk::Rows(_) => reduction.push(row(Trips::Argument)),
            Chunk::Images(_) => {
                reduction.push(row(Trips::Const(window.y.output)));
                reduction.push(pixel(Trips::Argument, x.image_pitch, dy.image_pitch));
            }
        }
        TileDesc {
            rows: 1,
            columns: 1,
            a_pitch: self.a_pitch,
            c_pitch: self.c_pitch,
            vectors: 1,
            tail: 1,
            reduction: ReductionLoop::without_single_trips(reduction),
            init: TileInit::Output,
            epilogue: TileEpilogue::default(),
            ahead: 0,
        }
    }

    fn grid(&self, desc: &ConvGradWeightDesc, tile: &TileDesc, chunk: Chunk) -> Grid {
        let (Chunk::Rows(turns) | Chunk::Images(turns)) = chunk;
        Grid {
            rows: self.extent[0],
            columns: self.extent[1],
            scale: 1,
            channels: desc.grad.channels / desc.groups,
            steps: tile.steps() * turns,
            a_pitch: self.a_pitch,
            b_pitch: desc.grad.pixel_pitch,
            loads_output: true,
        }
    }

    /// All tiles over one chunk.
    fn emit(
        &self,
        k: &mut KernelBuilder<'_>,
        desc: &ConvGradWeightDesc,
        target: &Target,
        tile: &TileDesc,
        tiling: &Tiling,
        at: TilePointers,
    ) {
        let outputs = desc.grad.channels / desc.groups;
        let [taps, a_pitch, c_pitch] = self.outer;
        k.for_range(desc.groups, |k, group| {
            let (a, b) = (k.index_scale(group, self.inputs), k.index_scale(group, outputs));
            let (a, c) = (k.at(Element::F32, at.a, a), k.at(Element::F32, at.c, b));
            let at = TilePointers { a, b: k.at(Element::F32, at.b, b), c, ..at };
            k.for_range(taps, |k, tap| {
                let (a, c) = (k.index_scale(tap, a_pitch), k.index_scale(tap, c_pitch));
                let at =
                    TilePointers { a: k.at(Element::F32, at.a, a), c: k.at(Element::F32, at.c, c), ..at };
                for_vector_runs(k, &tiling.vectors, target.simd.lanes(), |k, lane, run| {
                    let at = at.at_lane(k, lane);
                    emit_points(k, tile, tiling, run, at);
                });
            });
        });
    }
}
