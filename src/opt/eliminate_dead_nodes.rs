//! Takes away nodes that no output and no update needs.
//! ```text
//! before: %2 = map %1 ; %3 = map %1 ; output %3        after: %2 = map %1 ; output %2
//! ```
//! Keeps every other node, in its order. Parameters stay declared even where nothing reads them: they belong
//! to the weights file.

use super::Pass;
use crate::ir::Graph;
use crate::ops::Op;

pub(super) const PASS: Pass = Pass { name: "eliminate-dead-nodes", run };

fn run(graph: &mut Graph) -> usize {
    let mut live = vec![false; graph.nodes.len()];
    for value in graph.outputs.iter().map(|(_, v)| v).chain(graph.updates.iter().map(|(_, v)| v)) {
        live[value.node.index()] = true;
    }
    for index in (0..graph.nodes.len()).rev() {
        let node = &graph.nodes[index];
        live[index] |= matches!(node.op, Op::Parameter(..));
        if live[index] {
            node.inputs.iter().for_each(|input| live[input.node.index()] = true);
        }
    }
    let before = graph.nodes.len();
    graph.rebuild(|new, id, node, inputs| {
        if live[id.index()] {
            new.keep(node, inputs)
        } else {
            // nothing live refers to it: the place is never asked for
            vec![crate::ir::Value { node: id, output: 0 }; node.types.len()]
        }
    });
    before - graph.nodes.len()
}
