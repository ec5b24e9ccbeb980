//! `input`: the shape of the prepared images.

use super::{Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Purpose};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `input(28x28x1)`: height, width and channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// `[H, W, C]`; on an open axis the extent that the program stands at.
    pub shape: Shape,
    /// Whether height and width are left open, `?`.
    pub open: [bool; 2],
}

impl Input {
    /// Pictures of this one size.
    pub fn of(shape: Shape) -> Self {
        Self { shape, open: [false; 2] }
    }

    /// Whether extents look like those of a picture with its channels before height and width, as other
    /// frameworks have them.
    pub fn has_channels_first([first, second, third]: [usize; 3]) -> bool {
        matches!(first, 1 | 3 | 4) && second > 4 && third > 4
    }
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
                help: "Height, width and channels; `?` leaves height or width open.",
            }],
            shape: "As written.",
            formula: "y = the prepared picture",
            source: "",
            example: "input(28x28x1)",
        },
        make: |attributes: &Attributes| {
            let written = attributes.shape("shape");
            let open = [written[0] == 0, written[1] == 0];
            // until the checker has found a size that fits
            let shape = Shape::new(written.iter().map(|&extent| extent.max(1)).collect::<Vec<_>>());
            Input { shape, open }
        },
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
