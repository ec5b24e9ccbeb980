//! The epochs of a run: batches, steps, validation, callbacks, and a state that is safe at any
//! moment.
//!
//! ```text
//! for each phase:   what is frozen: features of all pictures, where they are kept  (interrupted: they are lost)
//! for each epoch:
//!                   for each batch: step, sums        (interrupted: save the state, then the weights, stop)
//!                   validate                          (interrupted: the same; the steps of this epoch are not lost)
//!                   callbacks: checkpoint, rate, stop
//!                   a row in history.csv, then the state
//! at the end:       best weights again, weights.safetensors, evaluation on the test split
//! ```
//! A killed run loses at most the steps since the last state, and does them again with the same
//! numbers: shuffling and augmentation are keyed by (seed, epoch, image), dropout by (seed, step,
//! layer, element).
//!
//! Several processes that train together ([`super::together`]) each run the same trainer. Weights
//! come to all of them at the end of an epoch, and the first one alone writes files.

mod begin;
mod epoch;
mod judge;

pub use begin::initialise;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::callbacks::Callbacks;
use super::engine::{EvalEngine, TrainEngine};
use super::error::RunError;
use super::features::{FeatureUse, KeptFeatures};
use super::history::{History, Repair};
use super::note::TrainNote;
use super::plan::{Evaluated, PhasePlan};
use super::sample::{Sampling, StepSample};
use super::state::{Former, Progress, RunningSums, Snapshot};
use super::told::Watch;
use super::weights;
use crate::data::Split;
use crate::ir::{Callback, ParamRole};

/// How training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All epochs are done, or a callback has stopped it: go on with [`Trainer::finish`].
    Complete,
    /// The interrupt was raised. The state is saved; a resumed run goes on exactly here.
    Interrupted,
    /// It has the epochs that its [`Pace`] lets it have, and more to come. The state is saved.
    Paused,
}

/// Final results.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// The split that was evaluated, and the sums over it: the test split, where there is none that for
    /// validation; `None` where there is neither.
    pub judged: Option<(Split, RunningSums)>,
    /// Wall time of the evaluation.
    pub seconds: f64,
}

/// A run, between its epochs. `V` is made on first use by `make_evaluator`.
pub struct Trainer<'a, T, V, F> {
    plan: PhasePlan<'a>,
    engine: T,
    evaluator: Option<(Evaluated, V)>,
    make_evaluator: F,
    /// Features of the present phase.
    kept: Option<KeptFeatures>,
    /// Features that were used.
    feature_uses: Vec<FeatureUse>,
    /// Room for those of a batch.
    rows: Vec<f32>,
    callbacks: Callbacks,
    progress: Progress,
    best: BTreeMap<usize, Vec<Vec<f32>>>,
    history: History,
    repairs: Vec<Repair>,
    /// What becomes of the newest state when the next is written.
    former: Former,
    /// How long it took to compile for the last size of pictures, where the model leaves it open.
    compiling: Option<Duration>,
    /// Where the time of steps goes.
    sampling: Sampling,
    /// When the newest state was saved.
    saved_at: Instant,
    /// Every rank has all parameters as they are now.
    is_gathered: bool,
    /// `[height, width]` of the pictures of the last step.
    size: Option<[usize; 2]>,
}

