//! An epoch: its steps, what follows from them, its end.

use std::time::{Duration, Instant};

use super::{Ending, Trainer, saved_indices};
use crate::data::Split;
use crate::ir::{Callback, Monitor, SchedulePoint};
use crate::runtime::StepInputs;
use crate::train::callbacks::{Action, EpochValues};
use crate::train::engine::{EvalEngine, TrainEngine};
use crate::train::error::RunError;
use crate::train::evaluate::{Answered, Evaluation, Fault, TakeAnswers, Unsaved};
use crate::train::features::{FeatureUse, KeptFeatures, Making};
use crate::train::history::EpochRecord;
use crate::train::note::TrainNote;
use crate::train::own;
use crate::train::plan::{Evaluated, Pace, PhasePlan};
use crate::train::state::{Progress, RunningSums};
use crate::train::told::{Learnt, Watch};

impl<T, V, F> Trainer<'_, T, V, F>
where
    T: TrainEngine,
    V: EvalEngine,
    F: Fn(Evaluated) -> Result<V, RunError>,
{
    /// Makes the features that are to be kept, unless they are there.
    fn make_features(&mut self, watch: &mut dyn Watch) -> Result<Ending, RunError> {
        let PhasePlan { data, phase, interrupt, features, ranks, .. } = self.plan;
        if let (Some(plan), None) = (features, &self.kept) {
            let mut told = |done, all| watch.features(done, all);
            let (of, end) = ((data, plan), (ranks, interrupt));
            self.kept = match KeptFeatures::make(&mut self.engine, of, phase.name, end, &mut told)? {
                Making::Done(kept) => Some(kept),
                Making::Nothing => None,
                Making::Interrupted => return Ok(Ending::Interrupted),
            };
        }
        Ok(if ranks.any(interrupt.is_raised())? { Ending::Interrupted } else { Ending::Complete })
    }

    /// Says what was computed once and used several times, and remembers it.
    pub(super) fn tell_features(&mut self, watch: &mut dyn Watch) {
        let used = self.kept.as_ref().map(|kept| kept.used.clone()).filter(|used| used.epochs > 1);
        if let Some(used) = used {
            let FeatureUse { pictures, seconds, epochs, .. } = used;
            watch.note(TrainNote::FeaturesReused { pictures, seconds, epochs });
            self.feature_uses.push(used);
        }
    }

    pub(super) fn run_epoch(&mut self, watch: &mut dyn Watch) -> Result<Ending, RunError> {
        if self.make_features(watch)? == Ending::Interrupted {
            return Ok(Ending::Interrupted);
        }
        let begun = Instant::now();
        let epoch = self.progress.epoch + 1;
        if self.run_steps(epoch, watch)? == Ending::Interrupted {
            return Ok(Ending::Interrupted);
        }
        if self.progress.ended {
            self.save_told(watch)?;
            return Ok(Ending::Complete);
        }
        let mut values = self.values(&self.progress.sums, false);
        if self.plan.data.validation.is_some() {
            let of = match self.plan.features {
                Some(_) => Evaluated::BehindFrozenPart(self.plan.phase.index),
                None => Evaluated::Whole,
            };
            let compiles = self.evaluator.as_ref().is_none_or(|(is_of, _)| *is_of != of);
            if compiles && self.plan.pace.saves_often() {
                // a state is saved before it is compiled
                watch.saves()?;
            }
            let takes = watch.takes_answers();
            let mut answered = |answered: Answered<'_>| watch.answered(answered);
            let take: Option<TakeAnswers<'_>> = if takes { Some(&mut answered) } else { None };
            let evaluation = self.evaluate((of, Split::Validation), Unsaved::Steps, take)?;
            let Some(Evaluation { sums, fault }) = evaluation else { return Ok(Ending::Interrupted) };
            // training itself has numbers: whether they become better is the user's to see
            if let Some(Fault { loss, layer }) = fault {
                watch.note(TrainNote::ValidationLoss { loss, layer });
            }
            values.extend(self.values(&sums, true));
        }
        let (learning_rate, seconds) =
            (self.rate(self.progress.phase_step.saturating_sub(1)), begun.elapsed().as_secs_f64());
        self.end_epoch(&EpochRecord { epoch, learning_rate, values: EpochValues(values), seconds }, watch)?;
        Ok(Ending::Complete)
    }

    /// The steps of an epoch that are still to be done.
    fn run_steps(&mut self, epoch: usize, watch: &mut dyn Watch) -> Result<Ending, RunError> {
        let PhasePlan { train, augment, data, interrupt, ranks, .. } = self.plan;
        let batch_size = train.batch.value;
        watch.epoch_begins(epoch, data.train_batch_count(batch_size), self.progress.batch);
        let (keys, first) = ([train.seed, epoch as u64], self.progress.batch);
        let kept = self.kept.as_ref().and_then(|kept| kept.of(Split::Train));
        let batches = match kept {
            Some(features) => data.train_features(features, keys, batch_size, first),
            None => data.train_batches(epoch as u64, train.seed, batch_size, augment, first),
        };
        let share = ranks.own_pictures(batch_size);
        let mut batches = batches.shared(share.clone());
        let holds_features = kept.is_some();
        // of several ranks all have to end behind the same step
        let mut last_step = false;
        while !last_step {
            let asked = Instant::now();
            let Some(batch) = batches.next_unless(ranks.flag(interrupt)) else { break };
            let batch = batch?;
            watch.waited(asked.elapsed());
            if !self.prepare(batch.size, watch)? {
                break;
            }
            self.sampling.before_step(&mut self.engine, batch.size);
            let learning_rate = self.rate(self.progress.phase_step);
            let makes_features =
                !holds_features && own::features(&mut self.engine, &batch, &share, &mut self.rows)?;
            let images = if makes_features { &self.rows } else { &batch.images };
            let progress = &mut self.progress;
            let result = self.engine.step(&StepInputs {
                images,
                labels: batch.as_labels(),
                weights: &batch.weights,
                learning_rate,
                step: progress.step + 1,
                update: progress.updates + 1,
                seed: train.seed,
                stop: interrupt.is_raised(),
            })?;
            self.is_gathered = false;
            progress.step += 1;
            progress.phase_step += 1;
            progress.updates += 1;
            progress.batch += 1;
            if !result.loss.is_finite() && train.callbacks.iter().any(|c| c.value == Callback::TerminateOnNan)
            {
                progress.ended = true;
                watch.note(TrainNote::LossIsNone { step: progress.step, loss: result.loss });
                return Ok(Ending::Complete);
            }
            if !result.loss.is_finite() {
                let images = own::of_all(ranks, images, (&share, batch.labels.len()))?;
                return Err(self.not_finite(&images, result.loss, (epoch, learning_rate))?);
            }
            progress.sums.add(&result);
            watch.stepped(&progress.sums);
            last_step = if ranks.is_alone() { interrupt.is_raised() } else { result.stop };
        }
        let is_interrupted = last_step || (ranks.is_alone() && interrupt.is_raised());
        Ok(if is_interrupted { Ending::Interrupted } else { Ending::Complete })
    }

    /// The error of a step whose loss is no number: where that comes from.
    fn not_finite(
        &mut self,
        images: &[f32],
        loss: f32,
        (epoch, learning_rate): (usize, f32),
    ) -> Result<RunError, RunError> {
        self.gather()?;
        let PhasePlan { interrupt, ranks, .. } = self.plan;
        let find = || self.engine.first_non_finite_layer(images);
        let layer = ranks.exposed(interrupt, find).transpose()?.flatten();
        let Progress { step, batch, .. } = self.progress;
        Ok(RunError::NotFinite { loss, step, epoch, batch, layer, learning_rate })
    }

    /// Makes ready for pictures of a size; `false`: the run is to end. Where compiling for it may
    /// take long, the state is saved before: the run may be ended meanwhile.
    fn prepare(&mut self, size: [usize; 2], watch: &mut dyn Watch) -> Result<bool, RunError> {
        const LONG: Duration = Duration::from_millis(300);
        let PhasePlan { ranks, interrupt, .. } = self.plan;
        if self.size.is_some_and(|before| before != size) {
            // the plan for another size may divide the parameters in another way
            self.gather()?;
        }
        self.size = Some(size);
        let compiles = self.engine.compiles_for(size);
        if !compiles || ranks.first_says(|| self.compiling.is_some_and(|took| took < LONG))? {
            self.engine.prepare(size)?;
            return Ok(true);
        }
        self.save_told(watch)?;
        let begun = Instant::now();
        let Some(prepared) = ranks.exposed(interrupt, || self.engine.prepare(size)) else {
            return Ok(false);
        };
        prepared?;
        self.compiling = Some(begun.elapsed());
        Ok(true)
    }

    /// The learning rate of a step of the phase.
    fn rate(&self, step: u64) -> f32 {
        let PhasePlan { train, data, .. } = self.plan;
        let steps_per_epoch = data.train_batch_count(train.batch.value).max(1) as u64;
        let at = SchedulePoint { step, steps_per_epoch, epochs: train.epochs.value };
        train.schedule.value.rate(self.progress.learning_rate, at)
    }

    /// Callbacks, the row, what others write, the state: in this order, so that whenever the
    /// process is killed the state is not ahead of the other files.
    fn end_epoch(&mut self, record: &EpochRecord, watch: &mut dyn Watch) -> Result<(), RunError> {
        self.gather()?;
        watch.epoch_ends(record);
        for action in self.callbacks.end_epoch(record.epoch, &record.values, self.progress.learning_rate) {
            match action {
                Action::KeepWeights { callback } => {
                    // into the memory of those that were the best before: both would add to the
                    // peak of the run
                    let saved = saved_indices(&self.engine);
                    let best = self.best.entry(callback).or_default();
                    best.resize_with(saved.len(), Vec::new);
                    for (kept, at) in best.iter_mut().zip(saved) {
                        kept.clear();
                        kept.extend_from_slice(self.engine.values(at));
                    }
                }
                Action::Save { path } => self.save_weights(&self.plan.folder.checkpoint(&path)?)?,
                Action::LearningRate(rate) => {
                    self.progress.learning_rate = rate;
                    watch.note(TrainNote::RateLowered { rate });
                }
                Action::Stop { .. } => {
                    self.progress.stopped = true;
                    let phase = self.plan.phase.name.map(str::to_owned);
                    watch.note(TrainNote::StoppedEarly { phase, epoch: record.epoch });
                }
            }
        }
        self.history.add(record)?;
        if let Some(kept) = &mut self.kept {
            kept.used.epochs += 1;
        }
        let (params, values) = (self.engine.params(), |at| self.engine.values(at));
        watch.learnt(&Learnt { record, params, values: &values })?;
        self.progress.epoch = record.epoch;
        self.progress.batch = 0;
        self.progress.sums = RunningSums::default();
        self.progress.counters = self.callbacks.counters().to_vec();
        let Pace { until, between_states } = self.plan.pace;
        let last = self.progress.phase_start + self.plan.train.epochs.value;
        let pauses =
            self.progress.stopped || self.progress.epoch >= until.map_or(last, |until| until.min(last));
        if pauses || self.plan.ranks.first_says(|| self.saved_at.elapsed() >= between_states)? {
            self.save_told(watch)?;
        }
        Ok(())
    }

    pub(super) fn values(&self, sums: &RunningSums, validation: bool) -> Vec<(Monitor, f64)> {
        let (loss, shares) = sums.means(self.engine.metrics());
        let metrics = self.engine.metrics().iter().map(|&metric| Some(metric));
        std::iter::once(None)
            .chain(metrics)
            .map(|metric| Monitor { validation, metric })
            .zip(std::iter::once(loss).chain(shares))
            .collect()
    }
}
