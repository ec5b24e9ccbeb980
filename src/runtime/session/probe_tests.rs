//! Probes against what they promise: gradients are those of the scores (central differences), values are
//! those of the layers, and no pass changes either.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::autodiff::Differentiated;
use crate::ir::{CheckedProgram, LayerId};
use crate::kernel::{Simd, Target};
use crate::runtime::example::{numbers, program, weights};
use crate::runtime::network_tests::random::{load_text, net};
use crate::runtime::{CompileOptions, EvalSession};

const BATCH: usize = 3;

fn options(batch: usize) -> CompileOptions {
    let target = Target::of(Simd::detect());
    CompileOptions {
        target,
        threads: 2,
        batch,
        random: false,
        choices: Arc::default(),
        library: None,
        ranks: None,
    }
}

/// A session whose weights follow from their names alone.
fn session(program: &CheckedProgram, batch: usize) -> EvalSession {
    let mut session = EvalSession::compile(program, &options(batch)).expect("compiles");
    for (at, param) in session.params().to_vec().iter().enumerate() {
        let seed = param.name.bytes().map(usize::from).sum();
        let values = weights(seed, param.shape.extents());
        let values = values.iter().map(|value| match &param.name {
            name if name.ends_with("variance") => 0.5 + value.abs(),
            name if name.ends_with("gamma") => 1.0 + 0.25 * value,
            _ => *value,
        });
        session.write(at, &values.collect::<Vec<f32>>());
    }
    session
}

fn layer(program: &CheckedProgram, path: &str) -> LayerId {
    let at = program.program().model.layers.iter().position(|node| node.path == path);
    LayerId(u32::try_from(at.unwrap_or_else(|| panic!("no layer {path}"))).expect("few"))
}

fn by(program: &CheckedProgram, of: Differentiated, path: &str) -> Probe {
    Probe { values: vec![layer(program, path)], gradient: Some((of, layer(program, path))) }
}

/// Σ counts · outputs of each picture.
fn sums(session: &mut EvalSession, images: &[f32], counts: &[f32]) -> Vec<f64> {
    let outputs = session.predict(images);
    let of = outputs.len() / BATCH;
    let product = |(output, count): (&f32, &f32)| f64::from(*output) * f64::from(*count);
    (outputs.chunks(of).zip(counts.chunks(of))).map(|(o, c)| o.iter().zip(c).map(product).sum()).collect()
}

/// Compares the gradient by the pictures with central differences of what `same` predicts: the same model,
/// which ends in what is differentiated.
fn check(what: &str, model: &CheckedProgram, of: Differentiated, same: &CheckedProgram) {
    let elements = model.input_shape().elements();
    let images = numbers(5, BATCH * elements);
    let counts = numbers(17, BATCH * model.output_shape().elements());
    let mut probe = session(model, BATCH).probe(&by(model, of, "input")).expect("compiles");
    probe.run(&images, &counts);
    let gradient = probe.gradient(BATCH).to_vec();
    assert_eq!(probe.value(0, BATCH), images, "{what}");
    let mut judge = session(same, BATCH);
    let largest = gradient.iter().fold(1e-3_f32, |most, value| most.max(value.abs()));
    const STEP: f32 = 1.0 / 128.0;
    for at in (0..elements).step_by(elements / 20 + 1) {
        let mut moved = |by: f32| {
            let mut images = images.clone();
            images.chunks_mut(elements).for_each(|image| image[at] += by);
            sums(&mut judge, &images, &counts)
        };
        let (more, less) = (moved(STEP), moved(-STEP));
        for (n, (more, less)) in more.into_iter().zip(less).enumerate() {
            let (want, got) = (((more - less) / f64::from(2.0 * STEP)) as f32, gradient[n * elements + at]);
            assert!(
                (want - got).abs() < 5e-3 * largest,
                "{what}: picture {n}, place {at}: {got}, not {want}"
            );
        }
    }
}

