//! Strategies of a search.

use super::choices::choices;
use super::{Category, Choices, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};

choices! {
    /// Where the points of Hyperband's brackets come from.
    pub enum Sampling {
        /// At random.
        Random = "random",
        /// From a tree of Parzen estimators.
        Tpe = "tpe",
    }
}

/// How a space is searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strategy {
    /// Every point.
    Grid,
    /// Points at random.
    Random {
        /// Number of points. Default 10.
        trials: usize,
    },
    /// Tree of Parzen estimators. Source: Bergstra et al., NIPS 2011.
    Tpe {
        /// Number of points. Default 10.
        trials: usize,
    },
    /// Expected improvement of a Gaussian process. Source: Snoek et al., arXiv:1206.2944.
    GaussianProcess {
        /// Number of points. Default 10.
        trials: usize,
    },
    /// Many short trials, of which the best go on, in rounds. Source: Li et al., arXiv:1603.06560; with
    /// [`Sampling::Tpe`], Falkner et al., arXiv:1807.01774.
    Hyperband {
        /// Epochs of the longest trials. Default: `epochs` of `train`, 100 where that is not written.
        max_epochs: usize,
        /// One in so many goes on. Default 3.
        factor: usize,
        /// Where points come from. Default random.
        sampler: Sampling,
    },
    /// Many short trials, of which the best go on as soon as enough others are known. Source: Li et al.,
    /// arXiv:1810.05934.
    Asha {
        /// Number of points. Default 10.
        trials: usize,
        /// Epochs of the longest trials. Default: `epochs` of `train`, 100 where that is not written.
        max_epochs: usize,
        /// One in so many goes on. Default 3.
        factor: usize,
    },
}

impl Strategy {
    /// Epochs of the longest trials, where the strategy decides them.
    pub fn max_epochs(self) -> Option<usize> {
        match self {
            Strategy::Hyperband { max_epochs, .. } | Strategy::Asha { max_epochs, .. } => Some(max_epochs),
            Strategy::Grid
            | Strategy::Random { .. }
            | Strategy::Tpe { .. }
            | Strategy::GaussianProcess { .. } => None,
        }
    }

    /// The same with other epochs, where it decides them.
    #[must_use]
    pub fn with_max_epochs(self, max_epochs: usize) -> Self {
        match self {
            Strategy::Hyperband { factor, sampler, .. } => {
                Strategy::Hyperband { max_epochs, factor, sampler }
            }
            Strategy::Asha { trials, factor, .. } => Strategy::Asha { trials, max_epochs, factor },
            Strategy::Grid
            | Strategy::Random { .. }
            | Strategy::Tpe { .. }
            | Strategy::GaussianProcess { .. } => self,
        }
    }

    /// One in so many goes on, where trials are stopped.
    pub fn factor(self) -> Option<usize> {
        match self {
            Strategy::Hyperband { factor, .. } | Strategy::Asha { factor, .. } => Some(factor),
            Strategy::Grid
            | Strategy::Random { .. }
            | Strategy::Tpe { .. }
            | Strategy::GaussianProcess { .. } => None,
        }
    }

    /// Number of points that are tried, where that is an option.
    pub fn trials(self) -> Option<usize> {
        match self {
            Strategy::Random { trials }
            | Strategy::Tpe { trials }
            | Strategy::GaussianProcess { trials }
            | Strategy::Asha { trials, .. } => Some(trials),
            Strategy::Grid | Strategy::Hyperband { .. } => None,
        }
    }

    /// Whether points depend on the results of others.
    pub fn learns(self) -> bool {
        match self {
            Strategy::Tpe { .. }
            | Strategy::GaussianProcess { .. }
            | Strategy::Hyperband { sampler: Sampling::Tpe, .. } => true,
            Strategy::Grid
            | Strategy::Random { .. }
            | Strategy::Hyperband { sampler: Sampling::Random, .. }
            | Strategy::Asha { .. } => false,
        }
    }
}

const TRIAL_COUNT: OptionSpec =
    OptionSpec::optional("trials", OptionType::Int { min: 1 }, "10", "How many points are tried.");

