//! A trial: a run that is computed some epochs at a time, and of which little is kept.
//!
//! Its folder has `history.csv`, a state as long as it may be gone on with, the weights of its best epoch
//! and what these answered to the pictures for validation. It has no page and no results of a test split:
//! that is not read.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ndarray::ArrayView2;
use ndarray_npy::WriteNpyExt;
use serde::{Deserialize, Serialize};

use super::super::agreement;
use super::super::error::Error;
use super::super::job::{Job, Running, StageProgram, stages};
use super::super::open::Experiment;
use super::super::run::rows;
use super::super::train::arithmetic;
use crate::data::{DataDigest, Dataset};
use crate::files;
use crate::ir::Monitor;
use crate::plan::Choices;
use crate::ranks::Communicator;
use crate::runtime::CompileOptions;
use crate::settings::Settings;
use crate::train::weights::WeightsInfo;
use crate::train::{
    Answered, Ending, EpochRecord, Interrupt, KeptWeights, Learnt, Pace, Pretrained, Remains, RunError,
    RunFolder, RunRecord, RunningSums, Saved, Together, TrainNote, Trainer, Watch as TrainWatch,
};

/// Weights of the epoch that a trial is judged by.
pub(in super::super) const BEST: &str = "best.safetensors";

/// What these answered to the pictures for validation, `[n, outputs]`, in the order of the split.
pub(in super::super) const ANSWERS: &str = "validation.npy";

/// A state is saved between two pauses only where so much time would be lost.
const BETWEEN_STATES: Duration = Duration::from_secs(20);

/// What all trials of the same pictures share.
#[derive(Debug)]
pub(super) struct Pictures {
    pub(super) data: Dataset,
    pub(super) digest: DataDigest,
}

/// What one unit computes.
pub(super) struct Task<'t> {
    /// The experiment at the trial's point, for its data.
    pub(super) experiment: &'t Experiment,
    pub(super) pictures: &'t Pictures,
    pub(super) pretrained: &'t Pretrained,
    pub(super) folder: &'t Path,
    pub(super) objective: Monitor,
    /// The epoch that it ends with.
    pub(super) until: usize,
    pub(super) options: CompileOptions,
    /// Those that train it together; the first of them alone has its folder.
    pub(super) ranks: Option<&'t Communicator>,
    pub(super) interrupt: &'t Interrupt,
    /// Told after each epoch: its number and the objective.
    pub(super) told: &'t mut dyn FnMut(usize, Option<f64>),
}

/// How far a trial has come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Reached {
    /// The objective after each of its epochs; `None` where it was no number.
    pub(super) curve: Vec<Option<f64>>,
    /// A callback has ended it.
    pub(super) is_over: bool,
    /// Why it can have no value any more.
    pub(super) failed: Option<String>,
    /// Time that its epochs have taken, in seconds.
    pub(super) seconds: f64,
}

/// Computes a unit; `None`: it was interrupted, and its state is saved.
/// # Errors
/// What is no result of the trial: files that cannot be written, pictures that cannot be read.
pub(super) fn compute(task: Task<'_>) -> Result<Option<Reached>, Error> {
    match attempt(task) {
        Ok(reached) => Ok(reached),
        Err(Error::Run(error @ RunError::NotFinite { .. })) => {
            Ok(Some(Reached { failed: Some(error.to_string()), ..Reached::default() }))
        }
        Err(error) => Err(error),
    }
}

