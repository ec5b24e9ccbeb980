//! Gradients of element-wise expressions and of activations.

use super::GradientCtx;
use crate::desc::ExprNode;
use crate::ir::Value;
use crate::ops::{Map, MapResult, Op};
use crate::vocabulary::ActivationKind;

impl GradientCtx<'_> {
    /// `Σ`-free part of each operand: `dy · ∂f/∂operand`; summed over batch and pixels for an operand that is
    /// a vector `[C]`.
    pub(super) fn map(&mut self, map: &Map, dy: Value) -> Vec<Option<Value>> {
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

    pub(super) fn activation(&mut self, kind: ActivationKind, dy: Value) -> Value {
        let at = if kind.gradient_from_output() { self.result(0) } else { self.operand(0) };
        let map = Map::single(|e| {
            let (dy, at) = (e.input(0), e.input(1));
            kind.backpropagate(e, dy, at)
        });
        self.push(Op::Map(map), &[dy, at])
    }
}