const TRIALS: &[OptionSpec] = &[TRIAL_COUNT];

const MAX_EPOCHS: OptionSpec = OptionSpec::optional(
    "max_epochs",
    OptionType::Int { min: 1 },
    "100",
    "Epochs of the longest trials, in place of `epochs` of `train`. Not written: `epochs`, where that is \
        written.",
);

const FACTOR: OptionSpec =
    OptionSpec::optional("factor", OptionType::Int { min: 2 }, "3", "One in so many goes on.");

impl Words for Strategy {
    const EXPECTED: &'static str = Category::Strategy.one();

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("grid", "Every point of the space.").keras("GridSearch").example("strategy: grid"),
            |_| Strategy::Grid,
        ),
        Row::new(
            Word::new("random", "Points at random.")
                .keras("RandomSearch")
                .source("Bergstra & Bengio, JMLR 13 (2012)")
                .example("strategy: random(trials: 20)")
                .options(TRIALS),
            |a| Strategy::Random { trials: a.int("trials") },
        ),
        Row::new(
            Word::new("tpe", "Tree of Parzen estimators: points that look like the good ones so far.")
                .source("Bergstra et al., NIPS 2011")
                .example("strategy: tpe(trials: 20)")
                .options(TRIALS),
            |a| Strategy::Tpe { trials: a.int("trials") },
        ),
        Row::new(
            Word::new("gaussian_process", "Where a Gaussian process expects the largest improvement.")
                .keras("BayesianOptimization")
                .source("Snoek et al., arXiv:1206.2944")
                .example("strategy: gaussian_process(trials: 20)")
                .options(TRIALS),
            |a| Strategy::GaussianProcess { trials: a.int("trials") },
        ),
        Row::new(
            Word::new("hyperband", "Many short trials, of which the best go on.")
                .keras("Hyperband")
                .source("Li et al., arXiv:1603.06560")
                .example("strategy: hyperband(max_epochs: 27, factor: 3)")
                .options(&[
                    MAX_EPOCHS,
                    FACTOR,
                    OptionSpec::optional(
                        "sampler",
                        OptionType::Choice(Sampling::NAMES),
                        "random",
                        "Where points come from: at random, or where a tree of Parzen estimators expects good \
                            ones (BOHB: Falkner et al., arXiv:1807.01774).",
                    ),
                ]),
            |a| Strategy::Hyperband {
                max_epochs: a.int("max_epochs"),
                factor: a.int("factor"),
                sampler: a.one_of("sampler"),
            },
        ),
        Row::new(
            Word::new(
                "asha",
                "Many short trials at random; the best of them go on as soon as there are enough to compare, \
                    without waiting for a round to end.",
            )
            .source("Li et al., arXiv:1810.05934")
            .example("strategy: asha(trials: 60, max_epochs: 27, factor: 3)")
            .options(&[TRIAL_COUNT, MAX_EPOCHS, FACTOR]),
            |a| Strategy::Asha {
                trials: a.int("trials"),
                max_epochs: a.int("max_epochs"),
                factor: a.int("factor"),
            },
        ),
    ];

    fn written(&self) -> Written {
        let trials = |keyword, trials: usize| Written::new(keyword, [("trials", OptionValue::Int(trials))]);
        match *self {
            Strategy::Grid => Written::bare("grid"),
            Strategy::Random { trials: n } => trials("random", n),
            Strategy::Tpe { trials: n } => trials("tpe", n),
            Strategy::GaussianProcess { trials: n } => trials("gaussian_process", n),
            Strategy::Hyperband { max_epochs, factor, sampler } => Written::new(
                "hyperband",
                [
                    ("max_epochs", OptionValue::Int(max_epochs)),
                    ("factor", OptionValue::Int(factor)),
                    ("sampler", OptionValue::Choice(sampler.name())),
                ],
            ),
            Strategy::Asha { trials, max_epochs, factor } => Written::new(
                "asha",
                [
                    ("trials", OptionValue::Int(trials)),
                    ("max_epochs", OptionValue::Int(max_epochs)),
                    ("factor", OptionValue::Int(factor)),
                ],
            ),
        }
    }
}
