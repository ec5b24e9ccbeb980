//! Makes a convolution with one position a dense layer.
//! ```text
//! before: %2 = conv %1 [5x5x16], w [5x5x16x120]          after: %2 = reshape %1 [400] ; %3 = reshape w [400x120] ; %4 = dense %2, %3 ; %5 = reshape %4 [1x1x120]
//! ```
//! A window that is laid on its input once has no neighbours to share its weights with within a picture: the
//! pictures of the batch are what shares them, and a product over the whole batch, or many of its pictures,
//! reads them once. The same for both gradients. Needs a window without padding or groups whose taps lie side
//! by side; pixels that it leaves out are taken away first (`unpad`), and have no gradient (`pad`).
//!
//! Comes after the windows are cropped, and after fusion: followers that a convolution has taken up go along,
//! but for the sum of a residual block, which a dense layer does not know; it and what follows it become a
//! map again.

use std::collections::HashMap;

use super::Pass;
use crate::desc::TileActivation;
use crate::ir::{Graph, Value};
use crate::ops::{
    Conv, ConvGradInput, ConvGradWeight, Dense, DenseGradInput, DenseGradWeight, Map, Op, Pad, Unpad,
};
use crate::tensor::{Axis, Shape, Window};

pub(super) const PASS: Pass = Pass { name: "replace-pixel-convs", run };

fn run(graph: &mut Graph) -> usize {
    let mut rewrites = 0;
    // a picture that several products read, and weights that go forward and back, are reshaped once
    let mut flat: HashMap<(Value, Window), Value> = HashMap::new();
    graph.rebuild(|new, _, node, inputs| {
        let layer = node.layer.as_str();
        let result_shape = node.types[0].shape.clone();
        let result = match node.op {
            Op::Conv(Conv { window, groups: 1, epilogue }) if !epilogue.pool && is_laid_once(&window) => {
                let mut operands = inputs;
                let residual = if epilogue.residual { operands.pop() } else { None };
                operands[0] = pixels(new, &mut flat, operands[0], &window, layer);
                operands[1] = matrix(new, &mut flat, operands[1], &window, layer);
                let within = epilogue.activation.filter(|_| residual.is_none());
                let dense = Dense { bias: epilogue.bias, activation: within };
                let y = new.push_value(Op::Dense(dense), &operands, layer);
                let y = new.push_value(Op::Reshape(result_shape), &[y], layer);
                match residual {
                    None => y,
                    Some(residual) => {
                        new.push_value(Op::Map(sum(epilogue.activation)), &[y, residual], layer)
                    }
                }
            }
            Op::ConvGradInput(ConvGradInput { window, groups: 1 }) if is_laid_once(&window) => {
                let dy = vector(new, inputs[0], layer);
                let weight = matrix(new, &mut flat, inputs[1], &window, layer);
                let dx = new.push_value(Op::DenseGradInput(DenseGradInput), &[dy, weight], layer);
                let [height, width] = [window.y.kernel_size, window.x.kernel_size];
                let touched = Shape::image(height, width, result_shape.channels());
                let dx = new.push_value(Op::Reshape(touched), &[dx], layer);
                match left_out(&window) {
                    [0, 0, 0, 0] => dx,
                    amounts => new.push_value(Op::Pad(Pad { amounts }), &[dx], layer),
                }
            }
            Op::ConvGradWeight(ConvGradWeight { window, groups: 1 }) if is_laid_once(&window) => {
                let x = pixels(new, &mut flat, inputs[0], &window, layer);
                let dy = vector(new, inputs[1], layer);
                let dw = new.push_value(Op::DenseGradWeight(DenseGradWeight), &[x, dy], layer);
                new.push_value(Op::Reshape(result_shape), &[dw], layer)
            }
            _ => return new.keep(node, inputs),
        };
        rewrites += 1;
        vec![result]
    });
    rewrites
}

/// The sum of two feature maps, and what follows it.
fn sum(activation: Option<TileActivation>) -> Map {
    Map::single(|expr| {
        let (x, y) = (expr.input(0), expr.input(1));
        let sum = expr.add(x, y);
        activation.map_or(sum, |activation| activation.of(expr, sum))
    })
}

/// Whether the window has one position, and its taps there are a rectangle of pixels from the first on.
fn is_laid_once(window: &Window) -> bool {
    let once = |axis: &Axis| {
        axis.output == 1
            && axis.pad_before == 0
            && (axis.dilation == 1 || axis.kernel_size == 1)
            && axis.kernel_size <= axis.input
    };
    once(&window.y) && once(&window.x)
}

/// Pixels below and beside the window, `[top, bottom, left, right]`.
fn left_out(window: &Window) -> [usize; 4] {
    let after = |axis: &Axis| axis.input - axis.kernel_size;
    [0, after(&window.y), 0, after(&window.x)]
}

/// The pixels under the window as one vector.
fn pixels(
    graph: &mut Graph,
    flat: &mut HashMap<(Value, Window), Value>,
    x: Value,
    window: &Window,
    layer: &str,
) -> Value {
    *flat.entry((x, *window)).or_insert_with(|| {
        let under = match left_out(window) {
            [0, 0, 0, 0] => x,
            amounts => graph.push_value(Op::Unpad(Unpad { amounts }), &[x], layer),
        };
        vector(graph, under, layer)
    })
}

/// The weights as a matrix, a row for each tap and channel.
fn matrix(
    graph: &mut Graph,
    flat: &mut HashMap<(Value, Window), Value>,
    weight: Value,
    window: &Window,
    layer: &str,
) -> Value {
    *flat.entry((weight, *window)).or_insert_with(|| {
        let shape = &graph.ty(weight).shape;
        let shape = Shape::new([shape.elements() / shape.channels(), shape.channels()]);
        graph.push_value(Op::Reshape(shape), &[weight], layer)
    })
}

fn vector(graph: &mut Graph, x: Value, layer: &str) -> Value {
    let shape = Shape::vector(graph.ty(x).shape.elements());
    graph.push_value(Op::Reshape(shape), &[x], layer)
}
