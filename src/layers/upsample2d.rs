//! `upsample2d`: every pixel becomes several.

use super::resizing::{INTERPOLATION, interpolation_of, resize};
use super::{
    InferError, Inputs, Kind, KindInfo, LayerOp, Linearity, OptionSpec, OptionType, Probability, image_of,
    per_element,
};
use crate::desc::Interpolation;
use crate::ir::{GraphBuilder, Value};
use crate::tensor::{Padding, Shape, Window};

/// `upsample2d(size, interpolation)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upsample2d {
    /// `[vertical, horizontal]` factors.
    pub size: [usize; 2],
    /// Between pixels.
    pub interpolation: Interpolation,
}

impl Upsample2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "upsample2d",
            keras: "UpSampling2D",
            help: "Makes an image larger by whole factors.",
            inputs: Inputs::One,
            options: &[
                OptionSpec::optional("size", OptionType::Extents, "2", "Factors of height and width."),
                OptionSpec::optional("interpolation", INTERPOLATION, "nearest", "Between pixels."),
            ],
            shape: "H' = H · vertical factor, W' = W · horizontal factor; C' = C.",
            formula: "nearest: y[i, j, c] = x[⌊i / fy⌋, ⌊j / fx⌋, c]; bilinear: as `resizing`",
            source: "",
            example: "upsample2d(2, interpolation: bilinear)",
        },
        make: |a| Upsample2d {
            size: a.extents("size"),
            interpolation: interpolation_of(a.choice("interpolation")),
        },
    }];

    fn output(&self, input: &Shape) -> Result<[usize; 2], InferError> {
        let (height, width, _) = image_of(input)?;
        Ok([height * self.size[0], width * self.size[1]])
    }
}

impl LayerOp for Upsample2d {
    fn keyword(&self) -> &'static str {
        "upsample2d"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let [height, width] = self.output(&inputs[0])?;
        Ok(Shape::image(height, width, inputs[0].channels()))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        let output = self.output(&graph.shape(inputs[0])).expect("infer has accepted the input");
        match self.interpolation {
            Interpolation::Nearest => {
                // the blocks are the windows of a pool over the result
                let window = Window::resolve(output, self.size, self.size, [1, 1], Padding::Valid);
                graph.repeat_pixels(inputs[0], window.expect("a block fits into the result"))
            }
            Interpolation::Bilinear => resize(graph, inputs[0], output, self.interpolation),
        }
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        match self.interpolation {
            Interpolation::Nearest => 0,
            Interpolation::Bilinear => self.infer(inputs).map_or(0, |out| per_element(&out, 8)),
        }
    }

    fn linearity(&self) -> Linearity {
        Linearity::Keeps
    }

    /// Cubic and Lanczos curves leave the range of what they pass through.
    fn probability(&self, operands: &[Probability], _inputs: &[Shape]) -> Probability {
        operands[0].at_most(Probability::Derived)
    }
}
