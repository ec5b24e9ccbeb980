//! What of an optimizer's formula depends on the number of the step alone: one number for all weights.

use super::Optimizer;

/// Such a number. The formulas are those of [`Optimizer`], `t` the number of the step from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepRate {
    /// Adam's learning rate with its bias correction: `lr √(1 − β₂ᵗ) / (1 − β₁ᵗ)`.
    Adam,
    /// Nadam's factor of the moment: `lr u′ / (1 − U u′)`.
    NadamMoment,
    /// Nadam's factor of the gradient: `lr (1 − u) / (1 − U)`.
    NadamGradient,
    /// Nadam's factor of the second moment under the root: `1 / (1 − β₂ᵗ)`.
    NadamVariance,
}

impl StepRate {
    /// As printed graphs call it.
    pub fn name(self) -> &'static str {
        match self {
            StepRate::Adam => "adam_rate",
            StepRate::NadamMoment => "nadam_moment",
            StepRate::NadamGradient => "nadam_gradient",
            StepRate::NadamVariance => "nadam_variance",
        }
    }

    /// Whether it is proportional to the learning rate.
    pub fn is_learning_rate(self) -> bool {
        match self {
            StepRate::Adam | StepRate::NadamMoment | StepRate::NadamGradient => true,
            StepRate::NadamVariance => false,
        }
    }

    /// Its value at a step, from 1. Only graphs with the update of such an optimizer read it.
    pub fn value(self, optimizer: &Optimizer, learning_rate: f32, step: u64) -> f32 {
        let (Optimizer::Adam { beta_1, beta_2, .. } | Optimizer::Nadam { beta_1, beta_2, .. }) = *optimizer
        else {
            return learning_rate;
        };
        let lr = f64::from(learning_rate);
        let value = match self {
            StepRate::Adam => lr * rest(beta_2, step).sqrt() / rest(beta_1, step),
            StepRate::NadamMoment => {
                let next = nadam_share(beta_1, step + 1);
                lr * next / (1.0 - nadam_product(beta_1, step) * next)
            }
            StepRate::NadamGradient => {
                lr * (1.0 - nadam_share(beta_1, step)) / (1.0 - nadam_product(beta_1, step))
            }
            StepRate::NadamVariance => 1.0 / rest(beta_2, step),
        };
        value as f32
    }
}

/// `1 − βᵗ`
fn rest(beta: f32, step: u64) -> f64 {
    1.0 - f64::from(beta).powi(power(step))
}

/// `u = β₁ (1 − ½ 0.96ᵗ)`
fn nadam_share(beta_1: f32, step: u64) -> f64 {
    f64::from(beta_1) * (1.0 - 0.5 * 0.96_f64.powi(power(step)))
}

/// `U`, the product of all `u` so far.
fn nadam_product(beta_1: f32, step: u64) -> f64 {
    let mut product = 1.0;
    for step in 1..=step {
        product *= nadam_share(beta_1, step);
        // below this it no longer changes `1 − U`
        if product < 1e-20 {
            break;
        }
    }
    product
}

fn power(step: u64) -> i32 {
    i32::try_from(step).unwrap_or(i32::MAX)
}
