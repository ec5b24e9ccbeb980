//! Pooling and its gradients.

use super::winners_of;
use crate::desc::PoolKind;
use crate::tensor::{Shape, TensorType, Window};

/// Windowed pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pool {
    /// Largest or mean.
    pub kind: PoolKind,
    /// The window.
    pub window: Window,
    /// The winners of a max pool are a second result.
    pub winners: bool,
}

impl Pool {
    /// Result type(s).
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        let shape = Shape::image(self.window.y.output, self.window.x.output, operands[0].shape.channels());
        let y = TensorType::per_image(shape);
        let winners = self.winners.then(|| winners_of(&y));
        std::iter::once(y).chain(winners).collect()
    }
}

/// Gradient of a pool by its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolGrad {
    /// Largest or mean.
    pub kind: PoolKind,
    /// The forward window.
    pub window: Window,
}

impl PoolGrad {
    /// Result type.
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        let shape = Shape::image(self.window.y.input, self.window.x.input, operands[0].shape.channels());
        vec![TensorType::per_image(shape)]
    }
}

/// Pooling of a whole feature map into a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GlobalPool {
    /// Largest or mean.
    pub kind: PoolKind,
}

/// Gradient of a global pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GlobalPoolGrad {
    /// Largest or mean.
    pub kind: PoolKind,
    /// Shape of the feature map.
    pub input: Shape,
}
