//! How parameters start, and how that is written.

use super::choices::choices;
use super::{Attributes, Category, Choices, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};

/// How a parameter starts, with Keras's definitions. `fan_in`/`fan_out` of a convolution count its window:
/// `Kh · Kw · I`, `Kh · Kw · O`.
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

choices! {
    /// What a variance is divided by.
    #[allow(clippy::enum_variant_names, reason = "they are called so in the literature, and in the language")]
    pub enum FanMode {
        /// Inputs of a unit.
        FanIn = "fan_in",
        /// Outputs of a unit.
        FanOut = "fan_out",
        /// Their mean.
        FanAvg = "fan_avg",
    }
}

choices! {
    /// The form of a distribution of given variance.
    pub enum ScaledDistribution {
        /// Normal, truncated at two deviations.
        TruncatedNormal = "truncated_normal",
        /// Normal.
        UntruncatedNormal = "untruncated_normal",
        /// Uniform.
        Uniform = "uniform",
    }
}

const MEAN_AND_DEVIATION: &[OptionSpec] = &[
    OptionSpec::optional("mean", OptionType::Float, "0", "Mean."),
    OptionSpec::optional("stddev", OptionType::NonNegative, "0.05", "Standard deviation."),
];

/// An initializer without options.
const fn plain(
    keyword: &'static str,
    keras: &'static str,
    help: &'static str,
    example: &'static str,
    make: fn(&Attributes) -> Initializer,
) -> Row<Initializer> {
    Row::new(Word::new(keyword, help).keras(keras).example(example), make)
}

impl Words for Initializer {
    const EXPECTED: &'static str = Category::Initializer.one();

