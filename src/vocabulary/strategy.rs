//! Strategies of a search.

use super::{Category, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};

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
    /// Many short trials, of which the best go on. Source: Li et al., arXiv:1603.06560.
    Hyperband {
        /// Epochs of the longest trials. Default 100.
        max_epochs: usize,
        /// One in so many goes on. Default 3.
        factor: usize,
    },
}

const TRIALS: &[OptionSpec] =
    &[OptionSpec::optional("trials", OptionType::Int { min: 1 }, "10", "How many points are tried.")];

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
                    OptionSpec::optional(
                        "max_epochs",
                        OptionType::Int { min: 1 },
                        "100",
                        "Epochs of the longest trials.",
                    ),
                    OptionSpec::optional(
                        "factor",
                        OptionType::Int { min: 2 },
                        "3",
                        "One in so many goes on.",
                    ),
                ]),
            |a| Strategy::Hyperband { max_epochs: a.int("max_epochs"), factor: a.int("factor") },
        ),
    ];

    fn written(&self) -> Written {
        let trials = |keyword, trials: usize| Written::new(keyword, [("trials", OptionValue::Int(trials))]);
        match *self {
            Strategy::Grid => Written::bare("grid"),
            Strategy::Random { trials: n } => trials("random", n),
            Strategy::Tpe { trials: n } => trials("tpe", n),
            Strategy::GaussianProcess { trials: n } => trials("gaussian_process", n),
            Strategy::Hyperband { max_epochs, factor } => Written::new(
                "hyperband",
                [("max_epochs", OptionValue::Int(max_epochs)), ("factor", OptionValue::Int(factor))],
            ),
        }
    }
}
