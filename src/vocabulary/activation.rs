//! Activation functions. Each is a layer as well: [`crate::layers`] makes its rows of these.

use super::{OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};

/// An activation function.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Activation {
    /// None.
    #[default]
    Linear,
    /// Element by element.
    Elementwise(ActivationKind),
    /// `e^x / Σ e^x` over the channels.
    Softmax,
}

/// The option of `leaky_relu`.
const fn slope(default: &'static str) -> OptionSpec {
    OptionSpec::optional("negative_slope", OptionType::Float, default, "Factor for values below 0.")
}

const ALPHA: &[OptionSpec] =
    &[OptionSpec::optional("alpha", OptionType::Float, "1", "Far below 0 the result tends to −alpha.")];

/// The options of `hard_sigmoid`: Keras's and PyTorch's line by default.
const LINE: &[OptionSpec] = &[
    OptionSpec::optional("alpha", OptionType::Float, "1/6", "The line's slope."),
    OptionSpec::optional("beta", OptionType::Float, "0.5", "Its value at 0."),
];

const fn elementwise(kind: ActivationKind) -> Activation {
    Activation::Elementwise(kind)
}

impl Activation {
    /// Options that have other defaults where an activation is a layer: Keras's layer `LeakyReLU` has another
    /// slope than its function.
    pub const AS_LAYERS: &'static [(&'static str, &'static [OptionSpec])] =
        &[("leaky_relu", &[slope("0.3")])];
}

