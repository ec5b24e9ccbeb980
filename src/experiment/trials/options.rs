//! How a search is made.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::super::compute::Compute;
use crate::ranks::Communicator;
use crate::train::Interrupt;

/// How a search is made.
#[derive(Debug)]
pub struct SearchOptions {
    /// How models are compiled. Threads are divided among the jobs.
    pub compute: Compute,
    /// Trials that are computed side by side at most; `None`: one for each core. Never more than `parallel`
    /// of the file. Results do not depend on it. Among several ranks each crew is a job, and this is not asked
    /// for.
    pub jobs: Option<usize>,
    /// The processes, or threads, that search together: each calls [`Experiment::tune`] with its own end of the
    /// connections. Rank 0 proposes the trials and writes the files, the others train. The trials are those of
    /// one process.
    ///
    /// [`Experiment::tune`]: super::super::Experiment::tune
    pub ranks: Option<Communicator>,
    /// Ranks that train a trial together, as a crew: at least 1.
    pub ranks_per_trial: usize,
    /// Where the search's files are.
    pub place: SearchPlace,
    /// Members, at most, of an ensemble of the best trials that is made at the end; `None`: there is none.
    pub ensemble: Option<usize>,
    /// Raised by whoever wants the search to end: the trials that run save their states. Keep a copy. Of
    /// several ranks that of rank 0 decides.
    pub interrupt: Arc<Interrupt>,
    /// What `time_limit` counts from.
    pub since: Instant,
}

/// Where the files of a search are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchPlace {
    /// In the first folder `runs/STEM-search-1`, `runs/STEM-search-2`, … that is not there.
    Numbered,
    /// In this folder, which must be empty or not there.
    New(PathBuf),
    /// In this folder, where a search was begun: it goes on.
    Begun(PathBuf),
}

impl Default for SearchOptions {
    /// A new search in a folder below `runs`, with a job for each core.
    fn default() -> Self {
        Self {
            compute: Compute::default(),
            jobs: None,
            ranks: None,
            ranks_per_trial: 1,
            place: SearchPlace::Numbered,
            ensemble: None,
            interrupt: Arc::default(),
            since: Instant::now(),
        }
    }
}
