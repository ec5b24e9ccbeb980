//! Runs of a tiny model on the embedded digits: whatever disturbs a run, its files end up the same.

mod together;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::*;
use crate::data::{Dataset, FeaturePlace, FeaturePlan, Locations, NotKept};
use crate::ir::{
    AugmentSpec, DataSource, DataSpec, Labels, Metric, Monitor, Optimizer, Param, ParamRole, PrepareSpec,
    Schedule, Split as Share, SplitBase, TrainSpec, UpdateRules,
};
use crate::plan::images_of_rank;
use crate::ranks::{Communicator, RankError};
use crate::runtime::{CompileError, StepInputs, StepResult};
use crate::settings::Settings;
use crate::source::{Span, Spanned};
use crate::tensor::Shape;
use crate::train::history::EpochRecord;
use crate::train::weights::WeightsInfo;
use crate::train::{
    Answered, End, Interrupt, Pace, PhaseId, Pretrained, Remains, RunFolder, RunRecord, Together,
};
use crate::vocabulary::Initializer;
use crate::vocabulary::LossOptions;

const PIXELS: usize = 64;
const CLASSES: usize = 10;
const BATCH: usize = 64;

fn spanned<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::default())
}

/// Softmax regression with momentum, and a state that counts the steps: weight, state and slot, as a real
/// session has them.
struct Regression {
    params: Vec<Param>,
    values: Vec<Vec<f32>>,
    /// The step that breaks, and how.
    fault: Option<(u64, Fault)>,
    /// The frozen part doubles pictures: how many it has doubled, where there is one.
    doubled: Option<Rc<Cell<usize>>>,
    /// Those that take part in steps. Then values may be read only when they were gathered.
    ranks: Option<Communicator>,
    is_gathered: bool,
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    /// As a kill: nothing after it is done.
    Kill,
    /// The loss is no number.
    NotFinite,
}

impl Regression {
    fn new(fault: Option<(u64, Fault)>) -> Self {
        let param = |name: &str, shape: &[usize], initializer, role| Param {
            name: name.into(),
            layer: String::new(),
            shape: Shape::new(shape),
            initializer,
            role,
        };
        let params = vec![
            param("dense.kernel", &[PIXELS, CLASSES], Initializer::GlorotUniform, ParamRole::Weight),
            param("counter.steps", &[1], Initializer::Zeros, ParamRole::State),
            param("dense.kernel.momentum", &[PIXELS, CLASSES], Initializer::Zeros, ParamRole::Slot),
        ];
        let values = params.iter().map(|param| vec![0.0; param.shape.elements()]).collect();
        Self { params, values, fault, doubled: None, ranks: None, is_gathered: true }
    }

    /// With a frozen part in front of it.
    fn behind(self, doubled: Option<Rc<Cell<usize>>>) -> Self {
        Self { doubled, ..self }
    }

    /// All pictures of a step, of which each rank has its own; and whether one of them wants it to
    /// be the last.
    fn of_all(&self, inputs: &StepInputs<'_>, count: usize) -> Result<(Vec<f32>, bool), RankError> {
        let Some(ranks) = &self.ranks else { return Ok((inputs.images.to_vec(), inputs.stop)) };
        let own = images_of_rank(BATCH, ranks.size(), ranks.rank());
        let own = own.start.min(count) * PIXELS..own.end.min(count) * PIXELS;
        let (before, behind) = (&inputs.images[..own.start], &inputs.images[own.end..]);
        assert!(
            before.iter().chain(behind).all(|pixel| *pixel == 0.0),
            "a rank makes its own pictures alone"
        );
        let mut bytes = vec![u8::from(inputs.stop)];
        inputs.images[own].iter().for_each(|pixel| bytes.extend(pixel.to_le_bytes()));
        let all = ranks.gather(&bytes)?;
        let pixels = all.iter().flat_map(|bytes| bytes[1..].as_chunks::<4>().0);
        let pixels: Vec<f32> = pixels.map(|&pixel| f32::from_le_bytes(pixel)).collect();
        assert_eq!(pixels.len(), count * PIXELS);
        Ok((pixels, all.iter().any(|bytes| bytes[0] != 0)))
    }

