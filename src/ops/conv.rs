//! Convolution and its gradients.

use super::winners_of;
use crate::desc::TileActivation;
use crate::tensor::{Shape, TensorType, Window};

/// Convolution of `x` with `weight`, and what the fusion passes have moved into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Conv {
    /// The window over `x`.
    pub window: Window,
    /// Channel groups.
    pub groups: usize,
    /// Fused followers.
    pub epilogue: ConvEpilogue,
}

/// Followers of a convolution that run on its result while it is in registers: 2x2 max pool, bias, residual,
/// activation, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ConvEpilogue {
    /// 2x2 max pool with stride 2.
    pub pool: bool,
    /// The pool's winners are a second result.
    pub winners: bool,
    /// A third operand is added.
    pub bias: bool,
    /// The last operand, a feature map like the result, is added: what a residual block goes around.
    pub residual: bool,
    /// Then this.
    pub activation: Option<TileActivation>,
}

impl Conv {
    /// Result type(s).
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        let channels = operands[1].shape.channels();
        let (mut height, mut width) = (self.window.y.output, self.window.x.output);
        if self.epilogue.pool {
            (height, width) = (height / 2, width / 2);
        }
        let y = TensorType::per_image(Shape::image(height, width, channels));
        let winners = self.epilogue.winners.then(|| winners_of(&y));
        std::iter::once(y).chain(winners).collect()
    }
}

/// Gradient of a convolution by its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvGradInput {
    /// The forward window.
    pub window: Window,
    /// Channel groups.
    pub groups: usize,
}

impl ConvGradInput {
    /// Result type.
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        let per_group = operands[1].shape.extents()[2];
        let shape = Shape::image(self.window.y.input, self.window.x.input, per_group * self.groups);
        vec![TensorType::per_image(shape)]
    }
}

/// Gradient of a convolution by its weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvGradWeight {
    /// The forward window.
    pub window: Window,
    /// Channel groups.
    pub groups: usize,
}

impl ConvGradWeight {
    /// Result type.
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        let inputs = operands[0].shape.channels() / self.groups;
        let outputs = operands[1].shape.channels();
        let window = [self.window.y.kernel_size, self.window.x.kernel_size];
        vec![TensorType::single(Shape::new([window[0], window[1], inputs, outputs]))]
    }
}
