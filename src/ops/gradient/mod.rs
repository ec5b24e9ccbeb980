//! Gradient rules: from the gradient by a node's result to the gradients by its operands.

mod batch_norm;
mod elementwise;
mod growing;

use super::{
    Conv, ConvEpilogue, ConvGradInput, ConvGradWeight, DenseGradInput, DenseGradWeight, GlobalPoolGrad, Op,
    Pad, Pool, PoolGrad, Slice, SoftmaxGrad, Unpad, WarpGrad,
};
use crate::desc::PoolKind;
use crate::ir::{Graph, NodeId, Value};
use growing::GrowingGraph;

/// Where a gradient rule writes its nodes. They belong to the layer of the node they differentiate.
#[derive(Debug)]
pub struct GradientCtx<'g> {
    /// The graph, forward part first.
    graph: GrowingGraph<'g>,
    /// The node.
    node: NodeId,
    /// Whether the gradient by an operand of the node is wanted, in order.
    wanted: Vec<bool>,
}

impl<'g> GradientCtx<'g> {
    /// For the gradient of a node by those of its operands, in order, that are `wanted`. The node gives
    /// all that its gradient reads ([`Op::for_gradient`]).
    pub fn new(graph: &'g mut Graph, node: NodeId, wanted: Vec<bool>) -> Self {
        Self { graph: GrowingGraph::new(graph), node, wanted }
    }

    fn operand(&self, index: usize) -> Value {
        self.graph.node(self.node).inputs[index]
    }

    fn result(&self, output: u16) -> Value {
        Value { node: self.node, output }
    }

    fn push(&mut self, op: Op, inputs: &[Value]) -> Value {
        let layer = self.graph.node(self.node).layer.clone();
        self.graph.push_value(op, inputs, &layer)
    }

    fn when_wanted(&mut self, operand: usize, rule: impl FnOnce(&mut Self) -> Value) -> Option<Value> {
        self.wanted[operand].then(|| rule(self))
    }