    /// Mean loss, right answers, and the gradient by the weights.
    fn forward(&self, images: &[f32], labels: &[i32]) -> (StepResult, Vec<f32>) {
        let mut gradient = vec![0.0; PIXELS * CLASSES];
        let (mut loss, mut right) = (0.0, 0.0);
        for (image, &label) in images.chunks_exact(PIXELS).zip(labels) {
            let label = label as usize;
            let mut scores = [0.0_f32; CLASSES];
            for (pixel, row) in image.iter().zip(self.values[0].chunks_exact(CLASSES)) {
                scores.iter_mut().zip(row).for_each(|(score, weight)| *score += pixel * weight);
            }
            let top = scores.iter().fold(f32::MIN, |top, &score| top.max(score));
            right += f32::from(scores[label] == top);
            let total: f32 = scores.iter().map(|score| (score - top).exp()).sum();
            loss += total.ln() + top - scores[label];
            for (pixel, row) in image.iter().zip(gradient.chunks_exact_mut(CLASSES)) {
                for (class, out) in row.iter_mut().enumerate() {
                    let wanted = f32::from(class == label);
                    *out += pixel * ((scores[class] - top).exp() / total - wanted) / labels.len() as f32;
                }
            }
        }
        let result = StepResult {
            images: labels.len(),
            loss: loss / labels.len() as f32,
            correct: vec![right],
            answers: None,
            stop: false,
        };
        (result, gradient)
    }
}

impl TrainEngine for Regression {
    fn params(&self) -> &[Param] {
        &self.params
    }

    fn values(&self, index: usize) -> &[f32] {
        assert!(self.is_gathered, "nobody knows what other ranks have");
        &self.values[index]
    }

    fn write(&mut self, index: usize, values: &[f32]) {
        self.values[index].copy_from_slice(values);
    }

    fn metrics(&self) -> &[Metric] {
        &[Metric::Accuracy]
    }

    fn features(
        &mut self,
        images: &[f32],
        size: [usize; 2],
        features: &mut Vec<f32>,
    ) -> Result<bool, CompileError> {
        assert_eq!(size, [8, 8]);
        let Some(doubled) = &self.doubled else { return Ok(false) };
        doubled.set(doubled.get() + images.len() / PIXELS);
        features.clear();
        features.extend(images.iter().map(|pixel| 2.0 * pixel));
        Ok(true)
    }

    fn step(&mut self, inputs: &StepInputs<'_>) -> Result<StepResult, RankError> {
        let Labels::Classes(labels) = inputs.labels else { panic!("digits have classes") };
        let (images, stop) = self.of_all(inputs, labels.len())?;
        let (mut result, gradient) = self.forward(&images, labels);
        result.stop = stop;
        self.is_gathered = self.ranks.is_none();
        match self.fault {
            Some((step, Fault::Kill)) if step == inputs.step => panic!("killed"),
            Some((step, Fault::NotFinite)) if step == inputs.step => result.loss = f32::NAN,
            Some(_) | None => {}
        }
        for (at, slope) in gradient.iter().enumerate() {
            self.values[2][at] = 0.9 * self.values[2][at] - inputs.learning_rate * slope;
            self.values[0][at] += self.values[2][at];
        }
        self.values[1][0] += 1.0;
        assert_eq!(self.values[1][0] as u64, inputs.step, "steps are counted without a gap");
        Ok(result)
    }

    fn gather(&mut self) -> Result<(), RankError> {
        if let Some(ranks) = &self.ranks {
            ranks.barrier()?;
        }
        self.is_gathered = true;
        Ok(())
    }

