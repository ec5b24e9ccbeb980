//! Which axis of a value holds the channels, by what takes it.

use std::collections::{BTreeSet, VecDeque};

use super::active::Atom;
use super::graph::Graph;
use super::view::permutation;

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

/// What the axes of a value of four axes are; `None` where nothing that takes it says so.
pub(super) fn of(graph: &Graph, value: &str, rank: usize) -> Option<Vec<Atom>> {
    if rank != 4 {
        return None;
    }
    // a value, and for each of its axes the axis of the first
    let mut waiting = VecDeque::from([(value.to_owned(), vec![0, 1, 2, 3])]);
    let mut seen = BTreeSet::from([value.to_owned()]);
    while let Some((name, axes)) = waiting.pop_front() {
        for node in graph.takers(&name) {
            let op = node.op_type.as_str();
            let next = if CHANNELS_FIRST.contains(&op) && node.input.first() == Some(&name) {
                let mut atoms = vec![Atom::Batch; 4];
                for (axis, atom) in [(1, Atom::Channels), (2, Atom::Rows), (3, Atom::Columns)] {
                    atoms[axes[axis]] = atom;
                }
                if axes[0] == 0 {
                    return Some(atoms);
                }
                None
            } else if op == "Transpose" {
                let order = node.attribute.iter().find(|attribute| attribute.name == "perm");
                let order = permutation(order.map(|order| order.ints.as_slice()), 4).ok();
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
    None
}
