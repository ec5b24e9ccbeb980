//! `reshape`: the same values in another shape.

use super::{Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Purpose};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `reshape(7x7x64)`, `reshape(3136)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reshape {
    /// `[H, W, C]` or `[length]`.
    pub shape: Shape,
}

impl Reshape {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "reshape",
            keras: "Reshape",
            help: "The same values in another shape, in the same order.",
            inputs: Inputs::One,
            options: &[OptionSpec::required(
                "target_shape",
                OptionType::Target,
                "Height, width and channels, or the length of a vector.",
            )],
            shape: "As written; it must have as many values as the input.",
            formula: "y is x, read row by row, the channels of a pixel side by side",
            source: "",
            example: "reshape(14x14x12)",
        },
        make: |attributes: &Attributes| Reshape { shape: Shape::new(attributes.shape("target_shape")) },
    }];
}

impl LayerOp for Reshape {
    fn keyword(&self) -> &'static str {
        "reshape"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        if self.shape.elements() != inputs[0].elements() {
            return Err(InferError::Reshape { found: inputs[0].clone(), wanted: self.shape.clone() });
        }
        Ok(self.shape.clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.reshape(inputs[0], self.shape.clone())
    }

    fn purpose(&self) -> Purpose {
        Purpose::Reshape
    }
}