/// Bodies without kinks: central differences need smooth functions.
const BODIES: [(&str, &str); 5] = [
    (
        "convolutions",
        "conv2d(6, 3x3, activation: tanh); conv2d(5, 3x3, padding: same, stride: 2, activation: silu)",
    ),
    (
        "batch norm",
        "conv2d(6, 3x3); batch_norm; tanh; dropout(0.5); separable_conv2d(5, 3x3, activation: tanh)",
    ),
    (
        "a sum",
        "a = conv2d(4, 3x3, padding: same, activation: tanh); conv2d(4, 1x1, activation: gelu); add(a); avg_pool2d(2)",
    ),
    (
        "branches",
        "a = conv2d(4, 3x3, padding: same, activation: tanh); b = conv2d(3, 1x1, activation: tanh); concat(a, b); layer_norm",
    ),
    (
        "a transposed convolution",
        "conv2d(6, 3x3, stride: 2, activation: tanh); conv2d_transpose(4, 3x3, activation: tanh)",
    ),
];

#[test]
fn gradients_are_those_of_the_scores_and_of_the_output() {
    for (what, body) in BODIES {
        let model = |end: &str| program(format!("model M {{ input(8x8x2); {body}; flatten; dense({end}) }}"));
        let scores = model("3");
        for end in ["3, activation: softmax", "3, activation: sigmoid", "3"] {
            let whole = model(end);
            check(&format!("{what}, {end}, scores"), &whole, Differentiated::Scores, &scores);
            check(&format!("{what}, {end}, output"), &whole, Differentiated::Output, &whole);
        }
    }
}

#[test]
fn the_gradient_by_a_layer_is_that_of_what_follows_it() {
    let tail = "b = conv2d(5, 3x3, activation: relu); max_pool2d(2); flatten; dense(4, activation: softmax)";
    let whole = program(format!("model M {{ input(8x8x2); a = conv2d(3, 3x3, activation: relu); {tail} }}"));
    let rest = program(format!("model M {{ input(6x6x3); {tail} }}"));
    let images = numbers(5, BATCH * 128);
    let counts = numbers(17, BATCH * 4);
    let mut probe = session(&whole, BATCH).probe(&by(&whole, Differentiated::Scores, "a")).expect("compiles");
    probe.run(&images, &counts);
    let (values, gradient) = (probe.value(0, BATCH).to_vec(), probe.gradient(BATCH).to_vec());
    let mut probe =
        session(&rest, BATCH).probe(&by(&rest, Differentiated::Scores, "input")).expect("compiles");
    probe.run(&values, &counts);
    near(&gradient, probe.gradient(BATCH), "the rest alone");
    assert!(gradient.iter().any(|value| *value != 0.0));
}

#[test]
fn the_gradient_of_a_layer_is_that_of_what_leads_to_it() {
    let start = "conv2d(4, 3x3, activation: relu); a = conv2d(3, 3x3, activation: relu); flatten";
    let whole = program(format!("model M {{ input(8x8x2); {start}; dense(4, activation: softmax) }}"));
    let first = program(format!("model M {{ input(8x8x2); {start} }}"));
    let images = numbers(5, BATCH * 128);
    let counts = numbers(17, BATCH * 4 * 4 * 3);
    let of = Differentiated::Layer(layer(&whole, "a"));
    let mut probe = session(&whole, BATCH).probe(&by(&whole, of, "input")).expect("compiles");
    probe.run(&images, &counts);
    let gradient = probe.gradient(BATCH).to_vec();
    let mut probe =
        session(&first, BATCH).probe(&by(&first, Differentiated::Output, "input")).expect("compiles");
    probe.run(&images, &counts);
    near(&gradient, probe.gradient(BATCH), "the beginning alone");
    assert!(gradient.iter().any(|value| *value != 0.0));
}

