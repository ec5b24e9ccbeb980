//! `state.safetensors`: all that a run needs to go on as if nothing had happened.
//!
//! It holds every parameter of the session (weights, moving statistics, optimizer slots), the best weights
//! that callbacks remember, and as JSON the [`Progress`], the resolved settings, the [`RunRecord`] and the
//! rows of the history. All random numbers are keyed by (seed, epoch or step, place), so the random position
//! *is* the progress.
//!
//! Two states are kept, the newest and the one before it. A new one is written beside them, whole and
//! checked, and then takes its place by renaming:
//! ```text
//! state-next  ← new            (complete or not there)
//! state-previous ← state       (renamed)
//! state       ← state-next     (renamed)
//! ```
//! Whenever that is broken off, at least one good state stands under one of the three names; [`Saved::find`]
//! takes the newest good one.
//!
//! The file is long because what is written and what is read back are one form, which stands here once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::callbacks::Counter;
use super::error::RunError;
use super::folder::RunFolder;
use super::history::Row;
use super::record::RunRecord;
use super::tally::Tally;
use super::weights;
use crate::ir::{Metric, Param};
use crate::settings::Settings;
use crate::tensor::Shape;
use crate::weights::safetensors::{self, NamedTensor, TensorFile};

/// Sums over the images of an epoch so far; divided by `images` they are Keras's running means.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunningSums {
    /// Images seen.
    pub images: u64,
    /// Sum of the images' losses.
    pub loss: f64,
    /// For each metric that is a mean over images: right images, or the sum of their errors.
    pub correct: Vec<f64>,
    /// What the other metrics are made of.
    #[serde(default)]
    pub tally: Tally,
}

impl RunningSums {
    /// Adds a batch: its mean loss weighs as much as it has images.
    pub fn add(&mut self, result: &crate::runtime::StepResult) {
        let images = result.images as f64;
        self.images += result.images as u64;
        self.loss += f64::from(result.loss) * images;
        self.correct.resize(result.correct.len(), 0.0);
        for (sum, &right) in self.correct.iter_mut().zip(&result.correct) {
            *sum += f64::from(right);
        }
        if let Some(answers) = &result.answers {
            self.tally.add(answers);
        }
    }

    /// Mean loss, NaN before the first image; and the metrics, in the order of the session's.
    pub fn means(&self, metrics: &[Metric]) -> (f64, Vec<f64>) {
        (self.loss(), metrics.iter().enumerate().map(|(at, &metric)| self.metric(at, metric)).collect())
    }

    /// Mean loss; NaN before the first image.
    pub fn loss(&self) -> f64 {
        self.loss / self.images as f64
    }

    /// The metric at a place of the session's list: the share of right images, their mean error, or what has
    /// been counted.
    pub fn metric(&self, at: usize, metric: Metric) -> f64 {
        match metric {
            Metric::Accuracy | Metric::TopK(_) | Metric::Mae | Metric::Mse => {
                self.correct.get(at).map_or(f64::NAN, |sum| sum / self.images as f64)
            }
            Metric::Precision => self.tally.precision(),
            Metric::Recall => self.tally.recall(),
            Metric::F1 => self.tally.f1(),
            Metric::Auc => self.tally.area(),
        }
    }
}

/// How far a run has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Complete epochs.
    pub epoch: usize,
    /// Batches done of the epoch after those.
    pub batch: usize,
    /// Sums over these batches.
    pub sums: RunningSums,
    /// Steps done since the beginning.
    pub step: u64,
    /// Learning rate of the next step.
    pub learning_rate: f32,
    /// What the callbacks remember, in the order of the file.
    pub counters: Vec<Counter>,
    /// A callback has ended the training, or its present phase.
    pub stopped: bool,
    /// Nothing is trained any more, in no phase: the time is over, or the loss was no number.
    #[serde(default)]
    pub ended: bool,
    /// The present phase, from 0.
    #[serde(default)]
    pub phase: usize,
    /// Complete epochs before it.
    #[serde(default)]
    pub phase_start: usize,
    /// Steps done in it.
    #[serde(default)]
    pub phase_step: u64,
    /// Updates that the present optimizer has made.
    #[serde(default)]
    pub updates: u64,
    /// Wall time of training so far, in seconds. For `run.json`; it decides nothing.
    pub train_seconds: f64,
}

