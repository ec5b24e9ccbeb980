//! `state.safetensors`: all that a run needs to go on as if nothing had happened.
//!
//! It holds every parameter of the session (weights, moving statistics, optimizer slots), the best weights that callbacks remember, and as JSON the
//! [`Progress`] and the resolved settings. All random numbers are keyed by (seed, epoch or step, place), so the random position *is* the progress.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::callbacks::Counter;
use super::error::RunError;
use super::settings::Settings;
use super::tally::Tally;
use super::tensor_file::{self, NamedTensor};
use super::weights;
use crate::ir::{Metric, Param};
use crate::tensor::Shape;

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

    /// The metric at a place of the session's list: the share of right images, their mean error, or what has been counted.
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
    /// Best weights that callbacks remember: by place of the callback, values of the saved parameters in the session's order.
    pub best: BTreeMap<usize, Vec<Vec<f32>>>,
    /// The run's settings.
    pub settings: Settings,
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
}

impl Snapshot<'_> {
    /// Writes the state for a session with these parameters, replacing an older one at one moment.
    /// # Errors
    /// [`RunError::Write`].
    pub(super) fn save<'v>(
        &'v self,
        path: &Path,
        params: &[Param],
        values: impl Fn(usize) -> Cow<'v, [f32]>,
    ) -> Result<(), RunError> {
        let mut tensors: Vec<NamedTensor<'_>> =
            params.iter().map(|param| NamedTensor { name: present_name(param), shape: &param.shape }).collect();
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
        ];
        let values = |at: usize| match at.checked_sub(params.len()) {
            None => values(at),
            Some(at) => Cow::Borrowed(remembered[at]),
        };
        tensor_file::write(path, &texts, &tensors, values)
    }
}

impl State {
    /// The phase that a run is in.
    /// # Errors
    /// [`RunError::Read`], [`RunError::Format`].
    pub fn phase(path: &Path) -> Result<usize, RunError> {
        let file = tensor_file::read(path)?;
        let text = file.texts.get("progress").cloned().unwrap_or_default();
        let progress: Progress = serde_json::from_str(&text).map_err(|error| RunError::Format {
            path: path.to_owned(),
            wanted: "a training state",
            found: format!("its progress: {error}"),
        })?;
        Ok(progress.phase)
    }

    /// Reads the state of a session with these parameters and settings.
    /// # Errors
    /// [`RunError::Read`], [`RunError::Format`]; [`RunError::SettingsChanged`] where the settings differ in more than a larger number of epochs;
    /// [`RunError::WeightsDiffer`] where the tensors do not fit all the same.
    pub fn load(path: &Path, params: &[Param], settings: &Settings) -> Result<Self, RunError> {
        let mut file = tensor_file::read(path)?;
        let unsound = |found: String| RunError::Format { path: path.to_owned(), wanted: "a training state", found };
        if file.texts.get("format").map(String::as_str) != Some(FORMAT) {
            return Err(unsound("it says nothing about a run".into()));
        }
        let text = |key: &str| file.texts.get(key).cloned().unwrap_or_default();
        let stored: Settings =
            serde_json::from_str(&text("settings")).map_err(|error| unsound(format!("its settings: {error}")))?;
        let mut progress: Progress =
            serde_json::from_str(&text("progress")).map_err(|error| unsound(format!("its progress: {error}")))?;
        let kept: Vec<usize> =
            serde_json::from_str(&text("best")).map_err(|error| unsound(format!("its best weights: {error}")))?;
        let changes = stored.changes_to(settings);
        if !changes.is_empty() {
            let folder = path.parent().unwrap_or(path).to_owned();
            return Err(RunError::SettingsChanged { path: folder, changes });
        }
        let all: Vec<(usize, &Param)> = params.iter().enumerate().collect();
        let saved: Vec<(usize, &Param)> = all.iter().copied().filter(|(_, param)| weights::is_saved(param)).collect();
        let values = |taken: Vec<(usize, Vec<f32>)>| taken.into_iter().map(|(_, values)| values).collect::<Vec<_>>();
        let ranking = RANKING.map(|name| file.tensors.remove(name).map(|(_, values)| values).unwrap_or_default());
        progress.sums.tally.restore(ranking);
        let mut best = BTreeMap::new();
        for callback in kept {
            let taken = weights::take(&mut file, path, &saved, |param| best_name(callback, param))?;
            best.insert(callback, values(taken));
        }
        let params = values(weights::take(&mut file, path, &all, present_name)?);
        Ok(Self { progress, params, best, settings: stored })
    }
}

/// What `format` says in a state.
const FORMAT: &str = "cnnc training state 1";

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and texts always serialise")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::ParamRole;
    use crate::layers::Initializer;
    use crate::runtime::{Answers, StepResult};

    fn params() -> Vec<Param> {
        let param = |name: &str, role| Param {
            name: name.into(),
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
        let State { progress, params: values, best, settings } = state;
        Snapshot { progress, best, settings }.save(path, &params(), |at| values[at].as_slice().into())
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
        sums.add(&StepResult { images: 32, loss: 0.1, correct: vec![3.0], answers: Some(answers) });
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
        }
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
        weights::save(&path, &weights::WeightsInfo::default(), &params(), |_| vec![0.0; 3].into()).expect("written");
        let error = State::load(&path, &params(), &settings(10, 32)).expect_err("no state");
        assert!(matches!(error, RunError::Format { .. }), "{error}");
    }

    #[test]
    fn means_weigh_by_images() {
        let mut sums = RunningSums::default();
        sums.add(&StepResult { images: 3, loss: 1.0, correct: vec![3.0, 1.0], answers: None });
        sums.add(&StepResult { images: 1, loss: 2.0, correct: vec![0.0, 1.0], answers: None });
        assert_eq!(sums.means(&[Metric::Accuracy, Metric::Mae]), (1.25, vec![0.75, 0.5]));
    }
}
