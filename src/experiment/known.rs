//! What the run that made weights knows of the data they are evaluated on.

use std::io;
use std::path::Path;

use super::index::read_index;
use super::watch::{Event, Warning, Watch};
use crate::data::{DataIndex, Split};
use crate::train::{RunError, RunFolder};

/// What the run that made the weights knows of the data they are evaluated on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// In what these are others than it was trained on.
    pub differences: Vec<String>,
    /// Evaluated pictures that it was trained on.
    pub trained_on: usize,
}

impl Known {
    /// Where the weights lie in a run's folder.
    pub(super) fn of(weights: &Path, now: &DataIndex, split: Split, watch: &mut dyn Watch) -> Option<Self> {
        match read_index(&RunFolder::around(weights).index()) {
            Ok(before) => {
                let trained_on = now.trained_on(split, &before);
                Some(Self { differences: before.differences(now), trained_on })
            }
            Err(RunError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                watch.see(Event::Warning(Warning::UnknownTraining { why: error.to_string() }));
                None
            }
        }
    }
}
