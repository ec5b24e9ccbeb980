//! Walks over runs of elements that follow each other, all operands in step.

use cranelift::prelude::Value;

use super::expr::{self, Operands};
use super::{Map, strips};
use crate::kernel::builder::{KernelBuilder, Lanes, Trips};
use crate::tensor::Layout;

/// The flat domain: `count` elements.
pub(super) fn emit_flat(k: &mut KernelBuilder<'_>, map: &Map<'_>) {
    let (count, first) = (k.count(), k.first());
    emit_run(k, map, &map.pointers, Trips::Runtime(count), first);
}

/// Images of shape `[H, W, C]` whose rows are without gaps, without anything per channel.
pub(super) fn emit_images(k: &mut KernelBuilder<'_>, map: &Map<'_>, shape: [usize; 3]) {
    let [height, width, channels] = shape;
    let (row, image) = (width * channels, height * width * channels);
    let rows_join = |layout: Layout| height == 1 || layout.row_pitch == row;
    let images_join = |layout: Layout| rows_join(layout) && layout.image_pitch == image;
    let (count, first) = (k.count(), k.first());
    if map.images().all(images_join) {
        let (elements, element) = (k.index_scale(count, image), k.index_scale(first, image));
        emit_run(k, map, &map.pointers, Trips::Runtime(elements), element);
        return;
    }
    let (rows, length) = if map.images().all(rows_join) { (1, image) } else { (height, row) };
    k.for_range(count, |k, n| {
        k.for_range(rows, |k, y| {
            let pointers = map.row_pointers(k, n, y);
            let element = element_of_row(k, map, [n, y], [image, length]);
            emit_run(k, map, &pointers, Trips::Constant(length), element);
        });
    });
}

/// Index within the batch of the first element of row `y` of image `n`; anything where no random numbers are
/// drawn.
pub(super) fn element_of_row(
    k: &mut KernelBuilder<'_>,
    map: &Map<'_>,
    at: [Value; 2],
    sizes: [usize; 2],
) -> Value {
    let ([n, y], [image, row]) = (at, sizes);
    let first = k.first();
    if !map.draws_random_numbers() {
        return first;
    }
    let n = k.index_add(first, n);
    let (n, y) = (k.index_scale(n, image), k.index_scale(y, row));
    k.index_add(n, y)
}

/// One run of `length` elements. `element` is the index within the batch of its first.
fn emit_run(k: &mut KernelBuilder<'_>, map: &Map<'_>, pointers: &[Value], length: Trips, element: Value) {
    if let Some(lanes) = map.strip_lanes {
        return strips::emit_run(k, map, lanes, pointers, length, element);
    }
    let vectors = match map.weight {
        0..=12 => 4,
        13..=40 => 2,
        _ => 1,
    };
    let block = 4 * vectors;
    let (blocks_end, vectors_end) = match length {
        Trips::Constant(n) => (Trips::Constant(n / block * block), Trips::Constant(n / 4 * 4)),
        Trips::Runtime(n) => {
            (Trips::Runtime(k.index_round_down(n, block)), Trips::Runtime(k.index_round_down(n, 4)))
        }
    };
    let emit = |k: &mut KernelBuilder<'_>, lanes: Lanes, at: Value, unroll: usize| {
        let mut place = RunPlace { map, pointers: pointers.to_vec(), at: 0, element, lanes };
        for (i, pointer) in place.pointers.iter_mut().enumerate() {
            if map.is_streamed(i) {
                *pointer = k.at(map.element(i), *pointer, at);
            }
        }
        place.element = k.index_add(element, at);
        for step in 0..unroll {
            place.at = step * lanes.count();
            let values = expr::evaluate(k, &map.desc.expr, &map.needed, &mut place, &map.results());
            for (j, value) in values.into_iter().enumerate() {
                k.store(value, place.pointers[map.desc.operands.len() + j], place.at);
            }
        }
        Vec::new()
    };
    k.fold_steps(0, blocks_end, block, &[], |k, at, _| emit(k, Lanes::Four, at, vectors));
    if vectors > 1 {
        k.fold_steps(blocks_end, vectors_end, 4, &[], |k, at, _| emit(k, Lanes::Four, at, 1));
    }
    k.fold_steps(vectors_end, length, 1, &[], |k, at, _| emit(k, Lanes::One, at, 1));
}

/// A place in a run: `at` elements behind the pointers.
struct RunPlace<'m, 'd> {
    map: &'m Map<'d>,
    pointers: Vec<Value>,
    at: usize,
    element: Value,
    lanes: Lanes,
}

impl<'f> Operands<KernelBuilder<'f>> for RunPlace<'_, '_> {
    fn constant(&mut self, k: &mut KernelBuilder<'f>, bits: u32) -> Value {
        k.f32(self.lanes, f32::from_bits(bits))
    }

    fn input(&mut self, k: &mut KernelBuilder<'f>, index: usize) -> Value {
        match self.map.scalars[index] {
            Some(scalar) => k.splat(self.lanes, scalar),
            None => k.load_as_f32(self.map.element(index), self.lanes, self.pointers[index], self.at),
        }
    }

    fn hash_start(&mut self, k: &mut KernelBuilder<'f>, index: usize) -> Value {
        let element = k.index_offset(self.element, self.at);
        let element = k.low_bits(element);
        expr::hash_start(k, self.lanes, self.map.key(index), element)
    }
}