    fn first_non_finite_layer(&self, images: &[f32]) -> Result<Option<String>, CompileError> {
        let mut pictures = images.chunks(PIXELS);
        assert!(pictures.all(|picture| picture.iter().any(|pixel| *pixel != 0.0)), "all pictures are there");
        Ok(Some("dense".into()))
    }
}

impl EvalEngine for Regression {
    fn params(&self) -> &[Param] {
        &self.params[..2]
    }

    fn write(&mut self, index: usize, values: &[f32]) {
        self.values[index].copy_from_slice(values);
    }

    fn evaluate(&mut self, images: &[f32], labels: Labels<'_>) -> StepResult {
        let Labels::Classes(labels) = labels else { panic!("digits have classes") };
        if self.doubled.is_some() {
            let doubled: Vec<f32> = images.iter().map(|pixel| 2.0 * pixel).collect();
            return self.forward(&doubled, labels).0;
        }
        self.forward(images, labels).0
    }

    fn first_non_finite_layer(&self, _images: &[f32]) -> Result<Option<String>, CompileError> {
        Ok(Some("dense".into()))
    }
}

fn digits() -> Dataset {
    let share = |fraction, of| Some(spanned(Share { fraction, of }));
    let data = DataSpec {
        validation: share(0.2, SplitBase::Train),
        test: share(0.2, SplitBase::All),
        ..DataSpec::new(spanned(DataSource::Digits))
    };
    let prepare = PrepareSpec { rescale: Some(spanned(1.0 / 255.0)), ..PrepareSpec::default() };
    let nowhere = Locations::only("nowhere");
    Dataset::open(&data, &prepare, &Shape::image(8, 8, 1), &nowhere, &mut |_| {})
        .expect("digits are embedded")
}

fn schedule(epochs: usize, callbacks: Vec<Callback>) -> TrainSpec {
    TrainSpec {
        span: Span::default(),
        epochs: spanned(epochs),
        batch: spanned(BATCH),
        optimizer: spanned(Optimizer::Sgd { lr: 0.05, momentum: 0.9, nesterov: false }),
        rate_span: None,
        updates: UpdateRules::default(),
        schedule: spanned(Schedule::Constant),
        loss: None,
        loss_options: LossOptions::default(),
        metrics: vec![spanned(Metric::Accuracy)],
        callbacks: callbacks.into_iter().map(spanned).collect(),
        seed: 3,
        freezes: Vec::new(),
        rate_scales: Vec::new(),
        rate_factors: Vec::new(),
        phases: Vec::new(),
    }
}

/// Every kind; with a `min_delta` that stops the run before its tenth epoch.
fn all_callbacks() -> Vec<Callback> {
    let monitor = spanned(Monitor { validation: true, metric: None });
    vec![
        Callback::Checkpoint {
            path: spanned("best.safetensors".into()),
            monitor: monitor.clone(),
            save_best_only: true,
        },
        Callback::ReduceLrOnPlateau {
            monitor: monitor.clone(),
            factor: 0.5,
            patience: 1,
            min_delta: 0.05,
            cooldown: 1,
            min_lr: 0.001,
        },
        Callback::EarlyStopping { monitor, patience: 2, min_delta: 0.1, restore_best_weights: true },
    ]
}

/// Raises the interrupt after a number of steps, or of pictures whose features are made, and counts what it is told.
struct Observer<'a> {
    interrupt: &'a Interrupt,
    steps_until_interrupt: usize,
    features_until_interrupt: usize,
    epochs: Vec<EpochRecord>,
    notes: Vec<String>,
}

