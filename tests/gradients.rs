//! Gradients against central differences of the loss, for what the golden files do not hold: models written here, losses judged on
//! probabilities, and every kind of micro-kernel that the machine has.

use cnnc::front::load;
use cnnc::ir::CheckedProgram;
use cnnc::kernel::{Simd, Target};
use cnnc::lower::LowerOptions;
use cnnc::runtime::{CompileOptions, EvalSession, StepInputs, TrainSession};
use cnnc::source::SourceFile;

const BATCH: usize = 5;

fn program(text: &str) -> CheckedProgram {
    let loaded = load(SourceFile::new("test.cnn", text), &LowerOptions::default(), &|_| None);
    loaded.program.unwrap_or_else(|| panic!("{text}\n{:?}", loaded.problems))
}

/// Numbers in −1..1 that look random and are the same each time.
fn numbers(count: usize, key: u32) -> Vec<f32> {
    let hash = |i: usize| (i as u32).wrapping_mul(0x9E37_79B9).wrapping_add(key).wrapping_mul(0x85EB_CA6B);
    (0..count)
        .map(|i| (hash(i) ^ (hash(i) >> 15)).wrapping_mul(0xC2B2_AE35))
        .map(|h| h as i32 as f32 / 2_147_483_648.0)
        .collect()
}

struct Case {
    program: CheckedProgram,
    options: CompileOptions,
    images: Vec<f32>,
    labels: Vec<i32>,
    weights: Vec<Vec<f32>>,
}

impl Case {
    fn new(text: &str, simd: Simd, classes: i32) -> Self {
        let program = program(text);
        let options = CompileOptions { target: Target { simd }, threads: 2, batch: BATCH, random: false };
        let session = EvalSession::compile(&program, &options).expect("compiles");
        let params = session.params().iter().zip(1..);
        // a moving variance must be positive
        let weights = params
            .map(|(param, key)| {
                let values = numbers(param.shape.elements(), key * 7919);
                if param.name.ends_with("variance") { values.iter().map(|v| v.abs() + 0.5).collect() } else { values }
            })
            .collect();
        let images = numbers(BATCH * program.input_shape().elements(), 12345);
        let labels = (0..BATCH as i32).map(|i| (i * 7 + 1) % classes).collect();
        Self { program, options, images, labels, weights }
    }

    fn evaluation(&self) -> EvalSession {
        let mut session = EvalSession::compile(&self.program, &self.options).expect("compiles");
        self.weights.iter().enumerate().for_each(|(index, values)| session.write(index, values));
        session
    }

    /// The gradients of all parameters: what one step of plain descent with rate 1 takes away.
    fn gradients(&self) -> Vec<Vec<f32>> {
        let mut session = TrainSession::compile(&self.program, &self.options).expect("compiles");
        self.weights.iter().enumerate().for_each(|(index, values)| session.write(index, values));
        let inputs = StepInputs { images: &self.images, labels: &self.labels, learning_rate: 1.0, step: 1, seed: 0 };
        session.step(&inputs);
        let moved = |(index, before): (usize, &Vec<f32>)| {
            before.iter().zip(session.read(index)).map(|(before, after)| before - after).collect()
        };
        self.weights.iter().enumerate().map(moved).collect()
    }

    /// Compares some elements of every gradient with `(loss(w + h) − loss(w − h)) / 2h`.
    fn check(&self, what: &str) {
        let gradients = self.gradients();
        let mut session = self.evaluation();
        for (index, values) in self.weights.iter().enumerate() {
            let largest = gradients[index].iter().fold(0.0_f32, |most, g| most.max(g.abs()));
            for at in [0, values.len() / 2, values.len() - 1] {
                let mut loss_at = |shift: f32| {
                    let mut moved = values.clone();
                    moved[at] += shift;
                    session.write(index, &moved);
                    f64::from(session.evaluate(&self.images, &self.labels).loss)
                };
                let h = 1e-2_f32;
                let slope = (loss_at(h) - loss_at(-h)) / f64::from(2.0 * h);
                session.write(index, values);
                let (got, name) = (f64::from(gradients[index][at]), &session.params()[index].name);
                // the quotient's own error: h² of curvature, and 1e-7 of rounding over 2h
                let tolerance = 2e-2 * f64::from(largest.max(0.05));
                assert!(
                    (got - slope).abs() <= tolerance,
                    "{what}: {name}[{at}] is {got}, the difference quotient {slope}"
                );
            }
        }
    }
}

