//! `dropout`: random zeroes in training.

use super::{InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Purpose, per_element};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `dropout(rate)`: in training a share `rate` of the elements becomes 0 and the rest grows by `1 / (1 − rate)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// In [0, 1).
    pub rate: f32,
}

impl Dropout {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "dropout",
            keras: "Dropout",
            help: "In training, sets a share of the elements to 0.",
            inputs: Inputs::One,
            options: &[OptionSpec { name: "rate", ty: OptionType::Rate, default: None, help: "Share of zeroes." }],
            shape: "The input's.",
            formula: "while training y = 0 with probability rate, else x / (1 − rate); in use y = x",
            source: "Srivastava et al., JMLR 15 (2014)",
            example: "dropout(0.4)",
        },
        make: |attributes| Dropout { rate: attributes.float("rate") },
    }];
}

impl LayerOp for Dropout {
    fn keyword(&self) -> &'static str {
        "dropout"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.dropout(inputs[0], self.rate)
    }

    /// One multiplication for each element, in training.
    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 1)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Drop
    }
}
