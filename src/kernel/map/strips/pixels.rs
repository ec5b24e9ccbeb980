//! Walks over pixels for maps with vectors `[C]`, sums, or pixels that lie apart.
//!
//! Channels are cut into blocks of a few vectors. For each block all pixels are visited, one or several a
//! turn of the strip: its part of the vectors `[C]` is always the same, and its part of a sum stays
//! in registers. Sums grow pixel by pixel, in the order of the images; those over the pixels of an image begin
//! anew with each.

use cranelift::prelude::Value;

use super::{Unit, hash_starts, room_for_hashes, strip, with_hashes};
use crate::desc::OperandKind;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::map::Map;
use crate::kernel::map::flat::element_of_row;
use crate::kernel::micro::StripRun;
use crate::tensor::Element;

/// Whether this many channels make good use of a vector.
pub(in crate::kernel::map) fn fills_vectors(channels: usize, lanes: usize) -> bool {
    2 * channels >= lanes
}

/// The pixels that follow each other at a fixed distance in every argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Those of all images of the call.
    Call,
    /// Those of an image.
    Image,
    /// Those of a row.
    Row,
}

impl Extent {
    fn of(map: &Map<'_>, [height, width, _]: [usize; 3]) -> Self {
        let rows_join =
            map.images().all(|layout| height == 1 || layout.row_pitch == width * layout.pixel_pitch);
        let images_join =
            map.images().all(|layout| layout.image_pitch == height * width * layout.pixel_pitch);
        match (rows_join, images_join && !map.has_pixels()) {
            (true, true) => Extent::Call,
            (true, false) => Extent::Image,
            (false, _) => Extent::Row,
        }
    }
}

/// Everything a walk needs.
struct Pixels<'m, 'd> {
    map: &'m Map<'d>,
    lanes: usize,
    shape: [usize; 3],
    extent: Extent,
    /// Memory of what hashes begin with.
    hashes: Vec<Value>,
}

/// Emits the walk for images `[H, W, C]`.
pub(in crate::kernel::map) fn emit_pixels(
    k: &mut KernelBuilder<'_>,
    map: &Map<'_>,
    lanes: usize,
    shape: [usize; 3],
) {
    let [.., channels] = shape;
    let sums = map.sums();
    for &sum in &sums {
        let at = map.desc.operands.len() + sum;
        match map.pixel_layout(at) {
            Some(layout) => {
                let count = k.count();
                k.for_range(count, |k, n| {
                    let image = k.index_scale(n, layout.image_pitch);
                    let pointer = k.at(Element::F32, map.pointers[at], image);
                    k.fill(pointer, channels, 0.0);
                });
            }
            None => k.fill(map.pointers[at], channels, 0.0),
        }
    }
    let hashes = room_for_hashes(k, map, lanes);
    // a quarter of the registers for sums
    let registers = if lanes == 16 { 8 } else { 4 };
    let most = (registers - hashes.len()).checked_div(sums.len()).unwrap_or(4).clamp(1, 4);
    let walk = Pixels { map, lanes, shape, extent: Extent::of(map, shape), hashes };
    let (vectors, rest) = (channels / lanes, channels % lanes);
    let (blocks, left) = (vectors / most, vectors % most);
    let block = most * lanes;
    k.fold_steps(0, blocks * block, block, &[], |k, channel, _| {
        walk.emit_block(k, channel, most, lanes);
        Vec::new()
    });
    for (vectors, lanes, from) in
        [(left, lanes, blocks * block), (usize::from(rest > 0), rest, vectors * lanes)]
    {
        if vectors > 0 {
            let channel = k.index(from);
            walk.emit_block(k, channel, vectors, lanes);
        }
    }
}

impl Pixels<'_, '_> {
    /// All pixels for this many vectors of channels from one on; of each vector this many lanes.
    fn emit_block(&self, k: &mut KernelBuilder<'_>, channel: Value, vectors: usize, lanes: usize) {
        let (map, [height, width, channels]) = (self.map, self.shape);
        let pixels = if self.extent == Extent::Row { width } else { height * width };
        let most = match map.weight {
            0..=12 => 4,
            13..=40 => 2,
            _ => 1,
        };
        let together =
            [4, 2].into_iter().find(|&p| vectors * p <= most && pixels.is_multiple_of(p)).unwrap_or(1);
        let moves = (0..map.pointers.len())
            .map(|at| {
                let pitch = map.layout(at).map_or(0, |layout| layout.pixel_pitch);
                (together * pitch * map.element(at).size_bytes()) as isize
            })
            .collect();
        let units: Vec<Unit> = (0..together)
            .flat_map(|pixel| (0..vectors).map(move |v| Unit { pixel, start: v * self.lanes }))
            .collect();
        let elements = together * channels;
        let strip = strip(map, self.lanes, &units, [channels, elements], StripRun::Turns { moves, lanes });
        self.for_runs(k, |k, [n, y]| {
            let element = element_of_row(k, map, [n, y], [height * width * channels, width * channels]);
            let element = k.index_add(element, channel);
            hash_starts(k, map, self.lanes, &self.hashes, element);
            let mut pointers = map.row_pointers(k, n, y);
            for (at, pointer) in pointers.iter_mut().enumerate() {
                let scalar =
                    map.desc.operands.get(at).is_some_and(|operand| operand.kind == OperandKind::Scalar);
                if !scalar {
                    *pointer = k.at(map.element(at), *pointer, channel);
                }
            }
            let turns = match self.extent {
                Extent::Call => {
                    let count = k.count();
                    k.index_scale(count, pixels / together)
                }
                Extent::Image | Extent::Row => k.index(pixels / together),
            };
            let pointers = with_hashes(map, &pointers, &self.hashes);
            k.call_strip_along(&strip, &pointers, turns);
        });
    }

    /// Runs `body` with the image and the row where each run begins.
    fn for_runs(&self, k: &mut KernelBuilder<'_>, body: impl FnOnce(&mut KernelBuilder<'_>, [Value; 2])) {
        let [height, ..] = self.shape;
        let first = k.index(0);
        let count = k.count();
        match self.extent {
            Extent::Call => body(k, [first, first]),
            Extent::Image => k.for_range(count, |k, n| body(k, [n, first])),
            Extent::Row => k.for_range(count, |k, n| k.for_range(height, |k, y| body(k, [n, y]))),
        }
    }
}
