//! `layer_scale`: a learnt factor for each channel.

use super::{
    Attributes, InferError, Initializer, Inputs, Kind, KindInfo, LayerOp, Linearity, OptionSpec, OptionType,
    ParamSpec, per_element,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `layer_scale(initial)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerScale {
    /// What every factor starts from.
    pub initial: f32,
}

impl LayerScale {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "layer_scale",
            keras: "LayerScale",
            help: "Multiplies each channel by a factor that is learnt, at the end of a residual branch.",
            inputs: Inputs::One,
            options: &[OptionSpec::optional(
                "initial",
                OptionType::Float,
                "0.000001",
                "What every factor starts from: near 0, so that deep networks begin as their skips.",
            )],
            shape: "The input's.",
            formula: "y[i, j, c] = γ[c] x[i, j, c]",
            source: "Touvron et al., arXiv:2103.17239; Liu et al., arXiv:2201.03545",
            example: "layer_scale(0.1)",
        },
        make: |a: &Attributes| LayerScale { initial: a.float("initial") },
    }];
}

impl LayerOp for LayerScale {
    fn keyword(&self) -> &'static str {
        "layer_scale"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let shape = Shape::vector(inputs[0].channels());
        vec![ParamSpec::weight("gamma", shape, Initializer::Constant(self.initial))]
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        graph.map(&[inputs[0], params[0]], |e| {
            let (x, gamma) = (e.input(0), e.input(1));
            e.mul(x, gamma)
        })
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 1)
    }

    fn linearity(&self) -> Linearity {
        Linearity::Keeps
    }
}