/// A run between two steps.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// How far it has come.
    pub progress: Progress,
    /// Values of all parameters of the training session, in its order.
    pub params: Vec<Vec<f32>>,
    /// Best weights that callbacks remember: by place of the callback, values of the saved parameters in the
    /// session's order.
    pub best: BTreeMap<usize, Vec<Vec<f32>>>,
    /// The run's settings.
    pub settings: Settings,
    /// The rows of its history; `None` in the state of an older version.
    pub rows: Option<Vec<Row>>,
}

/// Where one copy of the weights that a callback remembers stands in the file.
fn best_name(callback: usize, param: &Param) -> String {
    format!("best.{callback}/{}", param.name)
}

/// Where all answers of the epoch so far stand in the file, and what was right.
const RANKING: [&str; 2] = ["epoch/answers", "epoch/truth"];

/// Where a present value stands in the file.
fn present_name(param: &Param) -> String {
    format!("present/{}", param.name)
}

/// A run between two steps, as it is saved: the parameters are read from the session one by one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Snapshot<'a> {
    pub(super) progress: &'a Progress,
    pub(super) best: &'a BTreeMap<usize, Vec<Vec<f32>>>,
    pub(super) settings: &'a Settings,
    pub(super) record: &'a RunRecord,
    pub(super) rows: &'a [Row],
}

/// What becomes of the state that is the newest so far, when another is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Former {
    /// It becomes the state before.
    Kept,
    /// It is damaged, and must not take the place of the good one before it.
    Dropped,
}

/// Makes a new state, which is whole, the newest.
#[allow(clippy::disallowed_methods, reason = "both files are whole and on the disk: only their names change")]
fn put_in_place(folder: &RunFolder, former: Former) -> Result<(), RunError> {
    let [next, newest, previous] = folder.states();
    if former == Former::Kept {
        match fs::rename(&newest, &previous) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(RunError::write(&previous, error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    fs::rename(&next, &newest).map_err(|error| RunError::write(&newest, error))
}

impl Snapshot<'_> {
    /// Makes this the newest state of a run.
    /// # Errors
    /// [`RunError::Write`]: a good state is still there.
    pub(super) fn save_in<'v>(
        &'v self,
        folder: &RunFolder,
        former: Former,
        params: &[Param],
        values: impl Fn(usize) -> Cow<'v, [f32]>,
    ) -> Result<(), RunError> {
        let [next, ..] = folder.states();
        self.save(&next, params, values)?;
        put_in_place(folder, former)
    }

    /// Writes the state for a session with these parameters, replacing a file at one moment.
    /// # Errors
    /// [`RunError::Write`].
    fn save<'v>(
        &'v self,
        path: &Path,
        params: &[Param],
        values: impl Fn(usize) -> Cow<'v, [f32]>,
    ) -> Result<(), RunError> {
        let mut tensors: Vec<NamedTensor<'_>> = params
            .iter()
            .map(|param| NamedTensor { name: present_name(param), shape: &param.shape })
            .collect();
        let mut remembered: Vec<&[f32]> = Vec::new();
        for (&callback, best) in self.best {
            let saved = params.iter().filter(|param| weights::is_saved(param));
            for (param, values) in saved.zip(best) {
                tensors.push(NamedTensor { name: best_name(callback, param), shape: &param.shape });
                remembered.push(values);
            }
        }
        let ranking = self.progress.sums.tally.ranking();
        let ranked = Shape::vector(ranking[0].len());
        for (name, values) in RANKING.iter().zip(&ranking).filter(|(_, values)| !values.is_empty()) {
            tensors.push(NamedTensor { name: (*name).to_owned(), shape: &ranked });
            remembered.push(values);
        }
        let kept: Vec<usize> = self.best.keys().copied().collect();
        let texts = [
            ("format", FORMAT.to_owned()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("progress", json(self.progress)),
            ("best", json(&kept)),
            ("settings", json(self.settings)),
            ("record", json(self.record)),
            ("history", json(&self.rows)),
        ];
        let values = |at: usize| match at.checked_sub(params.len()) {
            None => values(at),
            Some(at) => Cow::Borrowed(remembered[at]),
        };
        safetensors::write(path, &texts, &tensors, values).map_err(|source| RunError::write(path, source))
    }
}

/// A state that can be gone on from, as far as it is known before there is a session: its tensors have been
/// proven, and are read when they are wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// The file; empty where another process has it.
    #[serde(skip)]
    pub path: PathBuf,
    /// How far the run has come.
    pub progress: Progress,
    /// The run's settings.
    pub settings: Settings,
    /// How it computes and what it was trained on; `None` in the state of an older version.
    pub record: Option<RunRecord>,
    /// Newer states that cannot be used, each with the reason.
    pub passed_over: Vec<String>,
}

