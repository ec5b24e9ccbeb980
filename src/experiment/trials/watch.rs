//! What is told of a search while it goes on.

use std::path::Path;

use super::super::watch::Event;
use crate::search::record::{Ended, Record, Started};

/// Told what happens in a search.
pub trait SearchWatch {
    /// Something happens.
    fn see(&mut self, event: SearchEvent<'_>);
}

impl<F: FnMut(SearchEvent<'_>)> SearchWatch for F {
    fn see(&mut self, event: SearchEvent<'_>) {
        self(event);
    }
}

/// Something that happens in a search.
#[derive(Debug)]
#[non_exhaustive]
pub enum SearchEvent<'a> {
    /// Pictures are read, weights are taken.
    Preparing(Event<'a>),
    /// So many lines of the journal could not be read; what they told is computed again.
    Broken {
        /// At its end.
        lines: usize,
    },
    /// The search has its folder: from now on it can be gone on with.
    Begins {
        /// Where its files are.
        folder: &'a Path,
        /// The search, as it begins.
        record: &'a Record,
        /// Trials whose results are known already, where it goes on.
        known: usize,
        /// Trials that run side by side at most.
        jobs: usize,
        /// Ranks that are left over, or that `parallel` leaves without a trial.
        idle_ranks: usize,
        /// Epochs that the strategy will compute at most; `None` where that follows from the results.
        epochs: Option<usize>,
        /// About how long that takes, in seconds, where it can be told.
        seconds: Option<f64>,
        /// What the largest trial takes of memory, in bytes, where it can be told.
        memory: Option<usize>,
    },
    /// A unit is started.
    Started {
        /// It.
        unit: &'a Started,
        /// The search with it.
        record: &'a Record,
    },
    /// A trial has one more epoch.
    Epoch {
        /// Which trial, from 1.
        trial: usize,
        /// From 1.
        epoch: usize,
        /// The objective after it; `None` where it is no number.
        value: Option<f64>,
    },
    /// A unit has come to its end.
    Ended {
        /// It.
        unit: &'a Ended,
        /// The search with it.
        record: &'a Record,
        /// It is better than all before.
        is_best: bool,
        /// Its results were known already.
        is_known: bool,
    },
}
