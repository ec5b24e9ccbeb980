//! Penalties on the size of weights, and how they are written.

use super::{OptionSpec, OptionType};

/// What is added to the loss for a weight: `l1 · Σ |w| + l2 · Σ w²`, Keras's definition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regularizer {
    /// Factor of the absolute values.
    pub l1: f32,
    /// Factor of the squares.
    pub l2: f32,
}

/// A regularizer as it is written.
#[derive(Debug, Clone, Copy)]
pub struct RegularizerInfo {
    /// Its name.
    pub name: &'static str,
    /// In the order of positional arguments.
    pub options: &'static [OptionSpec],
}

const fn factor(name: &'static str, default: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::optional(name, OptionType::NonNegative, default, help)
}

impl Regularizer {
    /// All regularizers, with Keras's names and defaults.
    pub const TABLE: &'static [RegularizerInfo] = &[
        RegularizerInfo { name: "l1", options: &[factor("l1", "0.01", "Factor of the sum of absolute values.")] },
        RegularizerInfo { name: "l2", options: &[factor("l2", "0.01", "Factor of the sum of squares.")] },
        RegularizerInfo {
            name: "l1_l2",
            options: &[
                factor("l1", "0", "Factor of the sum of absolute values."),
                factor("l2", "0", "Factor of the sum of squares."),
            ],
        },
    ];
}

/// The option of a layer for one of its weights.
pub(super) const fn option(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::optional(name, OptionType::Regularizer, super::NONE, help)
}

/// The options of most layers.
pub(super) const KERNEL_REGULARIZER: OptionSpec =
    option("kernel_regularizer", "Penalty on the kernel, added to the loss.");
pub(super) const BIAS_REGULARIZER: OptionSpec = option("bias_regularizer", "Penalty on the bias, added to the loss.");