#[test]
fn what_has_no_part_in_the_output_has_no_gradient() {
    let text = "model M { input(6x6x1); a = conv2d(4, 3x3); global_avg_pool2d
        head aux(weight: 0.5) { dense(3, activation: softmax) }
        dense(3, activation: softmax) } train { optimizer: sgd(lr: 1) }";
    let whole = program(text.to_owned());
    let last = LayerId(u32::try_from(whole.program().model.layers.len() - 1).expect("few"));
    let head =
        whole.program().model.only_for_heads().iter().position(|left_out| *left_out).expect("the head");
    let head = LayerId(u32::try_from(head).expect("few"));
    let refused = |gradient| {
        session(&whole, BATCH).probe(&Probe { values: Vec::new(), gradient }).expect_err("nothing")
    };
    let left_out = refused(Some((Differentiated::Scores, head)));
    assert!(matches!(left_out, ProbeError::Nothing(NoProbe::LeftOut(_))), "{left_out:?}");
    // the scores come before the layer's result, the softmax
    let behind = refused(Some((Differentiated::Scores, last)));
    assert!(matches!(behind, ProbeError::Nothing(NoProbe::Independent(_))), "{behind:?}");
}

#[test]
fn no_pass_changes_what_is_seen() {
    let config = ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let done = runner.run(&net().prop_filter("one size", |net| !net.open), |net| {
        let program = load_text(net.text()).map_err(TestCaseError::fail)?;
        same_without_passes(&program, net.last)
            .map_err(|why| TestCaseError::fail(format!("{why}\n{}", net.text())))
    });
    done.unwrap_or_else(|error| panic!("{error}"));
}

/// Compares all values and a gradient with those of a graph in which nothing is fused.
fn same_without_passes(program: &CheckedProgram, count: usize) -> Result<(), String> {
    let session = session(program, count);
    let values: Vec<LayerId> = (0..).map(LayerId).take(program.program().model.layers.len()).collect();
    let images = numbers(5, count * program.input_shape().elements());
    let counts = numbers(17, count * program.output_shape().elements());
    for gradient in [None, Some((Differentiated::Output, values[0]))] {
        let probe = Probe { values: values.clone(), gradient };
        let (fast, plain) = (session.probe(&probe), session.probe_with(&probe, opt::DIAGNOSIS));
        let (mut fast, mut plain) = match (fast, plain) {
            (Ok(fast), Ok(plain)) => (fast, plain),
            // a layer that stops everything, such as one that counts
            (Err(ProbeError::Nothing(_)), Err(ProbeError::Nothing(_))) => continue,
            (fast, plain) => return Err(format!("{:?} {:?}", fast.err(), plain.err())),
        };
        fast.run(&images, &counts);
        plain.run(&images, &counts);
        for (at, layer) in program.program().model.layers.iter().enumerate() {
            near_enough(fast.value(at, count), plain.value(at, count), &layer.path)?;
        }
        near_enough(fast.output(count), plain.output(count), "output")?;
        alike_as_a_whole(fast.gradient(count), plain.gradient(count))?;
    }
    Ok(())
}

/// Of two values that are the same but for rounding, a max pool may take either: a few places of a gradient
/// may differ.
fn alike_as_a_whole(got: &[f32], want: &[f32]) -> Result<(), String> {
    let norm = |values: &mut dyn Iterator<Item = f32>| {
        values.map(|value| f64::from(value).powi(2)).sum::<f64>().sqrt()
    };
    let (apart, size) =
        (norm(&mut got.iter().zip(want).map(|(got, want)| got - want)), norm(&mut want.iter().copied()));
    if got.len() == want.len() && apart <= 0.03 * size.max(1e-3) {
        return Ok(());
    }
    Err(format!("gradients are {apart} apart, of {size}"))
}

fn near(got: &[f32], want: &[f32], what: &str) {
    near_enough(got, want, what).unwrap_or_else(|why| panic!("{why}"));
}

fn near_enough(got: &[f32], want: &[f32], what: &str) -> Result<(), String> {
    if got.len() != want.len() {
        return Err(format!("{what}: {} numbers, not {}", got.len(), want.len()));
    }
    let largest = want.iter().fold(1e-3_f32, |most, value| most.max(value.abs()));
    let apart = got.iter().zip(want).position(|(got, want)| (got - want).abs() > 4e-3 * largest);
    apart
        .map_or(Ok(()), |at| Err(format!("{what}, place {at}: {}, not {} (of {largest})", got[at], want[at])))
}
