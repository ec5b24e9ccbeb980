//! The engine against what it promises: gradients are those of the loss (central differences, for what the
//! golden files do not hold: losses judged on probabilities, every kind of micro-kernel that the machine
//! has); results do not depend on threads, nor on the nominal batch but for rounding.

use std::sync::Arc;

use cnnc::front::load;
use cnnc::internals::ir::{CheckedProgram, Labels, ParamRole};
use cnnc::internals::kernel::{Simd, Target};
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::runtime::{CompileOptions, EvalSession, StepInputs, TrainSession};
use cnnc::source::SourceFile;

const BATCH: usize = 5;

fn program(text: &str) -> CheckedProgram {
    // where a file has several models, the last one is meant
    let model =
        text.lines().filter_map(|line| line.strip_prefix("model ")?.split_whitespace().next()).next_back();
    let options = LowerOptions { model: model.map(str::to_owned), ..LowerOptions::default() };
    let loaded = load(SourceFile::new("test.cnn", text), &options, &|_| None);
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
        let options = CompileOptions {
            target: Target::of(simd),
            threads: 2,
            batch: BATCH,
            random: false,
            choices: Arc::default(),
            library: None,
            ranks: None,
        };
        let session = EvalSession::compile(&program, &options).expect("compiles");
        let params = session.params().iter().zip(1..);
        // a moving variance must be positive
        let weights = params
            .map(|(param, key)| {
                let values = numbers(param.shape.elements(), key * 7919);
                if param.name.ends_with("variance") {
                    values.iter().map(|v| v.abs() + 0.5).collect()
                } else {
                    values
                }
            })
            .collect();
        let images = numbers(BATCH * program.input_shape().elements(), 12345);
        let labels = (0..BATCH as i32).map(|i| (i * 7 + 1) % classes).collect();
        Self { program, options, images, labels, weights }
    }

    /// The batch, for one step of plain descent with rate 1.
    fn inputs(&self) -> StepInputs<'_> {
        let labels = Labels::Classes(&self.labels);
        StepInputs {
            images: &self.images,
            labels,
            weights: &[],
            learning_rate: 1.0,
            step: 1,
            update: 1,
            seed: 0,
            stop: false,
        }
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
        session.step(&self.inputs()).expect("alone");
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
            let name = session.params()[index].name.clone();
            let layers = &self.program.program().model.layers;
            if layers.iter().any(|node| node.frozen && name.starts_with(&format!("{}.", node.path))) {
                assert!(largest == 0.0, "{what}: {name} is frozen");
                continue;
            }
            for at in [0, values.len() / 2, values.len() - 1] {
                let mut loss_at = |shift: f32| {
                    let mut moved = values.clone();
                    moved[at] += shift;
                    session.write(index, &moved);
                    f64::from(session.evaluate(&self.images, Labels::Classes(&self.labels)).loss)
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
    let body = |last: &str| {
        format!("input(4x4x1)\n flatten\n dense(8, activation: tanh)\n dense(3, activation: {last})")
    };
    let cases = [
        ("softmax", "binary_crossentropy"),
        ("sigmoid", "categorical_crossentropy"),
        ("softmax", "mse"),
        ("softmax", "categorical_crossentropy(label_smoothing: 0.2)"),
        ("sigmoid", "categorical_crossentropy(label_smoothing: 0.2)"),
        ("softmax", "binary_crossentropy(label_smoothing: 0.2)"),
        ("softmax", "focal"),
        ("sigmoid", "focal(gamma: 0.5, alpha: 1)"),
        ("softmax", "focal(gamma: 1, label_smoothing: 0.3)"),
        ("tanh", "hinge"),
    ];
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
        let got = f64::from(case.evaluation().evaluate(&case.images, Labels::Classes(&case.labels)).loss);
        let want = mean(&case, loss);
        assert!((got - want).abs() < 1e-5, "{name} after {last}: {got} is not {want}");
    };
    check("softmax", "focal(gamma: 3, alpha: 0.4)", &|p, label| {
        -0.4 * (1.0 - p[label]).powi(3) * p[label].ln()
    });
    check("tanh", "hinge", &|s, label| {
        let others = s.iter().enumerate().filter(|(i, _)| *i != label).map(|(_, s)| *s);
        (1.0 + others.fold(0.0, f64::max) - s[label]).max(0.0)
    });
    check("sigmoid", "categorical_crossentropy", &|p, label| -(p[label] / p.iter().sum::<f64>()).ln());
    check("softmax", "categorical_crossentropy", &|p, label| -p[label].ln());
    let binary = |p: &[f64], label: usize| {
        let each = p.iter().enumerate().map(|(i, p)| if i == label { -p.ln() } else { -(1.0 - p).ln() });
        each.sum::<f64>() / p.len() as f64
    };
    check("softmax", "binary_crossentropy", &binary);
    check("sigmoid", "binary_crossentropy", &binary);
}

