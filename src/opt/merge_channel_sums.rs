//! Sums a map's result while it is being made.
//! ```text
//! before: %3 = map f(%2) ; %4 = map Σ %3        after: %3, %4 = map f(%2), Σ f(%2)
//! ```
//! The gradient by a bias is such a sum: it then costs no pass over memory. Needs a map of sums alone whose
//! per-image operands are results of the other or available before it, with the same domain.

use std::collections::HashMap;

use super::Pass;
use crate::ir::{Graph, NodeId, Value};
use crate::ops::{Map, MapResult, Op};

pub(super) const PASS: Pass = Pass { name: "merge-channel-sums", run };

fn run(graph: &mut Graph) -> usize {
    // the sums that a map makes now: which map, and how many results it has before them
    let mut moved: HashMap<usize, (NodeId, usize)> = HashMap::new();
    let redirect = |moved: &HashMap<usize, (NodeId, usize)>, value: &mut Value| {
        if let Some(&(node, first)) = moved.get(&value.node.index()) {
            let shift = u16::try_from(first).expect("a node has few results");
            *value = Value { node, output: value.output + shift };
        }
    };
    for index in 0..graph.nodes.len() {
        graph.nodes[index].inputs.iter_mut().for_each(|input| redirect(&moved, input));
        if let Some(maker) = maker_of(graph, index) {
            moved.extend(merge(graph, maker, index).map(|to| (index, to)));
        }
    }
    graph.outputs.iter_mut().map(|(_, value)| value).for_each(|value| redirect(&moved, value));
    graph.updates.iter_mut().map(|(_, value)| value).for_each(|value| redirect(&moved, value));
    moved.len()
}

/// The map that can take over the sums of node `index`.
fn maker_of(graph: &Graph, index: usize) -> Option<usize> {
    let node = &graph.nodes[index];
    let Op::Map(sums) = &node.op else { return None };
    if sums.results.iter().any(|&(_, kind)| kind != MapResult::ChannelSum) {
        return None;
    }
    let domain = domain_of(graph, index)?;
    node.inputs.iter().map(|input| input.node.index()).find(|&maker| {
        let Op::Map(map) = &graph.nodes[maker].op else { return false };
        let makes_each = map.results.iter().any(|&(_, kind)| kind == MapResult::Each);
        let in_time = node.inputs.iter().all(|input| input.node.index() <= maker);
        makes_each && in_time && domain.batched && domain_of(graph, maker).as_ref() == Some(&domain)
    })
}

fn domain_of(graph: &Graph, index: usize) -> Option<crate::tensor::TensorType> {
    let node = &graph.nodes[index];
    let Op::Map(map) = &node.op else { return None };
    let types: Vec<_> = node.inputs.iter().map(|&v| graph.ty(v)).collect();
    Some(map.domain(&types))
}

/// Lets the map `maker` make the sums of node `index`; gives its id, and how many results it has before them.
fn merge(graph: &mut Graph, maker: usize, index: usize) -> Option<(NodeId, usize)> {
    let maker_id = NodeId(u32::try_from(maker).expect("fewer than 2^32 nodes"));
    let sums = graph.nodes[index].clone();
    let Op::Map(sum_map) = &sums.op else { return None };
    let Op::Map(Map { mut expr, mut results, repeated_to }) = graph.nodes[maker].op.clone() else {
        return None;
    };
    let mut operands = graph.nodes[maker].inputs.clone();
    let first_sum = results.len();
    let inputs = &sums.inputs;
    let made: Vec<_> = results.iter().map(|&(id, _)| id).collect();
    let index_of = |operands: &mut Vec<Value>, value: Value| {
        operands.iter().position(|&v| v == value).unwrap_or_else(|| {
            operands.push(value);
            operands.len() - 1
        })
    };
    let keys: Vec<u32> = inputs
        .iter()
        .map(|&value| {
            if value.node == maker_id {
                0
            } else {
                u32::try_from(index_of(&mut operands, value)).unwrap_or_default()
            }
        })
        .collect();
    let to = expr.splice(
        &sum_map.expr,
        |e, i| {
            let value = inputs[i as usize];
            if value.node == maker_id {
                made[usize::from(value.output)]
            } else {
                e.input(keys[i as usize] as usize)
            }
        },
        |i| keys[i as usize],
    );
    results.extend(sum_map.results.iter().map(|&(id, kind)| (to[id.0 as usize], kind)));
    let merged = Op::Map(Map { expr, results, repeated_to });
    let types: Vec<_> = operands.iter().map(|&v| graph.ty(v).clone()).collect();
    let node = &mut graph.nodes[maker];
    node.types = merged.infer(&types.iter().collect::<Vec<_>>());
    node.op = merged;
    node.inputs = operands;
    Some((maker_id, first_sum))
}
