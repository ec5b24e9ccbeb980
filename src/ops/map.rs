//! Element-wise expressions in the graph.

use crate::kernel::desc::{Expr, ExprId};
use crate::tensor::{Shape, TensorType};

/// What a result of a map is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MapResult {
    /// One value per element.
    Each,
    /// The sum over batch and pixels: a vector `[C]`.
    ChannelSum,
}

/// Expressions evaluated at every element of the widest operand.
///
/// Operands that are per image have one shape (or are one pixel `[C]` per image, repeated over the pixels). Operands that are not are vectors
/// `[C]` or scalars `[1]`. Where no operand is per image, the widest shape counts, and a vector `[C]` is repeated over the leading axes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Map {
    /// All expressions; `Input(i)` is operand i.
    pub expr: Expr,
    /// The results.
    pub results: Vec<(ExprId, MapResult)>,
}

impl Map {
    /// A map with one result per element.
    pub fn single(write: impl FnOnce(&mut Expr) -> ExprId) -> Self {
        let mut expr = Expr::new();
        let result = write(&mut expr);
        Self { expr, results: vec![(result, MapResult::Each)] }
    }

    /// A map with several results.
    pub fn several(write: impl FnOnce(&mut Expr) -> Vec<(ExprId, MapResult)>) -> Self {
        let mut expr = Expr::new();
        let results = write(&mut expr);
        Self { expr, results }
    }

    /// The type that the elements are visited by.
    pub fn domain(operands: &[&TensorType]) -> TensorType {
        let widest = operands.iter().max_by_key(|ty| (ty.batched, ty.shape.elements(), ty.shape.rank()));
        let widest = widest.expect("a map has operands");
        TensorType { element: crate::tensor::Element::F32, ..(*widest).clone() }
    }

    /// Result types.
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        let each = Self::domain(operands);
        let sum = TensorType::single(Shape::vector(each.shape.channels()));
        let result = |kind: MapResult| match kind {
            MapResult::Each => each.clone(),
            MapResult::ChannelSum => sum.clone(),
        };
        self.results.iter().map(|&(_, kind)| result(kind)).collect()
    }
}
