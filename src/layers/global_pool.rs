//! `global_avg_pool2d` and `global_max_pool2d`: a feature map to a vector.

use super::pool2d::linearity_of;
use super::{InferError, Inputs, Kind, KindInfo, LayerOp, Linearity, Probability, image_of, per_element};
use crate::desc::PoolKind;
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// Mean or maximum of each channel over all pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlobalPool2d {
    /// Largest or mean.
    pub kind: PoolKind,
}

impl GlobalPool2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[
        Kind {
            info: KindInfo {
                keyword: "global_avg_pool2d",
                keras: "GlobalAveragePooling2D",
                help: "The mean of each channel over all pixels.",
                inputs: Inputs::One,
                options: &[],
                shape: "[H, W, C] becomes [C].",
                formula: "y[c] = Σ x[i, j, c] / (H W)",
                source: "",
                example: "global_avg_pool2d",
            },
            make: |_| GlobalPool2d { kind: PoolKind::Average },
        },
        Kind {
            info: KindInfo {
                keyword: "global_max_pool2d",
                keras: "GlobalMaxPooling2D",
                help: "The largest value of each channel over all pixels.",
                inputs: Inputs::One,
                options: &[],
                shape: "[H, W, C] becomes [C].",
                formula: "y[c] = the largest x[i, j, c]; several largest values share the gradient",
                source: "",
                example: "global_max_pool2d",
            },
            make: |_| GlobalPool2d { kind: PoolKind::Max },
        },
    ];
}

impl LayerOp for GlobalPool2d {
    fn keyword(&self) -> &'static str {
        match self.kind {
            PoolKind::Max => "global_max_pool2d",
            PoolKind::Average => "global_avg_pool2d",
        }
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (_, _, channels) = image_of(&inputs[0])?;
        Ok(Shape::vector(channels))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.global_pool(inputs[0], self.kind)
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 1)
    }

    fn linearity(&self) -> Linearity {
        linearity_of(self.kind)
    }

    fn probability(&self, operands: &[Probability], _inputs: &[Shape]) -> Probability {
        match self.kind {
            PoolKind::Average => operands[0],
            PoolKind::Max => operands[0].at_most(Probability::Exclusive),
        }
    }
}