impl Watch for Observer<'_> {
    fn features(&mut self, done: usize, all: usize) {
        assert!(done <= all);
        if done >= self.features_until_interrupt {
            self.features_until_interrupt = NEVER;
            self.interrupt.raise();
        }
    }

    fn epoch_begins(&mut self, _epoch: usize, batches: usize, done: usize) {
        assert!(done <= batches);
    }

    fn stepped(&mut self, _sums: &RunningSums) {
        self.steps_until_interrupt = self.steps_until_interrupt.saturating_sub(1);
        if self.steps_until_interrupt == 0 {
            assert_eq!(self.interrupt.raise(), End::ByItself, "a step is under way");
        }
    }

    fn epoch_ends(&mut self, record: &EpochRecord) {
        self.epochs.push(record.clone());
    }

    fn note(&mut self, note: TrainNote) {
        self.notes.push(note.to_string());
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum From {
    Beginning,
    State,
}

struct Session<'a> {
    data: &'a Dataset,
    folder: PathBuf,
    /// What becomes of features, where there is a frozen part.
    features: Option<FeaturePlan>,
    /// Pictures whose features are made before the interrupt is raised.
    features_until_interrupt: usize,
    /// Pictures that the frozen part has seen.
    doubled: Rc<Cell<usize>>,
}

impl<'a> Session<'a> {
    fn of(data: &'a Dataset, folder: &Path) -> Self {
        let (folder, doubled) = (folder.to_owned(), Rc::default());
        Self { data, folder, features: None, features_until_interrupt: NEVER, doubled }
    }

    /// The frozen part, where there is one.
    fn frozen(&self) -> Option<Rc<Cell<usize>>> {
        self.features.map(|_| Rc::clone(&self.doubled))
    }

    /// Trains one phase, and finishes if that comes to an end.
    fn run(
        &self,
        train: &TrainSpec,
        from: From,
        steps: usize,
        fault: Option<(u64, Fault)>,
    ) -> Result<(Ending, Option<Results>, Vec<String>), RunError> {
        self.run_phases(&[train], from, steps, fault)
    }

    /// Trains phases one after the other, each with an optimizer of its own.
    fn run_phases(
        &self,
        phases: &[&TrainSpec],
        from: From,
        steps: usize,
        fault: Option<(u64, Fault)>,
    ) -> Result<(Ending, Option<Results>, Vec<String>), RunError> {
        let (folder, saved) = match from {
            From::Beginning => (RunFolder::create(&self.folder)?, None),
            From::State => match RunFolder::open(&self.folder)? {
                (folder, Remains::State(saved)) => (folder, Some(*saved)),
                (_, Remains::Nothing | Remains::Members) => panic!("there is a state"),
            },
        };
        let (interrupt, record) = (Interrupt::default(), RunRecord::default());
        let settings =
            Settings::new([("train.epochs", phases[0].epochs.value), ("train.batch", phases[0].batch.value)]);
        let (augment, info, pretrained) = (AugmentSpec::default(), WeightsInfo::default(), Pretrained::new());
        let plan = |index: usize| PhasePlan {
            phase: PhaseId { index, name: None },
            train: phases[index],
            augment: &augment,
            data: self.data,
            features: self.features,
            pretrained: &pretrained,
            folder: &folder,
            info: &info,
            settings: &settings,
            record: &record,
            interrupt: &interrupt,
            pace: Pace::default(),
            ranks: Together::default(),
        };
        let mut observer = Observer {
            interrupt: &interrupt,
            steps_until_interrupt: steps,
            features_until_interrupt: self.features_until_interrupt,
            epochs: vec![],
            notes: vec![],
        };
        let engine = |fault| Regression::new(fault).behind(self.frozen());
        let evaluator = |of| {
            // the whole model has the frozen part in it
            Ok(Regression::new(None).behind(self.frozen().filter(|_| of == Evaluated::Whole)))
        };
        let mut trainer = match &saved {
            None => Trainer::begin(plan(0), engine(fault), evaluator)?,
            Some(saved) => Trainer::resume(plan(saved.progress.phase), saved, engine(fault), evaluator)?,
        };
        let mut ending = trainer.train(&mut observer)?;
        while ending == Ending::Complete
            && trainer.progress().phase + 1 < phases.len()
            && !trainer.progress().ended
        {
            let next = trainer.progress().phase + 1;
            trainer = trainer.advance(plan(next), engine(fault), true, &mut observer)?;
            ending = trainer.train(&mut observer)?;
        }
        let results =
            if ending == Ending::Complete { trainer.finish(&mut observer, &mut |_| {})? } else { None };
        Ok((ending, results, observer.notes))
    }

