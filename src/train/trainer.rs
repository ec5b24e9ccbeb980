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
//!
//! The file is long because the loop, its pauses and what it restores are one state machine: what
//! it calls (callbacks, evaluation, states, weights) has files of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::callbacks::{Action, Callbacks, EpochValues};
use super::dealt::evaluate_dealt;
use super::engine::{EvalEngine, TrainEngine};
use super::error::RunError;
use super::evaluate::{Answered, Evaluation, Fault, TakeAnswers, Unsaved, copy_weights, evaluate_through};
use super::features::{FeatureUse, KeptFeatures, Making};
use super::history::{EpochRecord, History, Repair, Row, rows_of_file};
use super::init::initial_values;
use super::note::TrainNote;
use super::own;
use super::plan::{Evaluated, Pace, PhasePlan};
use super::sample::{Sampling, StepSample};
use super::state::{Former, Progress, RunningSums, Saved, Snapshot, State};
use super::told::{Learnt, Watch};
use super::travel;
use super::weights;
use crate::data::{Batch, Split};
use crate::ir::{Callback, Metric, Monitor, ParamRole, SchedulePoint};
use crate::runtime::{CompileError, StepInputs};
use crate::vocabulary::Writes;

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

impl<'a, T, V, F> Trainer<'a, T, V, F>
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

    /// Begins a run: initial weights by the seed, an empty history, a first state.
    /// # Errors
    /// [`RunError`] if the folder cannot be written, or a checkpoint's name is no plain file name.
    pub fn begin(plan: PhasePlan<'a>, mut engine: T, make_evaluator: F) -> Result<Self, RunError> {
        initialise(&mut engine, plan.train.seed);
        let names: Vec<String> = engine.params().iter().map(|param| param.name.clone()).collect();
        for (at, values) in
            names.iter().enumerate().filter_map(|(at, name)| Some((at, plan.pretrained.get(name)?)))
        {
            engine.write(at, values);
        }
        let callbacks = callbacks_of(&plan)?;
        let progress = Progress {
            learning_rate: plan.train.optimizer.value.learning_rate(),
            counters: callbacks.counters().to_vec(),
            ..Progress::default()
        };
        let monitors = monitors(&plan, engine.metrics());
        let (mut history, _) = history_of(&plan, &monitors, Vec::new())?;
        history.log_to(logs(&plan)?)?;
        let mut trainer = Self {
            plan,
            engine,
            evaluator: None,
            make_evaluator,
            kept: None,
            feature_uses: Vec::new(),
            rows: Vec::new(),
            callbacks,
            progress,
            best: BTreeMap::new(),
            history,
            repairs: Vec::new(),
            former: Former::Kept,
            compiling: None,
            sampling: Sampling::default(),
            saved_at: Instant::now(),
            is_gathered: true,
            size: None,
        };
        // who saves seldom loses no more by beginning again
        if plan.pace.between_states.is_zero() {
            trainer.save_state()?;
        }
        Ok(trainer)
    }

    /// Goes on from a state of the plan's folder, which the first rank reads.
    /// # Errors
    /// [`RunError`] if it cannot be read or is of another run.
    pub fn resume(
        plan: PhasePlan<'a>,
        saved: &Saved,
        mut engine: T,
        make_evaluator: F,
    ) -> Result<Self, RunError> {
        let path = &saved.path;
        let monitors = monitors(&plan, engine.metrics());
        let logs = logs(&plan)?;
        let read = || {
            let state = State::load(path, engine.params(), plan.settings)?;
            let rows = match state.rows {
                Some(rows) => rows,
                None => {
                    let names: Vec<String> = logs.iter().map(|(name, _)| name.clone()).collect();
                    let progress = &state.progress;
                    let logged = (&names[..], progress.phase_start);
                    rows_of_file(&plan.folder.history(), &monitors, progress.epoch, logged)?
                }
            };
            Ok(State { rows: Some(rows), ..state })
        };
        let state = plan.ranks.first_gives(read, travel::pack, travel::unpack)?;
        let State { progress, params, best, settings: _, rows } = state;
        let mut callbacks = callbacks_of(&plan)?;
        if !callbacks.restore(&progress.counters) {
            let found = "it has counters of other callbacks".to_owned();
            return Err(RunError::Format { path: path.clone(), wanted: "a state of this run", found });
        }
        for (at, values) in params.iter().enumerate() {
            engine.write(at, values);
        }
        let (mut history, repair) = history_of(&plan, &monitors, rows.unwrap_or_default())?;
        let repairs = repair.into_iter().chain(history.log_to(logs)?).collect();
        let is_newest = *path == plan.folder.state() && saved.passed_over.is_empty();
        let former = if is_newest { Former::Kept } else { Former::Dropped };
        let mut trainer = Self {
            plan,
            engine,
            evaluator: None,
            make_evaluator,
            kept: None,
            feature_uses: Vec::new(),
            rows: Vec::new(),
            callbacks,
            progress,
            best,
            history,
            repairs,
            former,
            compiling: None,
            sampling: Sampling::default(),
            saved_at: Instant::now(),
            is_gathered: true,
            size: None,
        };
        if saved.record.as_ref() != Some(plan.record) {
            // from now on it is a run of these data
            trainer.save_state()?;
        }
        Ok(trainer)
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

    /// Goes on with the next phase. The best weights are put back first, where a callback wants that.
    /// `engine` gets all weights and states, and of the optimizer's memory what it has too, unless `anew`.
    /// # Errors
    /// [`RunError`]: files that cannot be written.
    pub fn advance(
        mut self,
        plan: PhasePlan<'a>,
        mut engine: T,
        anew: bool,
        watch: &mut dyn Watch,
    ) -> Result<Self, RunError> {
        self.restore_best(watch)?;
        initialise(&mut engine, plan.train.seed);
        carry_over(&self.engine, &mut engine, anew);
        self.callbacks = callbacks_of(&plan)?;
        let before = &self.progress;
        self.progress = Progress {
            epoch: before.epoch,
            step: before.step,
            learning_rate: if anew {
                plan.train.optimizer.value.learning_rate()
            } else {
                before.learning_rate
            },
            counters: self.callbacks.counters().to_vec(),
            phase: plan.phase.index,
            phase_start: before.epoch,
            updates: if anew { 0 } else { before.updates },
            train_seconds: before.train_seconds,
            ..Progress::default()
        };
        self.repairs = self.history.log_to(logs(&plan)?)?;
        self.best = BTreeMap::new();
        // another part may be frozen now
        let evaluator = self.evaluator.take().filter(|(of, _)| *of == Evaluated::Whole);
        let sampling = Sampling::default();
        let mut trainer = Self { plan, engine, evaluator, kept: None, sampling, ..self };
        trainer.save_state()?;
        Ok(trainer)
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
    fn tell_features(&mut self, watch: &mut dyn Watch) {
        let used = self.kept.as_ref().map(|kept| kept.used.clone()).filter(|used| used.epochs > 1);
        if let Some(used) = used {
            let FeatureUse { pictures, seconds, epochs, .. } = used;
            watch.note(TrainNote::FeaturesReused { pictures, seconds, epochs });
            self.feature_uses.push(used);
        }
    }

    /// Puts the best weights back where a callback wants that, writes the final weights and evaluates them:
    /// see [`Results`]. `None` if the interrupt was raised meanwhile; a resumed run then does this again.
    /// # Errors
    /// [`RunError`].
    pub fn finish(
        &mut self,
        watch: &mut dyn Watch,
        take: TakeAnswers<'_>,
    ) -> Result<Option<Results>, RunError> {
        self.restore_best(watch)?;
        self.save_weights(&self.plan.folder.weights())?;
        // the model as it is used from now on is judged: the whole of it
        (self.kept, self.rows) = (None, Vec::new());
        let begun = Instant::now();
        let data = self.plan.data;
        let validation = data.validation.is_some().then_some(Split::Validation);
        let mut judged = None;
        if let Some(split) = data.test.is_some().then_some(Split::Test).or(validation) {
            // all steps are saved
            let Some(evaluation) = self.evaluate((Evaluated::Whole, split), Unsaved::Nothing, Some(take))?
            else {
                return Ok(None);
            };
            judged = match evaluation.fault {
                // as during training: the run has its weights, which may be what is to be looked at
                Some(Fault { loss, layer }) if split == Split::Validation => {
                    watch.note(TrainNote::ValidationLoss { loss, layer });
                    None
                }
                _ => Some((split, evaluation.finite()?)),
            };
        }
        Ok(Some(Results { judged, seconds: begun.elapsed().as_secs_f64() }))
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

    fn run_epoch(&mut self, watch: &mut dyn Watch) -> Result<Ending, RunError> {
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
            if self.evaluator.as_ref().is_none_or(|(is_of, _)| *is_of != of) {
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

    /// Makes ready for pictures of a size; `false`: the run is to end. Where compiling for it may take long,
    /// the state is saved before: the run may be ended meanwhile.
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

    /// Callbacks, the row, what others write, the state: in this order, so that whenever the process is killed the state is not
    /// ahead of the other files.
    fn end_epoch(&mut self, record: &EpochRecord, watch: &mut dyn Watch) -> Result<(), RunError> {
        self.gather()?;
        watch.epoch_ends(record);
        for action in self.callbacks.end_epoch(record.epoch, &record.values, self.progress.learning_rate) {
            match action {
                Action::KeepWeights { callback } => {
                    // into the memory of those that were the best before: both would add to the peak of the
                    // run
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

    fn values(&self, sums: &RunningSums, validation: bool) -> Vec<(Monitor, f64)> {
        let (loss, shares) = sums.means(self.engine.metrics());
        let metrics = self.engine.metrics().iter().map(|&metric| Some(metric));
        std::iter::once(None)
            .chain(metrics)
            .map(|metric| Monitor { validation, metric })
            .zip(std::iter::once(loss).chain(shares))
            .collect()
    }

    fn evaluate(
        &mut self,
        (of, split): (Evaluated, Split),
        mut unsaved: Unsaved,
        take: Option<TakeAnswers<'_>>,
    ) -> Result<Option<Evaluation>, RunError> {
        if self.evaluator.as_ref().is_none_or(|(is_of, _)| *is_of != of) {
            self.evaluator = None;
            // compiling takes a while: the run may be ended meanwhile
            if unsaved == Unsaved::Steps {
                self.save_state()?;
                unsaved = Unsaved::Nothing;
            }
            let make = || (self.make_evaluator)(of);
            let Some(made) = self.plan.ranks.exposed(self.plan.interrupt, make) else {
                return Ok(None);
            };
            self.evaluator = Some((of, made?));
        }
        self.gather()?;
        let (_, evaluator) = self.evaluator.as_mut().expect("it has just been made");
        copy_weights(&self.engine, evaluator);
        let PhasePlan { data, train, interrupt, ranks, .. } = self.plan;
        let kept = self.kept.as_ref().filter(|_| of != Evaluated::Whole).and_then(|kept| kept.of(split));
        let batches = match kept {
            Some(features) => data.feature_batches(features, split, train.batch.value),
            None => data.batches(split, train.batch.value),
        };
        let makes_features = of != Evaluated::Whole && kept.is_none();
        let engine = &mut self.engine;
        let features = |batch: &Batch, rows: &mut Vec<f32>| -> Result<bool, CompileError> {
            Ok(makes_features && engine.features(&batch.images, batch.size, rows)?)
        };
        if ranks.is_alone() {
            evaluate_through(evaluator, batches, (interrupt, unsaved), take, features)
        } else {
            evaluate_dealt(evaluator, (ranks, batches), interrupt, take, features)
        }
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

/// Writes initial values into every parameter.
pub fn initialise(engine: &mut impl TrainEngine, seed: u64) {
    for at in 0..engine.params().len() {
        // one by one: a second copy of all parameters would be the peak of the whole run
        let values = initial_values(&engine.params()[at], seed);
        engine.write(at, &values);
    }
}

/// Gives an engine of the next phase what the one before it has: all weights and states, and the optimizer's
/// memory unless it begins anew.
fn carry_over(from: &impl TrainEngine, to: &mut impl TrainEngine, anew: bool) {
    let names: Vec<String> = to.params().iter().map(|param| param.name.clone()).collect();
    for (at, param) in from.params().iter().enumerate().filter(|(_, param)| weights::is_saved(param) || !anew)
    {
        if let Some(place) = names.iter().position(|name| *name == param.name) {
            to.write(place, from.values(at));
        }
    }
}

/// The history, with the file of its rows where this process writes it.
fn history_of(
    plan: &PhasePlan<'_>,
    monitors: &[Monitor],
    rows: Vec<Row>,
) -> Result<(History, Option<Repair>), RunError> {
    if plan.folder.is_written() {
        History::begin(&plan.folder.history(), monitors, rows)
    } else {
        Ok((History::unwritten(monitors, rows), None))
    }
}

/// The files of `csv_log`, by their names.
fn logs(plan: &PhasePlan<'_>) -> Result<Vec<(String, PathBuf)>, RunError> {
    let names = plan.train.callbacks.iter().filter_map(|callback| {
        let Callback::CsvLog { path } = &callback.value else { return None };
        Some(&path.value)
    });
    names.map(|name| Ok((name.clone(), plan.folder.checkpoint(name)?))).collect()
}

/// The phase's callbacks; refuses a file that would be written elsewhere, before anything is trained.
fn callbacks_of(plan: &PhasePlan<'_>) -> Result<Callbacks, RunError> {
    for callback in &plan.train.callbacks {
        match callback.value.writes() {
            Some(Writes { path, example: Some(_) }) => plan.folder.checkpoint(&path.value)?,
            Some(Writes { path, example: None }) => plan.folder.of_callback(&path.value)?,
            None => continue,
        };
    }
    Ok(Callbacks::new(plan.train.callbacks.iter().map(|callback| callback.value.clone())))
}

/// The values of each epoch: loss and metrics of the training images, then of the validation images.
fn monitors(plan: &PhasePlan<'_>, metrics: &[Metric]) -> Vec<Monitor> {
    let splits = if plan.data.validation.is_some() { &[false, true][..] } else { &[false][..] };
    let metrics = || std::iter::once(None).chain(metrics.iter().map(|&metric| Some(metric)));
    splits
        .iter()
        .flat_map(|&validation| metrics().map(move |metric| Monitor { validation, metric }))
        .collect()
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
