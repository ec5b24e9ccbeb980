//! Activations as layers: `relu`, `leaky_relu`, …, `softmax`, and `activation(name)`.

use super::{
    Activation, ActivationKind, Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType,
    ParamSpec, per_element,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// An activation by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActivationLayer {
    /// How it is written: the activation's own name, or `activation`.
    keyword: &'static str,
    /// What it applies.
    pub activation: Activation,
}

const SLOPE: &[OptionSpec] = &[OptionSpec {
    name: "negative_slope",
    ty: OptionType::Float,
    default: Some("0.3"),
    help: "Factor for values below 0.",
}];

const ALPHA: &[OptionSpec] =
    &[OptionSpec { name: "alpha", ty: OptionType::Float, default: Some("1"), help: "Value far below 0, negated." }];

const NAME: &[OptionSpec] =
    &[OptionSpec { name: "activation", ty: OptionType::Activation, default: None, help: "The activation's name." }];

const fn kind(
    keyword: &'static str,
    keras: &'static str,
    help: &'static str,
    options: &'static [OptionSpec],
    make: fn(&Attributes) -> ActivationLayer,
) -> Kind<ActivationLayer> {
    Kind { info: KindInfo { keyword, keras, help, inputs: Inputs::One, options }, make }
}

fn elementwise(keyword: &'static str, kind: ActivationKind) -> ActivationLayer {
    ActivationLayer { keyword, activation: Activation::Elementwise(kind) }
}

impl ActivationLayer {
    pub(super) const KINDS: &'static [Kind<Self>] = &[
        kind("relu", "ReLU", "max(x, 0)", &[], |_| elementwise("relu", ActivationKind::Relu)),
        kind("leaky_relu", "LeakyReLU", "x, below 0 times a slope", SLOPE, |a| {
            elementwise("leaky_relu", ActivationKind::LeakyRelu { slope: a.float("negative_slope") })
        }),
        kind("elu", "ELU", "x, below 0 alpha (exp(x) - 1)", ALPHA, |a| {
            elementwise("elu", ActivationKind::Elu { alpha: a.float("alpha") })
        }),
        kind("gelu", "GELU", "x times the normal distribution's cdf", &[], |_| {
            elementwise("gelu", ActivationKind::Gelu)
        }),
        kind("silu", "SiLU", "x sigmoid(x)", &[], |_| elementwise("silu", ActivationKind::Silu)),
        kind("sigmoid", "Sigmoid", "1 / (1 + exp(-x))", &[], |_| elementwise("sigmoid", ActivationKind::Sigmoid)),
        kind("tanh", "Tanh", "Hyperbolic tangent", &[], |_| elementwise("tanh", ActivationKind::Tanh)),
        kind("softmax", "Softmax", "exp(x) / sum of exp(x) over the channels", &[], |_| ActivationLayer {
            keyword: "softmax",
            activation: Activation::Softmax,
        }),
        kind("activation", "Activation", "The activation of a name", NAME, |a| ActivationLayer {
            keyword: "activation",
            activation: a.activation("activation"),
        }),
    ];
}

impl LayerOp for ActivationLayer {
    fn keyword(&self) -> &'static str {
        self.keyword
    }

    fn params(&self, _inputs: &[Shape]) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.activation(inputs[0], self.activation)
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        match self.activation {
            Activation::Linear => 0,
            Activation::Elementwise(_) => per_element(&inputs[0], 1),
            Activation::Softmax => per_element(&inputs[0], 3),
        }
    }

    fn activation(&self) -> Activation {
        self.activation
    }
}
