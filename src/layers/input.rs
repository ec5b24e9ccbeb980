//! `input`: the shape of the prepared images.

use super::{Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Purpose};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `input(28x28x1)`: height, width and channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// `[H, W, C]`.
    pub shape: Shape,
}

impl Input {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "input",
            keras: "Input",
            help: "The shape of the prepared images: height, width, channels.",
            inputs: Inputs::None,
            options: &[OptionSpec {
                name: "shape",
                ty: OptionType::Shape,
                default: None,
                help: "Height, width and channels.",
            }],
            shape: "As written.",
            formula: "y = the prepared picture",
            source: "",
            example: "input(28x28x1)",
        },
        make: |attributes: &Attributes| Input { shape: Shape::new(attributes.shape("shape")) },
    }];
}

impl LayerOp for Input {
    fn keyword(&self) -> &'static str {
        "input"
    }

    fn infer(&self, _inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(self.shape.clone())
    }

    /// The images themselves: `inputs` holds the graph's node for them.
    fn build(&self, _graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        inputs[0]
    }

    fn purpose(&self) -> Purpose {
        Purpose::Input
    }
}
