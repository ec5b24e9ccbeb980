//! Moves biases and monotone activations from before a max pool to behind it.
//! ```text
//! before: %2 = map %1, b ; %3 = activation %2 ; %4 = pool max %3        after: %2 = pool max %1 ; %3 = map %2, b ; %4 = activation %3
//! ```
//! `max(f(a), f(b)) = f(max(a, b))` for every non-decreasing f, and `max(a + c, b + c) = max(a, b) + c`
//! exactly: rounding is monotone too. The work on what the pool throws away goes, and so does most of the
//! gradient's. Where several elements of a window are equal after f but not before (ReLU's zeros), the
//! gradient picks another of them; where f is flat it is 0 either way. Needs values with one user. Keeps the
//! value and the type of the last one; rewrites in place, so ids stay.

use super::Pass;
use crate::desc::{ExprNode, PoolKind};
use crate::ir::{Graph, NodeId};
use crate::ops::{MapResult, Op};

pub(super) const PASS: Pass = Pass { name: "sink-below-max-pool", run };

/// Most operations that sink below one pool. A convolution is followed by a bias and an activation.
const MOST_SWAPS: usize = 64;

fn run(graph: &mut Graph) -> usize {
    let uses = graph.uses();
    let mut rewrites = 0;
    for index in 0..graph.nodes.len() {
        if !matches!(&graph.nodes[index].op, Op::Pool(pool) if pool.kind == PoolKind::Max && !pool.winners) {
            continue;
        }
        let mut pool = index;
        // of a longer chain the rest stays: each pool of many would go through all of it again
        for _ in 0..MOST_SWAPS {
            let Some(before) = movable(graph, pool, &uses) else { break };
            swap(graph, before, pool);
            pool = before;
            rewrites += 1;
        }
    }
    rewrites
}

/// The node before the pool, if it can go behind it.
fn movable(graph: &Graph, pool: usize, uses: &[usize]) -> Option<usize> {
    let before = graph.nodes[pool].inputs[0].node.index();
    let node = &graph.nodes[before];
    let monotone = match &node.op {
        Op::Activation(kind) => kind.is_monotone(),
        _ => is_bias_add(graph, NodeId(u32::try_from(before).ok()?)),
    };
    (monotone && uses[before] == 1).then_some(before)
}

/// Whether the node is `x + b` with a vector `b [C]`.
pub(super) fn is_bias_add(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let Op::Map(map) = &node.op else { return false };
    let [x, bias] = node.inputs[..] else { return false };
    let [(result, MapResult::Each)] = map.results[..] else { return false };
    let ExprNode::Add(a, b) = map.expr.node(result) else { return false };
    let operand = |id| if let ExprNode::Input(i) = map.expr.node(id) { Some(i) } else { None };
    operand(a) == Some(0) && operand(b) == Some(1) && graph.ty(x).batched && !graph.ty(bias).batched
}

/// Exchanges the operations of two nodes that follow each other in the data flow; the first one's other
/// operands go with it.
fn swap(graph: &mut Graph, before: usize, pool: usize) {
    let x = graph.nodes[before].inputs[0];
    let first = graph.nodes[before].clone();
    let second = graph.nodes[pool].clone();
    let new_first = &mut graph.nodes[before];
    new_first.op = second.op;
    new_first.inputs = vec![x];
    new_first.layer = second.layer;
    let new_second = &mut graph.nodes[pool];
    new_second.op = first.op;
    new_second.inputs[0].node = NodeId(u32::try_from(before).expect("fewer than 2^32 nodes"));
    new_second.inputs.extend(&first.inputs[1..]);
    new_second.layer = first.layer;
    for index in [before, pool] {
        let node = &graph.nodes[index];
        let types: Vec<_> = node.inputs.iter().map(|&input| graph.ty(input)).collect();
        let types = node.op.infer(&types);
        graph.nodes[index].types = types;
    }
}