    /// The files of a run, but for wall times.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let history = std::fs::read_to_string(self.folder.join("history.csv")).expect("there");
        let timeless: Vec<&str> =
            history.lines().map(|row| row.rsplit_once(',').expect("columns").0).collect();
        let mut files = vec![("history.csv".to_owned(), timeless.join("\n").into_bytes())];
        for name in ["weights.safetensors", "best.safetensors"] {
            files.push((name.into(), std::fs::read(self.folder.join(name)).unwrap_or_default()));
        }
        files
    }
}

const NEVER: usize = usize::MAX;

#[test]
fn disturbed_runs_end_as_undisturbed_ones() {
    let data = digits();
    let train = schedule(10, all_callbacks());
    let parent = tempfile::tempdir().expect("a folder");
    let undisturbed = Session::of(&data, &parent.path().join("whole"));
    let (ending, results, notes) = undisturbed.run(&train, From::Beginning, NEVER, None).expect("trains");
    assert_eq!(ending, Ending::Complete);
    let (_, shares) =
        results.expect("finished").judged.expect("there is a test split").1.means(&[Metric::Accuracy]);
    assert!(shares[0] > 0.85, "test accuracy {shares:?}");
    assert!(notes.iter().any(|note| note.contains("learning rate lowered")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("stopped early")), "{notes:?}");
    let expected = undisturbed.files();

    // 18 steps an epoch: in the middle, at an epoch's first and last step, after the stop.
    for (at, steps) in [1, 7, 18, 19, 36, 50].into_iter().enumerate() {
        let session = Session::of(&data, &parent.path().join(format!("interrupted-{at}")));
        let (ending, ..) = session.run(&train, From::Beginning, steps, None).expect("is interrupted");
        assert_eq!(ending, Ending::Interrupted);
        let (ending, ..) = session.run(&train, From::State, 3, None).expect("is interrupted again");
        assert_eq!(ending, Ending::Interrupted);
        session.run(&train, From::State, NEVER, None).expect("ends");
        assert_eq!(session.files(), expected, "interrupted after {steps} steps");
    }
    for (at, step) in [1, 18, 19, 40].into_iter().enumerate() {
        let session = Session::of(&data, &parent.path().join(format!("killed-{at}")));
        let killed = catch_unwind(AssertUnwindSafe(|| {
            session.run(&train, From::Beginning, NEVER, Some((step, Fault::Kill))).map(|_| ())
        }));
        assert!(killed.is_err(), "killed at step {step}");
        session.run(&train, From::State, NEVER, None).expect("ends");
        assert_eq!(session.files(), expected, "killed at step {step}");
    }
    // A finished run that is resumed changes nothing.
    undisturbed.run(&train, From::State, NEVER, None).expect("ends again");
    assert_eq!(undisturbed.files(), expected);
}

