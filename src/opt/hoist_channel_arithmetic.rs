//! Takes arithmetic on vectors and scalars out of maps over images.
//! ```text
//! before: %4 = map (x − μ) · (γ / √(σ² + ε)) + β        after: %3 = map γ / √(σ² + ε) ; %4 = map (x − μ) · %3 + β
//! ```
//! A largest sub-expression that depends on operands `[C]` and `[1]` alone becomes a map of its own, computed
//! once per channel instead of once per element.

use super::Pass;
use crate::desc::{Expr, ExprId, ExprNode};
use crate::ir::{Graph, Value};
use crate::ops::{Map, MapResult, Op};

pub(super) const PASS: Pass = Pass { name: "hoist-channel-arithmetic", run };

fn run(graph: &mut Graph) -> usize {
    let mut rewrites = 0;
    graph.rebuild(|new, _, node, inputs| {
        let Op::Map(map) = &node.op else { return new.keep(node, inputs) };
        let types: Vec<_> = inputs.iter().map(|&v| new.ty(v)).collect();
        if !map.domain(&types).batched {
            return new.keep(node, inputs);
        }
        let narrow: Vec<bool> = types.iter().map(|ty| !ty.batched).collect();
        let roots = hoistable(map, &narrow);
        rewrites += roots.len();
        let mut operands = inputs;
        let mut replaced: Vec<(ExprId, usize)> = Vec::new();
        for root in roots {
            let (hoisted, used) = part(map, root);
            let hoisted_inputs: Vec<Value> = used.into_iter().map(|i| operands[i]).collect();
            let value = new.push_value(Op::Map(hoisted), &hoisted_inputs, &node.layer);
            operands.push(value);
            replaced.push((root, operands.len() - 1));
        }
        let rest = with_inputs(map, &replaced);
        let (rest, kept) = rest.without_unused_operands();
        let operands: Vec<Value> = kept.into_iter().map(|i| operands[i]).collect();
        let id = new.push(Op::Map(rest), &operands, &node.layer);
        new.results(id)
    });
    rewrites
}

/// Roots of the largest sub-expressions of narrow operands that are more than an operand or a constant.
fn hoistable(map: &Map, narrow: &[bool]) -> Vec<ExprId> {
    let nodes = map.expr.nodes();
    let mut only_narrow = Vec::with_capacity(nodes.len());
    let mut has_operand = Vec::with_capacity(nodes.len());
    for node in nodes {
        let operands = node.operands();
        only_narrow.push(match node {
            ExprNode::Input(i) => narrow[*i as usize],
            ExprNode::Uniform(_) => false,
            _ => operands.iter().all(|id| only_narrow[id.0 as usize]),
        });
        has_operand
            .push(matches!(node, ExprNode::Input(_)) || operands.iter().any(|id| has_operand[id.0 as usize]));
    }
    let can = |id: ExprId| {
        let at = id.0 as usize;
        only_narrow[at] && has_operand[at] && !matches!(nodes[at], ExprNode::Input(_))
    };
    let mut roots: Vec<ExprId> = Vec::new();
    let wide = nodes.iter().enumerate().filter(|(at, _)| !only_narrow[*at]);
    for id in wide.flat_map(|(_, node)| node.operands()).chain(map.results.iter().map(|&(id, _)| id)) {
        if can(id) && !roots.contains(&id) {
            roots.push(id);
        }
    }
    roots
}

/// One sub-expression as a map, and which operands it takes.
fn part(map: &Map, root: ExprId) -> (Map, Vec<usize>) {
    Map { expr: map.expr.clone(), results: vec![(root, MapResult::Each)], repeated_to: None }
        .without_unused_operands()
}

/// The map with some nodes replaced by operands.
fn with_inputs(map: &Map, replaced: &[(ExprId, usize)]) -> Map {
    let mut expr = Expr::new();
    let mut to: Vec<ExprId> = Vec::with_capacity(map.expr.nodes().len());
    for (at, &node) in map.expr.nodes().iter().enumerate() {
        let found = replaced.iter().find(|(id, _)| id.0 as usize == at);
        let id = match found {
            Some(&(_, operand)) => expr.input(operand),
            None => {
                let mut operands = [ExprId(0); 4];
                for (slot, old) in operands.iter_mut().zip(node.operands()) {
                    *slot = to[old.0 as usize];
                }
                expr.push(node.with_operands(operands))
            }
        };
        to.push(id);
    }
    let results = map.results.iter().map(|&(id, kind)| (to[id.0 as usize], kind)).collect();
    Map { expr, results, repeated_to: map.repeated_to.clone() }
}