fn simds() -> impl Iterator<Item = Simd> {
    Simd::ALL.into_iter().filter(|simd| simd.is_available())
}

fn model(body: &str, loss: &str) -> String {
    format!("model M {{\n{body}\n}}\ntrain {{\n batch: {BATCH}\n optimizer: sgd(lr: 1)\n{loss}\n}}\n")
}

#[test]
fn of_smooth_networks() {
    let bodies = [
        "input(7x6x3)\n conv2d(5, 3x3, padding: same, activation: tanh)\n avg_pool2d(2)\n flatten\n dense(4, activation: softmax)",
        "input(9x9x2)\n conv2d(6, 3x2, stride: 2, activation: gelu)\n conv2d(4, 2, padding: same, groups: 2, activation: silu)\n global_avg_pool2d\n dense(3, activation: softmax)",
        "input(6x6x4)\n a = conv2d(4, 3, padding: same, activation: elu)\n conv2d(4, 3, padding: same, dilation: 2, activation: sigmoid)\n add(a)\n concat(a)\n zero_pad2d(1)\n conv2d(3, 1)\n flatten\n dense(17, activation: tanh)\n dense(5, activation: softmax)",
    ];
    for (body, classes) in bodies.into_iter().zip([4, 3, 5]) {
        for simd in simds() {
            Case::new(&model(body, ""), simd, classes).check(&format!("{simd} {body}"));
        }
    }
}

#[test]
fn of_losses_on_other_activations() {
    let body =
        |last: &str| format!("input(4x4x1)\n flatten\n dense(8, activation: tanh)\n dense(3, activation: {last})");
    let cases = [("softmax", "binary_crossentropy"), ("sigmoid", "categorical_crossentropy"), ("softmax", "mse")];
    for (last, loss) in cases {
        let text = model(&body(last), &format!(" loss: {loss}"));
        Case::new(&text, Simd::Portable, 3).check(&format!("{loss} after {last}"));
    }
}

#[test]
fn losses_on_probabilities_are_those_of_their_definition() {
    let body = |last: &str| format!("input(4x4x1)\n flatten\n dense(3, activation: {last})");
    let mean = |case: &Case, loss: &dyn Fn(&[f64], usize) -> f64| {
        let p: Vec<f64> = case.evaluation().predict(&case.images).into_iter().map(f64::from).collect();
        let each = p.chunks(3).zip(&case.labels).map(|(p, &label)| loss(p, label as usize));
        each.sum::<f64>() / BATCH as f64
    };
    let check = |last: &str, name: &str, loss: &dyn Fn(&[f64], usize) -> f64| {
        let case = Case::new(&model(&body(last), &format!(" loss: {name}")), Simd::Portable, 3);
        let got = f64::from(case.evaluation().evaluate(&case.images, &case.labels).loss);
        let want = mean(&case, loss);
        assert!((got - want).abs() < 1e-5, "{name} after {last}: {got} is not {want}");
    };
    check("sigmoid", "categorical_crossentropy", &|p, label| -(p[label] / p.iter().sum::<f64>()).ln());
    check("softmax", "categorical_crossentropy", &|p, label| -p[label].ln());
    let binary = |p: &[f64], label: usize| {
        let each = p.iter().enumerate().map(|(i, p)| if i == label { -p.ln() } else { -(1.0 - p).ln() });
        each.sum::<f64>() / p.len() as f64
    };
    check("softmax", "binary_crossentropy", &binary);
    check("sigmoid", "binary_crossentropy", &binary);
}