impl Saved {
    /// The newest good state of a run.
    /// # Errors
    /// Where none is good, that of the only one: [`RunError::Read`], [`RunError::Format`] or
    /// [`RunError::Damaged`]; the last with all reasons, where there are several.
    pub fn find(folder: &RunFolder) -> Result<Self, RunError> {
        let mut passed_over = Vec::new();
        let mut first = None;
        for path in folder.states() {
            match Self::read(&path) {
                Ok(saved) => return Ok(Self { passed_over, ..saved }),
                Err(RunError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    passed_over.push(error.to_string());
                    first.get_or_insert(error);
                }
            }
        }
        let newest = folder.state();
        Err(match first {
            None => RunError::read(&newest, io::Error::from(io::ErrorKind::NotFound)),
            Some(error) if passed_over.len() == 1 => error,
            Some(_) => RunError::damaged(
                &newest,
                format!("the run has no good state left: {}", passed_over.join("; ")),
            ),
        })
    }

    /// Does the renaming that was broken off when this state was written, if it was.
    /// # Errors
    /// [`RunError::Write`].
    pub(super) fn settle(self, folder: &RunFolder) -> Result<Self, RunError> {
        let [next, newest, _] = folder.states();
        if self.path != next {
            return Ok(self);
        }
        let former = if Self::read(&newest).is_ok() { Former::Kept } else { Former::Dropped };
        put_in_place(folder, former)?;
        Ok(Self { path: newest, ..self })
    }

    fn read(path: &Path) -> Result<Self, RunError> {
        let file = proven(path)?;
        let progress = parsed(&file, path, "progress")?;
        let settings = parsed(&file, path, "settings")?;
        let record = file.texts.contains_key("record").then(|| parsed(&file, path, "record")).transpose()?;
        Ok(Self { path: path.to_owned(), progress, settings, record, passed_over: Vec::new() })
    }
}

/// Reads a state's file.
/// # Errors
/// [`RunError::Read`], [`RunError::Format`], [`RunError::Damaged`].
fn proven(path: &Path) -> Result<TensorFile, RunError> {
    let file = safetensors::read(path).map_err(|error| RunError::of_file(path, error))?;
    match file.texts.get("format").map(String::as_str) {
        Some(FORMAT) if !file.is_proven => {
            Err(RunError::damaged(path, "it has no checksum, and was written with one"))
        }
        Some(FORMAT | OLD_FORMAT) => Ok(file),
        Some(_) | None => Err(RunError::Format {
            path: path.to_owned(),
            wanted: "a training state",
            found: "it says nothing about a run".into(),
        }),
    }
}

/// What a state's text says.
fn parsed<T: serde::de::DeserializeOwned>(
    file: &TensorFile,
    path: &Path,
    key: &'static str,
) -> Result<T, RunError> {
    let text = file.texts.get(key).map_or("", String::as_str);
    serde_json::from_str(text).map_err(|error| RunError::Format {
        path: path.to_owned(),
        wanted: "a training state",
        found: format!("its {key}: {error}"),
    })
}

