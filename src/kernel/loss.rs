//! Losses with their gradients, and whether the true class is among the best. See [`LossDesc`] and [`TopKDesc`].
//!
//! A label outside of the classes counts as the last one, so that no kernel reads outside of its scores.

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes, Reduction};
use super::code::{BuildError, Effort, KernelFunction};
use super::desc::{Compare, LossDesc, LossKind, Targets, TopKDesc};
use super::math;
use super::softmax::{each, fold_row, row_exponentials, row_max};
use crate::tensor::Element;

/// Code of a loss.
pub(super) fn build(desc: &LossDesc) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        let [scores, labels, scale, loss] = [0, 1, 2, 3].map(|i| k.arg(i));
        let grad = desc.grad.then(|| k.arg(4));
        let scale = k.load(Lanes::One, scale, 0);
        let count = k.count();
        k.for_range(count, |k, n| {
            let offset = k.index_scale(n, desc.classes);
            let row = Row {
                scores: k.at(Element::F32, scores, offset),
                grad: grad.map(|grad| k.at(Element::F32, grad, offset)),
                label: match desc.targets {
                    Targets::Index => Label::Index(load_label(k, labels, n)),
                    Targets::Numbers => Label::Numbers(k.at(Element::F32, labels, offset)),
                },
                scale,
            };
            let value = match desc.kind {
                LossKind::SoftmaxCrossEntropy => emit_softmax(k, desc.classes, &row),
                LossKind::SigmoidCrossEntropy
                | LossKind::MeanSquaredError
                | LossKind::MeanAbsoluteError
                | LossKind::Huber { .. }
                | LossKind::Decisions { .. } => emit_each(k, desc, &row),
            };
            let to = k.at(Element::F32, loss, n);
            k.store(value, to, 0);
        });
        Ok(())
    })
}

/// One image's scores.
struct Row {
    scores: Value,
    grad: Option<Value>,
    label: Label,
    /// Factor of the gradient.
    scale: Value,
}

/// One image's label.
#[derive(Debug, Clone, Copy)]
enum Label {
    /// An i32.
    Index(Value),
    /// Where its numbers are, one for each score.
    Numbers(Value),
}

fn load_label(k: &mut KernelBuilder<'_>, labels: Value, n: Value) -> Value {
    let label = k.at(Element::I32, labels, n);
    k.load_i32(Lanes::One, label, 0)
}

/// The label as an index below `classes`.
fn label_index(k: &mut KernelBuilder<'_>, label: Value, classes: usize) -> Value {
    let last = k.i32(Lanes::One, u32::try_from(classes - 1).expect("classes are few"));
    let label = k.min_u32(label, last);
    k.index_from(label)
}

fn emit_softmax(k: &mut KernelBuilder<'_>, classes: usize, row: &Row) -> Value {
    let largest = row_max(k, classes, row.scores);
    let sum = row_exponentials(k, classes, row.scores, largest, row.grad);
    match row.label {
        Label::Index(label) => softmax_of_class(k, classes, row, [largest, sum], label),
        Label::Numbers(targets) => softmax_of_numbers(k, classes, row, [largest, sum], targets),
    }
}

/// `ln Σ eˢ − s[label]` of a row whose largest score and sum of exponentials (above the largest) are known.
fn softmax_of_class(
    k: &mut KernelBuilder<'_>,
    classes: usize,
    row: &Row,
    [largest, sum]: [Value; 2],
    label: Value,
) -> Value {
    let label = label_index(k, label, classes);
    // gradients first: exponentials, which stand in their place, are good for that alone
    if let Some(grad) = row.grad {
        let factor = k.div(row.scale, sum);
        each(k, classes, &mut |k, lanes, at| {
            let to = k.at(Element::F32, grad, at);
            let (e, factor) = (k.load(lanes, to, 0), k.splat(lanes, factor));
            let share = k.mul(e, factor);
            k.store(share, to, 0);
        });
        let to = k.at(Element::F32, grad, label);
        let share = k.load(Lanes::One, to, 0);
        let rest = k.sub(share, row.scale);
        k.store(rest, to, 0);
    }
    let score = k.at(Element::F32, row.scores, label);
    let score = k.load(Lanes::One, score, 0);
    let log = math::log(k, sum);
    let distance = k.sub(largest, score);
    k.add(log, distance)
}

/// `Σ t · ln Σ eˢ − Σ t s`, likewise.
fn softmax_of_numbers(
    k: &mut KernelBuilder<'_>,
    classes: usize,
    row: &Row,
    [largest, sum]: [Value; 2],
    targets: Value,
) -> Value {
    let total = fold_row(k, classes, Reduction::Sum, &mut |k, lanes, at, total| {
        let t = k.at(Element::F32, targets, at);
        let t = k.load(lanes, t, 0);
        k.add(total, t)
    });
    let distance = fold_row(k, classes, Reduction::Sum, &mut |k, lanes, at, distance| {
        let (t, s) = (k.at(Element::F32, targets, at), k.at(Element::F32, row.scores, at));
        let (t, s, largest) = (k.load(lanes, t, 0), k.load(lanes, s, 0), k.splat(lanes, largest));
        let below = k.sub(largest, s);
        k.mul_add(t, below, distance)
    });
    if let Some(grad) = row.grad {
        let factor = k.div(row.scale, sum);
        let factor = k.mul(factor, total);
        each(k, classes, &mut |k, lanes, at| {
            let (to, t) = (k.at(Element::F32, grad, at), k.at(Element::F32, targets, at));
            let (e, t) = (k.load(lanes, to, 0), k.load(lanes, t, 0));
            let (factor, scale) = (k.splat(lanes, factor), k.splat(lanes, row.scale));
            let (share, wanted) = (k.mul(e, factor), k.mul(t, scale));
            let slope = k.sub(share, wanted);
            k.store(slope, to, 0);
        });
    }
    let log = math::log(k, sum);
    k.mul_add(log, total, distance)
}

