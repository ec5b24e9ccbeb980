//! Invariants of a graph. A failure is a bug of ours, never the user's.
//!
//! * Operands are results of earlier nodes, and that result exists.
//! * Types are what the operation's rule makes of its operands' types.
//! * A parameter's node has the parameter's shape; every parameter has one.
//! * An update has its parameter's shape and is not per image; a parameter is updated at most once.
//! * Outputs have different names.

use std::collections::BTreeSet;
use std::fmt;

use super::{Graph, NodeId, Value};
use crate::ops::Op;

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyError {
    /// The node at fault, if it is one.
    pub node: Option<NodeId>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node {
            Some(node) => write!(f, "%{}: {}", node.0, self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for VerifyError {}

impl Graph {
    /// Checks every invariant.
    /// # Errors
    /// The first one that is broken.
    pub fn verify(&self) -> Result<(), VerifyError> {
        for index in 0..self.nodes.len() {
            self.verify_node(NodeId(index as u32))?;
        }
        let fail = |message: String| Err(VerifyError { node: None, message });
        let mut updated = BTreeSet::new();
        for &(param, value) in &self.updates {
            self.verify_value(value, self.nodes.len(), None)?;
            let (declared, found) = (&self.params[param.index()], self.ty(value));
            if found.batched || found.shape.elements() != declared.shape.elements() {
                return fail(format!("the update of `{}` is {found}", declared.name));
            }
            if !updated.insert(param) {
                return fail(format!("`{}` is updated twice", declared.name));
            }
        }
        let mut kept = BTreeSet::new();
        for (id, value) in &self.outputs {
            self.verify_value(*value, self.nodes.len(), None)?;
            if !kept.insert(id) {
                return fail(format!("two outputs are called `{id}`"));
            }
        }
        Ok(())
    }

    fn verify_node(&self, id: NodeId) -> Result<(), VerifyError> {
        let node = self.node(id);
        let fail = |message: String| Err(VerifyError { node: Some(id), message });
        for &input in &node.inputs {
            self.verify_value(input, id.index(), Some(id))?;
        }
        if let Op::Parameter(param, ty) = &node.op {
            match self.params.get(param.index()) {
                Some(declared) if declared.shape == ty.shape => {}
                _ => return fail(format!("parameter {} is not declared so", param.0)),
            }
        }
        let operands: Vec<_> = node.inputs.iter().map(|&input| self.ty(input)).collect();
        let inferred = node.op.infer(&operands);
        if inferred == node.types {
            Ok(())
        } else {
            fail(format!("`{}` has types {:?}, its rule says {inferred:?}", node.op.name(), node.types))
        }
    }

    fn verify_value(&self, value: Value, before: usize, user: Option<NodeId>) -> Result<(), VerifyError> {
        let exists = value.node.index() < before
            && usize::from(value.output) < self.nodes[value.node.index()].types.len();
        if exists {
            Ok(())
        } else {
            Err(VerifyError {
                node: user,
                message: format!("%{}.{} is not there yet", value.node.0, value.output),
            })
        }
    }
}
