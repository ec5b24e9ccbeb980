//! Replaces operations that exist for their gradient rules by the plain arithmetic they mean.
//! ```text
//! activation x            →  map f(x)
//! dropout x, key          →  map x · (uniform ≥ rate ? 1/(1 − rate) : 0)
//! batch_norm x, γ, β      →  μ, σ² = moments x ; y = map (x − μ) · γ/√(σ² + ε) + β
//! global_pool_grad mean dy →  map dy · 1/(H·W), the vector dy repeated over the pixels
//! ```
//! Keeps every type. Runs once gradients exist.

use super::Pass;
use crate::desc::{Compare, PoolKind};
use crate::ir::{Graph, Node, Value};
use crate::ops::{BatchNorm, GlobalPoolGrad, Map, Op};

pub(super) const PASS: Pass = Pass { name: "expand-composites", run };

fn run(graph: &mut Graph) -> usize {
    let mut rewrites = 0;
    graph.rebuild(|new, _, node, inputs| {
        let expanded = match &node.op {
            Op::Activation(kind) => {
                let map = Map::single(|e| {
                    let x = e.input(0);
                    kind.value(e, x)
                });
                vec![new.push_value(Op::Map(map), &inputs, &node.layer)]
            }
            Op::Dropout(dropout) => {
                let rate = dropout.rate();
                let map = Map::single(|e| {
                    let (x, u) = (e.input(0), e.uniform(1));
                    let (zero, rate, scale) =
                        (e.constant(0.0), e.constant(rate), e.constant(1.0 / (1.0 - rate)));
                    let scaled = e.mul(x, scale);
                    e.select(Compare::Less, u, rate, zero, scaled)
                });
                vec![new.push_value(Op::Map(map), &inputs, &node.layer)]
            }
            Op::BatchNorm(norm) => batch_norm(new, *norm, &node, &inputs),
            Op::GlobalPoolGrad(grad) if grad.kind == PoolKind::Average => {
                vec![mean_gradient(new, grad, &node, &inputs)]
            }
            _ => return new.keep(node, inputs),
        };
        rewrites += 1;
        expanded
    });
    rewrites
}

fn batch_norm(graph: &mut Graph, norm: BatchNorm, node: &Node, inputs: &[Value]) -> Vec<Value> {
    let x = inputs[0];
    let moments = graph.push(Op::Moments, &[x], &node.layer);
    let (mean, variance) = (Value { node: moments, output: 0 }, Value { node: moments, output: 1 });
    let operands: Vec<Value> = [x, mean, variance].into_iter().chain(inputs[1..].iter().copied()).collect();
    let map = Map::single(|e| {
        let (x, mean, variance) = (e.input(0), e.input(1), e.input(2));
        let r = e.inverse_deviation(variance, norm.epsilon());
        let factor = if norm.scale {
            let gamma = e.input(3);
            e.mul(r, gamma)
        } else {
            r
        };
        let centred = e.sub(x, mean);
        if norm.center {
            let beta = e.input(if norm.scale { 4 } else { 3 });
            e.mul_add(centred, factor, beta)
        } else {
            e.mul(centred, factor)
        }
    });
    vec![graph.push_value(Op::Map(map), &operands, &node.layer), mean, variance]
}

fn mean_gradient(graph: &mut Graph, grad: &GlobalPoolGrad, node: &Node, inputs: &[Value]) -> Value {
    let (height, width, _) = grad.input.as_pixels();
    let mut map = Map::single(|e| {
        let (dy, share) = (e.input(0), e.constant(1.0 / (height * width) as f32));
        e.mul(dy, share)
    });
    map.repeated_to = Some(grad.input.clone());
    graph.push_value(Op::Map(map), inputs, &node.layer)
}
