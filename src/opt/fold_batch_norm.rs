//! Folds an inference-mode batch norm into the convolution or dense layer that feeds it.
//! ```text
//! before: %2 = conv %1, w ; %3 = map %2 · s + t        after: w' = map w · s ; %3 = map (conv %1, w') + t
//! s = γ / √(σ² + ε)    t = β − μ s    w'[y,x,i,o] = w[y,x,i,o] · s[o]
//! ```
//! Source: Jacob et al., arXiv:1712.05877, §3.2. Needs a convolution with no other user; a bias between the
//! two goes along, `t' = t + b · s`. w', t' depend on parameters alone, so they are computed once, when the
//! weights are loaded. Not in the training list: there μ and σ² change at each step.

use super::Pass;
use super::sink_below_max_pool::is_bias_add;
use crate::desc::ExprNode;
use crate::ir::{Graph, NodeId, Value};
use crate::ops::{Map, MapResult, Op};

pub(super) const PASS: Pass = Pass { name: "fold-batch-norm", run };

fn run(graph: &mut Graph) -> usize {
    let uses = graph.uses();
    let sites: Vec<Option<Site>> =
        (0..graph.nodes.len()).map(|index| match_site(graph, NodeId(index as u32), &uses)).collect();
    let mut rewrites = 0;
    let mut places: Vec<Vec<Value>> = Vec::new();
    graph.rebuild(|new, id, node, inputs| {
        let results = match &sites[id.index()] {
            None => new.keep(node, inputs),
            Some(site) => {
                rewrites += 1;
                let at = |value: Value| places[value.node.index()][usize::from(value.output)];
                let (x, weight) = (at(site.operands[0]), at(site.operands[1]));
                let (scale, shift) = (inputs[1], inputs[2]);
                let weight = new.push_value(Op::Map(scaled()), &[weight, scale], &node.layer);
                let shift = match site.bias {
                    Some(bias) => new.push_value(Op::Map(shifted()), &[at(bias), scale, shift], &node.layer),
                    None => shift,
                };
                let y = new.push_value(site.product.clone(), &[x, weight], &site.layer);
                vec![new.push_value(Op::Map(added()), &[y, shift], &node.layer)]
            }
        };
        places.push(results.clone());
        results
    });
    rewrites
}

/// A batch norm that can go into a product.
struct Site {
    product: Op,
    /// What the product is of: pictures and weights.
    operands: [Value; 2],
    layer: String,
    bias: Option<Value>,
}

fn match_site(graph: &Graph, norm: NodeId, uses: &[usize]) -> Option<Site> {
    let node = graph.node(norm);
    let Op::Map(map) = &node.op else { return None };
    let [(result, MapResult::Each)] = map.results[..] else { return None };
    let is_input = |id, index| map.expr.node(id) == ExprNode::Input(index);
    let ExprNode::MulAdd(x, s, t) = map.expr.node(result) else { return None };
    if !(is_input(x, 0) && is_input(s, 1) && is_input(t, 2))
        || node.inputs[1..].iter().any(|&v| graph.ty(v).batched)
    {
        return None;
    }
    let mut before = node.inputs[0].node;
    if uses[before.index()] != 1 {
        return None;
    }
    let mut bias = None;
    if is_bias_add(graph, before) {
        bias = Some(graph.node(before).inputs[1]);
        before = graph.node(before).inputs[0].node;
    }
    let node = graph.node(before);
    let is_product = matches!(node.op, Op::Conv(_) | Op::Dense(_)) && uses[before.index()] == 1;
    let operands = [*node.inputs.first()?, *node.inputs.get(1)?];
    is_product.then(|| Site { product: node.op.clone(), operands, layer: node.layer.clone(), bias })
}

fn scaled() -> Map {
    Map::single(|e| {
        let (w, s) = (e.input(0), e.input(1));
        e.mul(w, s)
    })
}

fn shifted() -> Map {
    Map::single(|e| {
        let (b, s, t) = (e.input(0), e.input(1), e.input(2));
        e.mul_add(b, s, t)
    })
}

fn added() -> Map {
    Map::single(|e| {
        let (y, t) = (e.input(0), e.input(1));
        e.add(y, t)
    })
}
