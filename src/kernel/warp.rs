//! Images sampled at other places, and the gradient. See [`WarpDesc`].
//!
//! Where a sample lies is computed once per output pixel, for all channels; it becomes one or four pixels of
//! the image, each with a weight. Every place is clamped into the image before it becomes an address, so that
//! no matrix, and no NaN in one, leads out of bounds.

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes};
use super::code::{BuildError, Effort, KernelFunction};
use super::pool::pixel;
use crate::desc::{Border, Compare, Interpolation, Matrix, WarpDesc};
use crate::tensor::{Element, Layout};

/// Code of a warp.
pub(super) fn build(desc: &WarpDesc) -> Result<KernelFunction, BuildError> {
    if desc.input.channels != desc.output.channels {
        return Err(BuildError::Description { family: "warp", reason: "another number of channels" });
    }
    KernelBuilder::build(Effort::Speed, |k| {
        emit(k, desc);
        Ok(())
    })
}

fn emit(k: &mut KernelBuilder<'_>, desc: &WarpDesc) {
    let given = desc.matrix == Matrix::PerImage;
    let (from, matrices, to) = (k.arg(0), given.then(|| k.arg(1)), k.arg(1 + usize::from(given)));
    let count = k.count();
    k.for_range(count, |k, n| {
        let matrix = matrix(k, desc, matrices, n);
        // the image, or its gradient
        let image = if desc.grad { to } else { from };
        if desc.grad {
            clear(k, &desc.input, to, n);
        }
        k.for_range(desc.output.height, |k, oy| {
            k.for_range(desc.output.width, |k, ox| {
                let sample = sample(k, desc, &matrix, image, [n, oy, ox]);
                let result =
                    pixel(k, Element::F32, if desc.grad { from } else { to }, &desc.output, [n, oy, ox]);
                k.for_channels(desc.output.channels, 1, &mut |k, lanes, _, c| {
                    let result = k.at(Element::F32, result, c);
                    if desc.grad {
                        scatter(k, &sample, lanes, c, result);
                    } else {
                        let value = gather(k, &sample, lanes, c);
                        k.store(value, result, 0);
                    }
                });
            });
        });
    });
}

/// The six numbers of an image's matrix.
fn matrix(k: &mut KernelBuilder<'_>, desc: &WarpDesc, matrices: Option<Value>, n: Value) -> Vec<Value> {
    match (desc.matrix, matrices) {
        (Matrix::PerImage, Some(matrices)) => {
            let offset = k.index_scale(n, 6);
            let own = k.at(Element::F32, matrices, offset);
            (0..6).map(|i| k.load(Lanes::One, own, i)).collect()
        }
        (Matrix::Fixed(bits), _) => {
            bits.iter().map(|&bits| k.f32(Lanes::One, f32::from_bits(bits))).collect()
        }
        (Matrix::PerImage, None) => Vec::new(),
    }
}

/// Zeros over one image.
fn clear(k: &mut KernelBuilder<'_>, layout: &Layout, to: Value, n: Value) {
    k.for_range(layout.height, |k, y| {
        k.for_range(layout.width, |k, x| {
            let to = pixel(k, Element::F32, to, layout, [n, y, x]);
            k.fill(to, layout.channels, 0.0);
        });
    });
}

/// Pixels and weights that make one result.
struct Sample {
    /// `(address, weight)`; without a weight it is 1.
    corners: Vec<(Value, Option<Value>)>,
    /// What is added: the border's number times the weight that lies outside.
    rest: Option<Value>,
}

/// A place along one axis: `(index, weight)` of one or two pixels.
type Taps = Vec<(Value, Option<Value>)>;

fn sample(
    k: &mut KernelBuilder<'_>,
    desc: &WarpDesc,
    matrix: &[Value],
    image: Value,
    at: [Value; 3],
) -> Sample {
    let [n, oy, ox] = at;
    let [cy, cx] = [oy, ox].map(|index| {
        let (number, half) = (k.low_bits(index), k.f32(Lanes::One, 0.5));
        let number = k.int_to_float(number);
        k.add(number, half)
    });
    let mut place = |row: &[Value]| {
        let (along, across) = (k.mul(row[0], cx), k.mul(row[1], cy));
        let sum = k.add(along, across);
        k.add(sum, row[2])
    };
    let (x, y) = (place(&matrix[..3]), place(&matrix[3..]));
    let columns = taps(k, desc, x, desc.input.width);
    let rows = taps(k, desc, y, desc.input.height);
    let mut corners = Vec::with_capacity(4);
    let mut total: Option<Value> = None;
    for &(iy, wy) in &rows {
        for &(ix, wx) in &columns {
            let weight = match (wy, wx) {
                (Some(wy), Some(wx)) => Some(k.mul(wy, wx)),
                (one, None) | (None, one) => one,
            };
            if let Some(weight) = weight {
                total = Some(total.map_or(weight, |total| k.add(total, weight)));
            }
            corners.push((pixel(k, Element::F32, image, &desc.input, [n, iy, ix]), weight));
        }
    }
    let rest = match (desc.border, total) {
        (Border::Constant(bits), Some(total)) if f32::from_bits(bits) != 0.0 && !desc.grad => {
            let (one, fill) = (k.f32(Lanes::One, 1.0), k.f32(Lanes::One, f32::from_bits(bits)));
            let outside = k.sub(one, total);
            Some(k.mul(outside, fill))
        }
        (Border::Constant(_) | Border::Nearest | Border::Reflect | Border::Wrap, _) => None,
    };
    Sample { corners, rest }
}