impl State {
    /// Reads the state of a session with these parameters and settings.
    /// # Errors
    /// [`RunError::Read`], [`RunError::Format`], [`RunError::Damaged`]; [`RunError::SettingsChanged`] where
    /// the settings differ in more than a larger number of epochs; [`RunError::WeightsDiffer`] where the
    /// tensors do not fit all the same.
    pub fn load(path: &Path, params: &[Param], settings: &Settings) -> Result<Self, RunError> {
        let mut file = proven(path)?;
        let stored: Settings = parsed(&file, path, "settings")?;
        let mut progress: Progress = parsed(&file, path, "progress")?;
        let kept: Vec<usize> = parsed(&file, path, "best")?;
        let rows = file.texts.contains_key("history").then(|| parsed(&file, path, "history")).transpose()?;
        let changes = stored.changes_to(settings);
        if !changes.is_empty() {
            let folder = path.parent().unwrap_or(path).to_owned();
            return Err(RunError::SettingsChanged { path: folder, changes });
        }
        let all: Vec<(usize, &Param)> = params.iter().enumerate().collect();
        let saved: Vec<(usize, &Param)> =
            all.iter().copied().filter(|(_, param)| weights::is_saved(param)).collect();
        let values =
            |taken: Vec<(usize, Vec<f32>)>| taken.into_iter().map(|(_, values)| values).collect::<Vec<_>>();
        let ranking =
            RANKING.map(|name| file.tensors.remove(name).map(|(_, values)| values).unwrap_or_default());
        progress.sums.tally.restore(ranking);
        let mut best = BTreeMap::new();
        for callback in kept {
            let taken = weights::take(&mut file, path, &saved, |param| best_name(callback, param))?;
            best.insert(callback, values(taken));
        }
        let params = values(weights::take(&mut file, path, &all, present_name)?);
        Ok(Self { progress, params, best, settings: stored, rows })
    }
}

