//! Element-wise expressions in the graph.

use crate::desc::{Expr, ExprId};
use crate::tensor::{Shape, TensorType};

/// What a result of a map is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MapResult {
    /// One value per element.
    Each,
    /// The sum over batch and pixels: a vector `[C]`.
    ChannelSum,
    /// The sum over the pixels of each image: a vector `[C]` per image. Such a map has this one result.
    PixelSum,
    /// The sum over all elements of a map that is not per image: `[1]`. Such a map has this one result.
    Sum,
}

/// Expressions evaluated at every element of the widest operand.
///
/// Operands that are per image have one shape (or are one pixel `[C]` per image, repeated over the pixels).
/// Operands that are not are vectors `[C]` or scalars `[1]`. Where no operand is per image, the widest shape
/// counts, and a vector `[C]` is repeated over the leading axes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Map {
    /// All expressions; `Input(i)` is operand i.
    pub expr: Expr,
    /// The results.
    pub results: Vec<(ExprId, MapResult)>,
    /// The shape of the results where every per-image operand is one pixel `[C]` to be repeated; else the
    /// widest operand's.
    pub repeated_to: Option<Shape>,
}

impl Map {
    /// A map with one result per element.
    pub fn single(write: impl FnOnce(&mut Expr) -> ExprId) -> Self {
        let mut expr = Expr::new();
        let result = write(&mut expr);
        Self { expr, results: vec![(result, MapResult::Each)], repeated_to: None }
    }

    /// The sum over all elements of a tensor that is not per image.
    pub fn sum(write: impl FnOnce(&mut Expr) -> ExprId) -> Self {
        let mut map = Self::single(write);
        map.results[0].1 = MapResult::Sum;
        map
    }

    /// A map with several results.
    pub fn several(write: impl FnOnce(&mut Expr) -> Vec<(ExprId, MapResult)>) -> Self {
        let mut expr = Expr::new();
        let results = write(&mut expr);
        Self { expr, results, repeated_to: None }
    }

    /// The type that the elements are visited by.
    pub fn domain(&self, operands: &[&TensorType]) -> TensorType {
        if let Some(shape) = &self.repeated_to {
            return TensorType::per_image(shape.clone());
        }
        let widest = operands.iter().max_by_key(|ty| (ty.batched, ty.shape.elements(), ty.shape.rank()));
        let widest = widest.expect("a map has operands");
        TensorType { element: crate::tensor::Element::F32, ..(*widest).clone() }
    }

    /// Result types.
    pub fn infer(&self, operands: &[&TensorType]) -> Vec<TensorType> {
        let each = self.domain(operands);
        let sum = TensorType::single(Shape::vector(each.shape.channels()));
        let result = |kind: MapResult| match kind {
            MapResult::Each => each.clone(),
            MapResult::ChannelSum => sum.clone(),
            MapResult::PixelSum => TensorType::per_image(sum.shape.clone()),
            MapResult::Sum => TensorType::single(Shape::vector(1)),
        };
        self.results.iter().map(|&(_, kind)| result(kind)).collect()
    }
}

impl Map {
    /// This map without the operands (and nodes) that no result needs, and which of the old operands the new
    /// ones are.
    pub fn without_unused_operands(&self) -> (Self, Vec<usize>) {
        let mut expr = Expr::new();
        let mut kept: Vec<usize> = Vec::new();
        let mut place = |old: u32| {
            let old = old as usize;
            let at = kept.iter().position(|&k| k == old).unwrap_or_else(|| {
                kept.push(old);
                kept.len() - 1
            });
            u32::try_from(at).expect("a map has few operands")
        };
        let results =
            self.results.iter().map(|&(id, kind)| (expr.copy_from(&self.expr, id, &mut place), kind));
        let results = results.collect();
        (Self { expr, results, repeated_to: self.repeated_to.clone() }, kept)
    }
}