/// Features are made once for each picture of the two splits, or in every epoch: that changes no bit, and neither does
/// an end in the middle of making them, or behind it.
#[test]
fn features_that_are_kept_change_nothing() {
    let data = digits();
    let train = schedule(5, all_callbacks());
    let parent = tempfile::tempdir().expect("a folder");
    let pictures = data.train.len() + data.validation.as_ref().map_or(0, |split| split.len());
    let plan = |train, validation| FeaturePlan { train, validation, pictures, bytes: 0 };
    let anew = Some(plan(Err(NotKept::Unwanted), Err(NotKept::Unwanted)));
    let whole = Session { features: anew, ..Session::of(&data, &parent.path().join("anew")) };
    let (_, _, notes) = whole.run(&train, From::Beginning, NEVER, None).expect("trains");
    assert!(!notes.iter().any(|note| note.contains("features")), "{notes:?}");
    let (expected, epochs) = (whole.files(), whole.doubled.get() / pictures);
    assert!(epochs > 2 && whole.doubled.get() == epochs * pictures, "each picture in every epoch");
    for place in [FeaturePlace::Memory, FeaturePlace::Disk] {
        let kept = Some(plan(Ok(place), Ok(place)));
        let folder = parent.path().join(format!("{place:?}"));
        let session = Session { features: kept, ..Session::of(&data, &folder) };
        let (_, _, notes) = session.run(&train, From::Beginning, NEVER, None).expect("trains");
        assert_eq!(session.files(), expected, "{place:?}");
        assert_eq!(session.doubled.get(), pictures, "{place:?}: each picture once");
        let told = format!(" instead of in each of {epochs} epochs");
        assert!(notes.iter().any(|note| note.ends_with(&told)), "{notes:?}");
    }
    let validation = Some(plan(Err(NotKept::Augmented("flip")), Ok(FeaturePlace::Memory)));
    let session = Session { features: validation, ..Session::of(&data, &parent.path().join("validation")) };
    session.run(&train, From::Beginning, NEVER, None).expect("trains");
    assert_eq!(session.files(), expected, "of the validation split alone");
    let once = pictures - data.train.len();
    assert_eq!(session.doubled.get(), epochs * data.train.len() + once);

    let kept = Some(plan(Ok(FeaturePlace::Memory), Ok(FeaturePlace::Memory)));
    for until in [1, data.train.len(), pictures] {
        let folder = parent.path().join(format!("interrupted-{until}"));
        let session =
            Session { features: kept, features_until_interrupt: until, ..Session::of(&data, &folder) };
        let (ending, ..) = session.run(&train, From::Beginning, NEVER, None).expect("is interrupted");
        assert_eq!(ending, Ending::Interrupted);
        let session = Session { features: kept, ..Session::of(&data, &folder) };
        let (ending, ..) = session.run(&train, From::State, 25, None).expect("is interrupted again");
        assert_eq!(ending, Ending::Interrupted);
        session.run(&train, From::State, NEVER, None).expect("ends");
        assert_eq!(session.files(), expected, "interrupted after {until} pictures");
    }
}

#[test]
fn disturbed_phases_end_as_undisturbed_ones() {
    let data = digits();
    let mut head = schedule(3, vec![all_callbacks().remove(2)]);
    head.schedule.value = Schedule::Cosine { warmup: spanned(1.0), min_lr: 0.001 };
    let mut finetune = schedule(4, vec![all_callbacks().remove(0)]);
    finetune.optimizer.value = Optimizer::Sgd { lr: 0.01, momentum: 0.9, nesterov: false };
    finetune.batch.value = 32;
    let phases = [&head, &finetune];
    let parent = tempfile::tempdir().expect("a folder");
    let undisturbed = Session::of(&data, &parent.path().join("whole"));
    undisturbed.run_phases(&phases, From::Beginning, NEVER, None).expect("trains");
    let expected = undisturbed.files();
    let history = String::from_utf8_lossy(&expected[0].1).into_owned();
    let rates: Vec<f32> =
        history.lines().skip(1).filter_map(|row| row.rsplit(',').next()?.parse().ok()).collect();
    assert_eq!(rates.len(), 7, "epochs count on: {history}");
    // the last step of each epoch: the end of the warm-up, then down the cosine; then the other optimizer's
    assert_eq!((rates[0], &rates[3..]), (0.05, &[0.01; 4][..]));
    assert!(rates[0] > rates[1] && rates[1] > rates[2] && rates[2] > 0.001, "{rates:?}");
    // 18 steps an epoch in the first phase: within it, at its last step, and in the second
    for (at, steps) in [20, 54, 70].into_iter().enumerate() {
        let session = Session::of(&data, &parent.path().join(format!("interrupted-{at}")));
        let (ending, ..) = session.run_phases(&phases, From::Beginning, steps, None).expect("is interrupted");
        assert_eq!(ending, Ending::Interrupted);
        session.run_phases(&phases, From::State, NEVER, None).expect("ends");
        assert_eq!(session.files(), expected, "interrupted after {steps} steps");
    }
}

