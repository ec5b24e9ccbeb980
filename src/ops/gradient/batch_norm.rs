//! The gradient of batch normalisation.

use super::GradientCtx;
use crate::ir::{ScalarInput, Value};
use crate::ops::{BatchNorm, Map, MapResult, Op};

impl GradientCtx<'_> {
    /// ```text
    /// x̂ = (x − μ) r,  r = 1/√(σ² + ε)      dβ = Σ dy    dγ = Σ dy x̂      dx = γ r (dy − dβ/M − x̂ dγ/M),  M = batch · H · W
    /// ```
    /// Source: Ioffe & Szegedy, arXiv:1502.03167, §3, with the two sums named.
    pub(super) fn batch_norm(&mut self, norm: BatchNorm, dy: Value) -> Vec<Option<Value>> {
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
                let [dy, x, mean, variance, dbeta, dgamma, inverse_batch] =
                    std::array::from_fn(|i| e.input(i));
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
}
