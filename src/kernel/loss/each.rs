//! Losses that judge each output by itself.

use cranelift::prelude::Value;

use super::Row;
use crate::kernel::builder::{KernelBuilder, Lanes, Reduction};
use crate::kernel::desc::{Compare, LossKind};
use crate::kernel::math;
use crate::kernel::softmax::fold_row;
use crate::tensor::Element;

/// Their mean.
pub(super) fn emit(k: &mut KernelBuilder<'_>, row: &Row) -> Value {
    let share = k.f32(Lanes::One, 1.0 / row.desc.classes as f32);
    let factor = k.mul(row.scale, share);
    let sum = fold_row(k, row.desc.classes, Reduction::Sum, &mut |k, lanes, at, sum| {
        let (target, s) = (row.targets(k, lanes, at), row.scores(k, lanes, at));
        let (loss, slope) = match row.desc.kind {
            LossKind::MeanSquaredError => {
                let difference = k.sub(s, target);
                (k.mul(difference, difference), k.add(difference, difference))
            }
            LossKind::SigmoidCrossEntropy => sigmoid_loss(k, lanes, s, target),
            LossKind::MeanAbsoluteError => absolute_loss(k, lanes, s, target),
            LossKind::Huber { delta } => huber_loss(k, lanes, f32::from_bits(delta), s, target),
            LossKind::Decisions { threshold } => decision(k, lanes, f32::from_bits(threshold), s, target),
            LossKind::SoftmaxCrossEntropy => unreachable!("it judges outputs together"),
        };
        if let Some(grad) = row.grad {
            let (to, factor) = (k.at(Element::F32, grad, at), k.splat(lanes, factor));
            let scaled = k.mul(slope, factor);
            k.store(scaled, to, 0);
        }
        k.add(sum, loss)
    });
    k.mul(sum, share)
}

/// `|e|` and its sign, 0 at 0.
fn absolute_loss(k: &mut KernelBuilder<'_>, lanes: Lanes, s: Value, t: Value) -> (Value, Value) {
    let (zero, one, minus_one) = (k.f32(lanes, 0.0), k.f32(lanes, 1.0), k.f32(lanes, -1.0));
    let error = k.sub(s, t);
    let (above, below) = (k.compare(Compare::Less, zero, error), k.compare(Compare::Less, error, zero));
    let positive = k.select(above, one, zero);
    (k.abs(error), k.select(below, minus_one, positive))
}

/// With `c = min(|e|, δ)`: `c (|e| − ½ c)`, which is `½ e²` within δ and `δ |e| − ½ δ²` beyond; and e cut to ±δ.
fn huber_loss(k: &mut KernelBuilder<'_>, lanes: Lanes, delta: f32, s: Value, t: Value) -> (Value, Value) {
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
fn decision(k: &mut KernelBuilder<'_>, lanes: Lanes, threshold: f32, s: Value, t: Value) -> (Value, Value) {
    let (zero, one, half) = (k.f32(lanes, 0.0), k.f32(lanes, 1.0), k.f32(lanes, 0.5));
    let threshold = k.f32(lanes, threshold);
    let (above, below) = (k.compare(Compare::Less, threshold, s), k.compare(Compare::LessEqual, s, threshold));
    let (if_yes, if_no) = (k.select(above, one, zero), k.select(below, one, zero));
    let yes = k.compare(Compare::Less, half, t);
    (k.select(yes, if_yes, if_no), zero)
}

/// `max(s, 0) − s t + ln(1 + z)` and `σ(s) − t`, with `z = e^−|s|`, `σ(s) = (s < 0 ? z : 1) / (1 + z)`.
fn sigmoid_loss(k: &mut KernelBuilder<'_>, lanes: Lanes, s: Value, t: Value) -> (Value, Value) {
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
