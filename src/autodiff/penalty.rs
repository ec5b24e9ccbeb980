//! Penalties on the size of weights: part of the loss and of its gradient.
//! ```text
//! penalty = Σ over weights (l1 · Σ |w| + l2 · Σ w²)      gradient by w: l1 · sign(w) + 2 · l2 · w
//! ```
//! Source: Keras's regularizers; `sign(0)` is 0.

use std::collections::BTreeMap;

use crate::desc::Compare;
use crate::ir::{Graph, OutputId, ParamId, Value};
use crate::ops::{Map, Op, Penalty};
use crate::vocabulary::Regularizer;

/// Penalties that one kernel adds up.
const AT_ONCE: usize = 1024;

/// Adds the sum of all penalties as an output; none where there are no penalties.
pub(super) fn add_output(graph: &mut Graph, penalties: &[(ParamId, Regularizer)]) {
    let parts: Vec<Value> = penalties
        .iter()
        .map(|&(param, regularizer)| {
            let weight = graph.parameter(param);
            let layer = graph.node(weight.node).layer.clone();
            graph.push_value(Op::Penalty(Penalty::new(regularizer)), &[weight], &layer)
        })
        .collect();
    if parts.is_empty() {
        return;
    }
    // some at a time, in the same order: a kernel has a pointer for each operand
    let mut total = parts[0];
    let rest = if parts.len() == 1 { vec![&[][..]] } else { parts[1..].chunks(AT_ONCE - 1).collect() };
    for some in rest {
        let operands: Vec<Value> = std::iter::once(total).chain(some.iter().copied()).collect();
        let sum = Map::single(|e| {
            let first = e.input(0);
            (1..operands.len()).fold(first, |sum, i| {
                let next = e.input(i);
                e.add(sum, next)
            })
        });
        total = graph.push_value(Op::Map(sum), &operands, "penalty");
    }
    graph.outputs.push((OutputId::Penalty, total));
}

/// Adds each penalty's gradient to that of the loss.
pub(super) fn add_gradients(
    graph: &mut Graph,
    penalties: &[(ParamId, Regularizer)],
    gradients: &mut BTreeMap<ParamId, Value>,
) {
    for &(param, Regularizer { l1, l2 }) in penalties {
        let Some(&gradient) = gradients.get(&param) else { continue };
        let weight = graph.parameter(param);
        let layer = graph.node(gradient.node).layer.clone();
        let map = Map::single(|e| {
            let (mut sum, w, zero) = (e.input(0), e.input(1), e.constant(0.0));
            if l1 != 0.0 {
                let (up, down) = (e.constant(l1), e.constant(-l1));
                let below = e.select(Compare::Less, w, zero, down, zero);
                let sign = e.select(Compare::Less, zero, w, up, below);
                sum = e.add(sum, sign);
            }
            if l2 != 0.0 {
                let factor = e.constant(2.0 * l2);
                sum = e.mul_add(w, factor, sum);
            }
            sum
        });
        let total = graph.push_value(Op::Map(map), &[gradient, weight], &layer);
        gradients.insert(param, total);
    }
}
