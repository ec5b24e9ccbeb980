//! Losses that judge all outputs of an image together: those of exclusive classes.

use cranelift::prelude::Value;

use super::{Label, Row, label_index};
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
