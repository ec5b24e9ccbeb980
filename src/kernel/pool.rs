//! Windowed pooling. See [`PoolDesc`] for what it computes.
//!
//! Positions along an axis are split into classes by the taps of their windows that lie in the image, so that
//! nothing is asked about padding while the kernel runs. A window wholly in the padding gives 0 (winner 0).
//! NaN counts only as a window's first element.

use std::ops::Range;

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes};
use super::code::{BuildError, Effort, KernelFunction};
use crate::desc::{Compare, PoolDesc, PoolKind};
use crate::tensor::{Axis, Element, Layout, Window};

/// Windows of more taps are looped over instead of unrolled.
const MAX_UNROLLED_TAPS: usize = 16;
/// Largest winner that fits a byte, plus one.
const MAX_WINNER_TAPS: usize = 256;

/// Positions that follow each other and whose windows have the same taps in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) positions: Range<usize>,
    pub(super) taps: Range<usize>,
}

/// All positions of an axis, in classes.
pub(super) fn classes(axis: &Axis) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    for position in 0..axis.output {
        let start = position * axis.stride;
        let from = axis.pad_before.saturating_sub(start).min(axis.kernel_size);
        let to = (axis.input + axis.pad_before).saturating_sub(start).min(axis.kernel_size).max(from);
        match classes.last_mut() {
            Some(class) if class.taps == (from..to) => class.positions.end += 1,
            Some(_) | None => classes.push(Class { positions: position..position + 1, taps: from..to }),
        }
    }
    classes
}

/// Index along the input of a class's first tap, for the position `at`.
pub(super) fn first_input(k: &mut KernelBuilder<'_>, axis: &Axis, class: &Class, at: Value) -> Value {
    let moved = k.index_scale(at, axis.stride);
    k.index_shift(moved, class.taps.start as i64 - axis.pad_before as i64)
}

/// Pairs of classes: the positions of both axes.
pub(super) fn class_pairs(window: &Window) -> Vec<(Class, Class)> {
    let (rows, columns) = (classes(&window.y), classes(&window.x));
    rows.iter().flat_map(|row| columns.iter().map(move |column| (row.clone(), column.clone()))).collect()
}

/// Address of pixel `(y, x)` of image `n`.
pub(super) fn pixel(
    k: &mut KernelBuilder<'_>,
    element: Element,
    pointer: Value,
    layout: &Layout,
    at: [Value; 3],
) -> Value {
    let [n, y, x] = at;
    let pitches = [(n, layout.image_pitch), (y, layout.row_pitch), (x, layout.pixel_pitch)];
    let pointer = k.at_offset(element, pointer, layout.origin);
    pitches.into_iter().fold(pointer, |pointer, (index, pitch)| {
        let offset = k.index_scale(index, pitch);
        k.at(element, pointer, offset)
    })
}

/// Code of a pool.
pub(super) fn build(desc: &PoolDesc) -> Result<KernelFunction, BuildError> {
    let reason = if desc.winners.is_some() && desc.window.area() > MAX_WINNER_TAPS {
        "winners do not fit a byte"
    } else if desc.winners.is_some() && desc.kind == PoolKind::Average {
        "a mean has no winners"
    } else if desc.window.y.dilation != 1 || desc.window.x.dilation != 1 {
        "a dilated window"
    } else {
        return KernelBuilder::build(Effort::Speed, |k| {
            emit(k, desc);
            Ok(())
        });
    };
    Err(BuildError::Description { family: "pool", reason })
}

