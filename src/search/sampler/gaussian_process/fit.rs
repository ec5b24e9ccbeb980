//! The kernel that fits what was seen.

use super::model::{Data, Kernel, Likelihood};
use crate::search::lbfgs::minimize;

/// The least noise: numbers have too few digits for less.
const LEAST_NOISE: f64 = 1e-6;

/// How far the gradient may be from nothing.
const TOLERANCE: f64 = 1e-2;

/// What is believed of kernels before anything was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prior {
    /// That of Optuna 5's `GPSampler`: relevances near 1, a scale of Gamma(2, 1), noise of Gamma(1.1, 30).
    ///
    /// ```text
    /// Σ −(0.1/relevance + 0.1 relevance) + ln scale − scale + 0.1 ln noise − 30 noise
    /// ```
    Usual,
    /// Nothing: the likeliest kernel is found.
    #[cfg(test)]
    Flat,
}

/// The kernel that is likeliest under what was seen and a prior: the mode of the posterior of the logarithms'
/// arguments, from a kernel where everything is 1.
pub(super) fn fit(data: &Data, prior: Prior) -> Kernel {
    let start = vec![0.0; data.words.len() + 2];
    let loss = |logs: &[f64]| {
        let kernel = kernel(logs);
        let Some(mut likelihood) = data.likelihood(&kernel) else {
            return (f64::NAN, vec![0.0; logs.len()]);
        };
        prior.add(&kernel, &mut likelihood);
        // the noise is above its least by what the last logarithm says
        if let Some(slope) = likelihood.slope.last_mut() {
            *slope *= (kernel.noise - LEAST_NOISE) / kernel.noise;
        }
        (-likelihood.ln, likelihood.slope.iter().map(|slope| -slope).collect())
    };
    kernel(&minimize(loss, start, TOLERANCE).at)
}

/// A kernel of logarithms: of the relevances, of the scale, of the noise above its least.
fn kernel(logs: &[f64]) -> Kernel {
    let (relevance, rest) = logs.split_at(logs.len() - 2);
    Kernel {
        relevance: relevance.iter().map(|log| log.exp()).collect(),
        scale: rest[0].exp(),
        noise: rest[1].exp() + LEAST_NOISE,
    }
}

impl Prior {
    fn add(self, kernel: &Kernel, likelihood: &mut Likelihood) {
        match self {
            Prior::Usual => {
                let width = kernel.relevance.len();
                for (relevance, slope) in kernel.relevance.iter().zip(&mut likelihood.slope) {
                    likelihood.ln -= 0.1 / relevance + 0.1 * relevance;
                    *slope += 0.1 / relevance - 0.1 * relevance;
                }
                let (scale, noise) = (kernel.scale, kernel.noise);
                likelihood.ln += scale.ln() - scale + 0.1 * noise.ln() - 30.0 * noise;
                likelihood.slope[width] += 1.0 - scale;
                likelihood.slope[width + 1] += 0.1 - 30.0 * noise;
            }
            #[cfg(test)]
            Prior::Flat => {}
        }
    }
}
