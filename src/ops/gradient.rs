//! Gradient rules: from the gradient by a node's result to the gradients by its operands.

use super::{
    BatchNorm, ConvGradInput, ConvGradWeight, DenseGradInput, DenseGradWeight, GlobalPoolGrad, Map, MapResult, Op, Pad,
    PoolGrad, Slice, SoftmaxGrad, Unpad,
};
use crate::ir::{Graph, NodeId, ScalarInput, Value};
use crate::kernel::desc::{ExprNode, PoolKind};
use crate::layers::ActivationKind;

/// Where a gradient rule writes its nodes. They belong to the layer of the node they differentiate.
#[derive(Debug)]
pub struct GradientCtx<'g> {
    /// The graph, forward part first.
    pub graph: &'g mut Graph,
    /// Whether the gradient by an operand of the node is wanted, in order.
    pub wanted: Vec<bool>,
    /// The node.
    pub node: NodeId,
}

impl GradientCtx<'_> {
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

    /// Gradients by the operands of the node, in order, given the gradient `dy` by its first result. `None` where none flows or none is wanted.
    pub fn gradients(&mut self, dy: Value) -> Vec<Option<Value>> {
        let op = self.graph.node(self.node).op.clone();
        match &op {
            Op::Conv(conv) => {
                debug_assert_eq!(conv.epilogue, Default::default(), "gradients come before fusion");
                let (window, groups) = (conv.window, conv.groups);
                let (x, w) = (self.operand(0), self.operand(1));
                let dx = self.when_wanted(0, |s| s.push(Op::ConvGradInput(ConvGradInput { window, groups }), &[dy, w]));
                let dw =
                    self.when_wanted(1, |s| s.push(Op::ConvGradWeight(ConvGradWeight { window, groups }), &[x, dy]));
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
                    PoolKind::Max => vec![dy, self.winners()],
                    PoolKind::Average => vec![dy],
                };
                vec![Some(self.push(grad, &operands))]
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
            Op::Input(..)
            | Op::Parameter(..)
            | Op::ConvGradInput(_)
            | Op::ConvGradWeight(_)
            | Op::DenseGradInput(_)
            | Op::DenseGradWeight(_)
            | Op::Moments
            | Op::PoolGrad(_)
            | Op::GlobalPoolGrad(_)
            | Op::Slice(_)
            | Op::SoftmaxGrad(_)
            | Op::Loss(_)
            | Op::TopK(_) => vec![None; self.wanted.len()],
        }
    }

    /// `Σ`-free part of each operand: `dy · ∂f/∂operand`; summed over batch and pixels for an operand that is a vector `[C]`.
    fn map(&mut self, map: &Map, dy: Value) -> Vec<Option<Value>> {
        let inputs = self.graph.node(self.node).inputs.clone();
        let (result, _) = map.results[0];
        (0..inputs.len())
            .map(|operand| {
                if !self.wanted[operand] {
                    return None;
                }
                let batched = self.graph.ty(inputs[operand]).batched;
                let mut expr = map.expr.clone();
                let slope = expr.derivative(result, operand);
                if batched && expr.node(slope) == ExprNode::Const(1.0_f32.to_bits()) {
                    return Some(dy);
                }
                let upstream = expr.input(inputs.len());
                let product = expr.product(upstream, slope);
                let kind = if batched { MapResult::Each } else { MapResult::ChannelSum };
                let gradient =
                    Map { expr, results: vec![(product, kind)], repeated_to: None }.without_unused_operands();
                let operands: Vec<Value> = inputs.iter().copied().chain([dy]).collect();
                let used: Vec<Value> = gradient.1.iter().map(|&i| operands[i]).collect();
                Some(self.push(Op::Map(gradient.0), &used))
            })
            .collect()
    }

    fn activation(&mut self, kind: ActivationKind, dy: Value) -> Value {
        let at = if kind.gradient_from_output() { self.result(0) } else { self.operand(0) };
        let map = Map::single(|e| {
            let (dy, at) = (e.input(0), e.input(1));
            kind.backpropagate(e, dy, at)
        });
        self.push(Op::Map(map), &[dy, at])
    }

    /// ```text
    /// x̂ = (x − μ) r,  r = 1/√(σ² + ε)      dβ = Σ dy    dγ = Σ dy x̂      dx = γ r (dy − dβ/M − x̂ dγ/M),  M = batch · H · W
    /// ```
    /// Source: Ioffe & Szegedy, arXiv:1502.03167, §3, with the two sums named.
    fn batch_norm(&mut self, norm: BatchNorm, dy: Value) -> Vec<Option<Value>> {
        let (x, mean, variance) = (self.operand(0), self.result(1), self.result(2));
        let sums = Map::several(|e| {
            let (dy, x, mean) = (e.input(0), e.input(1), e.input(2));
            let variance = e.input(3);
            let r = e.inverse_deviation(variance, norm.epsilon());
            let centred = e.sub(x, mean);
            let normal = e.mul(centred, r);
            let product = e.mul(dy, normal);
            vec![(dy, MapResult::ChannelSum), (product, MapResult::ChannelSum)]
        });
        let layer = self.graph.node(self.node).layer.clone();
        let sums = self.graph.push(Op::Map(sums), &[dy, x, mean, variance], &layer);
        let (dbeta, dgamma) = (Value { node: sums, output: 0 }, Value { node: sums, output: 1 });
        let dx = self.when_wanted(0, |s| {
            let inverse_batch = s.graph.scalar(ScalarInput::InverseBatch);
            let (height, width, _) = s.graph.ty(x).shape.as_pixels();
            let mut operands = vec![dy, x, mean, variance, dbeta, dgamma, inverse_batch];
            operands.extend(norm.scale.then(|| s.operand(1)));
            let map = Map::single(|e| {
                let [dy, x, mean, variance, dbeta, dgamma, inverse_batch] = std::array::from_fn(|i| e.input(i));
                let per_image = e.constant(1.0 / (height * width) as f32);
                let share = e.mul(inverse_batch, per_image);
                let r = e.inverse_deviation(variance, norm.epsilon());
                let centred = e.sub(x, mean);
                let normal = e.mul(centred, r);
                let mean_dy = e.mul(dbeta, share);
                let mean_product = e.mul(dgamma, share);
                let less = e.sub(dy, mean_dy);
                let along = e.mul(normal, mean_product);
                let inner = e.sub(less, along);
                let factor = if norm.scale {
                    let gamma = e.input(7);
                    e.mul(gamma, r)
                } else {
                    r
                };
                e.mul(factor, inner)
            });
            s.push(Op::Map(map), &operands)
        });
        let mut gradients = vec![dx];
        gradients.extend(norm.scale.then_some(Some(dgamma)));
        gradients.extend(norm.center.then_some(Some(dbeta)));
        gradients
    }

    fn winners(&mut self) -> Value {
        let node = self.node;
        let input = self.graph.ty(self.operand(0)).clone();
        let entry = &mut self.graph.nodes[node.index()];
        if let Op::Pool(pool) = &mut entry.op {
            pool.winners = true;
        }
        entry.types = entry.op.infer(&[&input]);
        Value { node, output: 1 }
    }

    fn concat(&mut self, dy: Value) -> Vec<Option<Value>> {
        let inputs = self.graph.node(self.node).inputs.clone();
        let mut start = 0;
        let mut gradients = Vec::with_capacity(inputs.len());
        for (operand, &input) in inputs.iter().enumerate() {
            let channels = self.graph.ty(input).shape.channels();
            gradients.push(self.when_wanted(operand, |s| s.push(Op::Slice(Slice { start, channels }), &[dy])));
            start += channels;
        }
        gradients
    }
}
