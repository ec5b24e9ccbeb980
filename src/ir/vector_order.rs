//! How the vectors of a model lie where maps are kept channels first.

use super::{CheckedProgram, LayerId};
use crate::layers::{Join, Layer, Together};
use crate::tensor::{Shape, VectorOrder};

impl CheckedProgram {
    /// For each layer how its result lies in a program that keeps maps `[C, H, W]` and flattens them so;
    /// `None` where it is a map.
    pub fn vector_orders(&self) -> Vec<Option<VectorOrder>> {
        let mut orders: Vec<Option<VectorOrder>> = Vec::new();
        for (at, node) in self.program().model.layers.iter().enumerate() {
            let of_operand =
                |id: &LayerId| orders[id.index()].clone().unwrap_or_else(|| flattened(self.shape(*id)));
            let operands: Vec<VectorOrder> = node.inputs.iter().map(of_operand).collect();
            let result = self.shape(LayerId(at as u32));
            orders.push((result.rank() == 1).then(|| order_of(&node.layer, operands, result)));
        }
        orders
    }
}

fn flattened(map: &Shape) -> VectorOrder {
    let (height, width, channels) = map.as_pixels();
    VectorOrder::flattened(height * width, channels)
}

/// The order of a layer's vector, by those that its operands have when they are flattened.
fn order_of(layer: &Layer, operands: Vec<VectorOrder>, result: &Shape) -> VectorOrder {
    let is_vote = matches!(layer, Layer::Together(Together::VoteForClass | Together::VoteForEach));
    if is_vote || matches!(layer, Layer::Dense(_) | Layer::GlobalPool2d(_)) {
        return VectorOrder::own(result.elements());
    }
    if matches!(layer, Layer::Join(Join::Concat)) {
        return VectorOrder::joined(operands);
    }
    // every other layer makes each element of those in its place, whichever place that is
    match operands.split_first() {
        Some((first, rest)) if rest.iter().all(|order| order == first) => first.clone(),
        _ => VectorOrder::own(result.elements()),
    }
}
