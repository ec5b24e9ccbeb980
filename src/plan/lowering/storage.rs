//! Where values lie, and how their users want them.

use std::collections::{HashMap, HashSet};

use crate::desc::ConvDesc;
use crate::ir::{Graph, NodeId, ParamId, Value};
use crate::ops::Op;
use crate::plan::BufferId;
use crate::tensor::{Layout, Shape};

/// A value in memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Storage {
    pub(super) buffer: BufferId,
    /// How one image lies (or the whole, as one pixel, where it is not per image).
    pub(super) layout: Layout,
    pub(super) element_bytes: usize,
    pub(super) batched: bool,
    /// What surrounds it is not known to be zero: it lies inside another value, or was given from outside.
    pub(super) view: bool,
}

impl Storage {
    /// A tensor that is not per image.
    pub(super) fn whole(buffer: BufferId, shape: &Shape) -> Self {
        let layout = Layout::dense(&Shape::vector(shape.elements()));
        Self { buffer, layout, element_bytes: 4, batched: false, view: false }
    }

    /// Some of its channels.
    pub(super) fn channels(mut self, start: usize, channels: usize) -> Self {
        self.layout.origin += start;
        self.layout.channels = channels;
        self.view = true;
        self
    }

    /// Some elements, one behind the other, of what is not per image.
    pub(super) fn elements(mut self, start: usize, elements: usize) -> Self {
        debug_assert!(!self.batched, "an image's elements have pitches");
        let origin = self.layout.origin + start;
        self.layout = Layout { origin, ..Layout::dense(&Shape::vector(elements)) };
        self
    }

    /// Bytes from the beginning of the buffer to the first element of what is not per image.
    pub(super) fn start_bytes(&self) -> usize {
        debug_assert!(!self.batched, "an image begins with its halo");
        self.layout.origin * self.element_bytes
    }

    /// Bytes from an image to the next.
    pub(super) fn image_bytes(&self) -> usize {
        self.layout.image_pitch * self.element_bytes
    }
}

/// Where the values that have been lowered lie.
#[derive(Debug, Default)]
pub(super) struct Storages {
    of_value: HashMap<Value, Storage>,
    /// Values that lie, or once lay, in each buffer.
    in_buffer: HashMap<BufferId, Vec<Value>>,
}

impl Storages {
    /// Says where a value lies.
    pub(super) fn set(&mut self, value: Value, storage: Storage) {
        self.in_buffer.entry(storage.buffer).or_default().push(value);
        self.of_value.insert(value, storage);
    }

    /// Where a value lies, if it has a place yet.
    pub(super) fn get(&self, value: Value) -> Option<&Storage> {
        self.of_value.get(&value)
    }

    /// Where a value lies. Operands are lowered before their users.
    pub(super) fn of(&self, value: Value) -> &Storage {
        &self.of_value[&value]
    }

    /// The other values that lie in the same buffer as this one.
    pub(super) fn beside(&self, value: Value) -> impl Iterator<Item = Value> {
        let buffer = self.of(value).buffer;
        // the last ones are the likeliest to be asked for
        let values = self.in_buffer.get(&buffer).into_iter().flatten().rev().copied();
        values.filter(move |&other| other != value && self.of(other).buffer == buffer)
    }

    /// Forgets that other values lie, or once lay, in the same buffer as this one.
    pub(super) fn leave_alone(&mut self, value: Value) {
        let buffer = self.of(value).buffer;
        self.in_buffer.insert(buffer, vec![value]);
    }
}

/// The graph's updates, by the node that makes them, and where each parameter is read.
#[derive(Debug)]
pub(super) struct Updates {
    of_node: Vec<Vec<(ParamId, Value)>>,
    reads: Vec<Option<Value>>,
}

impl Updates {
    /// Looks through the graph once.
    pub(super) fn of(graph: &Graph) -> Self {
        let mut of_node = vec![Vec::new(); graph.nodes.len()];
        for &(param, value) in &graph.updates {
            of_node[value.node.index()].push((param, value));
        }
        let mut reads = vec![None; graph.params.len()];
        for (index, node) in (0_u32..).zip(&graph.nodes) {
            if let Op::Parameter(param, _) = node.op {
                reads[param.index()].get_or_insert(Value { node: NodeId(index), output: 0 });
            }
        }
        Self { of_node, reads }
    }

    /// What a node makes anew, in the graph's order.
    pub(super) fn of_node(&self, node: NodeId) -> &[(ParamId, Value)] {
        &self.of_node[node.index()]
    }

    /// The parameter that a value is the new contents of, if it is.
    pub(super) fn param_of(&self, value: Value) -> Option<ParamId> {
        self.of_node(value.node).iter().find(|(_, update)| *update == value).map(|&(param, _)| param)
    }

    /// The value that reads a parameter's old contents.
    pub(super) fn reads(&self, param: ParamId) -> Option<Value> {
        self.reads[param.index()]
    }
}