impl Words for Activation {
    const EXPECTED: &'static str = "a word such as `linear`";

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("linear", "No activation: the values as they are.")
                .formula("y = x")
                .example("dense(10, activation: linear)"),
            |_| Activation::Linear,
        ),
        Row::new(
            Word::new("relu", "Values below 0 become 0.").keras("ReLU").formula("y = max(x, 0)").example("relu"),
            |_| elementwise(ActivationKind::Relu),
        ),
        Row::new(
            Word::new("relu6", "Values below 0 become 0, those above 6 become 6.")
                .keras("ReLU6")
                .formula("y = min(max(x, 0), 6)")
                .source("Howard et al., arXiv:1704.04861")
                .example("relu6"),
            |_| elementwise(ActivationKind::Relu6),
        ),
        Row::new(
            Word::new(
                "leaky_relu",
                "Values below 0 are multiplied by a slope (as `activation:` its default is 0.2, as in Keras).",
            )
            .keras("LeakyReLU")
            .formula("y = x where x ≥ 0, else negative_slope · x")
            .example("leaky_relu")
            .options(&[slope("0.2")]),
            |a| elementwise(ActivationKind::LeakyRelu { slope: a.float("negative_slope") }),
        ),
        Row::new(
            Word::new("elu", "Values below 0 level off at −alpha.")
                .keras("ELU")
                .formula("y = x where x ≥ 0, else alpha (eˣ − 1)")
                .source("Clevert et al., arXiv:1511.07289")
                .example("elu")
                .options(ALPHA),
            |a| elementwise(ActivationKind::Elu { alpha: a.float("alpha") }),
        ),
        Row::new(
            Word::new("selu", "ELU scaled so that deep networks keep mean 0 and deviation 1.")
                .keras("SELU")
                .formula("y = λ x where x ≥ 0, else λ α (eˣ − 1), with λ = 1.05070098 and α = 1.67326324")
                .source("Klambauer et al., arXiv:1706.02515")
                .example("selu"),
            |_| elementwise(ActivationKind::Selu),
        ),
        Row::new(
            Word::new("gelu", "x times the share of normal values below it.")
                .keras("GELU")
                .formula("y = x Φ(x) = x (1 + erf(x / √2)) / 2")
                .source("Hendrycks & Gimpel, arXiv:1606.08415")
                .example("gelu"),
            |_| elementwise(ActivationKind::Gelu),
        ),
        Row::new(
            Word::new("silu", "x times its sigmoid, also called swish.")
                .keras("SiLU")
                .formula("y = x / (1 + e⁻ˣ)")
                .source("Ramachandran et al., arXiv:1710.05941")
                .example("silu"),
            |_| elementwise(ActivationKind::Silu),
        ),
        Row::new(
            Word::new("hard_swish", "silu with straight lines for the sigmoid.")
                .keras("Hardswish")
                .formula("y = x · min(max(x / 6 + 1/2, 0), 1)")
                .source("Howard et al., arXiv:1905.02244, §5.2")
                .example("hard_swish"),
            |_| elementwise(ActivationKind::HardSwish),
        ),
        Row::new(
            Word::new("sigmoid", "Values become shares.")
                .keras("Sigmoid")
                .formula("y = 1 / (1 + e⁻ˣ)")
                .example("sigmoid"),
            |_| elementwise(ActivationKind::Sigmoid),
        ),
        Row::new(
            Word::new(
                "hard_sigmoid",
                "The sigmoid out of straight lines. Keras 2 and ONNX have another slope by default, `alpha: 0.2`.",
            )
            .keras("Hardsigmoid")
            .formula("y = min(max(alpha x + beta, 0), 1)")
            .example("hard_sigmoid")
            .options(LINE),
            |a| elementwise(ActivationKind::HardSigmoid { alpha: a.float("alpha"), beta: a.float("beta") }),
        ),
        Row::new(
            Word::new("tanh", "Hyperbolic tangent.")
                .keras("Tanh")
                .formula("y = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)")
                .example("tanh"),
            |_| elementwise(ActivationKind::Tanh),
        ),
        Row::new(
            Word::new("softplus", "A smooth relu.").keras("Softplus").formula("y = ln(1 + eˣ)").example("softplus"),
            |_| elementwise(ActivationKind::Softplus),
        ),
        Row::new(
            Word::new("softmax", "Values over the channels become shares of 1.")
                .keras("Softmax")
                .formula("y[c] = e^x[c] / Σ e^x[k] over all channels k")
                .example("softmax"),
            |_| Activation::Softmax,
        ),
    ];

    fn written(&self) -> Written {
        use OptionValue::Float;
        match *self {
            Activation::Linear => Written::bare("linear"),
            Activation::Softmax => Written::bare("softmax"),
            Activation::Elementwise(kind) => match kind {
                ActivationKind::Relu => Written::bare("relu"),
                ActivationKind::Relu6 => Written::bare("relu6"),
                ActivationKind::LeakyRelu { slope } => {
                    Written::new("leaky_relu", [("negative_slope", Float(slope))])
                }
                ActivationKind::Elu { alpha } => Written::new("elu", [("alpha", Float(alpha))]),
                ActivationKind::Selu => Written::bare("selu"),
                ActivationKind::Gelu => Written::bare("gelu"),
                ActivationKind::Silu => Written::bare("silu"),
                ActivationKind::HardSwish => Written::bare("hard_swish"),
                ActivationKind::Sigmoid => Written::bare("sigmoid"),
                ActivationKind::HardSigmoid { alpha, beta } => {
                    Written::new("hard_sigmoid", [("alpha", Float(alpha)), ("beta", Float(beta))])
                }
                ActivationKind::Tanh => Written::bare("tanh"),
                ActivationKind::Softplus => Written::bare("softplus"),
            },
        }
    }
}

/// Element-wise activations, with Keras's definitions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ActivationKind {
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `x ≥ 0 ? x : slope · x`
    LeakyRelu {
        /// Keras's default: 0.3 as a layer, 0.2 as an activation function.
        slope: f32,
    },
    /// `x ≥ 0 ? x : α (eˣ − 1)`
    Elu {
        /// Default 1.
        alpha: f32,
    },
    /// `λ x` for x > 0, else `λ α (eˣ − 1)`, with λ = 1.0507… and α = 1.6732….
    /// Source: Klambauer et al., arXiv:1706.02515.
    Selu,
    /// `x Φ(x)`, with erf (Keras's default, `approximate=False`).
    Gelu,
    /// `x σ(x)`
    Silu,
    /// `x · min(max(x / 6 + 1/2, 0), 1)`. Source: Howard et al., arXiv:1905.02244, §5.2.
    HardSwish,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `min(max(α x + β, 0), 1)`
    HardSigmoid {
        /// Default 1/6.
        alpha: f32,
        /// Default 1/2.
        beta: f32,
    },
    /// Hyperbolic tangent.
    Tanh,
    /// `ln(1 + eˣ)`
    Softplus,
}
