//! Where a run begins, goes on, and comes to its next phase.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use super::Trainer;
use crate::ir::{Callback, Metric, Monitor};
use crate::train::callbacks::Callbacks;
use crate::train::engine::{EvalEngine, TrainEngine};
use crate::train::error::RunError;
use crate::train::history::{History, Repair, Row, rows_of_file};
use crate::train::init::initial_values;
use crate::train::plan::{Evaluated, PhasePlan};
use crate::train::sample::Sampling;
use crate::train::state::{Former, Progress, Saved, State};
use crate::train::told::Watch;
use crate::train::travel;
use crate::train::weights;
use crate::vocabulary::Writes;

/// What a trainer begins with.
struct Begun {
    callbacks: Callbacks,
    progress: Progress,
    best: BTreeMap<usize, Vec<Vec<f32>>>,
    history: History,
    repairs: Vec<Repair>,
    former: Former,
}

impl<'a, T, V, F> Trainer<'a, T, V, F>
where
    T: TrainEngine,
    V: EvalEngine,
    F: Fn(Evaluated) -> Result<V, RunError>,
{
    fn new(plan: PhasePlan<'a>, engine: T, make_evaluator: F, begun: Begun) -> Self {
        let Begun { callbacks, progress, best, history, repairs, former } = begun;
        Self {
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
        }
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
        let begun = Begun {
            callbacks,
            progress,
            best: BTreeMap::new(),
            history,
            repairs: Vec::new(),
            former: Former::Kept,
        };
        let mut trainer = Self::new(plan, engine, make_evaluator, begun);
        // who saves seldom loses no more by beginning again
        if plan.pace.saves_often() {
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
        let begun = Begun { callbacks, progress, best, history, repairs, former };
        let mut trainer = Self::new(plan, engine, make_evaluator, begun);
        if saved.record.as_ref() != Some(plan.record) {
            // from now on it is a run of these data
            trainer.save_state()?;
        }
        Ok(trainer)
    }

    /// Goes on with the next phase. The best weights are put back first, where a callback wants
    /// that. `engine` gets all weights and states, and of the optimizer's memory what it has too,
    /// unless `anew`.
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
}

/// Writes initial values into every parameter.
pub fn initialise(engine: &mut impl TrainEngine, seed: u64) {
    for at in 0..engine.params().len() {
        // one by one: a second copy of all parameters would be the peak of the whole run
        let values = initial_values(&engine.params()[at], seed);
        engine.write(at, &values);
    }
}

/// Gives an engine of the next phase what the one before it has: all weights and states, and the
/// optimizer's memory unless it begins anew.
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

/// The phase's callbacks; refuses a file that would be written elsewhere, before anything is
/// trained.
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

/// The values of each epoch: loss and metrics of the training images, then of the validation
/// images.
fn monitors(plan: &PhasePlan<'_>, metrics: &[Metric]) -> Vec<Monitor> {
    let splits = if plan.data.validation.is_some() { &[false, true][..] } else { &[false][..] };
    let metrics = || std::iter::once(None).chain(metrics.iter().map(|&metric| Some(metric)));
    splits
        .iter()
        .flat_map(|&validation| metrics().map(move |metric| Monitor { validation, metric }))
        .collect()
}
