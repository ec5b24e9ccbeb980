//! A graph that gradient rules can read and add to, and not change.

use crate::ir::{Graph, Node, NodeId, ScalarInput, Value};
use crate::ops::Op;
use crate::tensor::TensorType;

/// What a rule may do with a graph: nodes that are there stay as they are.
#[derive(Debug)]
pub(super) struct GrowingGraph<'g>(&'g mut Graph);

impl<'g> GrowingGraph<'g> {
    pub(super) fn new(graph: &'g mut Graph) -> Self {
        Self(graph)
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        self.0.node(id)
    }

    pub(super) fn ty(&self, value: Value) -> &TensorType {
        self.0.ty(value)
    }

    /// Adds a node.
    pub(super) fn push(&mut self, op: Op, inputs: &[Value], layer: &str) -> NodeId {
        self.0.push(op, inputs, layer)
    }

    /// Adds a node and returns its first (or only) result.
    pub(super) fn push_value(&mut self, op: Op, inputs: &[Value], layer: &str) -> Value {
        self.0.push_value(op, inputs, layer)
    }

    /// The node that reads a scalar: added where there is none.
    pub(super) fn scalar(&mut self, scalar: ScalarInput) -> Value {
        self.0.scalar(scalar)
    }
}