fn attempt(task: Task<'_>) -> Result<Option<Reached>, Error> {
    let Task { experiment, pictures, pretrained, folder, objective, until, .. } = task;
    let Task { options, ranks, interrupt, told, .. } = task;
    let schedule = experiment.schedule()?;
    let settings = Settings::to_resume(&experiment.program);
    let record = RunRecord {
        arithmetic: arithmetic(options.target, &Choices::default()),
        data: pictures.digest.clone(),
        data_changed_at: Vec::new(),
    };
    let stages: Vec<StageProgram> = stages(&experiment.program);
    agreement::on_parts(ranks.map_or(1, Communicator::size), &stages)?;
    let (folder, saved) = opened(folder, &settings, &record, Together::with(ranks))?;
    let data = &pictures.data;
    let info = experiment.weights_info(schedule.seed, &data.classes, data.featurewise.as_ref());
    let job = Job {
        experiment,
        stages: &stages,
        options: &options,
        ranks,
        data,
        pretrained,
        folder: &folder,
        info: &info,
        settings: &settings,
        record: &record,
        interrupt,
        pace: Pace { until: Some(until), between_states: BETWEEN_STATES },
    };
    let at = saved.as_ref().map_or(0, |saved| saved.progress.phase);
    let session = Job::compile(&stages, at, &options)?;
    let trainer = match &saved {
        Some(saved) => Trainer::resume(job.plan_of(at), saved, session, job.evaluator())?,
        None => Trainer::begin(job.plan_of(at), session, job.evaluator())?,
    };
    let curve = curve_of(&trainer, objective);
    let best = best_of(&curve, objective.falls()).map(|(value, _)| value);
    let mut watch = TrialWatch {
        objective,
        told,
        curve,
        best,
        answers: Vec::new(),
        outputs: experiment.output_shape().elements(),
        kept: KeptWeights::default(),
        kept_answers: Vec::new(),
        is_dirty: false,
        folder: &folder,
        info: &info,
    };
    let (trainer, ending) = through_phases(job, (trainer, at), &mut watch)?;
    let seconds = trainer.progress().train_seconds;
    Ok(match ending {
        Ending::Interrupted => None,
        Ending::Paused | Ending::Complete => {
            Some(Reached { is_over: ending == Ending::Complete, curve: watch.curve, failed: None, seconds })
        }
    })
}

/// Trains one phase after the other until the trial pauses or is over.
fn through_phases<'j>(
    job: Job<'j>,
    (mut trainer, mut at): (Running<'j>, usize),
    watch: &mut TrialWatch<'_>,
) -> Result<(Running<'j>, Ending), RunError> {
    loop {
        let ending = trainer.train(watch)?;
        let progress = trainer.progress();
        let Some(next) = job.stages.get(at + 1).filter(|_| ending == Ending::Complete && !progress.ended)
        else {
            return Ok((trainer, ending));
        };
        if job.pace.until.is_some_and(|until| progress.epoch >= until) {
            return Ok((trainer, Ending::Paused));
        }
        at += 1;
        let session = Job::compile(job.stages, at, job.options)?;
        trainer = trainer.advance(job.plan_of(at), session, next.resets_optimizer, watch)?;
    }
}

/// The trial's folder and the state that it goes on from. Of several ranks the first looks, and tells the
/// others.
fn opened(
    path: &Path,
    settings: &Settings,
    record: &RunRecord,
    ranks: Together<'_>,
) -> Result<(RunFolder, Option<Box<Saved>>), RunError> {
    let tell = |(_, saved): &(RunFolder, Option<Box<Saved>>)| {
        serde_json::to_vec(saved).expect("numbers and texts always serialise")
    };
    let hear =
        |told: &[u8]| Some((RunFolder::of_another(path.to_owned()), serde_json::from_slice(told).ok()?));
    ranks.first_gives(|| opened_here(path, settings, record), tell, hear)
}

/// The trial's folder and the state that it goes on from. What cannot be gone on with is removed: a trial
/// that begins again comes to the same.
fn opened_here(
    path: &Path,
    settings: &Settings,
    record: &RunRecord,
) -> Result<(RunFolder, Option<Box<Saved>>), RunError> {
    let is_there = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    if !is_there {
        return Ok((RunFolder::create(path)?, None));
    }
    match RunFolder::open(path) {
        Ok((folder, Remains::State(saved)))
            if saved.settings.changes_to(settings).is_empty() && saved.record.as_ref() == Some(record) =>
        {
            Ok((folder, Some(saved)))
        }
        Err(error @ RunError::InUse { .. }) => Err(error),
        Ok(_) | Err(_) => {
            std::fs::remove_dir_all(path).map_err(|error| RunError::write(path, error))?;
            Ok((RunFolder::create(path)?, None))
        }
    }
}

/// The objective after each epoch so far.
fn curve_of(trainer: &Running<'_>, objective: Monitor) -> Vec<Option<f64>> {
    let name = objective.column();
    let rows = rows(&trainer.history_text()).unwrap_or_default();
    rows.iter().map(|row| row.value(&name).filter(|value| value.is_finite())).collect()
}