#[test]
fn a_run_may_end_at_its_time_or_at_a_loss_that_is_no_number() {
    let data = digits();
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("nan");
    let session = Session::of(&data, &folder);
    let train =
        schedule(3, vec![Callback::TerminateOnNan, Callback::CsvLog { path: spanned("log.csv".into()) }]);
    let (ending, results, notes) =
        session.run(&train, From::Beginning, NEVER, Some((20, Fault::NotFinite))).expect("ends well");
    assert_eq!(ending, Ending::Complete);
    assert!(results.is_some_and(|results| results.judged.is_some()));
    assert_eq!(notes, ["stopped at step 20: the loss became NaN"]);
    let log = std::fs::read_to_string(folder.join("log.csv")).expect("there");
    assert_eq!(log, std::fs::read_to_string(folder.join("history.csv")).expect("there"));
    assert_eq!(log.lines().count(), 2);

    let folder = parent.path().join("time");
    let session = Session::of(&data, &folder);
    let train = schedule(50, vec![Callback::TimeLimit { seconds: 1e-9 }]);
    let (_, results, notes) =
        session.run_phases(&[&train, &train], From::Beginning, NEVER, None).expect("ends");
    assert!(results.is_some());
    assert_eq!(notes, ["stopped after epoch 1: the time limit has passed"]);
}

#[test]
fn more_epochs_give_what_a_longer_run_gives() {
    let data = digits();
    let parent = tempfile::tempdir().expect("a folder");
    let long = Session::of(&data, &parent.path().join("long"));
    long.run(&schedule(4, vec![]), From::Beginning, NEVER, None).expect("trains");
    let grown = Session::of(&data, &parent.path().join("grown"));
    grown.run(&schedule(2, vec![]), From::Beginning, NEVER, None).expect("trains");
    grown.run(&schedule(4, vec![]), From::State, NEVER, None).expect("goes on");
    assert_eq!(grown.files(), long.files());
    let mut other = schedule(4, vec![]);
    other.batch.value = 32;
    let error = grown.run(&other, From::State, NEVER, None).expect_err("another batch size");
    assert!(matches!(error, RunError::SettingsChanged { .. }), "{error}");
}

#[test]
fn a_loss_that_is_no_number_stops_with_the_layer() {
    let data = digits();
    let parent = tempfile::tempdir().expect("a folder");
    let session = Session::of(&data, &parent.path().join("run"));
    let fault = Some((20, Fault::NotFinite));
    let error = session.run(&schedule(3, vec![]), From::Beginning, NEVER, fault).expect_err("diverges");
    assert_eq!(
        error.to_string(),
        "the loss became NaN at step 20 (epoch 2, batch 2): the result of layer `dense` is the first that is not finite"
    );
    assert!(error.help().is_some_and(|help| help.contains("lower the learning rate (it was 0.05)")));
    assert_eq!(
        std::fs::read_to_string(parent.path().join("run/history.csv")).expect("there").lines().count(),
        2
    );
}

#[test]
fn nothing_is_trained_where_a_checkpoint_would_leave_the_folder() {
    let data = digits();
    let parent = tempfile::tempdir().expect("a folder");
    let session = Session::of(&data, &parent.path().join("run"));
    let monitor = spanned(Monitor { validation: true, metric: None });
    let outside = Callback::Checkpoint { path: spanned("../best".into()), monitor, save_best_only: true };
    let error =
        session.run(&schedule(1, vec![outside]), From::Beginning, NEVER, None).expect_err("is refused");
    assert!(matches!(error, RunError::CheckpointPath { .. }), "{error}");
}
