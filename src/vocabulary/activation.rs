//! Activation functions and their names.

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

impl Activation {
    /// All names, as `activation:` takes them.
    pub const NAMES: &'static [&'static str] = &[
        "linear",
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "gelu",
        "silu",
        "hard_swish",
        "sigmoid",
        "hard_sigmoid",
        "tanh",
        "softplus",
        "softmax",
    ];

    /// The activation of a name, with the defaults that Keras's functions have.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "linear" => Activation::Linear,
            "softmax" => Activation::Softmax,
            "relu" => Activation::Elementwise(ActivationKind::Relu),
            "relu6" => Activation::Elementwise(ActivationKind::Relu6),
            "leaky_relu" => Activation::Elementwise(ActivationKind::LeakyRelu { slope: 0.2 }),
            "elu" => Activation::Elementwise(ActivationKind::Elu { alpha: 1.0 }),
            "selu" => Activation::Elementwise(ActivationKind::Selu),
            "gelu" => Activation::Elementwise(ActivationKind::Gelu),
            "silu" => Activation::Elementwise(ActivationKind::Silu),
            "hard_swish" => Activation::Elementwise(ActivationKind::HardSwish),
            "sigmoid" => Activation::Elementwise(ActivationKind::Sigmoid),
            "hard_sigmoid" => Activation::Elementwise(ActivationKind::HardSigmoid),
            "softplus" => Activation::Elementwise(ActivationKind::Softplus),
            "tanh" => Activation::Elementwise(ActivationKind::Tanh),
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Linear => "linear",
            Activation::Softmax => "softmax",
            Activation::Elementwise(kind) => match kind {
                ActivationKind::Relu => "relu",
                ActivationKind::Relu6 => "relu6",
                ActivationKind::LeakyRelu { .. } => "leaky_relu",
                ActivationKind::Elu { .. } => "elu",
                ActivationKind::Selu => "selu",
                ActivationKind::Gelu => "gelu",
                ActivationKind::Silu => "silu",
                ActivationKind::HardSwish => "hard_swish",
                ActivationKind::Sigmoid => "sigmoid",
                ActivationKind::HardSigmoid => "hard_sigmoid",
                ActivationKind::Tanh => "tanh",
                ActivationKind::Softplus => "softplus",
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
    /// `min(max(x / 6 + 1/2, 0), 1)`
    HardSigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// `ln(1 + eˣ)`
    Softplus,
}
