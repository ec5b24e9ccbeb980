//! `zero_pad2d`: zeros around the image.

use super::{
    InferError, Inputs, Kind, KindInfo, LayerOp, Linearity, OptionSpec, OptionType, Probability, image_of,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `zero_pad2d(padding)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZeroPad2d {
    /// `[top, bottom, left, right]` in pixels.
    pub padding: [usize; 4],
}

impl ZeroPad2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "zero_pad2d",
            keras: "ZeroPadding2D",
            help: "Zeros around the image.",
            inputs: Inputs::One,
            options: &[OptionSpec {
                name: "padding",
                ty: OptionType::Margins,
                default: Some("1"),
                help: "Pixels on every side, or vertical x horizontal, or [top, bottom, left, right].",
            }],
            shape: "H' = top + H + bottom, W' = left + W + right; C' = C.",
            formula: "y[i, j, c] = x[i − top, j − left, c], 0 outside",
            source: "",
            example: "zero_pad2d([0, 1, 0, 1])",
        },
        make: |attributes| ZeroPad2d { padding: attributes.margins("padding") },
    }];
}

impl LayerOp for ZeroPad2d {
    fn keyword(&self) -> &'static str {
        "zero_pad2d"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (height, width, channels) = image_of(&inputs[0])?;
        let [top, bottom, left, right] = self.padding;
        Ok(Shape::image(top + height + bottom, left + width + right, channels))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.zero_pad(inputs[0], self.padding)
    }

    fn linearity(&self) -> Linearity {
        Linearity::Keeps
    }

    fn probability(&self, operands: &[Probability], _inputs: &[Shape]) -> Probability {
        operands[0].at_most(Probability::Exclusive)
    }
}
