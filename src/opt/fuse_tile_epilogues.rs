//! Moves 2x2 max pool, bias, the sum of a residual block and activation into the convolution or dense layer
//! that feeds them.
//! ```text
//! before: %2 = conv %1, w ; %3 = pool max 2x2 %2 ; %4 = map %3 + b ; %5 = map max(0, %4)        after: %5 = conv %1, w, b {pool, relu}
//! before: %3 = conv %2, w ; %4 = map %3 + b ; %5 = map %1 + %4 ; %6 = map max(0, %5)            after: %6 = conv %2, w, b, %1 {residual, relu}
//! ```
//! They run on the tile while it is in registers. Needs values with one user, in this order (see
//! `sink-below-max-pool`); a missing link ends the chain. A pool is taken along only if it is 2x2 with stride
//! 2 and no padding: an odd last row or column is dropped by both. Of two convolutions that are added the
//! later one takes the sum, and the other's result is its operand.

use std::collections::BTreeMap;

use super::Pass;
use super::sink_below_max_pool::is_bias_add;
use crate::desc::{Compare, ExprNode, PoolKind, TileActivation};
use crate::ir::{Graph, NodeId, Value};
use crate::ops::{Map, MapResult, Op, Pool};

pub(super) const PASS: Pass = Pass { name: "fuse-tile-epilogues", run };

/// What of a chain behind one product goes into it.
#[derive(Debug, Default, Clone)]
struct Chain {
    pool: Option<(NodeId, bool)>,
    bias: Option<NodeId>,
    /// The sum, and what is added to the chain's value.
    residual: Option<(NodeId, Value)>,
    activation: Option<(NodeId, TileActivation)>,
}

impl Chain {
    /// The last node that the product takes the place of.
    fn last(&self, product: NodeId) -> NodeId {
        let [pool, bias, residual, activation] = self.members();
        activation.or(residual).or(bias).or(pool).unwrap_or(product)
    }

    /// The nodes behind the product, in this order.
    fn members(&self) -> [Option<NodeId>; 4] {
        let (pool, residual) = (self.pool.map(|(id, _)| id), self.residual.map(|(id, _)| id));
        [pool, self.bias, residual, self.activation.map(|(id, _)| id)]
    }
}

/// A product with its chain inside.
#[derive(Debug)]
struct Fused {
    op: Op,
    /// Operands, as they were in the old graph.
    operands: Vec<Value>,
    layer: String,
    /// The pool whose winners it gives.
    winners_of: Option<NodeId>,
}

fn run(graph: &mut Graph) -> usize {
    let users = users_of(graph);
    let uses = graph.uses();
    let mut rewrites = 0;
    // a chain's product is written where its last node stands: everything it needs exists there
    let mut written_at: BTreeMap<NodeId, Fused> = BTreeMap::new();
    let mut absorbed = vec![false; graph.nodes.len()];
    // the last product first: a sum of two is its own
    for index in (0..graph.nodes.len()).rev() {
        let product = NodeId(index as u32);
        let chain = find_chain(graph, product, &users, &uses, &absorbed);
        let last = chain.last(product);
        if last == product {
            continue;
        }
        for member in chain.members().into_iter().flatten().chain([product]) {
            absorbed[member.index()] = true;
        }
        written_at.insert(last, fused(graph, product, &chain));
    }
    let mut places: Vec<Vec<Value>> = Vec::with_capacity(graph.nodes.len());
    let mut winners: BTreeMap<NodeId, Value> = BTreeMap::new();
    graph.rebuild(|new, id, node, inputs| {
        let results = if let Some(Fused { op, operands, layer, winners_of }) = written_at.remove(&id) {
            rewrites += 1;
            let at = |value: Value| places[value.node.index()][usize::from(value.output)];
            let operands: Vec<Value> = operands.into_iter().map(at).collect();
            let fused = new.push(op, &operands, &layer);
            winners.extend(winners_of.map(|pool| (pool, Value { node: fused, output: 1 })));
            new.results(fused)
        } else if absorbed[id.index()] {
            // its only user is part of the same chain; a pool's winners are looked up below
            vec![Value { node: id, output: 0 }; node.types.len()]
        } else {
            let inputs: Vec<Value> = node
                .inputs
                .iter()
                .zip(inputs)
                .map(|(old_input, new_input)| {
                    let taken = winners.get(&old_input.node).filter(|_| old_input.output == 1);
                    taken.copied().unwrap_or(new_input)
                })
                .collect();
            new.keep(node, inputs)
        };
        places.push(results.clone());
        results
    });
    rewrites
}

/// For each node, the nodes that use its first result.
fn users_of(graph: &Graph) -> Vec<Vec<NodeId>> {
    let mut users = vec![Vec::new(); graph.nodes.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        for input in node.inputs.iter().filter(|input| input.output == 0) {
            users[input.node.index()].push(NodeId(index as u32));
        }
    }
    users
}