/// Batch norm, dropout, pools, concatenation and a dense layer large enough to be split over the whole batch.
const EVERYTHING: &str = "input(11x10x3)
 batch_norm
 conv2d(20, 3, padding: same, activation: relu)
 max_pool2d(2)
 a = conv2d(12, 3x2, padding: same, activation: leaky_relu)
 batch_norm
 dropout(0.25)
 concat(a)
 max_pool2d(3, stride: 2, padding: same)
 flatten
 dense(130, activation: relu)
 dropout(0.5)
 dense(64, activation: relu)
 dense(7, activation: softmax)";

/// Pictures prepared and disturbed in the model, layers that work per pixel or between sizes, penalties.
const PREPARED: &str = "input(9x8x3)
 normalization(mean: [0.1, 0, -0.1], variance: 0.5)
 random_flip
 random_rotation(20deg)
 random_zoom(10%, fill_mode: constant)
 random_contrast(30%, value_range: [-4, 4])
 random_brightness(10%, value_range: [-4, 4])
 random_crop(8, 7)
 gaussian_noise(0.05)
 depthwise_conv2d(3, padding: same, depth_multiplier: 4, depthwise_regularizer: l2(0.01))
 spatial_dropout2d(20%)
 layer_norm
 hard_swish
 local_response_norm(3, alpha: 0.1)
 conv2d_transpose(6, 3, stride: 2, padding: same, activation: softplus)
 resizing(9, 9)
 separable_conv2d(10, 3, stride: 2, pointwise_regularizer: l1(0.01))
 fixed_filter(gaussian)
 upsample2d(2)
 crop2d(1)
 depth_max_pool
 flatten
 dense(7, activation: softmax, kernel_regularizer: l1_l2(l1: 0.001, l2: 0.01))";

/// A frozen layer changes nothing of its own, and passes the gradient of the others through: batch norm by
/// its moving statistics, as in use.
#[test]
fn of_networks_with_a_frozen_part() {
    let body = " input(6x5x3)\n first = conv2d(4, 3x3, activation: tanh)\n conv = conv2d(6, 3x3, padding: same)\n norm = batch_norm\n tanh\n \
                last = conv2d(5, 2x2, activation: tanh)\n flatten\n dense(3, activation: softmax)";
    for simd in simds() {
        for frozen in ["[conv, norm]", "[first, conv, norm]", "[conv, norm, last]"] {
            let text = model(body, &format!(" freeze: {frozen}"));
            Case::new(&text, simd, 3).check(&format!("{frozen} frozen, {simd}"));
        }
    }
}