impl<T, V, F> Trainer<'_, T, V, F>
where
    T: TrainEngine,
    V: EvalEngine,
    F: Fn(Evaluated) -> Result<V, RunError>,
{
    /// Features that were made once and used in several epochs, those of each phase.
    pub fn feature_uses(&self) -> &[FeatureUse] {
        &self.feature_uses
    }

    /// Steps that were measured, where there were enough.
    pub fn sample(&self) -> Option<&StepSample> {
        self.sampling.sample.as_ref()
    }

    /// Files of the run that were not as it had left them, and are again.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// Complete epochs that the history has no row of: a run of an older version had them in `history.csv`
    /// alone.
    pub fn lost_rows(&self) -> usize {
        self.progress.epoch.saturating_sub(self.history.rows().len())
    }

    /// The history so far, as `history.csv` has it.
    pub fn history_text(&self) -> String {
        self.history.text()
    }

    /// How far the run has come.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Trains until the phase's epochs are done, a callback stops, or the interrupt is raised.
    /// # Errors
    /// [`RunError`]: images that cannot be delivered, a loss that is no number, files that cannot be written.
    /// The last state stays.
    pub fn train(&mut self, watch: &mut dyn Watch) -> Result<Ending, RunError> {
        self.plan.interrupt.hold();
        let last = self.progress.phase_start + self.plan.train.epochs.value;
        let until = self.plan.pace.until.map_or(last, |until| until.min(last));
        let mut ending = Ending::Complete;
        while ending == Ending::Complete
            && self.progress.epoch < until
            && !self.progress.stopped
            && !self.progress.ended
        {
            let begun = Instant::now();
            ending = self.run_epoch(watch)?;
            let seconds = self.progress.train_seconds + begun.elapsed().as_secs_f64();
            self.progress.train_seconds = self.plan.ranks.first_says(|| seconds)?;
            self.keep_time(watch)?;
        }
        self.tell_features(watch);
        if ending == Ending::Interrupted {
            self.save_told(watch)?;
        }
        let is_over = self.progress.epoch >= last || self.progress.stopped || self.progress.ended;
        Ok(if ending == Ending::Complete && !is_over { Ending::Paused } else { ending })
    }

    /// Writes the weights of a run that was interrupted, as if it had ended here: means and best weights
    /// take their places. Only after the state was saved, which a run goes on from: the engine's weights are
    /// not those of the next step any more.
    /// # Errors
    /// [`RunError::Write`], [`RunError::Ranks`].
    pub fn leave(&mut self, watch: &mut dyn Watch) -> Result<(), RunError> {
        self.restore_best(watch)?;
        self.save_weights(&self.plan.folder.weights())
    }

    /// Puts running means in the place of their weights, where the schedule keeps them (`ema`).
    fn take_averages(&mut self) {
        // before the first step there are none
        if self.progress.updates == 0 {
            return;
        }
        for at in 0..self.engine.params().len() {
            if let ParamRole::Average(weight) = self.engine.params()[at].role {
                let mean = self.engine.values(at).to_vec();
                self.engine.write(weight.index(), &mean);
            }
        }
    }

    /// Of all ranks: brings all parameters to all of them, unless they are there.
    fn gather(&mut self) -> Result<(), RunError> {
        if !self.is_gathered {
            self.engine.gather()?;
            self.is_gathered = true;
        }
        Ok(())
    }

    /// Puts the best weights back where a callback wants that.
    fn restore_best(&mut self, watch: &mut dyn Watch) -> Result<(), RunError> {
        self.gather()?;
        self.take_averages();
        for callback in self.callbacks.restoring().collect::<Vec<_>>() {
            let Some(best) = self.best.get(&callback) else { continue };
            for (at, values) in saved_indices(&self.engine).into_iter().zip(best) {
                self.engine.write(at, values);
            }
            watch.note(TrainNote::BestWeights { epoch: self.callbacks.best_epoch(callback) });
        }
        Ok(())
    }

    /// Ends the run where a `time_limit` has passed.
    fn keep_time(&mut self, watch: &mut dyn Watch) -> Result<(), RunError> {
        let limit = self.plan.train.callbacks.iter().find_map(|callback| {
            let Callback::TimeLimit { seconds } = callback.value else { return None };
            Some(seconds)
        });
        if limit.is_some_and(|limit| self.progress.train_seconds >= limit) && self.progress.batch == 0 {
            self.progress.ended = true;
            watch.note(TrainNote::TimeIsOver { epoch: self.progress.epoch });
            self.save_told(watch)?;
        }
        Ok(())
    }

    fn save_weights(&self, path: &std::path::Path) -> Result<(), RunError> {
        let values = |at| self.engine.values(at).into();
        let save = || weights::save(path, self.plan.info, self.engine.params(), values);
        self.plan.folder.writing(save).map(drop)
    }

    /// Saves the state, and lets others save what they were told.
    fn save_told(&mut self, watch: &mut dyn Watch) -> Result<(), RunError> {
        watch.saves()?;
        self.save_state()
    }

    fn save_state(&mut self) -> Result<(), RunError> {
        self.gather()?;
        let PhasePlan { settings, record, folder, .. } = self.plan;
        let snapshot = Snapshot {
            progress: &self.progress,
            best: &self.best,
            settings,
            record,
            rows: self.history.rows(),
        };
        let values = |at| self.engine.values(at).into();
        folder.writing(|| snapshot.save_in(folder, self.former, self.engine.params(), values))?;
        self.former = Former::Kept;
        self.saved_at = Instant::now();
        Ok(())
    }
}

/// Indices of the parameters that weights files hold.
fn saved_indices(engine: &impl TrainEngine) -> Vec<usize> {
    engine
        .params()
        .iter()
        .enumerate()
        .filter(|(_, param)| weights::is_saved(param))
        .map(|(at, _)| at)
        .collect()
}

#[cfg(test)]
mod tests;