fn find_chain(
    graph: &Graph,
    product: NodeId,
    users: &[Vec<NodeId>],
    uses: &[usize],
    absorbed: &[bool],
) -> Chain {
    let mut chain = Chain::default();
    let (is_conv, takes_residual) = match &graph.node(product).op {
        Op::Conv(conv) if conv.epilogue == Default::default() => (true, conv.groups == 1),
        Op::Dense(dense) if !dense.bias && dense.activation.is_none() => (false, false),
        _ => return chain,
    };
    let only_user = |of: NodeId| {
        let first_result_uses = users[of.index()].len();
        // uses by outputs and updates count in `uses` alone; a pool's winners may have users of their own
        let others = uses[of.index()] - first_result_uses;
        let allowed = if let Op::Pool(Pool { winners: true, .. }) = graph.node(of).op { others } else { 0 };
        let user = (first_result_uses == 1 && others == allowed).then(|| users[of.index()][0]);
        user.filter(|user| !absorbed[user.index()])
    };
    let mut at = product;
    if is_conv
        && let Some(next) = only_user(at)
        && let Op::Pool(pool) = &graph.node(next).op
        && is_two_by_two(pool)
    {
        chain.pool = Some((next, pool.winners));
        at = next;
    }
    if let Some(next) = only_user(at).filter(|&next| is_bias_add(graph, next)) {
        // the vector, not another feature map, and it must not be this very value
        chain.bias = Some(next);
        at = next;
    }
    if takes_residual
        && chain.pool.is_none()
        && let Some(next) = only_user(at)
        && let Some(residual) = other_summand(graph, next, at)
    {
        chain.residual = Some((next, residual));
        at = next;
    }
    if let Some(next) = only_user(at)
        && let Some(activation) = tile_activation(&graph.node(next).op)
    {
        chain.activation = Some((next, activation));
    }
    chain
}

/// What a node adds to the result of another one, element by element: a second feature map of the same shape.
pub(super) fn other_summand(graph: &Graph, sum: NodeId, of: NodeId) -> Option<Value> {
    let node = graph.node(sum);
    let Op::Map(Map { expr, results, .. }) = &node.op else { return None };
    let [(result, MapResult::Each)] = results[..] else { return None };
    let ExprNode::Add(a, b) = expr.node(result) else { return None };
    let operand =
        |id| if let ExprNode::Input(i) = expr.node(id) { node.inputs.get(i as usize) } else { None };
    let value = Value { node: of, output: 0 };
    let other = match (*operand(a)?, *operand(b)?) {
        (x, other) | (other, x) if x == value && other != value => other,
        _ => return None,
    };
    (node.inputs.len() == 2 && graph.ty(other) == graph.ty(value)).then_some(other)
}

pub(super) fn is_two_by_two(pool: &Pool) -> bool {
    let plain = |axis: &crate::tensor::Axis| {
        axis.kernel_size == 2 && axis.stride == 2 && axis.pad_before == 0 && axis.output == axis.input / 2
    };
    pool.kind == PoolKind::Max && plain(&pool.window.y) && plain(&pool.window.x)
}

/// The activation that a map is, if a tile can apply it.
pub(super) fn tile_activation(op: &Op) -> Option<TileActivation> {
    let Op::Map(Map { expr, results, .. }) = op else { return None };
    let [(result, MapResult::Each)] = results[..] else { return None };
    let is_zero = |id| expr.constant_value(id) == Some(0.0);
    let is_x = |id| expr.node(id) == ExprNode::Input(0);
    let is_relu = |id| matches!(expr.node(id), ExprNode::Max(zero, x) if is_x(x) && is_zero(zero));
    match expr.node(result) {
        ExprNode::Max(..) if is_relu(result) => Some(TileActivation::Relu),
        ExprNode::Min(limit, raised) if is_relu(raised) => {
            Some(TileActivation::ClippedRelu(expr.constant_value(limit)?.to_bits()))
        }
        ExprNode::Select(Compare::Less, x, zero, scaled, y) if is_x(x) && is_zero(zero) && is_x(y) => {
            let ExprNode::Mul(x, slope) = expr.node(scaled) else { return None };
            let slope = expr.constant_value(slope)?;
            is_x(x).then_some(TileActivation::LeakyRelu(slope.to_bits()))
        }
        _ => None,
    }
}

fn fused(graph: &Graph, product: NodeId, chain: &Chain) -> Fused {
    let node = graph.node(product);
    let mut operands = node.inputs.clone();
    operands.extend(chain.bias.map(|bias| graph.node(bias).inputs[1]));
    operands.extend(chain.residual.map(|(_, residual)| residual));
    let bias = chain.bias.is_some();
    let activation = chain.activation.map(|(_, activation)| activation);
    let mut op = node.op.clone();
    match &mut op {
        Op::Conv(conv) => {
            conv.epilogue.pool = chain.pool.is_some();
            conv.epilogue.winners = chain.pool.is_some_and(|(_, winners)| winners);
            conv.epilogue.bias = bias;
            conv.epilogue.residual = chain.residual.is_some();
            conv.epilogue.activation = activation;
        }
        Op::Dense(dense) => {
            dense.bias = bias;
            dense.activation = activation;
        }
        _ => {}
    }
    let winners_of = chain.pool.filter(|(_, winners)| *winners).map(|(pool, _)| pool);
    Fused { op, operands, layer: node.layer.clone(), winners_of }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_activations_that_tiles_apply() {
        let [slope, limit] = [0.2_f32, 6.0].map(f32::to_bits);
        for activation in
            [TileActivation::Relu, TileActivation::LeakyRelu(slope), TileActivation::ClippedRelu(limit)]
        {
            let map = Map::single(|expr| {
                let x = expr.input(0);
                activation.of(expr, x)
            });
            assert_eq!(tile_activation(&Op::Map(map)), Some(activation));
        }
    }
}
