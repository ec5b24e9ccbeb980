//! How parameters start, and how that is written.

use super::{Attributes, OptionSpec, OptionType};

/// How a parameter starts, with Keras's definitions. `fan_in`/`fan_out` of a convolution count its window: `Kh · Kw · I`, `Kh · Kw · O`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initializer {
    /// 0.
    Zeros,
    /// 1.
    Ones,
    /// This number.
    Constant(f32),
    /// Uniform in ±√(6 / (fan_in + fan_out)).
    GlorotUniform,
    /// Normal, truncated at two deviations, deviation √(2 / (fan_in + fan_out)) / 0.87962566.
    GlorotNormal,
    /// Uniform in ±√(6 / fan_in).
    HeUniform,
    /// Truncated normal, deviation √(2 / fan_in) / 0.87962566.
    HeNormal,
    /// Uniform in ±√(3 / fan_in).
    LecunUniform,
    /// Truncated normal, deviation √(1 / fan_in) / 0.87962566.
    LecunNormal,
    /// Uniform.
    RandomUniform {
        /// Lower end.
        minval: f32,
        /// Upper end.
        maxval: f32,
    },
    /// Normal.
    RandomNormal {
        /// Mean.
        mean: f32,
        /// Standard deviation.
        stddev: f32,
    },
    /// Normal, truncated at two deviations.
    TruncatedNormal {
        /// Mean.
        mean: f32,
        /// Standard deviation before it is truncated.
        stddev: f32,
    },
    /// Mean 0, variance `scale / fan`.
    VarianceScaling {
        /// Factor of the variance.
        scale: f32,
        /// What it is divided by.
        mode: FanMode,
        /// Of which form.
        distribution: ScaledDistribution,
    },
    /// A random matrix `[Kh · Kw · I, O]` whose rows or columns are orthogonal, times `gain`.
    Orthogonal {
        /// Factor.
        gain: f32,
    },
}

/// What a variance is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FanMode {
    /// Inputs of a unit.
    FanIn,
    /// Outputs of a unit.
    FanOut,
    /// Their mean.
    FanAvg,
}

/// The form of a distribution of given variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaledDistribution {
    /// Normal, truncated at two deviations.
    TruncatedNormal,
    /// Normal.
    UntruncatedNormal,
    /// Uniform.
    Uniform,
}

/// An initializer as it is written.
#[derive(Debug, Clone, Copy)]
pub struct InitializerInfo {
    /// Its name.
    pub name: &'static str,
    /// In the order of positional arguments.
    pub options: &'static [OptionSpec],
    make: fn(&Attributes) -> Initializer,
}

const fn plain(name: &'static str, make: fn(&Attributes) -> Initializer) -> InitializerInfo {
    InitializerInfo { name, options: &[], make }
}

const MEAN_AND_DEVIATION: &[OptionSpec] = &[
    OptionSpec::optional("mean", OptionType::Float, "0", "Mean."),
    OptionSpec::optional("stddev", OptionType::NonNegative, "0.05", "Standard deviation."),
];

impl Initializer {
    /// All initializers, with Keras's names, arguments and defaults.
    pub const TABLE: &'static [InitializerInfo] = &[
        plain("zeros", |_| Initializer::Zeros),
        plain("ones", |_| Initializer::Ones),
        InitializerInfo {
            name: "constant",
            options: &[OptionSpec::optional("value", OptionType::Float, "0", "The number.")],
            make: |a| Initializer::Constant(a.float("value")),
        },
        plain("glorot_uniform", |_| Initializer::GlorotUniform),
        plain("glorot_normal", |_| Initializer::GlorotNormal),
        plain("he_uniform", |_| Initializer::HeUniform),
        plain("he_normal", |_| Initializer::HeNormal),
        plain("lecun_uniform", |_| Initializer::LecunUniform),
        plain("lecun_normal", |_| Initializer::LecunNormal),
        InitializerInfo {
            name: "random_uniform",
            options: &[
                OptionSpec::optional("minval", OptionType::Float, "-0.05", "Lower end."),
                OptionSpec::optional("maxval", OptionType::Float, "0.05", "Upper end."),
            ],
            make: |a| Initializer::RandomUniform { minval: a.float("minval"), maxval: a.float("maxval") },
        },
        InitializerInfo {
            name: "random_normal",
            options: MEAN_AND_DEVIATION,
            make: |a| Initializer::RandomNormal { mean: a.float("mean"), stddev: a.float("stddev") },
        },
        InitializerInfo {
            name: "truncated_normal",
            options: MEAN_AND_DEVIATION,
            make: |a| Initializer::TruncatedNormal { mean: a.float("mean"), stddev: a.float("stddev") },
        },
        InitializerInfo {
            name: "variance_scaling",
            options: &[
                OptionSpec::optional("scale", OptionType::Positive, "1", "Factor of the variance."),
                OptionSpec::optional(
                    "mode",
                    OptionType::Choice(&["fan_in", "fan_out", "fan_avg"]),
                    "fan_in",
                    "What the variance is divided by.",
                ),
                OptionSpec::optional(
                    "distribution",
                    OptionType::Choice(&["truncated_normal", "untruncated_normal", "uniform"]),
                    "truncated_normal",
                    "Its form.",
                ),
            ],
            make: |a| Initializer::VarianceScaling {
                scale: a.float("scale"),
                mode: match a.choice("mode") {
                    "fan_out" => FanMode::FanOut,
                    "fan_avg" => FanMode::FanAvg,
                    _ => FanMode::FanIn,
                },
                distribution: match a.choice("distribution") {
                    "untruncated_normal" => ScaledDistribution::UntruncatedNormal,
                    "uniform" => ScaledDistribution::Uniform,
                    _ => ScaledDistribution::TruncatedNormal,
                },
            },
        },
        InitializerInfo {
            name: "orthogonal",
            options: &[OptionSpec::optional("gain", OptionType::Float, "1", "Factor.")],
            make: |a| Initializer::Orthogonal { gain: a.float("gain") },
        },
    ];

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::TABLE.iter().map(|info| info.name)
    }

    /// How the initializer of a name is written.
    pub fn info(name: &str) -> Option<&'static InitializerInfo> {
        Self::TABLE.iter().find(|info| info.name == name)
    }

    /// The initializer of a name, with its defaults.
    pub fn from_name(name: &str) -> Option<Self> {
        let info = Self::info(name)?;
        Some(info.with(&Attributes::new(info.options, |_| None).ok()?))
    }
}

impl InitializerInfo {
    /// The initializer with these arguments.
    pub fn with(&self, attributes: &Attributes) -> Initializer {
        (self.make)(attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_initializer() {
        for info in Initializer::TABLE {
            assert!(Initializer::from_name(info.name).is_some(), "{}", info.name);
        }
        assert_eq!(
            Initializer::from_name("random_normal"),
            Some(Initializer::RandomNormal { mean: 0.0, stddev: 0.05 })
        );
    }
}
