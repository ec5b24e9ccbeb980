//! `layer_norm`: normalisation over the channels of each pixel.

use super::batch_norm::{BETA_INITIALIZER, CENTER, EPSILON, GAMMA_INITIALIZER, SCALE};
use super::{
    Attributes, InferError, Initializer, Inputs, Kind, KindInfo, LayerOp, OptionSpec, ParamSpec, Purpose,
    per_element,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `layer_norm(epsilon, center, scale, …)` over the last axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNorm {
    /// Added to the variance.
    pub epsilon: f32,
    /// Whether `beta` is added.
    pub center: bool,
    /// Whether the result is multiplied by `gamma`.
    pub scale: bool,
    /// How `beta` starts.
    pub beta_initializer: Initializer,
    /// How `gamma` starts.
    pub gamma_initializer: Initializer,
}

const OPTIONS: &[OptionSpec] = &[EPSILON, CENTER, SCALE, BETA_INITIALIZER, GAMMA_INITIALIZER];

impl LayerNorm {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "layer_norm",
            keras: "LayerNormalization",
            help: "Normalises the channels of each pixel (or a vector) by their own mean and variance.",
            inputs: Inputs::One,
            options: OPTIONS,
            shape: "The input's.",
            formula: "y = γ (x − μ) / √(σ² + ε) + β, μ and σ² (biased) over the channels of each pixel; γ and β have one \
                  number per channel",
            source: "Ba et al., arXiv:1607.06450; Keras's default axis, the last",
            example: "layer_norm",
        },
        make: |a: &Attributes| LayerNorm {
            epsilon: a.float("epsilon"),
            center: a.bool("center"),
            scale: a.bool("scale"),
            beta_initializer: a.initializer("beta_initializer"),
            gamma_initializer: a.initializer("gamma_initializer"),
        },
    }];
}

impl LayerOp for LayerNorm {
    fn keyword(&self) -> &'static str {
        "layer_norm"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let shape = || Shape::vector(inputs[0].channels());
        let gamma = self.scale.then(|| ParamSpec::weight("gamma", shape(), self.gamma_initializer));
        let beta = self.center.then(|| ParamSpec::weight("beta", shape(), self.beta_initializer));
        gamma.into_iter().chain(beta).collect()
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        let normal = graph.channel_norm(inputs[0], self.epsilon);
        let operands: Vec<Value> = std::iter::once(normal).chain(params.iter().copied()).collect();
        match (self.scale, self.center) {
            (true, true) => graph.map(&operands, |e| {
                let (x, gamma, beta) = (e.input(0), e.input(1), e.input(2));
                e.mul_add(x, gamma, beta)
            }),
            (true, false) => graph.map(&operands, |e| {
                let (x, gamma) = (e.input(0), e.input(1));
                e.mul(x, gamma)
            }),
            (false, true) => graph.bias_add(normal, params[0]),
            (false, false) => normal,
        }
    }

    /// Two sums, a difference, its square, a product; scale and shift.
    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 8)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Normalize
    }
}
