//! Dense layers and their gradients.

use crate::desc::TileActivation;
use crate::tensor::{Shape, TensorType};

/// `x · weight (+ bias)`, then an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Dense {
    /// A third operand is added.
    pub bias: bool,
    /// Then this.
    pub activation: Option<TileActivation>,
}

impl Dense {
    /// Result type.
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        vec![TensorType::per_image(Shape::vector(operands[1].shape.channels()))]
    }
}

/// `dy · weightᵀ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DenseGradInput;

impl DenseGradInput {
    /// Result type.
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        vec![TensorType::per_image(Shape::vector(operands[1].shape.extents()[0]))]
    }
}

/// `xᵀ · dy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DenseGradWeight;

impl DenseGradWeight {
    /// Result type.
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        vec![TensorType::single(Shape::new([operands[0].shape.elements(), operands[1].shape.elements()]))]
    }
}
