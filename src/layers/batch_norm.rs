//! `batch_norm`: batch normalisation.

use super::{
    Attributes, Axes, InferError, Initializer, Inputs, Kind, KindInfo, LayerOp, Linearity, OptionSpec,
    OptionType, ParamSpec, Purpose, per_element,
};
use crate::ir::{GraphBuilder, Value};
use crate::ops::BatchNormParams;
use crate::tensor::Shape;

/// `batch_norm(momentum, epsilon, center, scale, …)` over all axes but the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNorm {
    /// Share of the moving statistics that stays at each step.
    pub momentum: f32,
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
    /// How the moving mean starts.
    pub moving_mean_initializer: Initializer,
    /// How the moving variance starts.
    pub moving_variance_initializer: Initializer,
}

pub(super) const EPSILON: OptionSpec =
    OptionSpec::optional("epsilon", OptionType::Positive, "0.001", "Added to the variance.");
pub(super) const CENTER: OptionSpec =
    OptionSpec::optional("center", OptionType::Bool, "true", "Whether beta is added.");
pub(super) const SCALE: OptionSpec =
    OptionSpec::optional("scale", OptionType::Bool, "true", "Whether gamma multiplies.");
pub(super) const BETA_INITIALIZER: OptionSpec =
    OptionSpec::optional("beta_initializer", OptionType::Initializer, "zeros", "How beta starts.");
pub(super) const GAMMA_INITIALIZER: OptionSpec =
    OptionSpec::optional("gamma_initializer", OptionType::Initializer, "ones", "How gamma starts.");

const OPTIONS: &[OptionSpec] = &[
    OptionSpec::optional(
        "momentum",
        OptionType::Share,
        "0.99",
        "Share of the moving statistics that stays at each step.",
    ),
    EPSILON,
    CENTER,
    SCALE,
    BETA_INITIALIZER,
    GAMMA_INITIALIZER,
    OptionSpec::optional(
        "moving_mean_initializer",
        OptionType::Initializer,
        "zeros",
        "How the moving mean starts.",
    ),
    OptionSpec::optional(
        "moving_variance_initializer",
        OptionType::Initializer,
        "ones",
        "How the moving variance starts.",
    ),
];

impl BatchNorm {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "batch_norm",
            keras: "BatchNormalization",
            help: "Normalises each channel by the batch's mean and variance (in use: by the moving ones).",
            inputs: Inputs::One,
            options: OPTIONS,
            shape: "The input's.",
            formula: "y = γ (x − μ) / √(σ² + ε) + β for each channel, μ and σ² (biased) over the batch and all pixels \
                  while training, the moving ones in use and in frozen parts; moving ← moving · momentum + batch · (1 \
                  − momentum)",
            source: "Ioffe & Szegedy, arXiv:1502.03167",
            example: "batch_norm",
        },
        make: |a: &Attributes| BatchNorm {
            momentum: a.float("momentum"),
            epsilon: a.float("epsilon"),
            center: a.bool("center"),
            scale: a.bool("scale"),
            beta_initializer: a.initializer("beta_initializer"),
            gamma_initializer: a.initializer("gamma_initializer"),
            moving_mean_initializer: a.initializer("moving_mean_initializer"),
            moving_variance_initializer: a.initializer("moving_variance_initializer"),
        },
    }];
}

impl LayerOp for BatchNorm {
    fn keyword(&self) -> &'static str {
        "batch_norm"
    }

    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec> {
        let shape = Shape::vector(inputs[0].channels());
        let param = |name, initializer, trainable| ParamSpec {
            name,
            shape: shape.clone(),
            initializer,
            trainable,
            regularizer: None,
            axes: Axes::Features,
        };
        let gamma = self.scale.then(|| param("gamma", self.gamma_initializer, true));
        let beta = self.center.then(|| param("beta", self.beta_initializer, true));
        let moving = [
            param("moving_mean", self.moving_mean_initializer, false),
            param("moving_variance", self.moving_variance_initializer, false),
        ];
        gamma.into_iter().chain(beta).chain(moving).collect()
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value {
        let mut params = params.iter().copied();
        let mut next = || params.next().expect("a value for each parameter");
        let gamma = self.scale.then(&mut next);
        let beta = self.center.then(&mut next);
        let values = BatchNormParams { gamma, beta, moving_mean: next(), moving_variance: next() };
        graph.batch_norm(inputs[0], values, self.momentum, self.epsilon)
    }

    /// One multiplication and one addition for each element.
    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 2)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Normalize
    }

    fn linearity(&self) -> Linearity {
        Linearity::Keeps
    }
}
