//! Activations as layers: `relu`, `leaky_relu`, …, `softmax`, and `activation(name)`.

use super::{
    Activation, ActivationKind, Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType,
    Purpose, per_element,
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

const SLOPE: &[OptionSpec] =
    &[OptionSpec::optional("negative_slope", OptionType::Float, "0.3", "Factor for values below 0.")];

const ALPHA: &[OptionSpec] =
    &[OptionSpec::optional("alpha", OptionType::Float, "1", "Far below 0 the result tends to −alpha.")];

const NAME: &[OptionSpec] = &[OptionSpec::required("activation", OptionType::Activation, "The activation's name.")];

/// A row of the table: `[keyword, Keras's spelling, sentence]`, then `[formula, source]`.
const fn kind(
    [keyword, keras, help]: [&'static str; 3],
    [formula, source]: [&'static str; 2],
    options: &'static [OptionSpec],
    make: fn(&Attributes) -> ActivationLayer,
) -> Kind<ActivationLayer> {
    let shape = "The input's.";
    Kind {
        info: KindInfo { keyword, keras, help, inputs: Inputs::One, options, shape, formula, source, example: keyword },
        make,
    }
}

fn elementwise(keyword: &'static str, kind: ActivationKind) -> ActivationLayer {
    ActivationLayer { keyword, activation: Activation::Elementwise(kind) }
}

impl ActivationLayer {
    pub(super) const KINDS: &'static [Kind<Self>] = &[
        kind(["relu", "ReLU", "Values below 0 become 0."], ["y = max(x, 0)", ""], &[], |_| {
            elementwise("relu", ActivationKind::Relu)
        }),
        kind(
            ["relu6", "ReLU6", "Values below 0 become 0, those above 6 become 6."],
            ["y = min(max(x, 0), 6)", "Howard et al., arXiv:1704.04861"],
            &[],
            |_| elementwise("relu6", ActivationKind::Relu6),
        ),
        kind(
            [
                "leaky_relu",
                "LeakyReLU",
                "Values below 0 are multiplied by a slope (as `activation:` its default is 0.2, as in Keras).",
            ],
            ["y = x where x ≥ 0, else negative_slope · x", ""],
            SLOPE,
            |a| elementwise("leaky_relu", ActivationKind::LeakyRelu { slope: a.float("negative_slope") }),
        ),
        kind(
            ["elu", "ELU", "Values below 0 level off at −alpha."],
            ["y = x where x ≥ 0, else alpha (eˣ − 1)", "Clevert et al., arXiv:1511.07289"],
            ALPHA,
            |a| elementwise("elu", ActivationKind::Elu { alpha: a.float("alpha") }),
        ),
        kind(
            ["selu", "SELU", "ELU scaled so that deep networks keep mean 0 and deviation 1."],
            [
                "y = λ x where x ≥ 0, else λ α (eˣ − 1), with λ = 1.05070098 and α = 1.67326324",
                "Klambauer et al., arXiv:1706.02515",
            ],
            &[],
            |_| elementwise("selu", ActivationKind::Selu),
        ),
        kind(
            ["gelu", "GELU", "x times the share of normal values below it."],
            ["y = x Φ(x) = x (1 + erf(x / √2)) / 2", "Hendrycks & Gimpel, arXiv:1606.08415"],
            &[],
            |_| elementwise("gelu", ActivationKind::Gelu),
        ),
        kind(
            ["silu", "SiLU", "x times its sigmoid, also called swish."],
            ["y = x / (1 + e⁻ˣ)", "Ramachandran et al., arXiv:1710.05941"],
            &[],
            |_| elementwise("silu", ActivationKind::Silu),
        ),
        kind(
            ["hard_swish", "Hardswish", "silu with straight lines for the sigmoid."],
            ["y = x · min(max(x / 6 + 1/2, 0), 1)", "Howard et al., arXiv:1905.02244, §5.2"],
            &[],
            |_| elementwise("hard_swish", ActivationKind::HardSwish),
        ),
        kind(["sigmoid", "Sigmoid", "Values become shares."], ["y = 1 / (1 + e⁻ˣ)", ""], &[], |_| {
            elementwise("sigmoid", ActivationKind::Sigmoid)
        }),
        kind(
            ["hard_sigmoid", "Hardsigmoid", "The sigmoid out of straight lines."],
            ["y = min(max(x / 6 + 1/2, 0), 1)", ""],
            &[],
            |_| elementwise("hard_sigmoid", ActivationKind::HardSigmoid),
        ),
        kind(["tanh", "Tanh", "Hyperbolic tangent."], ["y = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)", ""], &[], |_| {
            elementwise("tanh", ActivationKind::Tanh)
        }),
        kind(["softplus", "Softplus", "A smooth relu."], ["y = ln(1 + eˣ)", ""], &[], |_| {
            elementwise("softplus", ActivationKind::Softplus)
        }),
        kind(
            ["softmax", "Softmax", "Values over the channels become shares of 1."],
            ["y[c] = e^x[c] / Σ e^x[k] over all channels k", ""],
            &[],
            |_| ActivationLayer { keyword: "softmax", activation: Activation::Softmax },
        ),
        Kind {
            info: KindInfo {
                keyword: "activation",
                keras: "Activation",
                help: "The activation of a name: where the name is a parameter.",
                inputs: Inputs::One,
                options: NAME,
                shape: "The input's.",
                formula: "y = f(x)",
                source: "",
                example: "activation(relu)",
            },
            make: |a| ActivationLayer { keyword: "activation", activation: a.activation("activation") },
        },
    ];
}

impl LayerOp for ActivationLayer {
    fn keyword(&self) -> &'static str {
        self.keyword
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

    fn purpose(&self) -> Purpose {
        Purpose::Activate
    }
}
