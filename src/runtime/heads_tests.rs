//! Auxiliary outputs: their losses count with their weights, and inference knows nothing of them.

use std::sync::Arc;

use super::example::{self, numbers};
use super::{CompileOptions, EvalSession, StepInputs, TrainSession};
use crate::ir::{CheckedProgram, Labels};
use crate::kernel::{Simd, Target};

const BATCH: usize = 5;

/// Two convolutions with a classifier behind each: the first one's is an auxiliary output of this weight, if
/// it has one.
fn program(weight: Option<f32>) -> CheckedProgram {
    let classify = "global_avg_pool2d; dense(3, activation: softmax)";
    let head =
        weight.map(|weight| format!("head aux(weight: {weight}) {{ {classify} }}")).unwrap_or_default();
    let text = format!(
        "model M {{
            input(6x6x2)
            conv2d(4, 3x3, padding: same, activation: tanh)
            {head}
            conv2d(5, 3x3, padding: same, activation: tanh)
            {classify}
        }}
        train {{ batch: {BATCH}; optimizer: sgd(lr: 1) }}"
    );
    example::program(text)
}

struct Case {
    session: TrainSession,
    weights: Vec<Vec<f32>>,
    images: Vec<f32>,
}

impl Case {
    fn new(weight: Option<f32>) -> Self {
        let session = TrainSession::compile(&program(weight), &options()).expect("compiles");
        let weights = session
            .params()
            .iter()
            .enumerate()
            .map(|(at, p)| numbers(at, p.shape.elements()))
            .collect::<Vec<_>>();
        Self { session, weights, images: numbers(99, BATCH * 72) }
    }

    /// The loss of these weights, and the weights after a step of this rate.
    fn step(&mut self, weights: &[Vec<f32>], learning_rate: f32) -> (f32, Vec<Vec<f32>>) {
        weights.iter().enumerate().for_each(|(at, values)| self.session.write(at, values));
        let labels = Labels::Classes(&[0, 2, 1, 1, 0]);
        let result = self
            .session
            .step(&StepInputs {
                images: &self.images,
                labels,
                weights: &[],
                learning_rate,
                step: 1,
                update: 1,
                seed: 0,
                stop: false,
            })
            .expect("alone");
        (result.loss, (0..weights.len()).map(|at| self.session.read(at)).collect())
    }
}

fn options() -> CompileOptions {
    CompileOptions {
        target: Target::of(Simd::Portable),
        threads: 2,
        batch: BATCH,
        random: false,
        choices: Arc::default(),
        library: None,
        ranks: None,
    }
}

#[test]
fn gradients_are_those_of_the_weighted_sum() {
    let mut case = Case::new(Some(0.3));
    let weights = case.weights.clone();
    let (_, after) = case.step(&weights, 1.0);
    for param in 0..weights.len() {
        for element in [0, weights[param].len() / 2, weights[param].len() - 1] {
            let mut loss_at = |change: f32| {
                let mut moved = weights.clone();
                moved[param][element] += change;
                f64::from(case.step(&moved, 0.0).0)
            };
            let step = 0.02_f32;
            let slope = (loss_at(step) - loss_at(-step)) / f64::from(2.0 * step);
            let gradient = f64::from(weights[param][element] - after[param][element]);
            // the third derivative's share of a central difference, and noise of the loss: 1e-7 / 0.02
            assert!((slope - gradient).abs() < 2e-4, "{param} {element}: {gradient}, by differences {slope}");
        }
    }
}

#[test]
fn the_loss_is_the_weighted_sum() {
    let losses = [0.25, 0.5, 1.0].map(|weight| {
        let mut case = Case::new(Some(weight));
        let weights = case.weights.clone();
        case.step(&weights, 0.0).0
    });
    let [quarter, half, whole] = losses;
    assert!((whole - half - 2.0 * (half - quarter)).abs() < 1e-6, "{losses:?}");
    assert!(whole > half + 0.25, "{losses:?}: the auxiliary loss counts");
}

#[test]
fn inference_leaves_auxiliary_outputs_out() {
    // the loss of the same weights without an auxiliary output is the one that evaluation gives with one
    let mut plain = Case::new(None);
    let weights = plain.weights.clone();
    let (loss, _) = plain.step(&weights, 0.0);
    let mut session = EvalSession::compile(&program(Some(0.3)), &options()).expect("compiles");
    let names: Vec<&str> = session.params().iter().map(|param| param.name.as_str()).collect();
    assert_eq!(
        names,
        ["conv2d.kernel", "conv2d.bias", "conv2d_1.kernel", "conv2d_1.bias", "dense.kernel", "dense.bias"]
    );
    assert_eq!(session.left_out(), ["aux.global_avg_pool2d", "aux.dense"]);
    weights.iter().enumerate().for_each(|(at, values)| session.write(at, values));
    let result = session.evaluate(&plain.images, Labels::Classes(&[0, 2, 1, 1, 0]));
    assert!((result.loss - loss).abs() < 1e-6, "{} and {loss}", result.loss);
}

/// The auxiliary loss is known later or earlier than the main one: no update may run before either.
#[test]
fn a_loss_that_is_no_number_changes_no_weight() {
    for broken in ["aux.dense.bias", "dense.bias"] {
        let mut case = Case::new(Some(0.3));
        let mut weights = case.weights.clone();
        let at = case.session.params().iter().position(|param| param.name == broken).expect("there");
        weights[at][1] = f32::NAN;
        let (loss, after) = case.step(&weights, 1.0);
        assert!(loss.is_nan());
        let bits = |all: &[Vec<f32>]| all.iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&after), bits(&weights), "{broken}");
    }
}
