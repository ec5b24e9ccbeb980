//! Which pictures of the data are looked at.

use clap::{Args, ValueEnum};

use crate::data::Split;

/// Which split.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct SplitArgs {
    /// Of which pictures [default: test; validation where there is no test split]
    #[arg(long, value_enum)]
    split: Option<SplitName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SplitName {
    Train,
    Validation,
    Test,
}

impl SplitArgs {
    pub(super) fn split(self) -> Option<Split> {
        self.split.map(|split| match split {
            SplitName::Train => Split::Train,
            SplitName::Validation => Split::Validation,
            SplitName::Test => Split::Test,
        })
    }
}