/// `ema`: the mean after the first step is the weight, and then follows it.
#[test]
fn means_follow_their_weights() {
    let text = model(" input(3x3x1)\n flatten\n dense(3, activation: softmax)", " ema: 0.75");
    let case = Case::new(&text, Simd::Portable, 3);
    let mut session = TrainSession::compile(&case.program, &case.options).expect("compiles");
    case.weights.iter().enumerate().for_each(|(index, values)| session.write(index, values));
    let at = |session: &TrainSession, name: &str| {
        let index = session.params().iter().position(|param| param.name == name).expect("there is one");
        session.read(index)
    };
    let average =
        session.params().iter().find(|param| param.name == "dense.kernel.average").expect("there is one");
    let of = if let ParamRole::Average(weight) = average.role { Some(weight.index()) } else { None };
    assert_eq!(of.map(|weight| session.params()[weight].name.as_str()), Some("dense.kernel"));
    let mut mean = Vec::new();
    for step in 1..=4 {
        let (images, labels) = (&case.images, &case.labels);
        session
            .step(&StepInputs {
                images,
                labels: Labels::Classes(labels),
                weights: &[],
                learning_rate: 0.5,
                step,
                update: step,
                seed: 0,
                stop: false,
            })
            .expect("alone");
        let weight = at(&session, "dense.kernel");
        mean = match step {
            1 => weight,
            _ => mean.iter().zip(&weight).map(|(mean, w): (&f32, &f32)| mean * 0.75 + w * 0.25).collect(),
        };
        let kept = at(&session, "dense.kernel.average");
        assert!(
            kept.iter().zip(&mean).all(|(a, b)| (a - b).abs() < 1e-6),
            "step {step}: {kept:?} is not {mean:?}"
        );
    }
}

/// All parameters after three steps on `images` pictures.
fn trained(body: &str, options: &CompileOptions, images: usize) -> Vec<(String, Vec<f32>)> {
    let text = format!(
        "model M {{\n{body}\n}}\ntrain {{\n batch: 16\n optimizer: adam(lr: 0.01, epsilon: 1e-3)\n}}\n"
    );
    let program = program(&text);
    let mut session = TrainSession::compile(&program, options).expect("compiles");
    for index in 0..session.params().len() {
        let param = &session.params()[index];
        let scale = if param.name.ends_with("kernel") { 0.2 } else { 0.0 };
        let offset = if param.name.ends_with("gamma") { 1.0 } else { 0.0 };
        let values = numbers(param.shape.elements(), index as u32 * 31 + 7);
        let values: Vec<f32> = values.iter().map(|v| v * scale + offset).collect();
        session.write(index, &values);
    }
    let pictures = numbers(images * program.input_shape().elements(), 99);
    let labels: Vec<i32> = (0..images as i32).map(|i| i * 5 % 7).collect();
    for step in 1..=3 {
        let result = session
            .step(&StepInputs {
                images: &pictures,
                labels: Labels::Classes(&labels),
                weights: &[],
                learning_rate: 0.01,
                step,
                update: step,
                seed: 3,
                stop: false,
            })
            .expect("alone");
        assert!(result.loss.is_finite());
    }
    let names: Vec<String> = session.params().iter().map(|param| param.name.clone()).collect();
    names.into_iter().enumerate().map(|(index, name)| (name, session.read(index))).collect()
}

#[test]
fn threads_change_no_bit() {
    for simd in simds() {
        // whole shards, a short last one, fewer images than shards, a single image
        for images in [16, 13, 3, 1] {
            let with = |threads| {
                let options = CompileOptions {
                    target: Target::of(simd),
                    threads,
                    batch: 16,
                    random: true,
                    choices: Arc::default(),
                    library: None,
                    ranks: None,
                };
                [EVERYTHING, PREPARED].map(|body| trained(body, &options, images)).concat()
            };
            let one = with(1);
            for threads in [2, 5] {
                for ((name, a), (_, b)) in one.iter().zip(with(threads)) {
                    let same = a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits());
                    assert!(
                        same,
                        "{simd}: `{name}` differs between 1 and {threads} threads, {images} images"
                    );
                }
            }
        }
    }
}

