//! Operands of a join that are written where the joined value lies, so that nobody copies them.
//! ```text
//! %3 = concat %1, %2        %1 and %2 are slices of the buffer of %3, and their kernels write there
//! ```

use std::collections::HashMap;

use super::storage::Needs;
use crate::ir::{Graph, NodeId, Value};
use crate::ops::Op;
use crate::tensor::Element;

/// Where the operands of joins lie.
#[derive(Debug, Default)]
pub(super) struct Joins {
    /// The joined value, and the first of its channels that is this one's.
    places: HashMap<Value, (Value, usize)>,
}

impl Joins {
    /// Decides for every operand. It is written in place where its kernel can write a slice, and where nobody
    /// wants it without gaps or surrounded by zeros. A value that is joined several times lies in the first
    /// of these.
    pub(super) fn of(graph: &Graph, needs: &Needs) -> Self {
        let mut joins = Self::default();
        for (index, node) in graph.nodes.iter().enumerate() {
            if !matches!(node.op, Op::Concat) {
                continue;
            }
            let joined = Value { node: NodeId(index as u32), output: 0 };
            let mut start = 0;
            for &operand in &node.inputs {
                if writes_slices(graph, operand) && needs.takes_any(operand) {
                    joins.places.entry(operand).or_insert((joined, start));
                }
                start += graph.ty(operand).shape.channels();
            }
        }
        joins.keep_reads_apart(graph);
        joins
    }

    /// Takes back what would make a kernel write the buffer that it reads: its tasks could not be told apart.
    fn keep_reads_apart(&mut self, graph: &Graph) {
        let mut homes: HashMap<Value, Value> = HashMap::new();
        let mut reads_its_own = |value: &Value| {
            let node = graph.node(value.node);
            let home = self.home(graph, *value, &mut homes);
            // a join reads only what is not yet there
            let is_there = |input: &Value| self.places.get(input).is_some_and(|(joined, _)| joined == value);
            node.inputs.iter().any(|input| !is_there(input) && self.home(graph, *input, &mut homes) == home)
        };
        let wrong: Vec<Value> = self.places.keys().copied().filter(|value| reads_its_own(value)).collect();
        for value in wrong {
            self.places.remove(&value);
        }
    }

    /// The value that has a buffer of its own, which this one lies in. `known` remembers the answers: joins
    /// of joins are thousands deep.
    fn home(&self, graph: &Graph, value: Value, known: &mut HashMap<Value, Value>) -> Value {
        let mut passed = Vec::new();
        let mut at = value;
        let home = loop {
            if let Some(&home) = known.get(&at) {
                break home;
            }
            passed.push(at);
            let node = graph.node(at.node);
            let inside = if node.op.is_view() {
                Some(node.inputs[0])
            } else {
                self.place(at).map(|(joined, _)| joined)
            };
            match inside {
                Some(next) => at = next,
                None => break at,
            }
        };
        known.extend(passed.into_iter().map(|value| (value, home)));
        home
    }

    /// The joined value that this one is a slice of, and its first channel there.
    pub(super) fn place(&self, value: Value) -> Option<(Value, usize)> {
        self.places.get(&value).copied()
    }
}

/// Whether a value is made by a kernel that can leave gaps between pixels.
fn writes_slices(graph: &Graph, value: Value) -> bool {
    let op = &graph.node(value.node).op;
    let ty = graph.ty(value);
    let can = matches!(op, Op::Conv(_) | Op::Pool(_) | Op::Map(_) | Op::Concat);
    can && value.output == 0 && ty.batched && ty.element == Element::F32
}
