//! Gradient of windowed pooling. See [`PoolGradDesc`] for what it computes.
//!
//! Windows are visited in order and give to their taps. Where they do not overlap a tap is written, and zeros
//! are needed only if windows leave gaps (and rows of windows are done by strips, [`wide`]); where they do,
//! each image starts as zeros and taps are added to, always in the same order.

mod wide;

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes};
use super::code::{BuildError, Effort, KernelFunction};
use super::pool::{Class, class_pairs, first_input, pixel};
use super::target::Target;
use crate::desc::{PoolGradDesc, PoolKind};
use crate::tensor::{Axis, Element};

/// Code of a pool's gradient.
pub(super) fn build(desc: &PoolGradDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    if (desc.kind == PoolKind::Max) != desc.winners.is_some() {
        let reason = "winners belong to max pools, and all of them";
        return Err(BuildError::Description { family: "pool_grad", reason });
    }
    KernelBuilder::build(Effort::Speed, |k| {
        emit(k, desc, wide::lanes(desc, target.simd));
        Ok(())
    })
}

/// Whether every element of an axis lies in exactly one window.
fn tiles(axis: &Axis) -> bool {
    let covered = (axis.output - 1) * axis.stride + axis.kernel_size;
    axis.stride == axis.kernel_size && covered >= axis.input + axis.pad_before
}

fn emit(k: &mut KernelBuilder<'_>, desc: &PoolGradDesc, lanes: Option<usize>) {
    let window = &desc.window;
    let grad = k.arg(0);
    let winners = desc.winners.map(|layout| (k.arg(1), layout));
    let dx = k.arg(1 + usize::from(winners.is_some()));
    let apart = window.y.stride >= window.y.kernel_size && window.x.stride >= window.x.kernel_size;
    let all_covered = tiles(&window.y) && tiles(&window.x);
    let count = k.count();
    k.for_range(count, |k, n| {
        if !all_covered {
            emit_zeros(k, desc, dx, n);
        }
        for (row, column) in class_pairs(window) {
            k.fold_steps(row.positions.start, row.positions.end, 1, &[], |k, oy, _| {
                if let Some(lanes) = lanes {
                    let ox = k.index(column.positions.start);
                    let iy = first_input(k, &window.y, &row, oy);
                    let ix = first_input(k, &window.x, &column, ox);
                    let from = pixel(k, Element::F32, grad, &desc.grad, [n, oy, ox]);
                    let won =
                        winners.map(|(pointer, layout)| pixel(k, Element::U8, pointer, &layout, [n, oy, ox]));
                    let to = pixel(k, Element::F32, dx, &desc.output, [n, iy, ix]);
                    wide::emit_row(k, desc, lanes, [&row, &column], [from, won.unwrap_or(from), to]);
                    return Vec::new();
                }
                k.fold_steps(column.positions.start, column.positions.end, 1, &[], |k, ox, _| {
                    let iy = first_input(k, &window.y, &row, oy);
                    let ix = first_input(k, &window.x, &column, ox);
                    let from = pixel(k, Element::F32, grad, &desc.grad, [n, oy, ox]);
                    let won =
                        winners.map(|(pointer, layout)| pixel(k, Element::U8, pointer, &layout, [n, oy, ox]));
                    let to = pixel(k, Element::F32, dx, &desc.output, [n, iy, ix]);
                    k.for_channels(desc.grad.channels, 1, &mut |k, lanes, _, c| {
                        let from = k.at(Element::F32, from, c);
                        let dy = k.load(lanes, from, 0);
                        let winner = won.map(|won| {
                            let won = k.at(Element::U8, won, c);
                            k.load_u8(lanes, won, 0)
                        });
                        let to = k.at(Element::F32, to, c);
                        emit_window(k, desc, lanes, Given { dy, winner, to, apart }, [&row, &column]);
                    });
                    Vec::new()
                });
                Vec::new()
            });
        }
    });
}

/// Zeros over the pixels of image `n`.
fn emit_zeros(k: &mut KernelBuilder<'_>, desc: &PoolGradDesc, dx: Value, n: Value) {
    let layout = &desc.output;
    k.for_range(layout.height, |k, y| {
        let first = k.index(0);
        let row = pixel(k, Element::F32, dx, layout, [n, y, first]);
        if layout.rows_are_dense() {
            k.fill(row, layout.width * layout.channels, 0.0);
            return;
        }
        k.for_range(layout.width, |k, x| {
            let offset = k.index_scale(x, layout.pixel_pitch);
            let to = k.at(Element::F32, row, offset);
            k.fill(to, layout.channels, 0.0);
        });
    });
}

/// What one window gives, and where its first tap lies.
struct Given {
    dy: Value,
    /// 32-bit lanes.
    winner: Option<Value>,
    to: Value,
    /// No other window has these taps.
    apart: bool,
}

fn emit_window(
    k: &mut KernelBuilder<'_>,
    desc: &PoolGradDesc,
    lanes: Lanes,
    given: Given,
    classes: [&Class; 2],
) {
    let [rows, columns] = classes.map(|class| class.taps.clone());
    let zero = k.f32(lanes, 0.0);
    let area = rows.len() * columns.len();
    if area == 0 {
        return;
    }
    let share = k.f32(lanes, 1.0 / area as f32);
    let mean = k.mul(given.dy, share);
    k.for_range(rows.len(), |k, y| {
        let offset = k.index_scale(y, desc.output.row_pitch);
        let row = k.at(Element::F32, given.to, offset);
        let emit_tap = |k: &mut KernelBuilder<'_>, x: usize| {
            let value = match given.winner {
                None => mean,
                Some(winner) => {
                    let ky = k.index_offset(y, rows.start);
                    let moved = k.index_scale(ky, desc.window.x.kernel_size);
                    let tap = k.index_offset(moved, columns.start + x);
                    let tap = k.low_bits(tap);
                    let tap = k.splat(lanes, tap);
                    let won = k.equal_i32(winner, tap);
                    k.select(won, given.dy, zero)
                }
            };
            let to = k.at_offset(Element::F32, row, x * desc.output.pixel_pitch);
            let value = if given.apart {
                value
            } else {
                let old = k.load(lanes, to, 0);
                k.add(old, value)
            };
            k.store(value, to, 0);
        };
        for x in 0..columns.len() {
            emit_tap(k, x);
        }
    });
}