/// The pixels of an axis of `length` pixels that a place `s` from its beginning takes part in.
fn taps(k: &mut KernelBuilder<'_>, desc: &WarpDesc, s: Value, length: usize) -> Taps {
    let half = k.f32(Lanes::One, 0.5);
    // counted from the first pixel's centre
    let centred = k.sub(s, half);
    let place = inside(k, desc.border, centred, length);
    match desc.interpolation {
        Interpolation::Nearest => {
            let raised = k.add(place, half);
            let whole = k.floor(raised);
            vec![tap(k, desc.border, whole, length, None)]
        }
        Interpolation::Bilinear => {
            let (one, low) = (k.f32(Lanes::One, 1.0), k.floor(place));
            let high = k.add(low, one);
            let (far, near) = (k.sub(place, low), k.sub(high, place));
            vec![tap(k, desc.border, low, length, Some(near)), tap(k, desc.border, high, length, Some(far))]
        }
    }
}

/// The place that a border puts in the image, in 0..=length − 1; a constant border leaves it where it is (but
/// within ±2³⁰).
fn inside(k: &mut KernelBuilder<'_>, border: Border, place: Value, length: usize) -> Value {
    let number = |k: &mut KernelBuilder<'_>, value: f32| k.f32(Lanes::One, value);
    let (zero, last) = (number(k, 0.0), number(k, (length - 1) as f32));
    let moved = match border {
        Border::Nearest => place,
        Border::Constant(_) => return clamped(k, place, -1_073_741_824.0, 1_073_741_824.0),
        // period 2 · length, counted from half a pixel before the first centre
        Border::Reflect => {
            let (half, whole) = (number(k, 0.5), number(k, length as f32));
            let twice = number(k, 2.0 * length as f32);
            let shifted = k.add(place, half);
            let turns = k.div(shifted, twice);
            let turns = k.floor(turns);
            let full = k.mul(turns, twice);
            let rest = k.sub(shifted, full);
            let mirrored = k.sub(twice, rest);
            let first = k.compare(Compare::Less, rest, whole);
            let kept = k.select(first, rest, mirrored);
            k.sub(kept, half)
        }
        // as TensorFlow counts the turns: by length − 1
        Border::Wrap => {
            let (whole, turn) = (number(k, length as f32), number(k, (length - 1).max(1) as f32));
            let turns = k.div(place, turn);
            let below = k.compare(Compare::Less, place, zero);
            let negated = k.neg(turns);
            let magnitude = k.select(below, negated, turns);
            let turns = k.floor(magnitude);
            let (one, minus) = (number(k, 1.0), k.neg(turns));
            let up = k.add(turns, one);
            let turns = k.select(below, up, minus);
            let distance = k.mul(turns, whole);
            k.add(place, distance)
        }
    };
    // where the place is in the image it is not moved at all, not even by a rounding
    let (low, high) =
        (k.compare(Compare::LessEqual, zero, place), k.compare(Compare::LessEqual, place, last));
    let kept = k.select(high, place, moved);
    let kept = k.select(low, kept, moved);
    clamped(k, kept, 0.0, (length - 1) as f32)
}

/// Within bounds; NaN becomes the upper one.
fn clamped(k: &mut KernelBuilder<'_>, value: Value, least: f32, most: f32) -> Value {
    let (least, most) = (k.f32(Lanes::One, least), k.f32(Lanes::One, most));
    let below = k.min(value, most);
    k.max(below, least)
}

/// Index and weight of pixel `whole`; outside the image a constant border leaves it no weight.
fn tap(
    k: &mut KernelBuilder<'_>,
    border: Border,
    whole: Value,
    length: usize,
    weight: Option<Value>,
) -> (Value, Option<Value>) {
    let last = (length - 1) as f32;
    let clamp = clamped(k, whole, 0.0, last);
    let index = k.truncated(clamp);
    let index = k.index_from(index);
    let weight = match border {
        Border::Constant(_) => {
            let (one, none) = (k.f32(Lanes::One, 1.0), k.f32(Lanes::One, 0.0));
            let there = k.compare(Compare::Equal, clamp, whole);
            let weight = weight.unwrap_or(one);
            Some(k.select(there, weight, none))
        }
        Border::Nearest | Border::Reflect | Border::Wrap => weight,
    };
    (index, weight)
}

/// The result's channels from `c` on.
fn gather(k: &mut KernelBuilder<'_>, sample: &Sample, lanes: Lanes, c: Value) -> Value {
    let mut value = sample.rest.map(|rest| k.splat(lanes, rest));
    for &(corner, weight) in &sample.corners {
        let from = k.at(Element::F32, corner, c);
        let pixel = k.load(lanes, from, 0);
        let part = match weight {
            Some(weight) => {
                let weight = k.splat(lanes, weight);
                k.mul(pixel, weight)
            }
            None => pixel,
        };
        value = Some(value.map_or(part, |value| k.add(value, part)));
    }
    value.unwrap_or_else(|| k.f32(lanes, 0.0))
}

/// Adds the gradient's channels from `c` on to the pixels they came from.
fn scatter(k: &mut KernelBuilder<'_>, sample: &Sample, lanes: Lanes, c: Value, result: Value) {
    let dy = k.load(lanes, result, 0);
    for &(corner, weight) in &sample.corners {
        let to = k.at(Element::F32, corner, c);
        let part = match weight {
            Some(weight) => {
                let weight = k.splat(lanes, weight);
                k.mul(dy, weight)
            }
            None => dy,
        };
        let old = k.load(lanes, to, 0);
        let sum = k.add(old, part);
        k.store(sum, to, 0);
    }
}
