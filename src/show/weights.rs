//! How weights start and what is asked of them, as it would be written.

use super::text::{call, named, number};
use crate::layers::{FanMode, Initializer, Regularizer, ScaledDistribution};

/// `random_normal(mean: 0, stddev: 0.05)`
pub(super) fn initializer(initializer: Initializer) -> String {
    let normal = |mean, stddev| vec![named("mean", number(mean)), named("stddev", number(stddev))];
    let (name, arguments) = match initializer {
        Initializer::Zeros => ("zeros", Vec::new()),
        Initializer::Ones => ("ones", Vec::new()),
        Initializer::Constant(value) => ("constant", vec![named("value", number(value))]),
        Initializer::GlorotUniform => ("glorot_uniform", Vec::new()),
        Initializer::GlorotNormal => ("glorot_normal", Vec::new()),
        Initializer::HeUniform => ("he_uniform", Vec::new()),
        Initializer::HeNormal => ("he_normal", Vec::new()),
        Initializer::LecunUniform => ("lecun_uniform", Vec::new()),
        Initializer::LecunNormal => ("lecun_normal", Vec::new()),
        Initializer::RandomUniform { minval, maxval } => {
            ("random_uniform", vec![named("minval", number(minval)), named("maxval", number(maxval))])
        }
        Initializer::RandomNormal { mean, stddev } => ("random_normal", normal(mean, stddev)),
        Initializer::TruncatedNormal { mean, stddev } => ("truncated_normal", normal(mean, stddev)),
        Initializer::VarianceScaling { scale, mode, distribution } => {
            let mode = match mode {
                FanMode::FanIn => "fan_in",
                FanMode::FanOut => "fan_out",
                FanMode::FanAvg => "fan_avg",
            };
            let distribution = match distribution {
                ScaledDistribution::TruncatedNormal => "truncated_normal",
                ScaledDistribution::UntruncatedNormal => "untruncated_normal",
                ScaledDistribution::Uniform => "uniform",
            };
            let arguments =
                vec![named("scale", number(scale)), named("mode", mode), named("distribution", distribution)];
            ("variance_scaling", arguments)
        }
        Initializer::Orthogonal { gain } => ("orthogonal", vec![named("gain", number(gain))]),
    };
    call(name, &arguments)
}

/// `l1_l2(l1: 0, l2: 0.001)`
pub(super) fn regularizer(regularizer: Regularizer) -> String {
    let Regularizer { l1, l2 } = regularizer;
    call("l1_l2", &[named("l1", number(l1)), named("l2", number(l2))])
}
