//! What was fused into what, and for what was not, why: the comments behind `cnnc emit --stage opt`.

use std::fmt::Write as _;

use super::fuse_tile_epilogues::{is_two_by_two, other_summand, tile_activation};
use crate::desc::{ExprNode, TileActivation};
use crate::ir::{Graph, Node, NodeId, Value};
use crate::ops::{Map, MapResult, Op};

/// A line for every product (convolution, dense layer) and every map of a graph that went through its passes.
pub fn fusion_report(graph: &Graph) -> String {
    let mut text = String::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let id = NodeId(index as u32);
        let line = match &node.op {
            Op::Conv(conv) => {
                let e = &conv.epilogue;
                let pool = e.pool.then(|| "2x2 max pool".to_owned());
                let bias = e.bias.then(|| "bias".to_owned());
                let residual = e.residual.then(|| "residual".to_owned());
                Some(product(graph, id, [pool, bias, residual, e.activation.map(name)]))
            }
            Op::Dense(dense) => {
                let bias = dense.bias.then(|| "bias".to_owned());
                Some(product(graph, id, [None, bias, None, dense.activation.map(name)]))
            }
            Op::Map(map) => match made_before(graph, index) {
                Some(first) => Some(format!("%{first} made again, so that it need not be kept")),
                None => joined(map),
            },
            _ => None,
        };
        if let Some(line) = line {
            let layer = if node.layer.is_empty() { "" } else { &node.layer };
            let _ = writeln!(text, "// %{index} {} of `{layer}`: {line}", node.op.name());
        }
    }
    text
}

fn name(activation: TileActivation) -> String {
    match activation {
        TileActivation::Relu => "relu".to_owned(),
        TileActivation::ClippedRelu(limit) => format!("relu up to {}", f32::from_bits(limit)),
        TileActivation::LeakyRelu(slope) => format!("leaky relu {}", f32::from_bits(slope)),
    }
}

/// What a product does while its tile is in registers, and why what follows is not part of it.
fn product(graph: &Graph, id: NodeId, fused: [Option<String>; 4]) -> String {
    let fused: Vec<String> = fused.into_iter().flatten().collect();
    let has =
        if fused.is_empty() { "nothing fused".to_owned() } else { format!("with {}", fused.join(", ")) };
    match reason(graph, id) {
        Some(reason) => format!("{has}; {reason}"),
        None => has,
    }
}

/// Why the user of a product's result is not fused into it; `None` where there is no user.
fn reason(graph: &Graph, id: NodeId) -> Option<String> {
    let value = Value { node: id, output: 0 };
    let users: Vec<usize> =
        (0..graph.nodes.len()).filter(|&at| graph.nodes[at].inputs.contains(&value)).collect();
    let is_kept = graph.outputs.iter().any(|(_, output)| *output == value);
    let (user, others) = users.split_first()?;
    if !others.is_empty() || is_kept {
        let statistics = users.iter().any(|&at| matches!(graph.nodes[at].op, Op::Moments));
        return Some(if statistics {
            "what follows needs the statistics of the whole batch first".to_owned()
        } else {
            format!("its result is needed {} times", users.len() + usize::from(is_kept))
        });
    }
    let next = &graph.nodes[*user];
    let why = match &next.op {
        Op::Map(_) if tile_activation(&next.op).is_some() => "comes behind another operation".to_owned(),
        Op::Map(_) if other_summand(graph, NodeId(*user as u32), id).is_some() => {
            "adds a feature map: convolutions without groups, pool and activation do that themselves"
                .to_owned()
        }
        Op::Map(map) => {
            format!(
                "has {} operations: tiles add a bias and a residual, and apply relu, relu6 and leaky relu",
                operations(map)
            )
        }
        Op::Pool(pool) if is_two_by_two(pool) => "comes behind what cannot be exchanged with it".to_owned(),
        Op::Pool(_) => "is no 2x2 max pool with stride 2: tiles have no others".to_owned(),
        _ => "is a kernel of its own".to_owned(),
    };
    Some(format!("%{user} {} {why}", next.op.name()))
}

/// The node that has made the same of the same operands, for a map over images.
fn made_before(graph: &Graph, index: usize) -> Option<usize> {
    let node = &graph.nodes[index];
    let is_same = |other: &&Node| (&other.op, &other.inputs) == (&node.op, &node.inputs);
    let first = graph.nodes[..index].iter().position(|other| is_same(&other))?;
    node.types[0].batched.then_some(first)
}

/// Operations of a map's expression.
fn operations(map: &Map) -> usize {
    map.expr.nodes().iter().filter(|node| !matches!(node, ExprNode::Input(_) | ExprNode::Const(_))).count()
}

/// What passes over memory once instead of several times; `None` for a single operation.
fn joined(map: &Map) -> Option<String> {
    let sums = map.results.iter().filter(|(_, kind)| *kind == MapResult::ChannelSum).count();
    let each = map.results.len() - sums;
    let operations = operations(map);
    if operations + map.results.len() <= 2 {
        return None;
    }
    let some = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let sums = if sums > 0 { format!(" and {} over each channel", some(sums, "sum")) } else { String::new() };
    Some(format!("{operations} operations in one pass, for {}{sums}", some(each, "result")))
}
