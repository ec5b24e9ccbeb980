//! Where values lie, and how their users want them.

use std::collections::HashMap;

use crate::ir::{Graph, Value};
use crate::kernel::desc::ConvDesc;
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

    /// Bytes from an image to the next.
    pub(super) fn image_bytes(&self) -> usize {
        self.layout.image_pitch * self.element_bytes
    }
}

/// What the users of each per-image value want.
#[derive(Debug, Default)]
pub(super) struct Needs {
    halos: HashMap<Value, [usize; 4]>,
    dense: HashMap<Value, bool>,
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
                Op::Conv(conv) => needs.wants_halo(node.inputs[0], conv.window.halo()),
                Op::ConvGradInput(grad) => needs.wants_halo(node.inputs[0], ConvDesc::needed_halo(&grad.window, true)),
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
                | Op::Slice(_) => {}
            }
        }
        for &value in graph.outputs.iter().map(|(_, v)| v).chain(graph.updates.iter().map(|(_, v)| v)) {
            needs.wants_dense(value);
            needs.last_use.insert(value, graph.nodes.len());
        }
        // a view lives in its operand's memory: that memory is used as long as the view is
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            if matches!(node.op, Op::Reshape(_) | Op::Slice(_) | Op::Unpad(_)) {
                let id = crate::ir::NodeId(index as u32);
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
    pub(super) fn primary_halo(&self, value: Value) -> [usize; 4] {
        if self.dense.contains_key(&value) { [0; 4] } else { self.halo(value) }
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