/// A picture alone is divided where a batch is shared out: dense layers by rows of their weights, which are
/// or are not a multiple of a task's, and convolutions by rows or channels.
#[test]
fn a_single_picture_is_answered_as_in_a_batch() {
    const BODIES: [&str; 8] = [
        LARGE,
        "input(16x16x6)\n flatten\n dense(100, activation: relu)\n dense(7, activation: softmax)",
        "input(13x11x9)\n flatten\n dense(67, activation: leaky_relu(0.2))\n dense(300)\n dense(257, activation: tanh)\n dense(7, activation: softmax)",
        "input(30x30x3)\n flatten\n dense(31, activation: relu, use_bias: false)\n dense(7, use_bias: false, activation: softmax)",
        // more columns than a tile has registers for, and rows that lie far apart
        "input(6x5x3)\n flatten\n dense(1031, activation: relu6)\n dense(7, activation: softmax)",
        // too few rows for two tasks
        "input(2x2x4)\n flatten\n dense(1100, activation: relu)\n dense(7, activation: softmax)",
        // a dense layer whose weights are the middle tap of a window
        "input(2x2x24)\n conv2d(160, 3, stride: 2, padding: same, activation: relu)\n conv2d(150, 3, padding: same, activation: relu)\n flatten\n dense(7, activation: softmax)",
        "input(33x29x3)\n conv2d(40, 3, padding: same, activation: relu)\n max_pool2d(2)\n conv2d(96, 3, padding: same)\n batch_norm\n relu\n conv2d(64, 1)\n \
         max_pool2d(2)\n flatten\n dense(90, activation: relu)\n dense(7, activation: softmax)",
    ];
    for simd in simds() {
        for body in BODIES {
            let program = program(&format!("model M {{\n{body}\n}}\n"));
            let elements = program.input_shape().elements();
            let images = numbers(BATCH * elements, 4321);
            let session = |threads: usize, batch: usize| {
                let options = CompileOptions {
                    target: Target::of(simd),
                    threads,
                    batch,
                    random: false,
                    choices: Arc::default(),
                    library: None,
                    ranks: None,
                };
                let mut session = EvalSession::compile(&program, &options).expect("compiles");
                for index in 0..session.params().len() {
                    let param = &session.params()[index];
                    let values = numbers(param.shape.elements(), index as u32 * 31 + 7);
                    let positive = param.name.ends_with("variance");
                    let scale = if param.name.ends_with("kernel") { 0.1 } else { 1.0 };
                    let value = |v: &f32| if positive { v.abs() + 0.5 } else { v * scale };
                    session.write(index, &values.iter().map(value).collect::<Vec<_>>());
                }
                session
            };
            let want = session(1, BATCH).predict(&images);
            let [mut one, mut two, mut five] = [1, 2, 5].map(|threads| session(threads, 1));
            for (image, want) in images.chunks(elements).zip(want.chunks(7)) {
                let got = one.predict(image);
                let far = want.iter().zip(&got).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(far < 2e-5, "{simd}: {far} in\n{body}");
                assert_eq!([two.predict(image), five.predict(image)], [got.clone(), got], "{simd}:\n{body}");
            }
        }
    }
}

/// Large maps, pools with and without padding, joined and added values: what one picture is divided by, with
/// rows and channels left over.
const LARGE: &str = "input(61x60x3)
 a = conv2d(50, 3, padding: same, activation: relu)
 max_pool2d(3, stride: 2, padding: same)
 b = batch_norm
 conv2d(50, 3, padding: same)
 add(b)
 leaky_relu
 concat(b)
 avg_pool2d(2)
 conv2d(24, 3, stride: 2, activation: relu)
 batch_norm
 flatten
 dense(40, activation: relu)
 dense(7, activation: softmax)";

