//! What is told of training while it goes on.

use std::path::Path;
use std::time::Duration;

use super::error::RunError;
use super::evaluate::Answered;
use super::history::EpochRecord;
use super::note::TrainNote;
use super::state::RunningSums;
use super::weights::{self, WeightsInfo};
use crate::ir::Param;

/// Told what happens, for progress bars and lines.
pub trait Watch {
    /// What is frozen has made features of so many pictures, of all that they are kept of.
    fn features(&mut self, _done: usize, _all: usize) {}
    /// An epoch (from 1) begins, or goes on after `done` of its `batches`.
    fn epoch_begins(&mut self, epoch: usize, batches: usize, done: usize);
    /// The pictures of the next step were waited for so long.
    fn waited(&mut self, _long: Duration) {}
    /// A step is done; `sums` are those of the epoch so far.
    fn stepped(&mut self, sums: &RunningSums);
    /// An epoch is complete.
    fn epoch_ends(&mut self, record: &EpochRecord);
    /// The same, with what the model has learnt. The state that stands for the epoch is saved when this has
    /// returned: whoever writes of it is not behind the state, whenever the process is killed.
    /// # Errors
    /// What cannot be written ends the run.
    fn learnt(&mut self, _learnt: &Learnt<'_>) -> Result<(), RunError> {
        Ok(())
    }
    /// Whether it takes the answers to the pictures for validation, epoch by epoch.
    fn takes_answers(&self) -> bool {
        false
    }
    /// Answers to a batch of the pictures for validation, before their epoch ends.
    fn answered(&mut self, _answered: Answered<'_>) {}
    /// A state is saved now that has all that was told before.
    /// # Errors
    /// What cannot be written ends the run.
    fn saves(&mut self) -> Result<(), RunError> {
        Ok(())
    }
    /// Training changes its course.
    fn note(&mut self, note: TrainNote);
}

/// What an epoch gave, and the weights that it ended with.
pub struct Learnt<'a> {
    /// What it gave.
    pub record: &'a EpochRecord,
    pub(super) params: &'a [Param],
    pub(super) values: &'a dyn Fn(usize) -> &'a [f32],
}

impl<'a> Learnt<'a> {
    /// The weights and states that a weights file holds, by their names in it.
    pub fn weights(&self) -> impl Iterator<Item = (&'a str, &'a [f32])> {
        let saved = self.params.iter().enumerate().filter(|(_, param)| weights::is_saved(param));
        saved.map(|(at, param)| (param.name.as_str(), (self.values)(at)))
    }

    /// Copies what a weights file holds, into the memory of an earlier copy.
    pub fn keep_in(&self, kept: &mut KeptWeights) {
        if kept.params.len() != self.params.len() {
            *kept = KeptWeights { params: self.params.to_vec(), values: vec![Vec::new(); self.params.len()] };
        }
        for (at, values) in kept.values.iter_mut().enumerate() {
            if weights::is_saved(&self.params[at]) {
                values.clear();
                values.extend_from_slice((self.values)(at));
            }
        }
    }
}

/// A copy of the weights of an epoch.
#[derive(Debug, Clone, Default)]
pub struct KeptWeights {
    params: Vec<Param>,
    /// Of each parameter; empty for those that weights files do not hold.
    values: Vec<Vec<f32>>,
}

impl KeptWeights {
    /// Writes a weights file.
    /// # Errors
    /// [`RunError::Write`].
    pub fn save(&self, path: &Path, info: &WeightsInfo) -> Result<(), RunError> {
        weights::save(path, info, &self.params, |at| self.values[at].as_slice().into())
    }
}
