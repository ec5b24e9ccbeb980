//! How a search is made.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::super::compute::Compute;
use crate::train::Interrupt;

/// How a search is made.
#[derive(Debug)]
pub struct SearchOptions {
    /// How models are compiled. Threads are divided among the jobs.
    pub compute: Compute,
    /// Trials that are computed side by side at most; `None`: one for each core. Never more than `parallel`
    /// of the file. Results do not depend on it.
    pub jobs: Option<usize>,
    /// Where the search's files are.
    pub place: SearchPlace,
    /// Members, at most, of an ensemble of the best trials that is made at the end; `None`: there is none.
    pub ensemble: Option<usize>,
    /// Raised by whoever wants the search to end: the trials that run save their states. Keep a copy.
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
            place: SearchPlace::Numbered,
            ensemble: None,
            interrupt: Arc::default(),
            since: Instant::now(),
        }
    }
}
