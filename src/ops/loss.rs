//! Losses and metrics.

use crate::desc::LossKind;
use crate::tensor::{Shape, TensorType};

/// Loss of every image (first result) and its gradient by the scores, already divided by the batch (second).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Loss {
    /// Which loss.
    pub kind: LossKind,
    /// What part of each target goes to all outputs alike, by its bits.
    pub smoothing: u32,
    /// Whether the gradient is a second result.
    pub grad: bool,
}

impl Loss {
    /// An error of a metric: against the targets as they are, without gradient.
    pub fn metric(kind: LossKind) -> Self {
        Self { kind, smoothing: 0, grad: false }
    }

    /// Result types.
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        let loss = TensorType::per_image(Shape::vector(1));
        let grad = self.grad.then(|| operands[0].clone());
        std::iter::once(loss).chain(grad).collect()
    }
}

/// 1 for every image whose true class is among the best `k` scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TopK {
    /// How many of the best count.
    pub k: usize,
    /// Decision threshold of a single output, by its bits.
    pub threshold: u32,
}