/// The best value of a curve, and its epoch (from 1); of equal ones the earlier.
pub(super) fn best_of(curve: &[Option<f64>], falls: bool) -> Option<(f64, usize)> {
    let values = curve.iter().enumerate().filter_map(|(at, value)| Some((value.as_ref()?, at + 1)));
    values.fold(None, |best: Option<(f64, usize)>, (&value, epoch)| match best {
        Some((known, _)) if !is_better(value, known, falls) => best,
        Some(_) | None => Some((value, epoch)),
    })
}

fn is_better(value: f64, known: f64, falls: bool) -> bool {
    if falls { value < known } else { value > known }
}

/// Keeps what the best epoch has learnt and answered.
struct TrialWatch<'w> {
    objective: Monitor,
    told: &'w mut dyn FnMut(usize, Option<f64>),
    curve: Vec<Option<f64>>,
    best: Option<f64>,
    /// Of the present epoch.
    answers: Vec<f32>,
    outputs: usize,
    kept: KeptWeights,
    kept_answers: Vec<f32>,
    /// What is kept is newer than its files.
    is_dirty: bool,
    folder: &'w RunFolder,
    info: &'w WeightsInfo,
}

impl TrainWatch for TrialWatch<'_> {
    fn epoch_begins(&mut self, _epoch: usize, _batches: usize, _done: usize) {
        self.answers.clear();
    }

    fn stepped(&mut self, _sums: &RunningSums) {}

    fn takes_answers(&self) -> bool {
        self.objective.validation && self.folder.is_written()
    }

    fn answered(&mut self, answered: Answered<'_>) {
        self.answers.extend_from_slice(answered.outputs);
    }

    fn epoch_ends(&mut self, record: &EpochRecord) {
        let value = record.values.get(self.objective).filter(|value| value.is_finite());
        self.curve.push(value);
        (self.told)(record.epoch, value);
    }

    fn learnt(&mut self, learnt: &Learnt<'_>) -> Result<(), RunError> {
        let Some(value) = self.curve.last().copied().flatten() else { return Ok(()) };
        if self.best.is_none_or(|best| is_better(value, best, self.objective.falls())) {
            self.best = Some(value);
            if !self.folder.is_written() {
                return Ok(());
            }
            learnt.keep_in(&mut self.kept);
            std::mem::swap(&mut self.answers, &mut self.kept_answers);
            self.is_dirty = true;
        }
        self.answers.clear();
        Ok(())
    }

    fn saves(&mut self) -> Result<(), RunError> {
        if !self.is_dirty {
            return Ok(());
        }
        self.kept.save(&self.folder.path().join(BEST), self.info)?;
        if !self.kept_answers.is_empty() {
            write_answers(&self.folder.path().join(ANSWERS), &self.kept_answers, self.outputs)?;
        }
        self.is_dirty = false;
        Ok(())
    }

    fn note(&mut self, _note: TrainNote) {}
}

/// An array `[n, outputs]` as NumPy reads it.
fn write_answers(path: &Path, answers: &[f32], outputs: usize) -> Result<(), RunError> {
    let shape = (answers.len() / outputs.max(1), outputs);
    let array = ArrayView2::from_shape(shape, answers).map_err(io::Error::other);
    let written =
        array.and_then(|array| files::write(path, |file| array.write_npy(file).map_err(io::Error::other)));
    written.map_err(|error| RunError::write(path, error))
}

/// What is kept of the folder of a trial that cannot be gone on with: the history, the answers to the
/// pictures for validation, and the weights where they are among the best.
pub(super) fn prune(folder: &Path, keeps_weights: bool) {
    let runs = RunFolder::around(&folder.join(BEST));
    let states = runs.states().into_iter();
    let weights = (!keeps_weights).then(|| folder.join(BEST));
    for path in states.chain(weights) {
        // what stays is a cache: it is removed the next time
        let _ = std::fs::remove_file(path);
    }
}

/// Folders of the runs of a trial: one for each seed.
pub(super) fn folders(trials: &Path, key: &str, seeds: usize) -> Vec<PathBuf> {
    let folder = |seed: usize| match seed {
        0 => trials.join(key),
        _ => trials.join(format!("{key}-seed-{}", seed + 1)),
    };
    (0..seeds).map(folder).collect()
}
