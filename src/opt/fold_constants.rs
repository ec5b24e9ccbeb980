//! Evaluates what is constant inside element-wise expressions.
//! ```text
//! before: map x · (2 · 3) + 0        after: map x · 6
//! ```
//! Only identities that hold for every finite x are used: `x · 1`, `x + 0`, `x − 0`, `x / 1`, and operations
//! on constants alone.

use super::Pass;
use crate::desc::{Expr, ExprId, ExprNode};
use crate::ir::Graph;
use crate::ops::{Map, Op};

pub(super) const PASS: Pass = Pass { name: "fold-constants", run };

fn run(graph: &mut Graph) -> usize {
    let mut rewrites = 0;
    graph.rebuild(|new, _, node, inputs| {
        let Op::Map(map) = &node.op else { return new.keep(node, inputs) };
        let folded = fold(map);
        if folded.expr.nodes().len() < map.expr.nodes().len() {
            rewrites += 1;
        }
        let (folded, kept) = folded.without_unused_operands();
        // an expression without operands would have no shape
        if kept.is_empty() {
            return new.keep(node, inputs);
        }
        let inputs: Vec<_> = kept.into_iter().map(|i| inputs[i]).collect();
        let id = new.push(Op::Map(folded), &inputs, &node.layer);
        new.results(id)
    });
    rewrites
}

fn fold(map: &Map) -> Map {
    let mut expr = Expr::new();
    let mut to: Vec<ExprId> = Vec::with_capacity(map.expr.nodes().len());
    for &node in map.expr.nodes() {
        let mut operands = [ExprId(0); 4];
        for (slot, old) in operands.iter_mut().zip(node.operands()) {
            *slot = to[old.0 as usize];
        }
        to.push(simplify(&mut expr, node.with_operands(operands)));
    }
    let results = map.results.iter().map(|&(id, kind)| (to[id.0 as usize], kind)).collect();
    Map { expr, results, repeated_to: map.repeated_to.clone() }
}

fn simplify(e: &mut Expr, node: ExprNode) -> ExprId {
    let value = |e: &Expr, id: ExprId| e.constant_value(id);
    match node {
        ExprNode::Add(a, b) => match (value(e, a), value(e, b)) {
            (Some(x), Some(y)) => e.constant(x + y),
            (Some(0.0), None) => b,
            (None, Some(0.0)) => a,
            (_, Some(_) | None) => e.push(node),
        },
        ExprNode::Sub(a, b) => match (value(e, a), value(e, b)) {
            (Some(x), Some(y)) => e.constant(x - y),
            (None, Some(0.0)) => a,
            (_, Some(_) | None) => e.push(node),
        },
        ExprNode::Mul(a, b) => match (value(e, a), value(e, b)) {
            (Some(x), Some(y)) => e.constant(x * y),
            (Some(1.0), None) => b,
            (None, Some(1.0)) => a,
            (_, Some(_) | None) => e.push(node),
        },
        ExprNode::Div(a, b) => match (value(e, a), value(e, b)) {
            (Some(x), Some(y)) => e.constant(x / y),
            (None, Some(1.0)) => a,
            (_, Some(_) | None) => e.push(node),
        },
        ExprNode::Sqrt(a) => match value(e, a) {
            Some(x) => e.constant(x.sqrt()),
            None => e.push(node),
        },
        ExprNode::Neg(a) => match value(e, a) {
            Some(x) => e.constant(-x),
            None => e.push(node),
        },
        ExprNode::Input(_)
        | ExprNode::Const(_)
        | ExprNode::MulAdd(..)
        | ExprNode::Max(..)
        | ExprNode::Min(..)
        | ExprNode::Abs(_)
        | ExprNode::Floor(_)
        | ExprNode::Exp(_)
        | ExprNode::Log(_)
        | ExprNode::Tanh(_)
        | ExprNode::Erf(_)
        | ExprNode::Select(..)
        | ExprNode::Uniform(_) => e.push(node),
    }
}