/// What the users of each per-image value want.
#[derive(Debug, Default)]
pub(super) struct Needs {
    halos: HashMap<Value, [usize; 4]>,
    dense: HashMap<Value, bool>,
    /// What is read or written by a kernel that goes along the channels of many pixels at a time.
    apart: HashSet<Value>,
    /// Index of the last node that uses the value's storage; the graph's end for outputs.
    last_use: HashMap<Value, usize>,
}

impl Needs {
    /// Asks every node.
    pub(super) fn of(graph: &Graph) -> Self {
        let mut needs = Self::default();
        for (index, node) in graph.nodes.iter().enumerate() {
            for &input in &node.inputs {
                needs.last_use.insert(input, index);
            }
            match &node.op {
                Op::Conv(conv) => {
                    needs.wants_halo(node.inputs[0], conv.window.halo());
                    // in training, what the other kernels of the same values gain or lose has not been
                    // measured
                    let is_depthwise =
                        conv.groups > 1 && conv.groups == graph.ty(node.inputs[0]).shape.channels();
                    if is_depthwise && graph.updates.is_empty() {
                        needs.apart.extend([node.inputs[0], Value { node: NodeId(index as u32), output: 0 }]);
                    }
                }
                Op::ConvGradInput(grad) => {
                    needs.wants_halo(node.inputs[0], ConvDesc::gradient_halo(&grad.window))
                }
                Op::ConvGradWeight(grad) => needs.wants_halo(node.inputs[0], grad.window.halo()),
                Op::Dense(_)
                | Op::DenseGradInput(_)
                | Op::DenseGradWeight(_)
                | Op::Reshape(_)
                | Op::Softmax(_)
                | Op::SoftmaxGrad(_)
                | Op::ChannelNorm(_)
                | Op::ChannelNormGrad(_)
                | Op::Loss(_)
                | Op::TopK(_) => node.inputs.iter().for_each(|&input| needs.wants_dense(input)),
                Op::Input(..)
                | Op::Parameter(..)
                | Op::Map(_)
                | Op::Activation(_)
                | Op::Dropout(_)
                | Op::BatchNorm(_)
                | Op::Moments
                | Op::Pool(_)
                | Op::PoolGrad(_)
                | Op::GlobalPool(_)
                | Op::GlobalPoolGrad(_)
                | Op::Pad(_)
                | Op::Unpad(_)
                | Op::Concat
                | Op::NeighbourSum(_)
                | Op::Warp(_)
                | Op::WarpGrad(_)
                | Op::Penalty(_)
                | Op::CropTaps(_)
                | Op::SpreadTaps(_)
                | Op::Slice(_) => {}
            }
        }
        for &value in graph.outputs.iter().map(|(_, v)| v).chain(graph.updates.iter().map(|(_, v)| v)) {
            needs.wants_dense(value);
            needs.last_use.insert(value, graph.nodes.len());
        }
        // a view lives in its operand's memory: that memory is used as long as the view is
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            if node.op.is_view() {
                let id = NodeId(index as u32);
                let own = needs.last_use(Value { node: id, output: 0 }).unwrap_or(index);
                let of_operand = needs.last_use.entry(node.inputs[0]).or_insert(own);
                *of_operand = (*of_operand).max(own);
            }
        }
        needs
    }

    fn wants_halo(&mut self, value: Value, halo: [usize; 4]) {
        let widest = self.halos.entry(value).or_default();
        for (side, need) in widest.iter_mut().zip(halo) {
            *side = (*side).max(need);
        }
    }

    fn wants_dense(&mut self, value: Value) {
        self.dense.insert(value, true);
    }

    /// The widest halo that any user wants.
    pub(super) fn halo(&self, value: Value) -> [usize; 4] {
        self.halos.get(&value).copied().unwrap_or_default()
    }

    /// The halo that the value is written with: none where some user wants it dense.
    fn primary_halo(&self, value: Value) -> [usize; 4] {
        if self.dense.contains_key(&value) { [0; 4] } else { self.halo(value) }
    }

    /// How one image of a value, with this shape, is written.
    pub(super) fn layout(&self, value: Value, shape: &Shape) -> Layout {
        let (height, width, channels) = shape.as_pixels();
        let make = if self.apart.contains(&value) && !self.dense.contains_key(&value) {
            Layout::with_pixels_apart
        } else {
            Layout::with_halo
        };
        make(height, width, channels, self.primary_halo(value))
    }

    /// Whether every user takes the value as it lies.
    pub(super) fn takes_any(&self, value: Value) -> bool {
        !self.dense.contains_key(&value) && self.halo(value) == [0; 4]
    }

    /// The last node that uses the value.
    pub(super) fn last_use(&self, value: Value) -> Option<usize> {
        self.last_use.get(&value).copied()
    }
}
