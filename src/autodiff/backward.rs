//! Reverse-mode differentiation.

use std::collections::BTreeMap;

use crate::ir::{Graph, NodeId, ParamId, ParamRole, Value};
use crate::ops::{GradientCtx, Op};

/// Adds the backward pass to a graph: given values with the gradients by them (`seeds`), the gradients by all weights.
///
/// Nodes are visited from the last of the seeds back to the inputs, each one once, after all its users. Where a value has several users their gradients are added in
/// the order of the users, last first, which the graph fixes.
pub(super) fn backpropagate(graph: &mut Graph, seeds: &[(Value, Value)]) -> BTreeMap<ParamId, Value> {
    let needs = needs_gradient(graph);
    let mut gradients: BTreeMap<Value, Value> = BTreeMap::new();
    for &(value, seed) in seeds {
        let total = match gradients.get(&value) {
            Some(&sum) => add(graph, sum, seed, value.node),
            None => seed,
        };
        gradients.insert(value, total);
    }
    let last = seeds.iter().map(|(value, _)| value.node.index()).max().unwrap_or(0);
    let mut weights = BTreeMap::new();
    for index in (0..=last).rev() {
        let node = NodeId(u32::try_from(index).expect("fewer than 2^32 nodes"));
        // only first results carry gradients: the others are statistics and winners
        let Some(&dy) = gradients.get(&Value { node, output: 0 }) else { continue };
        if let Op::Parameter(id, _) = graph.node(node).op {
            if graph.params[id.index()].role == ParamRole::Weight {
                weights.insert(id, dy);
            }
            continue;
        }
        let inputs = graph.node(node).inputs.clone();
        let wanted: Vec<bool> = inputs.iter().map(|input| needs[input.node.index()]).collect();
        if !wanted.contains(&true) {
            continue;
        }
        let found = GradientCtx { graph, wanted, node }.gradients(dy);
        for (input, gradient) in inputs.into_iter().zip(found) {
            let Some(gradient) = gradient else { continue };
            if !needs[input.node.index()] {
                continue;
            }
            let total = match gradients.get(&input) {
                Some(&sum) => add(graph, sum, gradient, node),
                None => gradient,
            };
            gradients.insert(input, total);
        }
    }
    weights
}

/// For each node, whether a weight lies before it.
fn needs_gradient(graph: &Graph) -> Vec<bool> {
    let mut needs: Vec<bool> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let own = if let Op::Parameter(id, _) = node.op {
            graph.params[id.index()].role == ParamRole::Weight
        } else {
            node.inputs.iter().any(|input| needs[input.node.index()])
        };
        needs.push(own);
    }
    needs
}

fn add(graph: &mut Graph, a: Value, b: Value, node: NodeId) -> Value {
    let layer = graph.node(node).layer.clone();
    let map = crate::ops::Map::single(|e| {
        let (a, b) = (e.input(0), e.input(1));
        e.add(a, b)
    });
    graph.push_value(Op::Map(map), &[a, b], &layer)
}
