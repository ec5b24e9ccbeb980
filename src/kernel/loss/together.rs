//! Losses that judge all outputs of an image together: those of exclusive classes.

use cranelift::prelude::Value;

use super::{Label, Row, label_index};
use crate::desc::Compare;
use crate::kernel::builder::{KernelBuilder, Lanes, Reduction};
use crate::kernel::math;
use crate::kernel::softmax::{each, fold_row, row_exponentials, row_max};
use crate::tensor::Element;

/// Cross-entropy of the softmax.
pub(super) fn emit_softmax(k: &mut KernelBuilder<'_>, row: &Row) -> Value {
    let largest = row_max(k, row.desc.classes, row.scores);
    let sum = row_exponentials(k, row.desc.classes, row.scores, largest, row.grad);
    match row.label {
        // 0 and 1 need no sums over targets
        Label::Index(label) if row.desc.smoothing == 0 => of_class(k, row, [largest, sum], label),
        Label::Index(_) | Label::Numbers(_) => of_targets(k, row, [largest, sum]),
    }
}

/// `ln Σ eˢ − s[label]` of a row whose largest score and sum of exponentials (above the largest) are known.
fn of_class(k: &mut KernelBuilder<'_>, row: &Row, [largest, sum]: [Value; 2], label: Value) -> Value {
    let label = label_index(k, label, row.desc.classes);
    // gradients first: exponentials, which stand in their place, are good for that alone
    if let Some(grad) = row.grad {
        let factor = k.div(row.scale, sum);
        each(k, row.desc.classes, &mut |k, lanes, at| {
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
    let score = row.scores(k, Lanes::One, label);
    let log = math::log(k, sum);
    let distance = k.sub(largest, score);
    k.add(log, distance)
}

/// `Σ t · ln Σ eˢ − Σ t s`, likewise.
fn of_targets(k: &mut KernelBuilder<'_>, row: &Row, [largest, sum]: [Value; 2]) -> Value {
    let classes = row.desc.classes;
    let total = fold_row(k, classes, Reduction::Sum, &mut |k, lanes, at, total| {
        let t = row.targets(k, lanes, at);
        k.add(total, t)
    });
    let distance = fold_row(k, classes, Reduction::Sum, &mut |k, lanes, at, distance| {
        let (t, s) = (row.targets(k, lanes, at), row.scores(k, lanes, at));
        let largest = k.splat(lanes, largest);
        let below = k.sub(largest, s);
        k.mul_add(t, below, distance)
    });
    if let Some(grad) = row.grad {
        let factor = k.div(row.scale, sum);
        let factor = k.mul(factor, total);
        each(k, classes, &mut |k, lanes, at| {
            let (to, t) = (k.at(Element::F32, grad, at), row.targets(k, lanes, at));
            let e = k.load(lanes, to, 0);
            let (factor, scale) = (k.splat(lanes, factor), k.splat(lanes, row.scale));
            let (share, wanted) = (k.mul(e, factor), k.mul(t, scale));
            let slope = k.sub(share, wanted);
            k.store(slope, to, 0);
        });
    }
    let log = math::log(k, sum);
    k.mul_add(log, total, distance)
}

/// `max(0, 1 + max (1 − t) s − Σ t s)`.
pub(super) fn emit_margin(k: &mut KernelBuilder<'_>, row: &Row) -> Value {
    let classes = row.desc.classes;
    let of_others = |k: &mut KernelBuilder<'_>, lanes: Lanes, at: Value| {
        let (t, s, one) = (row.targets(k, lanes, at), row.scores(k, lanes, at), k.f32(lanes, 1.0));
        let rest = k.sub(one, t);
        (k.mul(rest, s), rest)
    };
    let own = fold_row(k, classes, Reduction::Sum, &mut |k, lanes, at, own| {
        let (t, s) = (row.targets(k, lanes, at), row.scores(k, lanes, at));
        k.mul_add(t, s, own)
    });
    let largest = fold_row(k, classes, Reduction::Max, &mut |k, lanes, at, largest| {
        let (other, _) = of_others(k, lanes, at);
        k.max(other, largest)
    });
    let (zero, one) = (k.f32(Lanes::One, 0.0), k.f32(Lanes::One, 1.0));
    let ahead = k.sub(largest, own);
    let distance = k.add(one, ahead);
    if let Some(grad) = row.grad {
        let counts = k.compare(Compare::Less, zero, distance);
        let scale = k.select(counts, row.scale, zero);
        let equals = fold_row(k, classes, Reduction::Sum, &mut |k, lanes, at, equals| {
            let (other, _) = of_others(k, lanes, at);
            let found = is_largest(k, lanes, other, largest);
            k.add(equals, found)
        });
        let share = k.div(scale, equals);
        each(k, classes, &mut |k, lanes, at| {
            let (other, rest) = of_others(k, lanes, at);
            let found = is_largest(k, lanes, other, largest);
            let (t, share, scale) = (row.targets(k, lanes, at), k.splat(lanes, share), k.splat(lanes, scale));
            let pushed = k.mul(found, rest);
            let pushed = k.mul(pushed, share);
            let pulled = k.mul(t, scale);
            let (slope, to) = (k.sub(pushed, pulled), k.at(Element::F32, grad, at));
            k.store(slope, to, 0);
        });
    }
    // a score that is no number gives a loss that is none
    k.max(zero, distance)
}

/// 1 where a number is the largest, else 0.
fn is_largest(k: &mut KernelBuilder<'_>, lanes: Lanes, number: Value, largest: Value) -> Value {
    let (zero, one, largest) = (k.f32(lanes, 0.0), k.f32(lanes, 1.0), k.splat(lanes, largest));
    let equal = k.compare(Compare::Equal, number, largest);
    k.select(equal, one, zero)
}