#[test]
fn a_single_picture_is_trained_on_as_in_a_larger_batch() {
    for simd in simds() {
        let with = |threads, batch| {
            let options = CompileOptions {
                target: Target::of(simd),
                threads,
                batch,
                random: false,
                choices: Arc::default(),
                library: None,
                ranks: None,
            };
            trained(LARGE, &options, 1)
        };
        let alone = with(1, 1);
        for ((name, a), (_, b)) in alone.iter().zip(with(2, 6)) {
            let largest = a.iter().fold(1e-6_f32, |most, v| most.max(v.abs()));
            let off = a.iter().zip(&b).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
            // only the order of additions differs; three steps of Adam with a large epsilon amplify it little
            assert!(off <= 2e-4 * largest, "{simd}: `{name}` is off by {off} of {largest}");
        }
        for threads in [2, 5] {
            assert!(alone == with(threads, 1), "{simd}: {threads} threads change a bit");
        }
    }
}

/// Neither a weight nor what the optimizer remembers of it; moving statistics are of the pictures alone.
#[test]
fn a_step_whose_loss_is_not_finite_changes_no_weight() {
    let text = format!(
        "model M {{\n{EVERYTHING}\n}}\ntrain {{\n batch: 16\n optimizer: adam(lr: 0.01)\n ema: 0.9\n}}\n"
    );
    let program = program(&text);
    let good = numbers(16 * program.input_shape().elements(), 99);
    let labels: Vec<i32> = (0..16).map(|i| i * 5 % 7).collect();
    for simd in simds() {
        for threads in [1, 2, 5] {
            let options = CompileOptions {
                target: Target::of(simd),
                threads,
                batch: 16,
                random: true,
                choices: Arc::default(),
                library: None,
                ranks: None,
            };
            let mut session = TrainSession::compile(&program, &options).expect("compiles");
            for index in 0..session.params().len() {
                let values = numbers(session.params()[index].shape.elements(), index as u32 * 31 + 7);
                session.write(index, &values.iter().map(|v| 0.1 * v.abs()).collect::<Vec<_>>());
            }
            let step = |session: &mut TrainSession, images: &[f32], step: u64| {
                session
                    .step(&StepInputs {
                        images,
                        labels: Labels::Classes(&labels[..images.len() / (good.len() / 16)]),
                        weights: &[],
                        learning_rate: 0.01,
                        step,
                        update: step,
                        seed: 3,
                        stop: false,
                    })
                    .expect("alone")
            };
            let all = |session: &TrainSession| -> Vec<Vec<u32>> {
                let weights =
                    session.params().iter().enumerate().filter(|(_, param)| !param.name.contains("moving_"));
                weights
                    .map(|(index, _)| session.values(index).iter().map(|v| v.to_bits()).collect())
                    .collect()
            };
            assert!(step(&mut session, &good, 1).loss.is_finite());
            let before = all(&session);
            // one bad number anywhere in a whole batch, and in a short one
            for (count, at, bad) in [(16, 5, f32::NAN), (16, 16 * 330 - 1, f32::INFINITY), (3, 700, f32::NAN)]
            {
                let mut images = good[..count * good.len() / 16].to_vec();
                images[at] = bad;
                let loss = step(&mut session, &images, 2).loss;
                assert!(!loss.is_finite(), "{simd}, {threads} threads: the loss is {loss}");
                assert!(all(&session) == before, "{simd}, {threads} threads: something changed");
            }
            assert!(step(&mut session, &good, 2).loss.is_finite());
            let after = all(&session);
            let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
            assert!(
                changed > after.len() / 2,
                "{simd}, {threads} threads: {changed} of {} changed",
                after.len()
            );
        }
    }
}

#[test]
fn a_short_batch_counts_its_own_images_alone() {
    for simd in simds() {
        let with = |batch| {
            // without dropout: its numbers belong to places in the batch, which are the same, but nothing is
            // gained by it
            let options = CompileOptions {
                target: Target::of(simd),
                threads: 2,
                batch,
                random: false,
                choices: Arc::default(),
                library: None,
                ranks: None,
            };
            [EVERYTHING, PREPARED].map(|body| trained(body, &options, 5)).concat()
        };
        let exact = with(5);
        for nominal in [6, 16, 40] {
            for ((name, a), (_, b)) in exact.iter().zip(with(nominal)) {
                let largest = a.iter().fold(1e-6_f32, |most, v| most.max(v.abs()));
                let off = a.iter().zip(&b).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
                // only the order of additions differs; three steps of Adam with a large epsilon amplify it
                // little
                assert!(
                    off <= 2e-4 * largest,
                    "{simd}: `{name}` is off by {off} of {largest} with room for {nominal}"
                );
            }
        }
    }
}

