//! Reverse-mode differentiation.

use std::collections::BTreeMap;

use crate::ir::{Graph, NodeId, ParamId, ParamRole, Value};
use crate::ops::{GradientCtx, Op};
use crate::tensor::TensorType;

/// Adds the backward pass to a graph: given values with the gradients by them (`seeds`), the gradients by all
/// weights.
pub(super) fn backpropagate(graph: &mut Graph, seeds: &[(Value, Value)]) -> BTreeMap<ParamId, Value> {
    let needs = needs_gradient(graph);
    let gradients = walk_back(graph, seeds, &needs);
    let gradients = gradients.into_iter();
    gradients.filter_map(|(value, dy)| Some((weight_of(graph, value.node)?, dy))).collect()
}

/// Adds what leads from a value with the gradient by it (`seed`) back to another value: the gradient by that
/// one. `None` where the first does not depend on it.
pub(super) fn gradients_by(graph: &mut Graph, seed: (Value, Value), by: Value) -> Option<Value> {
    let needs = follows(graph, |node| node == by.node);
    walk_back(graph, &[seed], &needs).remove(&by)
}

/// Adds gradients by all values that the seeds depend on and that lie on the way to where gradients are
/// wanted (`needs`, for each node).
///
/// Nodes are visited from the last of the seeds back to the inputs, each one once, after all its users. Where
/// a value has several users their gradients are added in the order of the users, last first, which the graph
/// fixes.
fn walk_back(graph: &mut Graph, seeds: &[(Value, Value)], needs: &[bool]) -> BTreeMap<Value, Value> {
    let mut gradients: BTreeMap<Value, Value> = BTreeMap::new();
    for &(value, seed) in seeds {
        let total = match gradients.get(&value) {
            Some(&sum) => add(graph, sum, seed, value.node),
            None => seed,
        };
        gradients.insert(value, total);
    }
    let last = seeds.iter().map(|(value, _)| value.node.index()).max().unwrap_or(0);
    for index in (0..=last).rev() {
        let node = NodeId(u32::try_from(index).expect("fewer than 2^32 nodes"));
        // only first results carry gradients: the others are statistics and winners
        let Some(&dy) = gradients.get(&Value { node, output: 0 }) else { continue };
        let inputs = graph.node(node).inputs.clone();
        let wanted: Vec<bool> = inputs.iter().map(|input| needs[input.node.index()]).collect();
        if !wanted.contains(&true) {
            continue;
        }
        keep_for_gradient(graph, node);
        let found = GradientCtx::new(graph, node, wanted).gradients(dy);
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
    gradients
}

/// Makes a node give, besides its results, what its gradient reads.
fn keep_for_gradient(graph: &mut Graph, id: NodeId) {
    let Some(op) = graph.node(id).op.for_gradient() else { return };
    let types = {
        let operands: Vec<&TensorType> = graph.node(id).inputs.iter().map(|&input| graph.ty(input)).collect();
        op.infer(&operands)
    };
    let node = &mut graph.nodes[id.index()];
    (node.op, node.types) = (op, types);
}

/// For each node, whether a weight lies before it.
fn needs_gradient(graph: &Graph) -> Vec<bool> {
    follows(graph, |node| weight_of(graph, node).is_some())
}

/// The weight that a node reads, if it reads one.
fn weight_of(graph: &Graph, node: NodeId) -> Option<ParamId> {
    let Op::Parameter(id, _) = graph.node(node).op else { return None };
    (graph.params[id.index()].role == ParamRole::Weight).then_some(id)
}

/// For each node, whether it is one of those where gradients are wanted, or depends on one.
fn follows(graph: &Graph, is_wanted: impl Fn(NodeId) -> bool) -> Vec<bool> {
    let mut needs: Vec<bool> = Vec::with_capacity(graph.nodes.len());
    for (id, node) in (0_u32..).map(NodeId).zip(&graph.nodes) {
        needs.push(is_wanted(id) || node.inputs.iter().any(|input| needs[input.node.index()]));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desc::PoolKind;
    use crate::ir::{InputRole, Param};
    use crate::ops::{Map, Pool};
    use crate::tensor::{Padding, Shape, Window};
    use crate::vocabulary::Initializer;

    fn pool(graph: &mut Graph, of: Value) -> Value {
        let (height, width, _) = graph.ty(of).shape.as_pixels();
        let window =
            Window::resolve([height, width], [2, 2], [2, 2], [1, 1], Padding::Valid).expect("large enough");
        graph.push_value(Op::Pool(Pool { kind: PoolKind::Max, window, winners: false }), &[of], "")
    }

    /// Rules add nodes; what they need of a node that is there is asked for before, where a gradient
    /// goes through it.
    #[test]
    fn a_pool_on_the_way_to_a_weight_gives_its_winners() {
        let mut graph = Graph::default();
        let images = TensorType::per_image(Shape::image(8, 8, 3));
        let images = graph.push_value(Op::Input(InputRole::Images, images), &[], "");
        let before = pool(&mut graph, images);
        let weight = Param {
            name: "scale.gamma".into(),
            layer: "scale".into(),
            shape: Shape::vector(3),
            initializer: Initializer::Ones,
            role: ParamRole::Weight,
        };
        let (weight, gamma) = graph.add_param(weight, "scale");
        let scale = Map::single(|e| {
            let (x, gamma) = (e.input(0), e.input(1));
            e.mul(x, gamma)
        });
        let scaled = graph.push_value(Op::Map(scale), &[before, gamma], "scale");
        let last = pool(&mut graph, scaled);
        let forward = graph.nodes.clone();
        let gradients = backpropagate(&mut graph, &[(last, last)]);
        assert_eq!(gradients.keys().copied().collect::<Vec<_>>(), [weight]);
        graph.verify().expect("a sound graph");
        let changed = forward.iter().zip(&graph.nodes).enumerate().filter(|(_, (old, new))| old != new);
        assert_eq!(changed.map(|(at, _)| at).collect::<Vec<_>>(), [last.node.index()]);
        let winners = Value { output: 1, ..last };
        assert!(
            graph
                .nodes
                .iter()
                .any(|node| matches!(node.op, Op::PoolGrad(_)) && node.inputs == [last, winners])
        );
    }
}
