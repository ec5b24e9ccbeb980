//! Graphs to statements: what runs beside each other between two values becomes the branches of a join.
//!
//! ```text
//!     ┌─ conv ─ bn ─┐
//!  x ─┤             ├─ add      becomes      add { branch { conv; bn } branch { } }
//!     └─────────────┘
//! ```
//! A join whose operands lead back to one value, each through layers that nobody else takes, is a statement
//! with one input. So joins are gone through in the order of evaluation, inner ones first. What is left has
//! names, and joins take these.

use super::graph::Graph;
use super::item::{Branch, Callee, Item, Value, lines};
use crate::tensor::Shape;

/// Deepest nesting of branches.
const DEEPEST: usize = 6;
/// A person gives a name to what is taken up after more lines than this.
const MOST_LINES: usize = 60;
/// Passes over the joins: each makes at least one simpler, and nearly all are done in the first.
const MOST_PASSES: usize = 16;

/// A statement among others.
struct Node {
    item: Item,
    inputs: Vec<usize>,
    uses: usize,
    is_gone: bool,
}

/// The statements of a graph, and its units in the order in which they evaluate them.
pub(super) fn statements(graph: &Graph) -> Vec<Item> {
    let uses = graph.uses();
    let mut nodes: Vec<Node> = graph
        .units
        .iter()
        .enumerate()
        .zip(uses)
        .map(|((at, unit), uses)| {
            let values = unit.values.iter().map(|value| value.clone().map(Value::Plain)).collect();
            let item = Item {
                callee: Callee::Layer(unit.kind),
                values,
                branches: Vec::new(),
                operands: Vec::new(),
                from: None,
                name: unit.name.clone(),
                units: [at; 2],
                is_taken: false,
            };
            Node { item, inputs: unit.inputs.clone(), uses, is_gone: false }
        })
        .collect();
    for _ in 0..MOST_PASSES {
        let mut is_changed = false;
        for at in 0..nodes.len() {
            if !nodes[at].is_gone && nodes[at].inputs.len() > 1 {
                is_changed |= fold(&mut nodes, at, graph);
            }
        }
        if !is_changed {
            break;
        }
    }
    in_order(nodes, graph.output)
}

/// Makes branches of a join's operands, if they come from one value.
fn fold(nodes: &mut [Node], at: usize, graph: &Graph) -> bool {
    let chains: Vec<(Vec<usize>, usize)> =
        nodes[at].inputs.iter().map(|&input| chain(nodes, input)).collect();
    let start = chains[0].1;
    let empty = chains.iter().filter(|(chain, _)| chain.is_empty()).count();
    let length: usize =
        chains.iter().flat_map(|(chain, _)| chain).map(|&link| nodes[link].item.lines()).sum();
    let depth = chains.iter().flat_map(|(chain, _)| chain).map(|&link| nodes[link].item.depth()).max();
    let is_one = chains.iter().all(|(_, from)| *from == start);
    if !is_one || empty > 1 || length > MOST_LINES || depth.unwrap_or(0) >= DEEPEST {
        return false;
    }
    let shape = |unit: usize| &graph.units[unit].shape;
    if empty == 1
        && is_hourglass(shape(start), shape(at), chains.iter().flat_map(|(c, _)| c).map(|&l| shape(l)))
    {
        return false;
    }
    let operands = chains.len();
    let mut branches = Vec::with_capacity(operands);
    for (chain, _) in chains {
        let items = chain.iter().rev().map(|&link| {
            nodes[link].is_gone = true;
            nodes[link].item.clone()
        });
        branches.push(Branch { condition: None, items: items.collect() });
    }
    nodes[start].uses -= operands - 1;
    let first = branches.iter().flat_map(|branch| branch.items.first()).map(|item| item.units[0]).min();
    let node = &mut nodes[at];
    node.inputs = vec![start];
    node.item.branches = branches;
    node.item.units[0] = first.unwrap_or(at);
    true
}

/// The statements that lead to a value and to nothing else, the last first, and what they come from.
fn chain(nodes: &[Node], mut at: usize) -> (Vec<usize>, usize) {
    let mut chain = Vec::new();
    while nodes[at].uses == 1
        && let [input] = nodes[at].inputs[..]
    {
        chain.push(at);
        at = input;
    }
    (chain, at)
}

/// Whether what lies between two maps of one size is smaller or larger: a skip connection, which people write
/// with a name.
fn is_hourglass<'s>(start: &Shape, end: &Shape, mut between: impl Iterator<Item = &'s Shape>) -> bool {
    let size = |shape: &Shape| shape.as_image().map(|(height, width, _)| [height, width]);
    let outer = size(start);
    outer.is_some() && outer == size(end) && {
        // a gate is no map: one number for each channel
        let is_other =
            |shape: &Shape| size(shape).is_some_and(|inner| Some(inner) != outer && inner != [1, 1]);
        between.any(is_other)
    }
}

/// The statements that are left, each behind what it takes, in as few pieces as can be.
fn in_order(mut nodes: Vec<Node>, output: usize) -> Vec<Item> {
    let mut order = Vec::new();
    let mut is_placed = vec![false; nodes.len()];
    let mut open = vec![(output, false)];
    while let Some((at, is_ready)) = open.pop() {
        if is_ready {
            if !std::mem::replace(&mut is_placed[at], true) {
                order.push(at);
            }
        } else if !is_placed[at] {
            open.push((at, true));
            // the operand that is looked at last stands last: the first one
            open.extend(nodes[at].inputs.iter().map(|&input| (input, false)));
        }
    }
    let mut current = None;
    for &at in &order {
        let inputs = nodes[at].inputs.clone();
        match inputs[..] {
            [] => {}
            [input] => {
                if current != Some(input) {
                    nodes[at].item.from = Some(input);
                    nodes[input].item.is_taken = true;
                }
            }
            [first, second] if first != second && can_be_current(&nodes[at].item, current, &inputs) => {
                let other = if current == Some(first) { second } else { first };
                nodes[at].item.operands = vec![other];
                nodes[other].item.is_taken = true;
            }
            _ => {
                nodes[at].item.operands.clone_from(&inputs);
                inputs.iter().for_each(|&input| nodes[input].item.is_taken = true);
            }
        }
        current = Some(at);
    }
    let mut items: Vec<Option<Item>> = nodes.into_iter().map(|node| Some(node.item)).collect();
    order.into_iter().filter_map(|at| items[at].take()).collect()
}

/// Whether `add(x)` says it: the current value is the first operand, or one of two that can be exchanged.
fn can_be_current(item: &Item, current: Option<usize>, inputs: &[usize]) -> bool {
    let Callee::Layer(kind) = item.callee else { return false };
    let Some(current) = current else { return false };
    current == inputs[0] || (current == inputs[1] && matches!(kind.keyword, "add" | "multiply" | "average"))
}

/// The units of statements, in the order in which they are evaluated.
pub(super) fn units(items: &[Item]) -> Vec<usize> {
    let mut units = Vec::with_capacity(lines(items));
    items.iter().for_each(|item| item.each(&mut |item| units.push(item.units[1])));
    units
}
