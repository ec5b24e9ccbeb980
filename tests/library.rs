//! A program that embeds cnnc: it uses what is public alone, and gets what the command line gets.

#![allow(clippy::wildcard_enum_match_arm, reason = "a program looks at the events that it wants")]

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use ndarray::{Array2, Array4, ArrayD, Axis, Ix4, s};
use ndarray_npy::{read_npy, write_npy};

use cnnc::{
    Differentiated, Error, Event, Experiment, Label, Model, Options, Run, RunOptions, RunPlace, RunStatus,
    Silent, Split,
};

const DIGITS: &str = "\
model Digits {
    input(8x8x1)
    conv2d(8, 3x3, padding: same, activation: tanh)
    avg_pool2d(2)
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 10% of train }
prepare { rescale: 1/16 }
train { epochs: 2; batch: 64; optimizer: adam(lr: 0.01); metrics: [accuracy] }
";

/// A folder with the file, and what the command line makes there.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("digits.cnn"), DIGITS).expect("written");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn cnnc(&self, words: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        let done = command.current_dir(self.0.path()).args(words).assert().success();
        String::from_utf8(done.get_output().stdout.clone()).expect("text")
    }

    fn options(&self, folder: &str) -> RunOptions {
        RunOptions { place: RunPlace::New(self.path(folder)), ..RunOptions::default() }
    }
}

fn experiment() -> Experiment {
    Experiment::of_text("digits.cnn", DIGITS, &Options::default()).expect("a sound file")
}

fn bytes(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

#[test]
fn a_program_trains_evaluates_and_predicts_as_the_command_line_does() {
    let place = Place::new();
    let experiment = experiment();
    let (mut begun, mut steps, mut epochs) = (Vec::new(), 0, Vec::new());
    let run = experiment
        .train(place.options("mine"), &mut |event: Event<'_>| match event {
            Event::Begins(start) => begun.push((start.images, start.epochs)),
            Event::Step(_) => steps += 1,
            Event::EpochEnds(record) => epochs.push((record.epoch, record.value("val_accuracy"))),
            _ => {}
        })
        .expect("trains");
    assert_eq!((begun, run.status()), (vec![([1293, 145, 359], 2)], &RunStatus::Finished));
    assert_eq!((steps, run.steps(), run.epochs(), epochs.len()), (42, 42, 2, 2));

    // what the folder tells
    let opened = Run::open(place.path("mine")).expect("a run");
    assert_eq!(opened, run);
    assert_eq!((opened.states().len(), opened.model()), (2, "Digits"));
    assert_eq!(opened.settings(), &experiment.settings());
    let history = opened.history().expect("rows");
    let told: Vec<_> = history.iter().map(|row| (row.epoch, row.value("val_accuracy"))).collect();
    assert_eq!(told, epochs);

    // the command line trains to the same bytes
    let said = place.cnnc(&["run", "digits.cnn", "--out", "theirs", "--quiet"]);
    assert!(bytes(run.weights()) == bytes(place.path("theirs/weights.safetensors")), "{said}");
    let scores = run.test().expect("a test split");
    assert!(said.contains(&format!("test {scores}\n")), "{said} is not {scores}");

    // evaluation, with the answer to each picture
    let mut model = Model::load(&experiment, run.weights()).expect("its weights");
    let evaluation = model.evaluate(Split::Test).expect("a test split");
    assert_eq!(&evaluation.scores, scores);
    assert_eq!(evaluation.known.expect("a run's folder").differences, Vec::<String>::new());
    assert_eq!(evaluation.answers.len(), 359);
    let right = evaluation.answers.iter().filter(|answer| {
        let best = (0..10).max_by(|&a, &b| answer.outputs[a].total_cmp(&answer.outputs[b]));
        answer.label == Label::Class(best.expect("ten"))
    });
    assert_eq!(scores.metric("accuracy"), Some(right.count() as f64 / 359.0));
    let loss = evaluation.answers.iter().map(|answer| f64::from(answer.loss)).sum::<f64>() / 359.0;
    assert!((loss - scores.loss).abs() < 1e-6, "{loss} is not {}", scores.loss);
    let said = place.cnnc(&["eval", "digits.cnn", "--weights", "mine/weights.safetensors"]);
    assert!(said.starts_with(&format!("test {scores}\naccuracy 0.")), "{said}");

    // prediction
    let images = pictures(50);
    let answers = model.predict(images.view()).expect("the right shape");
    write_npy(place.path("x.npy"), &images).expect("written");
    let weights = ["--weights", "mine/weights.safetensors"];
    place.cnnc(&[&["predict", "digits.cnn", "--input", "x.npy", "--output", "y.npy"], &weights[..]].concat());
    let theirs: Array2<f32> = read_npy(place.path("y.npy")).expect("written");
    // which takes other batches
    assert!((&answers - &theirs).iter().all(|apart| apart.abs() < 1e-6));
    // of other strides, of none, of a wrong shape
    let every_other = images.slice(s![..;2, .., .., ..]);
    assert_eq!(model.predict(every_other).expect("the right shape").dim(), (25, 10));
    assert_eq!(model.predict(images.slice(s![..0, .., .., ..])).expect("none").dim(), (0, 10));
    let wrong = model.predict(Array4::zeros((1, 8, 9, 1)).view());
    assert!(matches!(wrong, Err(Error::Images { .. })), "{wrong:?}");

    look_inside(&mut model, &images, &answers);
}

