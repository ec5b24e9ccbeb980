//! Losses that judge each output by itself.

use cranelift::prelude::Value;

use super::Row;
use crate::desc::Compare;
use crate::kernel::builder::{KernelBuilder, Lanes, Reduction};
use crate::kernel::math;
use crate::kernel::softmax::fold_row;
use crate::tensor::Element;

/// The mean of what `judge` gives for scores and targets: losses, and their slopes by the scores.
pub(super) fn emit(
    k: &mut KernelBuilder<'_>,
    row: &Row,
    judge: impl Fn(&mut KernelBuilder<'_>, Value, Value) -> (Value, Value),
) -> Value {
    let share = k.f32(Lanes::One, 1.0 / row.desc.classes as f32);
    let factor = k.mul(row.scale, share);
    let sum = fold_row(k, row.desc.classes, Reduction::Sum, &mut |k, lanes, at, sum| {
        let (target, s) = (row.targets(k, lanes, at), row.scores(k, lanes, at));
        let (loss, slope) = judge(k, s, target);
        if let Some(grad) = row.grad {
            let (to, factor) = (k.at(Element::F32, grad, at), k.splat(lanes, factor));
            let scaled = k.mul(slope, factor);
            k.store(scaled, to, 0);
        }
        k.add(sum, loss)
    });
    k.mul(sum, share)
}

/// `e²` and `2 e`, with `e = s − t`.
pub(super) fn squared_loss(k: &mut KernelBuilder<'_>, s: Value, t: Value) -> (Value, Value) {
    let error = k.sub(s, t);
    (k.mul(error, error), k.add(error, error))
}

/// `|e|` and its sign, 0 at 0.
pub(super) fn absolute_loss(k: &mut KernelBuilder<'_>, s: Value, t: Value) -> (Value, Value) {
    let lanes = k.lanes_of(s);
    let (zero, one, minus_one) = (k.f32(lanes, 0.0), k.f32(lanes, 1.0), k.f32(lanes, -1.0));
    let error = k.sub(s, t);
    let (above, below) = (k.compare(Compare::Less, zero, error), k.compare(Compare::Less, error, zero));
    let positive = k.select(above, one, zero);
    (k.abs(error), k.select(below, minus_one, positive))
}

/// With `c = min(|e|, δ)`: `c (|e| − ½ c)`, which is `½ e²` within δ and `δ |e| − ½ δ²` beyond; and e cut to
/// ±δ.
pub(super) fn huber_loss(k: &mut KernelBuilder<'_>, delta: f32, s: Value, t: Value) -> (Value, Value) {
    let lanes = k.lanes_of(s);
    let (most, least, half) = (k.f32(lanes, delta), k.f32(lanes, -delta), k.f32(lanes, 0.5));
    let error = k.sub(s, t);
    let magnitude = k.abs(error);
    let cut = k.min(magnitude, most);
    let part = k.mul(half, cut);
    let rest = k.sub(magnitude, part);
    let raised = k.max(error, least);
    (k.mul(cut, rest), k.min(raised, most))
}

/// 1 where `(s > threshold) = (t > ½)`, also 0 for a score that is no number; no slope.
pub(super) fn decision(k: &mut KernelBuilder<'_>, threshold: f32, s: Value, t: Value) -> (Value, Value) {
    let lanes = k.lanes_of(s);
    let (zero, one, half) = (k.f32(lanes, 0.0), k.f32(lanes, 1.0), k.f32(lanes, 0.5));
    let threshold = k.f32(lanes, threshold);
    let (above, below) =
        (k.compare(Compare::Less, threshold, s), k.compare(Compare::LessEqual, s, threshold));
    let (if_yes, if_no) = (k.select(above, one, zero), k.select(below, one, zero));
    let yes = k.compare(Compare::Less, half, t);
    (k.select(yes, if_yes, if_no), zero)
}

/// `max(s, 0) − s t + ln(1 + z)` and `σ(s) − t`, with `z = e^−|s|`, `σ(s) = (s < 0 ? z : 1) / (1 + z)`.
pub(super) fn sigmoid_loss(k: &mut KernelBuilder<'_>, s: Value, t: Value) -> (Value, Value) {
    let lanes = k.lanes_of(s);
    let (zero, one) = (k.f32(lanes, 0.0), k.f32(lanes, 1.0));
    let magnitude = k.abs(s);
    let negated = k.neg(magnitude);
    let z = math::exp(k, negated);
    let above = k.add(one, z);
    let log = math::log(k, above);
    let positive = k.max(s, zero);
    let product = k.mul(s, t);
    let difference = k.sub(positive, product);
    let loss = k.add(difference, log);
    let negative = k.compare(Compare::Less, s, zero);
    let numerator = k.select(negative, z, one);
    let sigma = k.div(numerator, above);
    (loss, k.sub(sigma, t))
}

/// `max(0, 1 − y s)` and `−y` where it is not 0, with `y = 2t − 1`.
pub(super) fn margin_loss(k: &mut KernelBuilder<'_>, s: Value, t: Value) -> (Value, Value) {
    let lanes = k.lanes_of(s);
    let (zero, one) = (k.f32(lanes, 0.0), k.f32(lanes, 1.0));
    let twice = k.add(t, t);
    let away = k.sub(one, twice);
    let distance = k.mul_add(away, s, one);
    let counts = k.compare(Compare::Less, zero, distance);
    // a score that is no number gives a loss that is none
    (k.max(zero, distance), k.select(counts, away, zero))
}