/// What `format` says in a state.
const FORMAT: &str = "cnnc training state 2";
/// What it says in one that has neither checksum nor record nor history: of cnnc before any of these.
const OLD_FORMAT: &str = "cnnc training state 1";

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and texts always serialise")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::ParamRole;
    use crate::runtime::{Answers, StepResult};
    use crate::vocabulary::Initializer;

    fn params() -> Vec<Param> {
        let param = |name: &str, role| Param {
            name: name.into(),
            layer: String::new(),
            shape: Shape::vector(3),
            initializer: Initializer::Zeros,
            role,
        };
        vec![
            param("dense.kernel", ParamRole::Weight),
            param("batch_norm.moving_mean", ParamRole::State),
            param("dense.kernel.momentum", ParamRole::Slot),
        ]
    }

    fn settings(epochs: usize, batch: usize) -> Settings {
        Settings::new([("train.epochs", epochs), ("train.batch", batch)])
    }

    fn save(state: &State, path: &Path) -> Result<(), RunError> {
        let State { progress, params: values, best, settings, rows } = state;
        let (record, rows) = (&record(), rows.as_deref().unwrap_or_default());
        let snapshot = Snapshot { progress, best, settings, record, rows };
        snapshot.save(path, &params(), |at| values[at].as_slice().into())
    }

    fn record() -> RunRecord {
        RunRecord { data_changed_at: vec![7], ..RunRecord::default() }
    }

    fn state() -> State {
        let mut sums = RunningSums::default();
        let answers = Answers {
            outputs: 2,
            exclusive: true,
            ranked: true,
            scores: vec![0.1, 0.9, 1.0 / 3.0, 2.0 / 3.0],
            truth: vec![true, false, false, true],
        };
        sums.add(&StepResult {
            images: 32,
            loss: 0.1,
            correct: vec![3.0],
            answers: Some(answers),
            stop: false,
        });
        let counter = Counter { best: Some(0.1 + 0.2), best_epoch: 2, wait: 1, cooldown: 0 };
        State {
            progress: Progress {
                epoch: 3,
                batch: 7,
                sums,
                step: 107,
                learning_rate: 0.001 / 3.0,
                counters: vec![counter, Counter::default()],
                stopped: false,
                ended: false,
                phase: 1,
                phase_start: 2,
                phase_step: 7,
                updates: 27,
                train_seconds: 1.25,
            },
            params: vec![vec![1.0, 2.0, 3.0], vec![0.1; 3], vec![-1e-30; 3]],
            best: BTreeMap::from([(0, vec![vec![4.0; 3], vec![5.0; 3]])]),
            settings: settings(10, 32),
            rows: Some(Vec::new()),
        }
    }

    fn save_in(folder: &RunFolder, state: &State, former: Former) {
        let State { progress, params: values, best, settings, .. } = state;
        let snapshot = Snapshot { progress, best, settings, record: &record(), rows: &[] };
        snapshot.save_in(folder, former, &params(), |at| values[at].as_slice().into()).expect("written");
    }

    #[test]
    fn a_damaged_state_is_passed_over_for_the_one_before() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = RunFolder::create(parent.path()).expect("it is empty");
        let [next, newest, previous] = folder.states();
        let epoch = |epoch| State { progress: Progress { epoch, ..state().progress }, ..state() };
        (1..=3).for_each(|number| save_in(&folder, &epoch(number), Former::Kept));
        let found = || Saved::find(&folder).map(|saved| (saved.progress.epoch, saved.passed_over.len()));
        assert_eq!(found().expect("good"), (3, 0));
        assert_eq!(Saved::find(&folder).expect("good").record, Some(record()));
        let damage = |path: &Path| {
            let mut bytes = fs::read(path).expect("there");
            let in_a_tensor = bytes.len() - 3;
            bytes[in_a_tensor] ^= 1;
            fs::write(path, bytes).expect("written");
        };
        damage(&newest);
        assert_eq!(found().expect("the one before"), (2, 1));
        // the damaged one does not take the place of the good one
        save_in(&folder, &epoch(4), Former::Dropped);
        assert_eq!(found().expect("good"), (4, 0));
        damage(&newest);
        assert_eq!(found().expect("the one before"), (2, 1));
        damage(&previous);
        assert!(matches!(Saved::find(&folder), Err(RunError::Damaged { path, .. }) if path == newest));
        // broken off between the renames
        save_in(&folder, &epoch(5), Former::Dropped);
        fs::rename(&newest, &next).expect("renamed");
        assert_eq!(found().expect("the new one"), (5, 0));
        let settled = Saved::find(&folder).and_then(|saved| saved.settle(&folder)).expect("renamed");
        assert_eq!(settled.path, newest);
        assert_eq!(found().expect("good"), (5, 0));
        assert!(!next.exists());
    }

    #[test]
    fn a_state_comes_back_to_the_last_bit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.safetensors");
        save(&state(), &path).expect("written");
        assert_eq!(State::load(&path, &params(), &settings(10, 32)).expect("sound"), state());
    }

    #[test]
    fn only_epochs_may_change_and_only_upwards() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.safetensors");
        save(&state(), &path).expect("written");
        assert!(State::load(&path, &params(), &settings(20, 32)).is_ok());
        let error = State::load(&path, &params(), &settings(10, 64)).expect_err("another batch").to_string();
        assert!(error.contains("`train.batch` was 32, is 64"), "{error}");
        let error = State::load(&path, &params(), &settings(2, 32)).expect_err("epochs are done").to_string();
        assert!(error.contains("train.epochs"), "{error}");
    }

    #[test]
    fn a_weights_file_is_not_a_state() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("weights.safetensors");
        weights::save(&path, &weights::WeightsInfo::default(), &params(), |_| vec![0.0; 3].into())
            .expect("written");
        let error = State::load(&path, &params(), &settings(10, 32)).expect_err("no state");
        assert!(matches!(error, RunError::Format { .. }), "{error}");
    }

    #[test]
    fn means_weigh_by_images() {
        let mut sums = RunningSums::default();
        sums.add(&StepResult { images: 3, loss: 1.0, correct: vec![3.0, 1.0], answers: None, stop: false });
        sums.add(&StepResult { images: 1, loss: 2.0, correct: vec![0.0, 1.0], answers: None, stop: false });
        assert_eq!(sums.means(&[Metric::Accuracy, Metric::Mae]), (1.25, vec![0.75, 0.5]));
    }
}