    /// Gradients by the operands of the node, in order, given the gradient `dy` by its first result. `None`
    /// where none flows or none is wanted.
    /// Long: an arm for each kind of operation, and no arm is long.
    pub fn gradients(&mut self, dy: Value) -> Vec<Option<Value>> {
        let op = self.graph.node(self.node).op.clone();
        match &op {
            Op::Conv(conv) => {
                debug_assert_eq!(conv.epilogue, Default::default(), "gradients come before fusion");
                let (window, groups) = (conv.window, conv.groups);
                let (x, w) = (self.operand(0), self.operand(1));
                let dx = self.when_wanted(0, |s| {
                    s.push(Op::ConvGradInput(ConvGradInput { window, groups }), &[dy, w])
                });
                let dw = self.when_wanted(1, |s| {
                    s.push(Op::ConvGradWeight(ConvGradWeight { window, groups }), &[x, dy])
                });
                vec![dx, dw]
            }
            // forward it is a transposed convolution: what goes back through it is the convolution itself
            Op::ConvGradInput(ConvGradInput { window, groups }) => {
                let (window, groups) = (*window, *groups);
                let (x, w) = (self.operand(0), self.operand(1));
                let conv = Conv { window, groups, epilogue: ConvEpilogue::default() };
                let dx = self.when_wanted(0, |s| s.push(Op::Conv(conv), &[dy, w]));
                let dw = self.when_wanted(1, |s| {
                    s.push(Op::ConvGradWeight(ConvGradWeight { window, groups }), &[dy, x])
                });
                vec![dx, dw]
            }
            Op::Dense(_) => {
                let (x, w) = (self.operand(0), self.operand(1));
                let dx = self.when_wanted(0, |s| s.push(Op::DenseGradInput(DenseGradInput), &[dy, w]));
                let dw = self.when_wanted(1, |s| s.push(Op::DenseGradWeight(DenseGradWeight), &[x, dy]));
                vec![dx, dw]
            }
            Op::Map(map) => self.map(map, dy),
            Op::Activation(kind) => vec![Some(self.activation(*kind, dy))],
            Op::Dropout(dropout) => {
                let key = self.operand(1);
                vec![Some(self.push(Op::Dropout(*dropout), &[dy, key])), None]
            }
            Op::BatchNorm(norm) => self.batch_norm(*norm, dy),
            Op::Pool(pool) => {
                let grad = Op::PoolGrad(PoolGrad { kind: pool.kind, window: pool.window });
                let operands = match pool.kind {
                    PoolKind::Max => vec![dy, self.result(1)],
                    PoolKind::Average => vec![dy],
                };
                vec![Some(self.push(grad, &operands))]
            }
            // forward it repeats pixels, divided by the window's area
            Op::PoolGrad(PoolGrad { kind: PoolKind::Average, window }) => {
                let pool = Pool { kind: PoolKind::Average, window: *window, winners: false };
                vec![Some(self.push(Op::Pool(pool), &[dy]))]
            }
            Op::GlobalPool(pool) => {
                let x = self.operand(0);
                let input = self.graph.ty(x).shape.clone();
                let grad = Op::GlobalPoolGrad(GlobalPoolGrad { kind: pool.kind, input });
                let operands = match pool.kind {
                    PoolKind::Max => vec![x, self.result(0), dy],
                    PoolKind::Average => vec![dy],
                };
                vec![Some(self.push(grad, &operands))]
            }
            Op::Reshape(_) => {
                let shape = self.graph.ty(self.operand(0)).shape.clone();
                vec![Some(self.push(Op::Reshape(shape), &[dy]))]
            }
            Op::Pad(Pad { amounts }) => vec![Some(self.push(Op::Unpad(Unpad { amounts: *amounts }), &[dy]))],
            Op::Unpad(Unpad { amounts }) => vec![Some(self.push(Op::Pad(Pad { amounts: *amounts }), &[dy]))],
            Op::Concat => self.concat(dy),
            Op::NeighbourSum(sum) => vec![Some(self.push(Op::NeighbourSum(sum.transposed()), &[dy]))],
            Op::Softmax(_) => {
                let y = self.result(0);
                vec![Some(self.push(Op::SoftmaxGrad(SoftmaxGrad), &[y, dy]))]
            }
            Op::ChannelNorm(norm) => {
                let x = self.operand(0);
                vec![Some(self.push(Op::ChannelNormGrad(*norm), &[x, dy]))]
            }
            Op::Warp(warp) => {
                let inputs = self.graph.node(self.node).inputs.clone();
                let input = self.graph.ty(inputs[0]).shape.clone();
                let operands: Vec<Value> = std::iter::once(dy).chain(inputs[1..].iter().copied()).collect();
                let dx = self.push(Op::WarpGrad(WarpGrad { warp: *warp, input }), &operands);
                std::iter::once(Some(dx)).chain(inputs[1..].iter().map(|_| None)).collect()
            }
            Op::Input(..)
            | Op::Parameter(..)
            | Op::ConvGradWeight(_)
            | Op::DenseGradInput(_)
            | Op::DenseGradWeight(_)
            | Op::Moments
            | Op::PoolGrad(_)
            | Op::GlobalPoolGrad(_)
            | Op::Slice(_)
            | Op::SoftmaxGrad(_)
            | Op::ChannelNormGrad(_)
            | Op::WarpGrad(_)
            | Op::CropTaps(_)
            | Op::SpreadTaps(_)
            | Op::Penalty(_)
            | Op::Loss(_)
            | Op::TopK(_) => vec![None; self.wanted.len()],
        }
    }

    fn concat(&mut self, dy: Value) -> Vec<Option<Value>> {
        let inputs = self.graph.node(self.node).inputs.clone();
        let mut start = 0;
        let mut gradients = Vec::with_capacity(inputs.len());
        for (operand, &input) in inputs.iter().enumerate() {
            let channels = self.graph.ty(input).shape.channels();
            gradients
                .push(self.when_wanted(operand, |s| s.push(Op::Slice(Slice { start, channels }), &[dy])));
            start += channels;
        }
        gradients
    }
}
