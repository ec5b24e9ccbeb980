//! Whether the true class is among the best. See [`TopKDesc`].

use cranelift::prelude::Value;

use super::{label_index, load_label};
use crate::desc::{Compare, Targets, TopKDesc};
use crate::kernel::builder::{KernelBuilder, Lanes, Reduction};
use crate::kernel::code::{BuildError, Effort, KernelFunction};
use crate::kernel::softmax::{fold_row, row_max};
use crate::tensor::Element;

/// Code of the metric.
pub(in crate::kernel) fn build_top_k(desc: &TopKDesc) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        let [scores, labels, correct] = [0, 1, 2].map(|i| k.arg(i));
        let count = k.count();
        k.for_range(count, |k, n| {
            let offset = k.index_scale(n, desc.classes);
            let scores = k.at(Element::F32, scores, offset);
            let label = match desc.targets {
                Targets::Index => load_label(k, labels, n),
                Targets::Numbers => {
                    let shares = k.at(Element::F32, labels, offset);
                    emit_largest(k, desc, shares)
                }
            };
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

/// The class with the largest share, the first where several are; of one output 1 where it is above ½, else
/// 0.
fn emit_largest(k: &mut KernelBuilder<'_>, desc: &TopKDesc, shares: Value) -> Value {
    if desc.classes == 1 {
        let (half, share) = (k.f32(Lanes::One, 0.5), k.load(Lanes::One, shares, 0));
        let (yes, no) = (k.i32(Lanes::One, 1), k.i32(Lanes::One, 0));
        let above = k.compare(Compare::Less, half, share);
        return k.select(above, yes, no);
    }
    let largest = row_max(k, desc.classes, shares);
    // the smallest place is the largest of the negative ones
    let place = fold_row(k, desc.classes, Reduction::Max, &mut |k, lanes, at, best| {
        let share = k.at(Element::F32, shares, at);
        let (share, largest) = (k.load(lanes, share, 0), k.splat(lanes, largest));
        let (first, numbers) = (k.low_bits(at), k.lane_numbers(lanes));
        let first = k.splat(lanes, first);
        let place = k.add_i32(first, numbers);
        let place = k.int_to_float(place);
        let (place, none) = (k.neg(place), k.f32(lanes, f32::NEG_INFINITY));
        let is_largest = k.compare(Compare::Equal, share, largest);
        let place = k.select(is_largest, place, none);
        k.max(place, best)
    });
    let place = k.neg(place);
    k.truncated(place)
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
