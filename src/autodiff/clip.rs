//! Gradients made smaller before the optimizer uses them, as Keras does
//! (`keras/src/optimizers/base_optimizer.py`).
//! ```text
//! clip_value: g ← min(max(g, −c), c)      clip_norm: g ← g · c / max(‖g‖, c)      global_clip_norm: the same, ‖·‖ over all gradients
//! ```

use std::collections::BTreeMap;

use crate::desc::ExprNode;
use crate::ir::{Graph, ParamId, UpdateRules, Value};
use crate::ops::{Map, Op};

/// Operands of one sum of norms: a kernel takes few.
const AT_ONCE: usize = 8;

/// The gradients, clipped as the rules say.
pub(super) fn clip(
    graph: &mut Graph,
    gradients: BTreeMap<ParamId, Value>,
    rules: &UpdateRules,
) -> BTreeMap<ParamId, Value> {
    if let Some(limit) = rules.clip_value {
        return gradients.into_iter().map(|(id, gradient)| (id, by_value(graph, gradient, limit))).collect();
    }
    if let Some(limit) = rules.clip_norm {
        let clipped = gradients.into_iter().map(|(id, gradient)| {
            let squares = squares(graph, gradient);
            (id, by_norm(graph, gradient, squares, limit))
        });
        return clipped.collect();
    }
    let Some(limit) = rules.global_clip_norm else { return gradients };
    let mut sums: Vec<Value> = gradients.values().map(|&gradient| squares(graph, gradient)).collect();
    while sums.len() > 1 {
        sums = sums.chunks(AT_ONCE).map(|some| add(graph, some)).collect();
    }
    let Some(&all) = sums.first() else { return gradients };
    gradients.into_iter().map(|(id, gradient)| (id, by_norm(graph, gradient, all, limit))).collect()
}

fn push(graph: &mut Graph, map: Map, inputs: &[Value]) -> Value {
    let layer = graph.node(inputs[0].node).layer.clone();
    graph.push_value(Op::Map(map), inputs, &layer)
}

fn by_value(graph: &mut Graph, gradient: Value, limit: f32) -> Value {
    let map = Map::single(|e| {
        let (g, least, most) = (e.input(0), e.constant(-limit), e.constant(limit));
        let raised = e.max(g, least);
        e.min(raised, most)
    });
    push(graph, map, &[gradient])
}

/// `‖g‖²`
fn squares(graph: &mut Graph, gradient: Value) -> Value {
    let map = Map::sum(|e| {
        let g = e.input(0);
        e.mul(g, g)
    });
    push(graph, map, &[gradient])
}

fn add(graph: &mut Graph, values: &[Value]) -> Value {
    if let [one] = values {
        return *one;
    }
    let map = Map::single(|e| {
        let first = e.input(0);
        (1..values.len()).fold(first, |sum, at| {
            let next = e.input(at);
            e.add(sum, next)
        })
    });
    push(graph, map, values)
}

fn by_norm(graph: &mut Graph, gradient: Value, squares: Value, limit: f32) -> Value {
    let map = Map::single(|e| {
        let (g, squares, limit) = (e.input(0), e.input(1), e.constant(limit));
        let norm = e.push(ExprNode::Sqrt(squares));
        let most = e.max(norm, limit);
        let shorter = e.mul(g, limit);
        e.div(shorter, most)
    });
    push(graph, map, &[gradient, squares])
}