    const TABLE: &'static [Row<Self>] = &[
        plain("zeros", "Zeros", "All 0.", "dense(10, kernel_initializer: zeros)", |_| Initializer::Zeros),
        plain("ones", "Ones", "All 1.", "dense(10, bias_initializer: ones)", |_| Initializer::Ones),
        Row::new(
            Word::new("constant", "All the same number.")
                .keras("Constant")
                .example("dense(10, bias_initializer: constant(0.1))")
                .options(&[OptionSpec::optional("value", OptionType::Float, "0", "The number.")]),
            |a| Initializer::Constant(a.float("value")),
        ),
        plain(
            "glorot_uniform",
            "GlorotUniform",
            "Uniform in ±√(6 / (fan_in + fan_out)). The default of kernels.",
            "dense(10, kernel_initializer: glorot_uniform)",
            |_| Initializer::GlorotUniform,
        ),
        plain(
            "glorot_normal",
            "GlorotNormal",
            "Normal, truncated at two deviations, deviation √(2 / (fan_in + fan_out)) / 0.87962566.",
            "dense(10, kernel_initializer: glorot_normal)",
            |_| Initializer::GlorotNormal,
        ),
        plain(
            "he_uniform",
            "HeUniform",
            "Uniform in ±√(6 / fan_in); for `relu`.",
            "conv2d(32, 3x3, kernel_initializer: he_uniform)",
            |_| Initializer::HeUniform,
        ),
        plain(
            "he_normal",
            "HeNormal",
            "Normal, truncated at two deviations, deviation √(2 / fan_in) / 0.87962566; for `relu`.",
            "conv2d(32, 3x3, kernel_initializer: he_normal)",
            |_| Initializer::HeNormal,
        ),
        plain(
            "lecun_uniform",
            "LecunUniform",
            "Uniform in ±√(3 / fan_in); for `selu`.",
            "dense(64, kernel_initializer: lecun_uniform)",
            |_| Initializer::LecunUniform,
        ),
        plain(
            "lecun_normal",
            "LecunNormal",
            "Normal, truncated at two deviations, deviation √(1 / fan_in) / 0.87962566; for `selu`.",
            "dense(64, kernel_initializer: lecun_normal)",
            |_| Initializer::LecunNormal,
        ),
        Row::new(
            Word::new("random_uniform", "Uniform between two numbers.")
                .keras("RandomUniform")
                .example("dense(10, kernel_initializer: random_uniform(minval: -0.1, maxval: 0.1))")
                .options(&[
                    OptionSpec::optional("minval", OptionType::Float, "-0.05", "Lower end."),
                    OptionSpec::optional("maxval", OptionType::Float, "0.05", "Upper end."),
                ]),
            |a| Initializer::RandomUniform { minval: a.float("minval"), maxval: a.float("maxval") },
        ),
        Row::new(
            Word::new("random_normal", "Normal.")
                .keras("RandomNormal")
                .example("dense(10, kernel_initializer: random_normal(stddev: 0.01))")
                .options(MEAN_AND_DEVIATION),
            |a| Initializer::RandomNormal { mean: a.float("mean"), stddev: a.float("stddev") },
        ),
        Row::new(
            Word::new("truncated_normal", "Normal, truncated at two deviations.")
                .keras("TruncatedNormal")
                .example("dense(10, kernel_initializer: truncated_normal(stddev: 0.01))")
                .options(MEAN_AND_DEVIATION),
            |a| Initializer::TruncatedNormal { mean: a.float("mean"), stddev: a.float("stddev") },
        ),
        Row::new(
            Word::new("variance_scaling", "Mean 0, variance `scale` / fan.")
                .keras("VarianceScaling")
                .example("dense(10, kernel_initializer: variance_scaling(scale: 2, mode: fan_out))")
                .options(&[
                    OptionSpec::optional("scale", OptionType::Positive, "1", "Factor of the variance."),
                    OptionSpec::optional(
                        "mode",
                        OptionType::Choice(FanMode::NAMES),
                        "fan_in",
                        "What `scale` is divided by.",
                    ),
                    OptionSpec::optional(
                        "distribution",
                        OptionType::Choice(ScaledDistribution::NAMES),
                        "truncated_normal",
                        "The form of the distribution.",
                    ),
                ]),
            |a| Initializer::VarianceScaling {
                scale: a.float("scale"),
                mode: a.one_of("mode"),
                distribution: a.one_of("distribution"),
            },
        ),
        Row::new(
            Word::new(
                "orthogonal",
                "A random matrix [Kh · Kw · I, O] whose rows or columns are orthogonal, times `gain`.",
            )
            .keras("Orthogonal")
            .source("Saxe et al., arXiv:1312.6120")
            .example("dense(10, kernel_initializer: orthogonal)")
            .options(&[OptionSpec::optional("gain", OptionType::Float, "1", "Factor.")]),
            |a| Initializer::Orthogonal { gain: a.float("gain") },
        ),
    ];

    fn written(&self) -> Written {
        use OptionValue::{Choice, Float};
        let normal =
            |keyword, mean, stddev| Written::new(keyword, [("mean", Float(mean)), ("stddev", Float(stddev))]);
        match *self {
            Initializer::Zeros => Written::bare("zeros"),
            Initializer::Ones => Written::bare("ones"),
            Initializer::Constant(value) => Written::new("constant", [("value", Float(value))]),
            Initializer::GlorotUniform => Written::bare("glorot_uniform"),
            Initializer::GlorotNormal => Written::bare("glorot_normal"),
            Initializer::HeUniform => Written::bare("he_uniform"),
            Initializer::HeNormal => Written::bare("he_normal"),
            Initializer::LecunUniform => Written::bare("lecun_uniform"),
            Initializer::LecunNormal => Written::bare("lecun_normal"),
            Initializer::RandomUniform { minval, maxval } => {
                Written::new("random_uniform", [("minval", Float(minval)), ("maxval", Float(maxval))])
            }
            Initializer::RandomNormal { mean, stddev } => normal("random_normal", mean, stddev),
            Initializer::TruncatedNormal { mean, stddev } => normal("truncated_normal", mean, stddev),
            Initializer::VarianceScaling { scale, mode, distribution } => Written::new(
                "variance_scaling",
                [
                    ("scale", Float(scale)),
                    ("mode", Choice(mode.name())),
                    ("distribution", Choice(distribution.name())),
                ],
            ),
            Initializer::Orthogonal { gain } => Written::new("orthogonal", [("gain", Float(gain))]),
        }
    }
}
