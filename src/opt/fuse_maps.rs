//! Joins chains of element-wise maps.
//! ```text
//! before: %2 = map f(%1) ; %3 = map g(%2, %0)        after: %3 = map g(f(%1), %0)
//! ```
//! Needs a first map whose only result has one user, and the same domain: the chain then passes over memory
//! once. No arithmetic is done twice, and none in another order.

use super::Pass;
use crate::desc::{Expr, ExprId};
use crate::ir::{Graph, NodeId, Value};
use crate::ops::{Map, MapResult, Op};

pub(super) const PASS: Pass = Pass { name: "fuse-maps", run };

/// Most operations of a map that came of several. A kernel's code is one straight line: a chain that is
/// longer gains nothing by being in one piece, and to copy it into each next map would take the square of its
/// length. No model of the zoo comes near it.
const MOST_NODES: usize = 128;

fn run(graph: &mut Graph) -> usize {
    let uses = graph.uses();
    let mut rewrites = 0;
    // for each new node that came of an old one: how often that one was used
    let mut uses_of_new: Vec<usize> = Vec::new();
    graph.rebuild(|new, id, node, inputs| {
        let results = match &node.op {
            Op::Map(map) => {
                let (map, operands, fused) = absorb(new, map, &inputs, &uses_of_new);
                rewrites += fused;
                let id = new.push(Op::Map(map), &operands, &node.layer);
                new.results(id)
            }
            _ => new.keep(node, inputs),
        };
        uses_of_new.resize(new.nodes.len(), 0);
        if let Some(first) = results.first() {
            uses_of_new[first.node.index()] = uses[id.index()];
        }
        results
    });
    rewrites
}

/// The map with every operand inlined that is a map's only result and used here alone.
fn absorb(graph: &Graph, map: &Map, inputs: &[Value], uses: &[usize]) -> (Map, Vec<Value>, usize) {
    let types: Vec<_> = inputs.iter().map(|&v| graph.ty(v)).collect();
    let domain = map.domain(&types);
    let mut operands: Vec<Value> = Vec::new();
    let mut expr = Expr::new();
    let mut fused = 0;
    let mut place = |operands: &mut Vec<Value>, value: Value| {
        let at = operands.iter().position(|&v| v == value).unwrap_or_else(|| {
            operands.push(value);
            operands.len() - 1
        });
        u32::try_from(at).expect("a map has few operands")
    };
    let mut room = MOST_NODES.saturating_sub(map.expr.nodes().len());
    let inlined: Vec<Option<(&Map, NodeId)>> = inputs
        .iter()
        .map(|value| {
            let Op::Map(inner) = &graph.node(value.node).op else { return None };
            let single = matches!(inner.results[..], [(_, MapResult::Each)]) && inner.repeated_to.is_none();
            let same = *graph.ty(*value) == domain && map.repeated_to.is_none();
            let wanted = single && same && uses[value.node.index()] == 1;
            let more = inner.expr.nodes().len();
            (wanted && more <= room).then(|| {
                room -= more;
                (inner, value.node)
            })
        })
        .collect();
    let mut made: Vec<Option<ExprId>> = vec![None; inputs.len()];
    for (index, inner) in inlined.iter().enumerate() {
        let Some((inner, node)) = inner else { continue };
        let inner_inputs = &graph.node(*node).inputs;
        let mut operand = |i: u32| place(&mut operands, inner_inputs[i as usize]);
        made[index] = Some(expr.copy_from(&inner.expr, inner.results[0].0, &mut operand));
        fused += 1;
    }
    let to = {
        let operands = std::cell::RefCell::new(&mut operands);
        let place = std::cell::RefCell::new(&mut place);
        let index_of = |i: u32| (place.borrow_mut())(*operands.borrow_mut(), inputs[i as usize]);
        expr.splice(
            &map.expr,
            |e, i| match made[i as usize] {
                Some(id) => id,
                None => {
                    let at = index_of(i);
                    e.input(at as usize)
                }
            },
            index_of,
        )
    };
    let results = map.results.iter().map(|&(id, kind)| (to[id.0 as usize], kind)).collect();
    (Map { expr, results, repeated_to: map.repeated_to.clone() }, operands, fused)
}