/// Pictures of 8x8 that show nothing, each another thing.
fn pictures(count: usize) -> Array4<f32> {
    Array4::from_shape_fn((count, 8, 8, 1), |(n, y, x, _)| {
        ((n * 31 + y * 17 + x * 5 + n * x) % 16) as f32 / 16.0
    })
}

/// Results of layers, and gradients of the answers by them.
fn look_inside(model: &mut Model, images: &Array4<f32>, answers: &Array2<f32>) {
    let few = images.slice(s![..3, .., .., ..]);
    let [maps, last]: [ArrayD<f32>; 2] =
        model.values(images.view(), &["conv2d", "dense"]).expect("layers").try_into().expect("two");
    assert_eq!((maps.shape(), last.shape()), (&[50, 8, 8, 8][..], &[50, 10][..]));
    assert!((&last - answers).iter().all(|apart| apart.abs() < 1e-5));
    let unknown = model.values(few, &["conv3d"]).expect_err("no such layer");
    assert!(unknown.to_string().contains("no value named `conv3d`; it has `input`, `conv2d`"), "{unknown}");

    // Grad-CAM wants both
    let found = model.gradient(few, &[3, 0, 9], "conv2d").expect("a layer before the scores");
    assert_eq!((found.outputs.dim(), found.value.shape()), ((3, 10), &[3, 8, 8, 8][..]));
    assert_eq!(found.gradient.shape(), found.value.shape());
    assert!((found.value - maps.slice_axis(Axis(0), (..3).into())).iter().all(|apart| apart.abs() < 1e-5));
    assert!(matches!(model.gradient(few, &[3], "conv2d"), Err(Error::Weighting { .. })));
    assert!(matches!(
        model.gradient(few, &[3, 0, 10], "conv2d"),
        Err(Error::NoClass { class: 10, classes: 10 })
    ));

    // the gradient of a probability by the picture, against central differences
    let counts = Array2::from_shape_fn((3, 10), |(_, class)| f32::from(u8::from(class == 3)));
    let found = model.gradient_of(few, Differentiated::Output, counts.view(), "input").expect("the picture");
    let gradient = found.gradient.into_dimensionality::<Ix4>().expect("pictures");
    let largest = gradient.iter().fold(1e-6_f32, |most, value| most.max(value.abs()));
    for [y, x] in [[0, 0], [3, 4], [7, 2], [5, 5]] {
        let mut moved = |by: f32| {
            let mut images = few.to_owned();
            images.slice_mut(s![.., y, x, 0]).mapv_inplace(|value| value + by);
            model.predict(images.view()).expect("the right shape")
        };
        let difference = (moved(0.01) - moved(-0.01)) / 0.02;
        for n in 0..3 {
            let (want, got) = (difference[[n, 3]], gradient[[n, y, x, 0]]);
            assert!((want - got).abs() < 1e-2 * largest, "picture {n} at {y}, {x}: {got}, not {want}");
        }
    }
}

