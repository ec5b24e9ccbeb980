//! Penalties on the size of weights, and how they are written.

use super::{Category, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};

/// What is added to the loss for a weight: `l1 · Σ |w| + l2 · Σ w²`, Keras's definition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regularizer {
    /// Factor of the absolute values.
    pub l1: f32,
    /// Factor of the squares.
    pub l2: f32,
}

const fn factor(name: &'static str, default: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::optional(name, OptionType::NonNegative, default, help)
}

const ABSOLUTE: &str = "Factor of the sum of absolute values.";
const SQUARES: &str = "Factor of the sum of squares.";

impl Words for Regularizer {
    const EXPECTED: &'static str = Category::Regularizer.one();

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("l1", "Absolute values of the weights: many become 0.")
                .keras("L1")
                .formula("l1 · Σ |w|")
                .example("dense(10, kernel_regularizer: l1(0.001))")
                .options(&[factor("l1", "0.01", ABSOLUTE)]),
            |a| Regularizer { l1: a.float("l1"), l2: 0.0 },
        ),
        Row::new(
            Word::new("l2", "Squares of the weights: none becomes large.")
                .keras("L2")
                .formula("l2 · Σ w²")
                .example("dense(10, kernel_regularizer: l2(0.001))")
                .options(&[factor("l2", "0.01", SQUARES)]),
            |a| Regularizer { l1: 0.0, l2: a.float("l2") },
        ),
        Row::new(
            Word::new("l1_l2", "Both.")
                .keras("L1L2")
                .formula("l1 · Σ |w| + l2 · Σ w²")
                .example("dense(10, kernel_regularizer: l1_l2(l1: 0.001, l2: 0.001))")
                .options(&[factor("l1", "0", ABSOLUTE), factor("l2", "0", SQUARES)]),
            |a| Regularizer { l1: a.float("l1"), l2: a.float("l2") },
        ),
    ];

    fn written(&self) -> Written {
        let Regularizer { l1, l2 } = *self;
        Written::new("l1_l2", [("l1", OptionValue::Float(l1)), ("l2", OptionValue::Float(l2))])
    }
}

/// The option of a layer for one of its weights.
pub(crate) const fn option(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::optional(name, OptionType::Regularizer, super::NONE, help)
}

/// The options of most layers.
pub(crate) const KERNEL_REGULARIZER: OptionSpec =
    option("kernel_regularizer", "Penalty on the kernel, added to the loss.");
pub(crate) const BIAS_REGULARIZER: OptionSpec =
    option("bias_regularizer", "Penalty on the bias, added to the loss.");
