//! Which axis of a value holds the channels, by what takes it.

use std::collections::{BTreeSet, VecDeque};

use super::active::{Atom, NCHW, NHWC};
use super::attributes::Attributes;
use super::graph::Graph;
use super::view::{permutation, place};
use crate::onnx::proto::NodeProto;

/// So far it is looked: what says it is near.
const MOST_VALUES: usize = 1000;

/// Operators that take a map `[N, C, H, W]`.
const CHANNELS_FIRST: &[&str] = &[
    "Conv",
    "ConvTranspose",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "BatchNormalization",
    "InstanceNormalization",
    "LRN",
    "DepthToSpace",
    "SpaceToDepth",
    "PRelu",
];

/// Operators that compute element by element: axes stay as they are.
const ELEMENTWISE: &[&str] = &[
    "Identity",
    "Cast",
    "Dropout",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Clip",
    "Relu",
    "LeakyRelu",
    "Elu",
    "Selu",
    "Gelu",
    "Sigmoid",
    "HardSigmoid",
    "HardSwish",
    "Tanh",
    "Softplus",
    "Neg",
    "Pad",
    "Slice",
    "Sum",
    "Max",
    "Min",
    "Concat",
    "Resize",
    "Upsample",
];

/// What the axes of a value of three or four axes are; `None` where nothing that takes it says so.
pub(super) fn of(graph: &Graph, value: &str, rank: usize) -> Option<Vec<Atom>> {
    if rank != 3 && rank != 4 {
        return None;
    }
    // a value, and for each of its axes the axis of the first
    let mut waiting = VecDeque::from([(value.to_owned(), (0..rank).collect::<Vec<usize>>())]);
    let mut seen = BTreeSet::from([value.to_owned()]);
    // what nobody would transpose in this way otherwise, if nothing says more
    let mut hint = None;
    while let Some((name, axes)) = waiting.pop_front().filter(|_| seen.len() < MOST_VALUES) {
        for node in graph.takers(&name) {
            let op = node.op_type.as_str();
            if let Some(channels) = channels_of(graph, node, &name, rank) {
                let sides = (1..rank).filter(|&axis| axis != channels);
                let mut atoms = vec![Atom::Batch; rank];
                atoms[axes[channels]] = Atom::Channels;
                for (side, atom) in sides.zip([Atom::Rows, Atom::Columns]) {
                    atoms[axes[side]] = atom;
                }
                if axes[0] == 0 {
                    return Some(atoms);
                }
            }
            let next = if op == "Transpose" {
                let order = node.attribute.iter().find(|attribute| attribute.name == "perm");
                let order = permutation(order.map(|order| order.ints.as_slice()), rank).ok();
                if name == value {
                    hint = hint.or(match order.as_deref() {
                        Some([0, 3, 1, 2]) => Some(NHWC.to_vec()),
                        Some([0, 2, 3, 1]) => Some(NCHW.to_vec()),
                        _ => None,
                    });
                }
                order.map(|order| order.into_iter().map(|axis| axes[axis]).collect())
            } else {
                ELEMENTWISE.contains(&op).then(|| axes.clone())
            };
            if let (Some(next), Some(result)) = (next, node.output.first())
                && seen.insert(result.clone())
            {
                waiting.push_back((result.clone(), next));
            }
        }
    }
    hint
}

/// The axis that a node takes for the channels of its first operand.
fn channels_of(graph: &Graph, node: &NodeProto, value: &str, rank: usize) -> Option<usize> {
    if node.input.first().is_none_or(|first| first != value) {
        return None;
    }
    let attributes = Attributes(node);
    let axis =
        |default: i64| place(attributes.int("axis", default).ok()?, rank).ok().filter(|&axis| axis > 0);
    match node.op_type.as_str() {
        op if CHANNELS_FIRST.contains(&op) => Some(1),
        "LayerNormalization" => axis(-1).filter(|&axis| axis == rank - 1),
        "Softmax" if graph.opset >= 13 => axis(-1),
        "MatMul" => graph.constants.contains_key(node.input.get(1)?).then_some(rank - 1),
        _ => None,
    }
}