/// Losses that judge each output by itself: their mean.
fn emit_each(k: &mut KernelBuilder<'_>, desc: &LossDesc, row: &Row) -> Value {
    let share = k.f32(Lanes::One, 1.0 / desc.classes as f32);
    let factor = k.mul(row.scale, share);
    let sum = fold_row(k, desc.classes, Reduction::Sum, &mut |k, lanes, at, sum| {
        let target = match row.label {
            Label::Index(label) => target(k, desc.classes, lanes, label, at),
            Label::Numbers(targets) => {
                let from = k.at(Element::F32, targets, at);
                k.load(lanes, from, 0)
            }
        };
        let s = k.at(Element::F32, row.scores, at);
        let s = k.load(lanes, s, 0);
        let (loss, slope) = match desc.kind {
            LossKind::MeanSquaredError => {
                let difference = k.sub(s, target);
                (k.mul(difference, difference), k.add(difference, difference))
            }
            LossKind::SigmoidCrossEntropy | LossKind::SoftmaxCrossEntropy => sigmoid_loss(k, lanes, s, target),
            LossKind::MeanAbsoluteError => absolute_loss(k, lanes, s, target),
            LossKind::Huber { delta } => huber_loss(k, lanes, f32::from_bits(delta), s, target),
            LossKind::Decisions { threshold } => decision(k, lanes, f32::from_bits(threshold), s, target),
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

/// The label itself for one output, else 1 at the label's place.
fn target(k: &mut KernelBuilder<'_>, classes: usize, lanes: Lanes, label: Value, at: Value) -> Value {
    if classes == 1 {
        return k.int_to_float(label);
    }
    let (first, label) = (k.low_bits(at), k.splat(lanes, label));
    let (first, numbers) = (k.splat(lanes, first), k.lane_numbers(lanes));
    let index = k.add_i32(first, numbers);
    let is_label = k.equal_i32(index, label);
    let (one, zero) = (k.f32(lanes, 1.0), k.f32(lanes, 0.0));
    k.select(is_label, one, zero)
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

/// Code of the metric.
pub(super) fn build_top_k(desc: &TopKDesc) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        let [scores, labels, correct] = [0, 1, 2].map(|i| k.arg(i));
        let count = k.count();
        k.for_range(count, |k, n| {
            let offset = k.index_scale(n, desc.classes);
            let scores = k.at(Element::F32, scores, offset);
            let label = load_label(k, labels, n);
            let value = if desc.classes == 1 && desc.k == 1 {
                emit_decision(k, desc, scores, label)
            } else {
                emit_rank(k, desc, scores, label)
            };
            let to = k.at(Element::F32, correct, n);
            k.store(value, to, 0);
        });
        Ok(())
    })
}

/// 1 where `(s > threshold) = (label = 1)`.
fn emit_decision(k: &mut KernelBuilder<'_>, desc: &TopKDesc, scores: Value, label: Value) -> Value {
    let (zero, one) = (k.f32(Lanes::One, 0.0), k.f32(Lanes::One, 1.0));
    let (threshold, yes) = (k.f32(Lanes::One, f32::from_bits(desc.threshold)), k.i32(Lanes::One, 1));
    let s = k.load(Lanes::One, scores, 0);
    let above = k.compare(Compare::Less, threshold, s);
    // false for NaN too
    let below = k.compare(Compare::LessEqual, s, threshold);
    let (if_one, if_zero) = (k.select(above, one, zero), k.select(below, one, zero));
    let is_one = k.equal_i32(label, yes);
    k.select(is_one, if_one, if_zero)
}

/// 1 where fewer than `k` other scores stand before the label's.
fn emit_rank(k: &mut KernelBuilder<'_>, desc: &TopKDesc, scores: Value, label: Value) -> Value {
    let index = label_index(k, label, desc.classes);
    let own = k.at(Element::F32, scores, index);
    let own = k.load(Lanes::One, own, 0);
    let index = k.low_bits(index);
    let before = fold_row(k, desc.classes, Reduction::Sum, &mut |k, lanes, at, sum| {
        let (zero, one) = (k.f32(lanes, 0.0), k.f32(lanes, 1.0));
        let score = k.at(Element::F32, scores, at);
        let (score, own) = (k.load(lanes, score, 0), k.splat(lanes, own));
        let (first, numbers) = (k.low_bits(at), k.lane_numbers(lanes));
        let first = k.splat(lanes, first);
        let (place, index) = (k.add_i32(first, numbers), k.splat(lanes, index));
        let larger = k.compare(Compare::Less, own, score);
        let equal = k.compare(Compare::Equal, own, score);
        let earlier = k.less_i32(place, index);
        let tie = k.select(earlier, one, zero);
        let tie = k.select(equal, tie, zero);
        let more = k.select(larger, one, tie);
        k.add(sum, more)
    });
    let (zero, one) = (k.f32(Lanes::One, 0.0), k.f32(Lanes::One, 1.0));
    let limit = k.f32(Lanes::One, desc.k as f32);
    let few = k.compare(Compare::Less, before, limit);
    let right = k.select(few, one, zero);
    // NaN is not equal to itself
    let number = k.compare(Compare::Equal, own, own);
    k.select(number, right, zero)
}
