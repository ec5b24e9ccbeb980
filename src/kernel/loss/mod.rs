//! Losses with their gradients, and whether the true class is among the best. See [`LossDesc`] and
//! [`crate::desc::TopKDesc`].
//!
//! A label outside of the classes counts as the last one, so that no kernel reads outside of its scores.

mod each;
mod focal;
mod together;
mod top_k;

use cranelift::prelude::Value;

pub(super) use top_k::build_top_k;

use focal::Focal;

use super::builder::{KernelBuilder, Lanes};
use super::code::{BuildError, Effort, KernelFunction};
use crate::desc::{LossDesc, LossKind, Targets};
use crate::tensor::Element;

/// Code of a loss.
pub(super) fn build(desc: &LossDesc) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        let [scores, labels, scale] = [0, 1, 2].map(|i| k.arg(i));
        let weights = desc.weighted.then(|| k.arg(3));
        let results = if desc.weighted { 4 } else { 3 };
        let loss = k.arg(results);
        let grad = desc.grad.then(|| k.arg(results + 1));
        let scale = k.load(Lanes::One, scale, 0);
        let count = k.count();
        k.for_range(count, |k, n| {
            let offset = k.index_scale(n, desc.classes);
            let weight = weights.map(|weights| {
                let weight = k.at(Element::F32, weights, n);
                k.load(Lanes::One, weight, 0)
            });
            let row = Row {
                desc: *desc,
                scores: k.at(Element::F32, scores, offset),
                grad: grad.map(|grad| k.at(Element::F32, grad, offset)),
                label: match desc.targets {
                    Targets::Index => Label::Index(load_label(k, labels, n)),
                    Targets::Numbers => Label::Numbers(k.at(Element::F32, labels, offset)),
                },
                scale: weight.map_or(scale, |weight| k.mul(scale, weight)),
            };
            let value = match desc.kind {
                LossKind::SoftmaxCrossEntropy => together::emit_softmax(k, &row),
                LossKind::SoftmaxFocal { gamma, alpha } => {
                    focal::emit_softmax(k, &row, Focal::of(gamma, alpha))
                }
                LossKind::LargestMargin => together::emit_margin(k, &row),
                LossKind::SigmoidCrossEntropy => each::emit(k, &row, each::sigmoid_loss),
                LossKind::SigmoidFocal { gamma, alpha } => {
                    let focal = Focal::of(gamma, alpha);
                    each::emit(k, &row, |k, s, t| focal::sigmoid_loss(k, focal, s, t))
                }
                LossKind::MeanSquaredError => each::emit(k, &row, each::squared_loss),
                LossKind::MeanAbsoluteError => each::emit(k, &row, each::absolute_loss),
                LossKind::Huber { delta } => {
                    let delta = f32::from_bits(delta);
                    each::emit(k, &row, |k, s, t| each::huber_loss(k, delta, s, t))
                }
                LossKind::Margin => each::emit(k, &row, each::margin_loss),
                LossKind::Decisions { threshold } => {
                    let threshold = f32::from_bits(threshold);
                    each::emit(k, &row, |k, s, t| each::decision(k, threshold, s, t))
                }
            };
            let value = weight.map_or(value, |weight| k.mul(value, weight));
            let to = k.at(Element::F32, loss, n);
            k.store(value, to, 0);
        });
        Ok(())
    })
}

/// One image's scores.
struct Row {
    desc: LossDesc,
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

impl Row {
    /// The scores from `at` on.
    fn scores(&self, k: &mut KernelBuilder<'_>, lanes: Lanes, at: Value) -> Value {
        let from = k.at(Element::F32, self.scores, at);
        k.load(lanes, from, 0)
    }

    /// The targets of the outputs from `at` on, as [`Targets`] and [`LossDesc::smoothing`] say.
    fn targets(&self, k: &mut KernelBuilder<'_>, lanes: Lanes, at: Value) -> Value {
        let target = match self.label {
            Label::Numbers(targets) => {
                let from = k.at(Element::F32, targets, at);
                k.load(lanes, from, 0)
            }
            Label::Index(label) if self.desc.kind.judges_together() => {
                let label = last_if_outside(k, label, self.desc.classes);
                one_hot(k, lanes, label, at)
            }
            Label::Index(label) if self.desc.classes == 1 => k.int_to_float(label),
            Label::Index(label) => one_hot(k, lanes, label, at),
        };
        let share = f32::from_bits(self.desc.smoothing);
        if share == 0.0 {
            return target;
        }
        let alike = if self.desc.kind.judges_together() { 1.0 / self.desc.classes as f32 } else { 0.5 };
        let (kept, given) = (k.f32(lanes, 1.0 - share), k.f32(lanes, share * alike));
        k.mul_add(target, kept, given)
    }
}

fn load_label(k: &mut KernelBuilder<'_>, labels: Value, n: Value) -> Value {
    let label = k.at(Element::I32, labels, n);
    k.load_i32(Lanes::One, label, 0)
}

/// The label, or the last class where it is outside of them.
fn last_if_outside(k: &mut KernelBuilder<'_>, label: Value, classes: usize) -> Value {
    let last = k.i32(Lanes::One, u32::try_from(classes - 1).expect("classes are few"));
    k.min_u32(label, last)
}

/// The label as an index below `classes`.
fn label_index(k: &mut KernelBuilder<'_>, label: Value, classes: usize) -> Value {
    let label = last_if_outside(k, label, classes);
    k.index_from(label)
}

/// 1 at the label's place, 0 elsewhere.
fn one_hot(k: &mut KernelBuilder<'_>, lanes: Lanes, label: Value, at: Value) -> Value {
    let (first, label) = (k.low_bits(at), k.splat(lanes, label));
    let (first, numbers) = (k.splat(lanes, first), k.lane_numbers(lanes));
    let index = k.add_i32(first, numbers);
    let is_label = k.equal_i32(index, label);
    let (one, zero) = (k.f32(lanes, 1.0), k.f32(lanes, 0.0));
    k.select(is_label, one, zero)
}
