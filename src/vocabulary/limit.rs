//! Limits of a search.

use super::{Category, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};

/// What ends a search before its strategy does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// No trial is begun any more when the search has gone on for so long.
    TimeLimit {
        /// Wall time, in seconds.
        seconds: f64,
    },
    /// No trial is begun any more when so many have not been better than the best before them.
    EarlyStopping {
        /// In trials, at least 1.
        patience: usize,
    },
}

impl Words for Limit {
    const EXPECTED: &'static str = Category::Limit.one();

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new(
                "early_stopping",
                "Ends the search when no trial of so many was better than those before.",
            )
            .example("early_stopping(patience: 20)")
            .options(&[OptionSpec::required(
                "patience",
                OptionType::Int { min: 1 },
                "Trials without an improvement that are waited for.",
            )]),
            |a| Limit::EarlyStopping { patience: a.int("patience") },
        ),
        Row::new(
            Word::new("time_limit", "Ends the search when it has gone on for so long.")
                .example("time_limit(2h)")
                .options(&[OptionSpec::required(
                    "duration",
                    OptionType::Duration,
                    "Wall time of the search.",
                )])
                .unnamed(1),
            |a| Limit::TimeLimit { seconds: a.seconds("duration") },
        ),
    ];

    fn written(&self) -> Written {
        match *self {
            Limit::EarlyStopping { patience } => {
                Written::new("early_stopping", [("patience", OptionValue::Int(patience))])
            }
            Limit::TimeLimit { seconds } => {
                Written::new("time_limit", [("duration", OptionValue::Seconds(seconds))])
            }
        }
    }
}
