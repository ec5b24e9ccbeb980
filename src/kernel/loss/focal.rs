//! Cross-entropies that count sure answers little.

use cranelift::prelude::Value;

use super::{Row, each};
use crate::desc::Compare;
use crate::kernel::builder::{KernelBuilder, Lanes, Reduction};
use crate::kernel::math;
use crate::kernel::softmax::{each as each_of_row, fold_row, row_exponentials, row_max};
use crate::tensor::Element;

/// An answer is never taken to be nearer to its target than this: Keras's epsilon.
const NEAREST: f32 = 1e-7;

/// How little, and how much all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Focal {
    gamma: f32,
    alpha: f32,
}

impl Focal {
    pub(super) fn of(gamma: u32, alpha: u32) -> Self {
        Self { gamma: f32::from_bits(gamma), alpha: f32::from_bits(alpha) }
    }

    /// `u^γ` and `γ u^(γ − 1)`.
    fn weight_and_slope(self, k: &mut KernelBuilder<'_>, u: Value) -> (Value, Value) {
        let lanes = k.lanes_of(u);
        let nearest = k.f32(lanes, NEAREST);
        let u = k.max(nearest, u);
        let (weight, below) = (power(k, u, self.gamma), power(k, u, self.gamma - 1.0));
        let gamma = k.f32(lanes, self.gamma);
        (weight, k.mul(gamma, below))
    }
}

/// `u^e` of a positive u: squares and the like multiplied out, else `e^(e ln u)`.
fn power(k: &mut KernelBuilder<'_>, u: Value, exponent: f32) -> Value {
    let lanes = k.lanes_of(u);
    if exponent.fract() == 0.0 && (0.0..=4.0).contains(&exponent) {
        let one = k.f32(lanes, 1.0);
        return (0..exponent as usize).fold(one, |product, _| k.mul(product, u));
    }
    let (log, exponent) = (math::log(k, u), k.f32(lanes, exponent));
    let product = k.mul(exponent, log);
    math::exp(k, product)
}

/// `Σ t g(p)` with p the softmax and `g(p) = −α (1 − p)^γ ln p`; gradient `h − p Σ h`, `h = t p g′(p)`.
pub(super) fn emit_softmax(k: &mut KernelBuilder<'_>, row: &Row, focal: Focal) -> Value {
    let classes = row.desc.classes;
    let largest = row_max(k, classes, row.scores);
    let sum = row_exponentials(k, classes, row.scores, largest, None);
    let log_sum = math::log(k, sum);
    // t α, ln p and p
    let parts = |k: &mut KernelBuilder<'_>, lanes: Lanes, at: Value| {
        let (t, s, alpha) = (row.targets(k, lanes, at), row.scores(k, lanes, at), k.f32(lanes, focal.alpha));
        let (largest, log_sum) = (k.splat(lanes, largest), k.splat(lanes, log_sum));
        // in two steps: where p counts, the first is small
        let below = k.sub(s, largest);
        let log = k.sub(below, log_sum);
        (k.mul(t, alpha), log, math::exp(k, log))
    };
    let loss = fold_row(k, classes, Reduction::Sum, &mut |k, lanes, at, loss| {
        let ((t, log, p), one) = (parts(k, lanes, at), k.f32(lanes, 1.0));
        let rest = k.sub(one, p);
        let (weight, _) = focal.weight_and_slope(k, rest);
        let (counted, negated) = (k.mul(t, weight), k.neg(log));
        k.mul_add(counted, negated, loss)
    });
    if let Some(grad) = row.grad {
        let total = fold_row(k, classes, Reduction::Sum, &mut |k, lanes, at, total| {
            let ((t, log, p), one) = (parts(k, lanes, at), k.f32(lanes, 1.0));
            let rest = k.sub(one, p);
            let (weight, slope) = focal.weight_and_slope(k, rest);
            // p g′(p) = α (γ (1 − p)^(γ−1) p ln p − (1 − p)^γ)
            let product = k.mul(p, log);
            let product = k.mul(slope, product);
            let slope = k.sub(product, weight);
            let (h, to) = (k.mul(t, slope), k.at(Element::F32, grad, at));
            k.store(h, to, 0);
            k.add(total, h)
        });
        each_of_row(k, classes, &mut |k, lanes, at| {
            let ((_, _, p), to) = (parts(k, lanes, at), k.at(Element::F32, grad, at));
            let (h, total, scale) = (k.load(lanes, to, 0), k.splat(lanes, total), k.splat(lanes, row.scale));
            let share = k.mul(p, total);
            let slope = k.sub(h, share);
            let slope = k.mul(slope, scale);
            k.store(slope, to, 0);
        });
    }
    loss
}

/// `w u^γ c` and its slope, for each output by itself; c is the cross-entropy, `u = t + p − 2 t p`, `w = t α
/// + (1 − t)(1 − α)`.
pub(super) fn sigmoid_loss(k: &mut KernelBuilder<'_>, focal: Focal, s: Value, t: Value) -> (Value, Value) {
    let lanes = k.lanes_of(s);
    let (cross, difference) = each::sigmoid_loss(k, s, t);
    let (one, two, zero) = (k.f32(lanes, 1.0), k.f32(lanes, 2.0), k.f32(lanes, 0.0));
    // σ of −|s|, so that neither p nor 1 − p loses digits
    let (magnitude, negated) = (k.abs(s), k.neg(s));
    let below = k.neg(magnitude);
    let z = math::exp(k, below);
    let above = k.add(one, z);
    let (small, large) = (k.div(z, above), k.div(one, above));
    let negative = k.compare(Compare::Less, s, zero);
    let positive = k.compare(Compare::Less, negated, zero);
    let p = k.select(negative, small, large);
    let rest = k.select(positive, small, large);
    // u = t (1 − p) + (1 − t) p
    let other = k.sub(one, t);
    let (wrong, u) = (k.mul(other, p), k.mul(t, rest));
    let u = k.add(wrong, u);
    let (power, slope) = focal.weight_and_slope(k, u);
    let (alpha, beside) = (k.f32(lanes, focal.alpha), k.f32(lanes, 1.0 - focal.alpha));
    let beside = k.mul(other, beside);
    let weight = k.mul_add(t, alpha, beside);
    let counted = k.mul(power, cross);
    let loss = k.mul(weight, counted);
    // γ u^(γ−1) (1 − 2t) p (1 − p) c + u^γ (p − t)
    let twice = k.mul(two, t);
    let direction = k.sub(one, twice);
    let (spread, moved) = (k.mul(p, rest), k.mul(slope, cross));
    let spread = k.mul(spread, direction);
    let kept = k.mul(power, difference);
    let slope = k.mul_add(moved, spread, kept);
    (loss, k.mul(weight, slope))
}