fn emit(k: &mut KernelBuilder<'_>, desc: &PoolDesc) {
    let (input, output) = (k.arg(0), k.arg(1));
    let winners = desc.winners.map(|layout| (k.arg(2), layout));
    let count = k.count();
    k.for_range(count, |k, n| {
        for (row, column) in class_pairs(&desc.window) {
            k.fold_steps(row.positions.start, row.positions.end, 1, &[], |k, oy, _| {
                k.fold_steps(column.positions.start, column.positions.end, 1, &[], |k, ox, _| {
                    let iy = first_input(k, &desc.window.y, &row, oy);
                    let ix = first_input(k, &desc.window.x, &column, ox);
                    let from = pixel(k, Element::F32, input, &desc.input, [n, iy, ix]);
                    let to = pixel(k, Element::F32, output, &desc.output, [n, oy, ox]);
                    let won =
                        winners.map(|(pointer, layout)| pixel(k, Element::U8, pointer, &layout, [n, oy, ox]));
                    let taps = [row.taps.clone(), column.taps.clone()];
                    k.for_channels(desc.input.channels, 1, &mut |k, lanes, _, c| {
                        let from = k.at(Element::F32, from, c);
                        let (value, winner) = emit_window(k, desc, lanes, from, &taps);
                        let to = k.at(Element::F32, to, c);
                        k.store(value, to, 0);
                        if let Some(won) = won {
                            let to = k.at(Element::U8, won, c);
                            k.store_u8(winner, to, 0);
                        }
                    });
                    Vec::new()
                });
                Vec::new()
            });
        }
    });
}

/// Result and winner (as 32-bit lanes; anything for a mean) of the window whose first tap in the image is at
/// `from`.
fn emit_window(
    k: &mut KernelBuilder<'_>,
    desc: &PoolDesc,
    lanes: Lanes,
    from: Value,
    taps: &[Range<usize>; 2],
) -> (Value, Value) {
    let [rows, columns] = taps;
    let area = rows.len() * columns.len();
    let (zero, none) = (k.f32(lanes, 0.0), k.i32(lanes, 0));
    if area == 0 {
        return (zero, none);
    }
    let start = match desc.kind {
        PoolKind::Max => k.load(lanes, from, 0),
        PoolKind::Average => zero,
    };
    let first = k.i32(lanes, (rows.start * desc.window.x.kernel_size + columns.start) as u32);
    let best = if area <= MAX_UNROLLED_TAPS {
        let mut best = vec![start, first];
        for ky in rows.clone() {
            for kx in columns.clone() {
                let tap = k.i32(lanes, (ky * desc.window.x.kernel_size + kx) as u32);
                let offset =
                    (ky - rows.start) * desc.input.row_pitch + (kx - columns.start) * desc.input.pixel_pitch;
                let from = k.at_offset(Element::F32, from, offset);
                best = emit_tap(k, desc, lanes, from, tap, &best);
            }
        }
        best
    } else {
        k.fold_range(rows.len(), &[start, first], |k, y, best| {
            let offset = k.index_scale(y, desc.input.row_pitch);
            let row = k.at(Element::F32, from, offset);
            k.fold_range(columns.len(), best, |k, x, best| {
                let offset = k.index_scale(x, desc.input.pixel_pitch);
                let from = k.at(Element::F32, row, offset);
                let (ky, kx) = (k.index_offset(y, rows.start), k.index_offset(x, columns.start));
                let moved = k.index_scale(ky, desc.window.x.kernel_size);
                let tap = k.index_add(moved, kx);
                let tap = k.low_bits(tap);
                let tap = k.splat(lanes, tap);
                emit_tap(k, desc, lanes, from, tap, best)
            })
        })
    };
    match desc.kind {
        PoolKind::Max => (best[0], best[1]),
        PoolKind::Average => {
            let share = k.f32(lanes, 1.0 / area as f32);
            (k.mul(best[0], share), best[1])
        }
    }
}

/// One more tap: the new best (or sum) and its winner.
fn emit_tap(
    k: &mut KernelBuilder<'_>,
    desc: &PoolDesc,
    lanes: Lanes,
    from: Value,
    tap: Value,
    best: &[Value],
) -> Vec<Value> {
    let x = k.load(lanes, from, 0);
    match (desc.kind, desc.winners) {
        (PoolKind::Average, _) => vec![k.add(best[0], x), best[1]],
        (PoolKind::Max, None) => vec![k.max(x, best[0]), best[1]],
        (PoolKind::Max, Some(_)) => {
            let larger = k.compare(Compare::Less, best[0], x);
            vec![k.max(x, best[0]), k.select(larger, tap, best[1])]
        }
    }
}