/// A parameter's name, and its values before and after a step.
type Moved = (String, Vec<f32>, Vec<f32>);

/// One step on a case's batch: loss, and all parameters before and after.
fn step(case: &Case) -> (f32, Vec<Moved>) {
    let mut session = TrainSession::compile(&case.program, &case.options).expect("compiles");
    case.weights.iter().enumerate().for_each(|(index, values)| session.write(index, values));
    let loss = session.step(&case.inputs()).expect("alone").loss;
    let names: Vec<String> = session.params().iter().map(|param| param.name.clone()).collect();
    let all = names.into_iter().zip(&case.weights).enumerate();
    (loss, all.map(|(index, (name, before))| (name, before.clone(), session.read(index))).collect())
}

#[test]
fn frozen_parts_keep_weights_and_statistics() {
    let text = |frozen: bool| {
        format!(
            "model Base {{ input(6x6x2); conv2d(4, 3, kernel_regularizer: l2(0.1)) -> batch_norm -> tanh }}\n\
             model M {{ input(6x6x2); base = Base(frozen: {frozen}); flatten; dense(3, activation: softmax) }}\n\
             train {{ batch: {BATCH}; optimizer: sgd(lr: 1) }}\n"
        )
    };
    for simd in simds() {
        let case = Case::new(&text(true), simd, 3);
        let (loss, params) = step(&case);
        for (name, before, after) in params {
            assert_eq!(before == after, name.starts_with("base."), "{simd}: {name}");
        }
        // normalised as in use, and without the penalty of what does not change
        let used = case.evaluation().evaluate(&case.images, Labels::Classes(&case.labels)).loss;
        assert!((loss - used).abs() < 1e-5, "{simd}: {loss} in training, {used} in use");
        let (_, params) = step(&Case::new(&text(false), simd, 3));
        assert!(params.iter().all(|(_, before, after)| before != after), "{simd}: all of it is trained");
    }
}

#[test]
fn penalties_are_part_of_the_loss_in_training_and_in_use() {
    let body = |penalty: &str| format!("input(4x4x1)\n flatten\n dense(3, activation: softmax{penalty})");
    let plain = Case::new(&model(&body(""), ""), Simd::Portable, 3);
    let with =
        Case::new(&model(&body(", kernel_regularizer: l1_l2(l1: 0.5, l2: 0.25)"), ""), Simd::Portable, 3);
    let weights = with.weights[0].iter().map(|&w| f64::from(w));
    let penalty: f64 = weights.map(|w| 0.5 * w.abs() + 0.25 * w * w).sum();
    let used =
        |case: &Case| f64::from(case.evaluation().evaluate(&case.images, Labels::Classes(&case.labels)).loss);
    assert!((used(&with) - used(&plain) - penalty).abs() < 1e-5);
    assert!((f64::from(step(&with).0) - used(&with)).abs() < 1e-5);
    with.check("penalties");
}

