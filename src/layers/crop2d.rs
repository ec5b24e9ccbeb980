//! `crop2d`: the inside of an image.

use super::{
    InferError, Inputs, Kind, KindInfo, LayerOp, Linearity, OptionSpec, OptionType, Probability, image_of,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `crop2d(cropping)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop2d {
    /// `[top, bottom, left, right]` in pixels.
    pub cropping: [usize; 4],
}

impl Crop2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "crop2d",
            keras: "Cropping2D",
            help: "Takes away rows and columns at the border.",
            inputs: Inputs::One,
            options: &[OptionSpec::optional(
                "cropping",
                OptionType::Margins,
                "0",
                "Pixels on every side, or vertical x horizontal, or [top, bottom, left, right].",
            )],
            shape: "H' = H − top − bottom, W' = W − left − right; C' = C.",
            formula: "y[i, j, c] = x[i + top, j + left, c]",
            source: "",
            example: "crop2d([0, 4, 0, 4])",
        },
        make: |attributes| Crop2d { cropping: attributes.margins("cropping") },
    }];
}

impl LayerOp for Crop2d {
    fn keyword(&self) -> &'static str {
        "crop2d"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (height, width, channels) = image_of(&inputs[0])?;
        let [top, bottom, left, right] = self.cropping;
        let rest = |found: usize, taken: usize| match found.checked_sub(taken) {
            Some(rest) if rest > 0 => Ok(rest),
            _ => Err(InferError::CropTooLarge { taken, found }),
        };
        Ok(Shape::image(rest(height, top + bottom)?, rest(width, left + right)?, channels))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.crop(inputs[0], self.cropping)
    }

    fn linearity(&self) -> Linearity {
        Linearity::Keeps
    }

    fn probability(&self, operands: &[Probability], _inputs: &[Shape]) -> Probability {
        operands[0]
    }
}
