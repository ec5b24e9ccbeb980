//! What of an optimizer's formula depends on the number of the step alone: one number for all weights.

use crate::ir::Optimizer;

/// `lr · √(1 − β₂ᵗ) / (1 − β₁ᵗ)`; the plain rate for other optimizers.
pub(super) fn adam_rate(optimizer: &Optimizer, learning_rate: f32, step: u64) -> f32 {
    let Optimizer::Adam { beta_1, beta_2, .. } = *optimizer else { return learning_rate };
    let step = i32::try_from(step).unwrap_or(i32::MAX);
    let rest = |beta: f32| 1.0 - f64::from(beta).powi(step);
    (f64::from(learning_rate) * rest(beta_2).sqrt() / rest(beta_1)) as f32
}

/// Factors of the moment and of the gradient, and of the second moment under the root:
/// ```text
/// u = β₁ (1 − ½ 0.96ᵗ)    U = Π u        lr u′ / (1 − U u′)    lr (1 − u) / (1 − U)    1 / (1 − β₂ᵗ)
/// ```
/// with u′ that of the next step. The plain rate for other optimizers.
pub(super) fn nadam_rates(optimizer: &Optimizer, learning_rate: f32, step: u64) -> [f32; 3] {
    let Optimizer::Nadam { beta_1, beta_2, .. } = *optimizer else { return [learning_rate; 3] };
    let factor = |step: u64| {
        let power = 0.96_f64.powi(i32::try_from(step).unwrap_or(i32::MAX));
        f64::from(beta_1) * (1.0 - 0.5 * power)
    };
    let (now, next) = (factor(step), factor(step + 1));
    // below this the product no longer changes `1 − U`
    let mut product = 1.0;
    for step in 1..=step {
        product *= factor(step);
        if product < 1e-20 {
            break;
        }
    }
    let lr = f64::from(learning_rate);
    let rest = 1.0 - f64::from(beta_2).powi(i32::try_from(step).unwrap_or(i32::MAX));
    [
        (lr * next / (1.0 - product * next)) as f32,
        (lr * (1.0 - now) / (1.0 - product)) as f32,
        (1.0 / rest) as f32,
    ]
}