/// One step with a weight for each picture: the gradient is that of `Σ weight · loss / pictures`, whose
/// losses are those of the pictures by themselves.
#[test]
fn of_pictures_that_count_differently() {
    let weights = [0.5_f32, 2.0, 0.0, 1.25, 3.0];
    for loss in ["categorical_crossentropy(label_smoothing: 0.1)", "focal(gamma: 1.5)"] {
        let body = "input(4x4x1)\n flatten\n dense(8, activation: tanh)\n dense(3, activation: softmax)";
        let data = "data { source: npz(\"none.npz\"); class_weight: { 0: 2 } }\n";
        let case = Case::new(&format!("{data}{}", model(body, &format!(" loss: {loss}"))), Simd::Portable, 3);
        let mut session = TrainSession::compile(&case.program, &case.options).expect("compiles");
        case.weights.iter().enumerate().for_each(|(index, values)| session.write(index, values));
        let result = session.step(&StepInputs { weights: &weights, ..case.inputs() }).expect("alone");
        let elements = case.images.len() / BATCH;
        let weighted = |session: &mut EvalSession| {
            let each = case.images.chunks(elements).zip(&case.labels).zip(weights);
            let losses = each.map(|((image, &label), weight)| {
                f64::from(weight) * f64::from(session.evaluate(image, Labels::Classes(&[label])).loss)
            });
            losses.sum::<f64>() / BATCH as f64
        };
        let mut used = case.evaluation();
        assert!((f64::from(result.loss) - weighted(&mut used)).abs() < 1e-5, "{loss}: {}", result.loss);
        for (index, before) in case.weights.iter().enumerate() {
            let after = session.read(index);
            for at in [0, before.len() / 2, before.len() - 1] {
                let h = 1e-2_f32;
                let mut loss_at = |shift: f32| {
                    let mut moved = before.clone();
                    moved[at] += shift;
                    used.write(index, &moved);
                    weighted(&mut used)
                };
                let slope = (loss_at(h) - loss_at(-h)) / f64::from(2.0 * h);
                used.write(index, before);
                let got = f64::from(before[at] - after[at]);
                assert!(
                    (got - slope).abs() < 2e-3,
                    "{loss}: {index}[{at}] is {got}, the difference quotient {slope}"
                );
            }
        }
    }
}

/// Cross-entropies are linear in their targets: the loss of a mixed picture is that of its classes in their
/// proportions, and so is the gradient.
#[test]
fn of_pictures_whose_labels_are_mixed() {
    let body = "input(4x4x1)\n flatten\n dense(8, activation: tanh)\n dense(3, activation: softmax)";
    let plain = Case::new(&model(body, ""), Simd::Portable, 3);
    let mixing = Case::new(&format!("augment {{ mixup }}\n{}", model(body, "")), Simd::Portable, 3);
    // classes as they are give what they give without mixing
    assert_eq!(plain.gradients(), mixing.gradients());
    let other = |label: i32| (label + 1) % 3;
    let mut shares = vec![0.0; BATCH * 3];
    for (shares, &label) in shares.chunks_mut(3).zip(&mixing.labels) {
        (shares[label as usize], shares[other(label) as usize]) = (0.75, 0.25);
    }
    let moved = |labels: Labels<'_>, case: &Case| {
        let mut session = TrainSession::compile(&case.program, &case.options).expect("compiles");
        case.weights.iter().enumerate().for_each(|(index, values)| session.write(index, values));
        let result = session.step(&StepInputs { labels, ..case.inputs() }).expect("alone");
        let gradients: Vec<Vec<f32>> = case
            .weights
            .iter()
            .enumerate()
            .map(|(index, before)| {
                before.iter().zip(session.read(index)).map(|(before, after)| before - after).collect()
            })
            .collect();
        (result, gradients)
    };
    let others: Vec<i32> = plain.labels.iter().map(|&label| other(label)).collect();
    let (first, by_first) = moved(Labels::Classes(&plain.labels), &plain);
    let (second, by_second) = moved(Labels::Classes(&others), &plain);
    let (mixed, by_mixed) = moved(Labels::Numbers(&shares), &mixing);
    assert!((mixed.loss - (0.75 * first.loss + 0.25 * second.loss)).abs() < 1e-5);
    // right is the class with the larger share
    assert_eq!(mixed.correct, first.correct);
    for ((mixed, first), second) in by_mixed.iter().zip(&by_first).zip(&by_second) {
        for ((mixed, first), second) in mixed.iter().zip(first).zip(second) {
            assert!((mixed - (0.75 * first + 0.25 * second)).abs() < 1e-5, "{mixed} of {first} and {second}");
        }
    }
}
