//! Normalisation over the channels, and its gradient. See [`ChannelNormDesc`].

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes, Reduction};
use super::code::{BuildError, Effort, KernelFunction};
use super::softmax::{each, fold_row};
use crate::desc::ChannelNormDesc;
use crate::tensor::Element;

/// Code of a normalisation over the channels.
pub(super) fn build(desc: &ChannelNormDesc) -> Result<KernelFunction, BuildError> {
    KernelBuilder::build(Effort::Speed, |k| {
        let pointers = if desc.grad { vec![k.arg(0), k.arg(1), k.arg(2)] } else { vec![k.arg(0), k.arg(1)] };
        let count = k.count();
        let rows = k.index_scale(count, desc.pixels);
        k.for_range(rows, |k, row| {
            let offset = k.index_scale(row, desc.channels);
            let at: Vec<Value> =
                pointers.iter().map(|&pointer| k.at(Element::F32, pointer, offset)).collect();
            match at[..] {
                [x, dy, dx] => emit_gradient(k, desc, [x, dy, dx]),
                [x, y, ..] => emit_forward(k, desc, x, y),
                _ => {}
            }
        });
        Ok(())
    })
}

/// Mean of the row and `1 / √(σ² + ε)`, in two passes.
fn statistics(k: &mut KernelBuilder<'_>, desc: &ChannelNormDesc, x: Value) -> (Value, Value) {
    let share = k.f32(Lanes::One, 1.0 / desc.channels as f32);
    let sum = fold_row(k, desc.channels, Reduction::Sum, &mut |k, lanes, at, sum| {
        let x = k.at(Element::F32, x, at);
        let x = k.load(lanes, x, 0);
        k.add(sum, x)
    });
    let mean = k.mul(sum, share);
    let squares = fold_row(k, desc.channels, Reduction::Sum, &mut |k, lanes, at, sum| {
        let centred = centred(k, lanes, x, at, mean);
        k.mul_add(centred, centred, sum)
    });
    let variance = k.mul(squares, share);
    let (epsilon, one) = (k.f32(Lanes::One, f32::from_bits(desc.epsilon)), k.f32(Lanes::One, 1.0));
    let raised = k.add(variance, epsilon);
    let deviation = k.sqrt(raised);
    (mean, k.div(one, deviation))
}

/// `x − mean` at some channels.
fn centred(k: &mut KernelBuilder<'_>, lanes: Lanes, x: Value, at: Value, mean: Value) -> Value {
    let x = k.at(Element::F32, x, at);
    let (x, mean) = (k.load(lanes, x, 0), k.splat(lanes, mean));
    k.sub(x, mean)
}

fn emit_forward(k: &mut KernelBuilder<'_>, desc: &ChannelNormDesc, x: Value, y: Value) {
    let (mean, r) = statistics(k, desc, x);
    each(k, desc.channels, &mut |k, lanes, at| {
        let centred = centred(k, lanes, x, at, mean);
        let (r, to) = (k.splat(lanes, r), k.at(Element::F32, y, at));
        let value = k.mul(centred, r);
        k.store(value, to, 0);
    });
}

fn emit_gradient(k: &mut KernelBuilder<'_>, desc: &ChannelNormDesc, pointers: [Value; 3]) {
    let [x, dy, dx] = pointers;
    let (mean, r) = statistics(k, desc, x);
    let share = k.f32(Lanes::One, 1.0 / desc.channels as f32);
    let sum = fold_row(k, desc.channels, Reduction::Sum, &mut |k, lanes, at, sum| {
        let dy = k.at(Element::F32, dy, at);
        let dy = k.load(lanes, dy, 0);
        k.add(sum, dy)
    });
    let product = fold_row(k, desc.channels, Reduction::Sum, &mut |k, lanes, at, sum| {
        let centred = centred(k, lanes, x, at, mean);
        let dy = k.at(Element::F32, dy, at);
        let dy = k.load(lanes, dy, 0);
        k.mul_add(dy, centred, sum)
    });
    // mean(dy), and mean(dy · y) · r, as y = (x − mean) · r
    let mean_dy = k.mul(sum, share);
    let mean_product = k.mul(product, share);
    let square = k.mul(r, r);
    let along = k.mul(mean_product, square);
    each(k, desc.channels, &mut |k, lanes, at| {
        let centred = centred(k, lanes, x, at, mean);
        let [mean_dy, along, r] = [mean_dy, along, r].map(|value| k.splat(lanes, value));
        let from = k.at(Element::F32, dy, at);
        let dy = k.load(lanes, from, 0);
        let less = k.sub(dy, mean_dy);
        let part = k.mul(centred, along);
        let inner = k.sub(less, part);
        let (value, to) = (k.mul(inner, r), k.at(Element::F32, dx, at));
        k.store(value, to, 0);
    });
}
