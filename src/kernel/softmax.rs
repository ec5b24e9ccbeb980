//! Softmax and its gradient. See [`SoftmaxDesc`].

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes, Reduction};
use super::code::{BuildError, Effort, KernelFunction};
use super::math;
use crate::desc::SoftmaxDesc;
use crate::tensor::Element;

/// Code of a softmax.
pub(super) fn build(desc: &SoftmaxDesc) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        let pointers = if desc.grad { vec![k.arg(0), k.arg(1), k.arg(2)] } else { vec![k.arg(0), k.arg(1)] };
        let count = k.count();
        let rows = k.index_scale(count, desc.pixels);
        k.for_range(rows, |k, row| {
            let offset = k.index_scale(row, desc.channels);
            let at: Vec<Value> =
                pointers.iter().map(|&pointer| k.at(Element::F32, pointer, offset)).collect();
            match at[..] {
                [y, dy, dx] => emit_gradient(k, desc.channels, [y, dy, dx]),
                [x, y, ..] => emit_forward(k, desc.channels, x, y),
                _ => {}
            }
        });
        Ok(())
    })
}

fn emit_forward(k: &mut KernelBuilder<'_>, channels: usize, x: Value, y: Value) {
    let largest = row_max(k, channels, x);
    let sum = row_exponentials(k, channels, x, largest, Some(y));
    let one = k.f32(Lanes::One, 1.0);
    let share = k.div(one, sum);
    each(k, channels, &mut |k, lanes, at| {
        let to = k.at(Element::F32, y, at);
        let (value, share) = (k.load(lanes, to, 0), k.splat(lanes, share));
        let value = k.mul(value, share);
        k.store(value, to, 0);
    });
}

fn emit_gradient(k: &mut KernelBuilder<'_>, channels: usize, pointers: [Value; 3]) {
    let [y, dy, dx] = pointers;
    let dot = fold_row(k, channels, Reduction::Sum, &mut |k, lanes, at, sum| {
        let (y, dy) = (k.at(Element::F32, y, at), k.at(Element::F32, dy, at));
        let (y, dy) = (k.load(lanes, y, 0), k.load(lanes, dy, 0));
        k.mul_add(y, dy, sum)
    });
    each(k, channels, &mut |k, lanes, at| {
        let [y, dy, dx] = [y, dy, dx].map(|pointer| k.at(Element::F32, pointer, at));
        let (y, dy, dot) = (k.load(lanes, y, 0), k.load(lanes, dy, 0), k.splat(lanes, dot));
        let rest = k.sub(dy, dot);
        let value = k.mul(y, rest);
        k.store(value, dx, 0);
    });
}

/// Visits a row, vectors first.
pub(super) fn each(
    k: &mut KernelBuilder<'_>,
    channels: usize,
    body: &mut dyn FnMut(&mut KernelBuilder<'_>, Lanes, Value),
) {
    k.for_channels(channels, 1, &mut |k, lanes, _, at| body(k, lanes, at));
}

/// Folds a row: the vectors by lane, those to one number, then the rest one by one; vectors and rest are
/// joined last.
pub(super) fn fold_row(
    k: &mut KernelBuilder<'_>,
    channels: usize,
    reduction: Reduction,
    body: &mut dyn FnMut(&mut KernelBuilder<'_>, Lanes, Value, Value) -> Value,
) -> Value {
    let vectors_end = channels / 4 * 4;
    let (vector, scalar) = (reduction.start(k, Lanes::Four), reduction.start(k, Lanes::One));
    let lanes =
        k.fold_steps(0, vectors_end, 4, &[vector], |k, at, value| vec![body(k, Lanes::Four, at, value[0])]);
    let rest = k.fold_steps(vectors_end, channels, 1, &[scalar], |k, at, value| {
        vec![body(k, Lanes::One, at, value[0])]
    });
    let lanes = reduction.join_lanes(k, lanes[0]);
    reduction.join(k, lanes, rest[0])
}

/// The largest of a row.
pub(super) fn row_max(k: &mut KernelBuilder<'_>, channels: usize, x: Value) -> Value {
    fold_row(k, channels, Reduction::Max, &mut |k, lanes, at, best| {
        let x = k.at(Element::F32, x, at);
        let x = k.load(lanes, x, 0);
        k.max(x, best)
    })
}

/// `Σ e^(x − largest)`, its terms stored at `to` if asked.
pub(super) fn row_exponentials(
    k: &mut KernelBuilder<'_>,
    channels: usize,
    x: Value,
    largest: Value,
    to: Option<Value>,
) -> Value {
    fold_row(k, channels, Reduction::Sum, &mut |k, lanes, at, sum| {
        let (x, largest) = (k.at(Element::F32, x, at), k.splat(lanes, largest));
        let x = k.load(lanes, x, 0);
        let shifted = k.sub(x, largest);
        let e = math::exp(k, shifted);
        if let Some(to) = to {
            let to = k.at(Element::F32, to, at);
            k.store(e, to, 0);
        }
        k.add(sum, e)
    })
}
