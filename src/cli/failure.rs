//! Why a command ends without its result, and with which exit code.

use std::io;
use std::process::ExitCode;

use crate::data::DataError;
use crate::data::cards::CardError;
use crate::experiment::Error;
use crate::printed;
use crate::ranks::RankError;
use crate::runtime::CompileError;
use crate::train::RunError;

/// Why a command ends.
#[derive(Debug)]
pub(super) enum Failure {
    /// Problems of a file have been shown already.
    Shown,
    /// It has been shown that the command line asks for something that the file does not have.
    ShownUsage,
    /// A mistake of the user's, or a machine that refuses.
    Mistake {
        /// For `cnnc explain`.
        code: Option<&'static str>,
        /// One sentence.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// Another rank has ended, or is lost: the same is known there, or cannot be told.
    OtherRank {
        /// For `cnnc explain`.
        code: Option<&'static str>,
        /// One sentence.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The command line asks for something that there is not.
    Usage(String),
    /// A run was interrupted; how to go on has been said.
    Interrupted,
    /// It is our fault; what happened, in one sentence.
    Bug(String),
    /// Whoever reads our results has gone: nobody is interested in the rest.
    Unread,
}

impl Failure {
    /// A mistake without a code.
    pub(super) fn mistake(message: impl Into<String>, help: impl Into<String>) -> Self {
        Failure::Mistake { code: None, message: message.into(), help: Some(help.into()) }
    }

    /// A mistake whose text may end with its own `help:` line.
    pub(super) fn of_text(text: &str) -> Self {
        match text.rsplit_once("\n  help: ") {
            Some((message, help)) => Failure::mistake(message, help),
            None => Failure::Mistake { code: None, message: text.to_owned(), help: None },
        }
    }

    /// Data that cannot be had.
    pub(super) fn of_data(error: &DataError) -> Self {
        let DataError::Outside { path } = error else { return Failure::of_text(&error.to_string()) };
        let folder = path.parent().map(printed::shown_path).unwrap_or_default();
        let help = format!("if the file may read it, allow it: `--allow-read {folder}`");
        Failure::Mistake { code: Some("E0632"), message: error.to_string(), help: Some(help) }
    }

    /// What has happened, in one sentence, where the command goes on without it.
    pub(super) fn reason(&self) -> &str {
        match self {
            Failure::Mistake { message, .. }
            | Failure::OtherRank { message, .. }
            | Failure::Usage(message)
            | Failure::Bug(message) => message,
            Failure::Shown | Failure::ShownUsage => "its program has errors",
            Failure::Interrupted => "the run was interrupted",
            Failure::Unread => "nobody reads the output",
        }
    }

    /// What has happened, and what to do, as [`Failure::of_text`] reads it.
    pub(super) fn text(&self) -> String {
        if let Failure::Mistake { message, help: Some(help), .. } = self {
            format!("{message}\n  help: {help}")
        } else {
            self.reason().to_owned()
        }
    }

    /// What the process ends with.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Unread => 0,
            Failure::Shown | Failure::Mistake { .. } | Failure::OtherRank { .. } | Failure::Interrupted => 1,
            Failure::Usage(_) | Failure::ShownUsage => 2,
            Failure::Bug(_) => 3,
        })
    }

    /// A failure to print a result.
    pub(super) fn printing(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::Unread;
        }
        Failure::mistake(format!("cannot print the results: {error}"), "check where stdout goes")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (code, help) = (error.code(), error.help());
        match error {
            Error::Import(error) if error.is_bug() => Failure::Bug(error.to_string()),
            // whoever opens a file or runs it shows them, with the places
            Error::Problems { .. } | Error::NotRunYet { .. } => Failure::Shown,
            Error::Ranks(error) => error.into(),
            Error::Run(error) => error.into(),
            Error::Data(error) => error.into(),
            Error::Compile(error) => error.into(),
            Error::NotText { .. }
            | Error::NoSchedule
            | Error::NoSearch
            | Error::NotTogether
            | Error::SearchChanged { .. }
            | Error::NoData
            | Error::NoLoss
            | Error::NoSplit { .. }
            | Error::NoVectors { .. }
            | Error::ManyThreads { .. }
            | Error::ManyRanks { .. }
            | Error::PrepareUnsound { .. }
            | Error::StatisticsUnsound { .. }
            | Error::ClassesDiffer { .. }
            | Error::Images { .. }
            | Error::Weighting { .. }
            | Error::NoClass { .. }
            | Error::LeftOut { .. }
            | Error::NoValue { .. }
            | Error::NoGradient { .. }
            | Error::Picture { .. }
            | Error::NoFlip(_)
            | Error::Unsupported(_)
            | Error::OneName { .. }
            | Error::Import(_)
            | Error::OnnxTooLarge { .. }
            | Error::Prepare(_) => Failure::Mistake { code, message: error.to_string(), help },
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let (code, help) = (error.code(), error.help());
        match error {
            // a pipe that is written to by its name
            RunError::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => Failure::Unread,
            RunError::Data(error) => error.into(),
            RunError::Compile(error) => error.into(),
            RunError::Ranks(error) => error.into(),
            RunError::WeightsDiffer { .. }
            | RunError::Read { .. }
            | RunError::Format { .. }
            | RunError::Write { .. }
            | RunError::Occupied { .. }
            | RunError::SettingsChanged { .. }
            | RunError::CheckpointPath { .. }
            | RunError::Damaged { .. }
            | RunError::DataChanged { .. }
            | RunError::InUse { .. }
            | RunError::StateLost { .. }
            | RunError::NotFiniteWeights { .. }
            | RunError::NotFiniteResult { .. }
            | RunError::NotFinite { .. } => Failure::Mistake { code, message: error.to_string(), help },
        }
    }
}

impl From<RankError> for Failure {
    fn from(error: RankError) -> Self {
        let mut help = error.help();
        let mut message = error.to_string();
        if let RankError::Ended { .. } = &error
            && let Some((what, todo)) = message.clone().rsplit_once("\n  help: ")
        {
            (message, help) = (what.to_owned(), Some(todo.to_owned()));
        }
        if error.is_of_others() {
            return Failure::OtherRank { code: None, message, help };
        }
        Failure::Mistake { code: None, message, help }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Failure::of_data(&error)
    }
}

impl From<CardError> for Failure {
    fn from(error: CardError) -> Self {
        match error {
            CardError::Malformed(error) => error.into(),
            CardError::NotAtHand { .. } => Failure::of_text(&error.to_string()),
        }
    }
}

impl From<CompileError> for Failure {
    fn from(error: CompileError) -> Self {
        if let CompileError::Ranks(error) = error {
            return error.into();
        }
        if let CompileError::Code(_) = error {
            return Failure::Bug(error.to_string());
        }
        let (code, help) = (error.code(), error.help().map(str::to_owned));
        Failure::Mistake { code, message: error.to_string(), help }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_cannot_be_compiled_is_our_fault() {
        let failure = Failure::from(CompileError::Code(
            "stage 6: map of conv2d_1 and map of conv2d conflict".to_owned(),
        ));
        assert!(
            matches!(failure, Failure::Bug(_)) && failure.exit_code() == ExitCode::from(3),
            "{failure:?}"
        );
        let failure = Failure::from(CompileError::Memory { bytes: 1 << 40 });
        assert!(
            matches!(failure, Failure::Mistake { .. }) && failure.exit_code() == ExitCode::from(1),
            "{failure:?}"
        );
    }
}
