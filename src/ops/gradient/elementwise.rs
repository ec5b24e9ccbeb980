//! Gradients of element-wise expressions and of activations.

use super::GradientCtx;
use crate::desc::ExprNode;
use crate::ir::Value;
use crate::ops::{Map, MapResult, Op};
use crate::vocabulary::ActivationKind;

impl GradientCtx<'_> {
    /// `Σ`-free part of each operand: `dy · ∂f/∂operand`; summed over batch and pixels for an operand that is
    /// a vector `[C]`, over the pixels of each image for one that is a pixel per image.
    pub(super) fn map(&mut self, map: &Map, dy: Value) -> Vec<Option<Value>> {
        let inputs = self.graph.node(self.node).inputs.clone();
        let (result, _) = map.results[0];
        (0..inputs.len())
            .map(|operand| {
                if !self.wanted[operand] {
                    return None;
                }
                let ty = self.graph.ty(inputs[operand]);
                // one pixel of an image that all of its pixels share
                let shared = ty.batched && ty.shape.elements() < self.graph.ty(dy).shape.elements();
                let each = ty.batched && !shared;
                let mut expr = map.expr.clone();
                let slope = expr.derivative(result, operand);
                if each && expr.node(slope) == ExprNode::Const(1.0_f32.to_bits()) {
                    return Some(dy);
                }
                let upstream = expr.input(inputs.len());
                let product = expr.product(upstream, slope);
                let kind = match (each, shared) {
                    (true, _) => MapResult::Each,
                    (_, true) => MapResult::PixelSum,
                    (false, false) => MapResult::ChannelSum,
                };
                let gradient =
                    Map { expr, results: vec![(product, kind)], repeated_to: None }.without_unused_operands();
                let operands: Vec<Value> = inputs.iter().copied().chain([dy]).collect();
                let used: Vec<Value> = gradient.1.iter().map(|&i| operands[i]).collect();
                Some(self.push(Op::Map(gradient.0), &used))
            })
            .collect()
    }

    pub(super) fn activation(&mut self, kind: ActivationKind, dy: Value) -> Value {
        let at = if kind.gradient_from_output() { self.result(0) } else { self.operand(0) };
        let map = Map::single(|e| {
            let (dy, at) = (e.input(0), e.input(1));
            kind.backpropagate(e, dy, at)
        });
        self.push(Op::Map(map), &[dy, at])
    }
}
