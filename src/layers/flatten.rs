//! `flatten`: a feature map as one vector.

use super::{InferError, Inputs, Kind, KindInfo, LayerOp, Purpose};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `flatten`: all elements in one vector, row by row, the channels of a pixel side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flatten;

impl Flatten {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "flatten",
            keras: "Flatten",
            help: "All values in one vector.",
            inputs: Inputs::One,
            options: &[],
            shape: "[H, W, C] becomes [H · W · C].",
            formula: "y[(i W + j) C + c] = x[i, j, c]",
            source: "",
            example: "flatten",
        },
        make: |_| Flatten,
    }];
}

impl LayerOp for Flatten {
    fn keyword(&self) -> &'static str {
        "flatten"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(Shape::vector(inputs[0].elements()))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        let flat = Shape::vector(graph.shape(inputs[0]).elements());
        graph.reshape(inputs[0], flat)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Reshape
    }
}
