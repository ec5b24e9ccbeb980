//! Makes results of the forward pass again where the backward pass first asks for them, so that they are not
//! kept until then.
//! ```text
//! before: %2 = map f(%1) ; %3 = conv %2 ; … loss … ; %8 = conv_grad_weight %2, %7 ; %9 = map g(%1, %7)
//! after:  %2 = map f(%1) ; %3 = conv %2 ; … loss … ; %8 = map f(%1) ; %9 = conv_grad_weight %8, %7 ; %10 = map g(%1, %7)
//! ```
//! Needs a map of operands that are kept anyway, up to that place at least, and of cheap arithmetic: what
//! batch norm and dropout make of a convolution's result, for instance. The same expression of the same
//! operands leaves the same bits. Of a chain of such maps every other one is made again at most: what is made
//! again is not there for the next.

use std::collections::{HashMap, HashSet};

use super::Pass;
use crate::desc::ExprNode;
use crate::ir::{Graph, NodeId, ParamId, Value};
use crate::ops::{Map, MapResult, Op};

pub(super) const PASS: Pass = Pass { name: "rematerialize-maps", run };

fn run(graph: &mut Graph) -> usize {
    let Some(forward_end) = graph.forward_end() else { return 0 };
    let chosen = chosen(graph, forward_end);
    let mut again = Again::default();
    graph.rebuild(|new, id, node, mut inputs| {
        let index = id.index();
        if index >= forward_end {
            inputs.iter_mut().for_each(|input| *input = again.value(new, *input));
            return new.keep(node, inputs);
        }
        let is_forgotten = chosen[index] || (node.op.is_view() && again.forgotten.contains(&inputs[0]));
        let results = new.keep(node, inputs);
        if is_forgotten {
            again.forgotten.extend(&results);
        }
        results
    });
    again.made.len()
}

/// What is made again, by its place in the new graph.
#[derive(Debug, Default)]
struct Again {
    /// Results that are not kept for the backward pass.
    forgotten: HashSet<Value>,
    /// Those that it has asked for, and where they were made again.
    made: HashMap<Value, Value>,
}

impl Again {
    /// What the backward pass takes for a value.
    fn value(&mut self, graph: &mut Graph, value: Value) -> Value {
        // a view's operand was forgotten, too; a map's are kept
        let mut wanted = Vec::new();
        let mut at = value;
        while self.forgotten.contains(&at) && !self.made.contains_key(&at) {
            wanted.push(at);
            let node = graph.node(at.node);
            if !node.op.is_view() {
                break;
            }
            at = node.inputs[0];
        }
        for value in wanted.into_iter().rev() {
            let node = graph.node(value.node).clone();
            let inputs: Vec<Value> =
                node.inputs.iter().map(|input| self.made.get(input).copied().unwrap_or(*input)).collect();
            let made = Value { node: graph.push(node.op, &inputs, &node.layer), ..value };
            self.made.insert(value, made);
        }
        self.made.get(&value).copied().unwrap_or(value)
    }
}

/// Where values are used, of themselves or of a view of them, by indices of nodes.
#[derive(Debug, Default)]
struct Uses {
    /// The first use behind the loss.
    first_behind: HashMap<Value, usize>,
    /// The last use of all; beyond the last node for what is kept.
    last: HashMap<Value, usize>,
}

impl Uses {
    fn of(graph: &Graph, forward_end: usize) -> Self {
        let mut uses = Self::default();
        uses.last.extend(graph.outputs.iter().map(|&(_, value)| (value, graph.nodes.len())));
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            let (mut first, mut last) = ((index >= forward_end).then_some(index), index);
            if node.op.is_view() {
                // its users come behind it, and are known by now
                let view = Value { node: NodeId(index as u32), output: 0 };
                first = first.or(uses.first_behind.get(&view).copied());
                last = last.max(uses.last_of(view));
            }
            for &input in &node.inputs {
                if let Some(first) = first {
                    let earliest = uses.first_behind.entry(input).or_insert(first);
                    *earliest = first.min(*earliest);
                }
                let latest = uses.last.entry(input).or_default();
                *latest = last.max(*latest);
            }
        }
        uses
    }

    fn last_of(&self, value: Value) -> usize {
        self.last.get(&value).copied().unwrap_or_default()
    }
}

/// Whether each node is a map that is made again.
fn chosen(graph: &Graph, forward_end: usize) -> Vec<bool> {
    let uses = Uses::of(graph, forward_end);
    let updated: HashMap<ParamId, usize> =
        graph.updates.iter().map(|&(param, value)| (param, value.node.index())).collect();
    let roots = roots(graph);
    let mut chosen = vec![false; graph.nodes.len()];
    for (id, node) in (0_u32..).map(NodeId).zip(&graph.nodes[..forward_end]) {
        let Op::Map(map) = &node.op else { continue };
        let result = Value { node: id, output: 0 };
        let Some(&asked) = uses.first_behind.get(&result) else { continue };
        let is_kept = uses.last_of(result) == graph.nodes.len();
        let is_there = |input: &Value| {
            let root = roots[input.node.index()].unwrap_or(*input);
            match &graph.node(root.node).op {
                Op::Input(..) => true,
                Op::Parameter(param, _) => updated.get(param).is_none_or(|&update| update > asked),
                // a vector is small
                _ => !graph.ty(root).batched || (uses.last_of(root) >= asked && !chosen[root.node.index()]),
            }
        };
        chosen[id.index()] =
            !is_kept && is_cheap(map) && node.types[0].batched && node.inputs.iter().all(is_there);
    }
    chosen
}

/// One result per element, of arithmetic that takes less time than memory does.
fn is_cheap(map: &Map) -> bool {
    let is_series = |node: &ExprNode| {
        matches!(node, ExprNode::Exp(_) | ExprNode::Log(_) | ExprNode::Tanh(_) | ExprNode::Erf(_))
    };
    matches!(map.results[..], [(_, MapResult::Each)]) && !map.expr.nodes().iter().any(is_series)
}

/// For each node that is a view, the value in whose memory it lies.
fn roots(graph: &Graph) -> Vec<Option<Value>> {
    let mut roots: Vec<Option<Value>> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let under = node.op.is_view().then(|| node.inputs[0]);
        roots.push(under.map(|under| roots[under.node.index()].unwrap_or(under)));
    }
    roots
}