#[test]
fn a_run_that_is_interrupted_goes_on_as_if_it_had_not_been() {
    let place = Place::new();
    let experiment = experiment();
    let whole = experiment.train(place.options("whole"), &mut Silent).expect("trains");
    let options = place.options("parts");
    let (interrupt, mut steps) = (options.interrupt.clone(), 0);
    let mut told = Vec::new();
    let part = experiment
        .train(options, &mut |event: Event<'_>| match event {
            Event::Step(_) => {
                steps += 1;
                if steps == 30 {
                    interrupt.raise();
                }
            }
            Event::Interrupted { progress, .. } => told.push((progress.epoch, progress.batch)),
            _ => {}
        })
        .expect("trains a part");
    assert_eq!((part.status(), part.test(), told), (&RunStatus::Interrupted, None, vec![(1, 9)]));
    assert_eq!(Run::open(place.path("parts")).expect("a run").status(), &RunStatus::Interrupted);

    // what it has learnt so far can be used
    let mut model = Model::load(&experiment, part.weights()).expect("weights of the part");
    let accuracy = model.evaluate(Split::Test).expect("evaluated").scores.metric("accuracy");
    assert!(accuracy.is_some_and(|share| share > 0.2), "{accuracy:?}");

    let mut options = RunOptions::default();
    options.compute.threads = 1;
    options.resume(place.path("parts"), &mut Silent).expect("a run");
    assert_eq!(options.resumes(), Some(&*place.path("parts")));
    let other =
        Experiment::of_text("digits.cnn", DIGITS.replace("batch: 64", "batch: 32"), &Options::default());
    let run = experiment.train(options, &mut Silent).expect("goes on");
    assert_eq!((run.status(), run.test()), (&RunStatus::Finished, whole.test()));
    assert!(bytes(run.weights()) == bytes(whole.weights()));

    let mut options = RunOptions::default();
    options.resume(place.path("parts"), &mut Silent).expect("a run");
    let refused = other.expect("a sound file").train(options, &mut Silent).expect_err("another batch");
    assert_eq!(
        (refused.code(), refused.to_string().contains("`train.batch` was 64, is 32")),
        (Some("E0606"), true)
    );
    let refused = experiment.train(place.options("parts"), &mut Silent).expect_err("there is a run");
    assert_eq!(refused.code(), Some("E0605"));
}

#[test]
fn what_is_known_before_anything_is_trained() {
    let place = Place::new();
    let mut options = Options::default();
    options.set("train.batch", 16);
    let experiment = Experiment::open(place.path("digits.cnn"), &options).expect("a sound file");
    let summary = experiment.summary();
    let shapes: Vec<(&str, &str)> =
        summary.layers.iter().map(|layer| (&*layer.path, &*layer.shape)).collect();
    let wanted = [
        ("input", "8x8x1"),
        ("conv2d", "8x8x8"),
        ("avg_pool2d", "4x4x8"),
        ("flatten", "128"),
        ("dense", "10"),
    ];
    assert_eq!(shapes, wanted);
    assert_eq!(summary.trainable(), 80 + 1290);
    let memory = experiment.memory(&cnnc::Compute::default().machine()).expect("a plan");
    assert_eq!(memory.peaks.batch, 16);
    assert!(memory.run.is_some_and(|run| run.peak() > memory.peaks.inference_bytes));
    assert_eq!(experiment.classes().len(), 10);

    let broken = DIGITS.replace("    flatten\n", "");
    let Err(Error::Problems { findings }) = Experiment::of_text("digits.cnn", broken, &Options::default())
    else {
        panic!("`dense` wants a vector");
    };
    let found: Vec<String> = findings.problems.iter().map(|problem| problem.code.to_string()).collect();
    assert_eq!(found, ["E0103"]);
    let missing = Experiment::open(place.path("none.cnn"), &Options::default()).expect_err("no such file");
    assert_eq!(missing.code(), Some("E0602"));
}
