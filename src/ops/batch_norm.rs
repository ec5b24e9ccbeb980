//! Batch normalisation.

use super::{Map, Op, complement};
use crate::desc::{Expr, ExprId, ExprNode};
use crate::ir::{Graph, Value};

/// The parameters of a batch norm.
#[derive(Debug, Clone, Copy)]
pub struct BatchNormParams {
    /// Scale `[C]`, if there is one.
    pub gamma: Option<Value>,
    /// Shift `[C]`, if there is one.
    pub beta: Option<Value>,
    /// Moving mean `[C]`.
    pub moving_mean: Value,
    /// Moving (biased) variance `[C]`.
    pub moving_variance: Value,
}

/// `y = γ (x − mean) / √(variance + ε) + β` with the batch's biased moments.
/// Source: Ioffe & Szegedy, arXiv:1502.03167; biased moving variance as in Keras.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchNorm {
    /// ε by its bits.
    epsilon: u32,
    /// The second operand is γ.
    pub scale: bool,
    /// The last operand is β.
    pub center: bool,
}

impl BatchNorm {
    /// ε.
    pub fn epsilon(self) -> f32 {
        f32::from_bits(self.epsilon)
    }
}

/// Batch norm with the moving statistics: one map.
pub fn batch_norm_inference(
    graph: &mut Graph,
    layer: &str,
    x: Value,
    params: BatchNormParams,
    epsilon: f32,
) -> Value {
    let (has_gamma, has_beta) = (params.gamma.is_some(), params.beta.is_some());
    // s = γ / √(σ² + ε), t = β − μ s: two vectors, so that folding and fusion see y = x s + t
    let scale = Map::single(|e| {
        let variance = e.input(0);
        scale_of(e, variance, epsilon, has_gamma)
    });
    let scale_operands: Vec<Value> = std::iter::once(params.moving_variance).chain(params.gamma).collect();
    let scale = graph.push_value(Op::Map(scale), &scale_operands, layer);
    let shift = Map::single(|e| {
        let (mean, scale) = (e.input(0), e.input(1));
        let product = e.mul(mean, scale);
        if has_beta {
            let beta = e.input(2);
            e.sub(beta, product)
        } else {
            e.push(ExprNode::Neg(product))
        }
    });
    let shift_operands: Vec<Value> = [params.moving_mean, scale].into_iter().chain(params.beta).collect();
    let shift = graph.push_value(Op::Map(shift), &shift_operands, layer);
    let apply = Map::single(|e| {
        let (x, scale, shift) = (e.input(0), e.input(1), e.input(2));
        e.mul_add(x, scale, shift)
    });
    graph.push_value(Op::Map(apply), &[x, scale, shift], layer)
}

/// Batch norm with the batch's statistics; the moving ones are updated.
pub fn batch_norm_training(
    graph: &mut Graph,
    layer: &str,
    x: Value,
    params: BatchNormParams,
    momentum: f32,
    epsilon: f32,
) -> Value {
    let op = BatchNorm {
        epsilon: epsilon.to_bits(),
        scale: params.gamma.is_some(),
        center: params.beta.is_some(),
    };
    let operands: Vec<Value> = std::iter::once(x).chain(params.gamma).chain(params.beta).collect();
    let node = graph.push(Op::BatchNorm(op), &operands, layer);
    let statistics = [(1, params.moving_mean), (2, params.moving_variance)];
    for (output, moving) in statistics {
        let batch = Value { node, output };
        let tracked = Map::single(|e| {
            let (old, new) = (e.input(0), e.input(1));
            let (keep, take) = (e.constant(momentum), e.constant(complement(momentum)));
            let taken = e.mul(new, take);
            e.mul_add(old, keep, taken)
        });
        let value = graph.push_value(Op::Map(tracked), &[moving, batch], layer);
        let Op::Parameter(id, _) = graph.node(moving.node).op else { continue };
        graph.updates.push((id, value));
    }
    Value { node, output: 0 }
}

/// `γ / √(variance + ε)`, γ being operand 1 where there is one.
fn scale_of(e: &mut Expr, variance: ExprId, epsilon: f32, has_gamma: bool) -> ExprId {
    let epsilon = e.constant(epsilon);
    let sum = e.add(variance, epsilon);
    let deviation = e.push(ExprNode::Sqrt(sum));
    let numerator = if has_gamma { e.input(1) } else { e.constant(1.0) };
    e.div(numerator, deviation)
}
