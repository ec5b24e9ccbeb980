//! `global_avg_pool2d` and `global_max_pool2d`: a feature map to a vector, or to one pixel.

use super::pool2d::linearity_of;
use super::{
    Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, Linearity, OptionSpec, OptionType, Probability,
    image_of, per_element,
};
use crate::desc::PoolKind;
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// Mean or maximum of each channel over all pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlobalPool2d {
    /// Largest or mean.
    pub kind: PoolKind,
    /// The result is a feature map of one pixel, not a vector.
    pub keep_dims: bool,
}

const OPTIONS: &[OptionSpec] = &[OptionSpec::optional(
    "keep_dims",
    OptionType::Bool,
    "false",
    "The result stays a feature map, 1x1xC: for 1x1 convolutions behind it.",
)];
const SHAPE: &str = "[H, W, C] becomes [C]; with `keep_dims`, [1, 1, C].";

impl GlobalPool2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[
        Kind {
            info: KindInfo {
                keyword: "global_avg_pool2d",
                keras: "GlobalAveragePooling2D",
                help: "The mean of each channel over all pixels.",
                inputs: Inputs::One,
                options: OPTIONS,
                shape: SHAPE,
                formula: "y[c] = Σ x[i, j, c] / (H W)",
                source: "",
                example: "global_avg_pool2d",
            },
            make: |a: &Attributes| GlobalPool2d { kind: PoolKind::Average, keep_dims: a.bool("keep_dims") },
        },
        Kind {
            info: KindInfo {
                keyword: "global_max_pool2d",
                keras: "GlobalMaxPooling2D",
                help: "The largest value of each channel over all pixels.",
                inputs: Inputs::One,
                options: OPTIONS,
                shape: SHAPE,
                formula: "y[c] = the largest x[i, j, c]; several largest values share the gradient",
                source: "",
                example: "global_max_pool2d",
            },
            make: |a: &Attributes| GlobalPool2d { kind: PoolKind::Max, keep_dims: a.bool("keep_dims") },
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
        Ok(if self.keep_dims { Shape::image(1, 1, channels) } else { Shape::vector(channels) })
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        let pooled = graph.global_pool(inputs[0], self.kind);
        if !self.keep_dims {
            return pooled;
        }
        let pixel = Shape::image(1, 1, graph.shape(pooled).channels());
        graph.reshape(pooled, pixel)
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
