//! Random networks, computed in several ways that must agree.
//!
//! * *Plainly*: the forward pass with nothing fused, each picture alone, in single products and portable
//!   code.
//! * *Training's forward pass*, everything random off, as part of the whole training graph.
//! * *Inference*, as fast as the machine can, with `--exact`, and in portable code.
//!
//! Each is compared twice, with a step in between that changes all weights: what was computed of the old ones
//! must be forgotten. Batch norm has a momentum of 0 here, so that its moving statistics are those of the
//! last batch and inference is what training did.
//!
//! `CNNC_FUZZ_CASES` asks for more networks than usual. A failing network is shrunk, and shown as a file.

pub(super) mod random;

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::example::{numbers, weights};
use super::executor::Executor;
use super::{CompileOptions, EvalSession, StepInputs, TrainSession};
use crate::autodiff::training_graph;
use crate::ir::{CheckedProgram, Forward, Labels, Mode, OutputId, Param, forward};
use crate::kernel::{Simd, Target};
use crate::layers::Layer;
use crate::ops::Op;
use crate::opt;
use crate::plan::{Choices, plan};
use random::{End, Net, load_text, net};

/// How far results may lie apart, as a share of the largest. Winograd's method is right to some 1e-6, and the
/// statistics of a batch norm over few pixels can make that hundreds of times as much; what is computed of
/// the wrong numbers is off by the size of these.
const TOLERANCE: f32 = 4e-3;

/// The scores of a training graph, kept so that they can be looked at.
const SCORES: OutputId = OutputId::Value(0);

#[test]
fn all_ways_of_computing_a_network_agree() {
    let cases = std::env::var("CNNC_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2000);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let seen = std::cell::RefCell::new(BTreeSet::new());
    let done = runner.run(&net(), |net| {
        let kinds = check(&net).map_err(|reason| TestCaseError::fail(format!("{reason}\n{}", net.text())))?;
        seen.borrow_mut().extend(kinds);
        Ok(())
    });
    match done {
        Err(proptest::test_runner::TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(error) => panic!("{error}"),
        Ok(()) => {}
    }
    let seen = seen.into_inner();
    let missing: Vec<&str> =
        Layer::kinds().map(|info| info.keyword).filter(|keyword| !seen.contains(*keyword)).collect();
    assert!(cases < 2000 || missing.is_empty(), "no network of {cases} has {missing:?}");
}

/// Compares a network's ways; its layer kinds.
fn check(net: &Net) -> Result<Vec<&'static str>, String> {
    let program = load_text(net.text())?;
    let ways = [
        Target::of(Simd::detect()),
        Target { simd: Simd::detect(), exact: true },
        Target::of(Simd::Portable),
    ];
    let mut sessions = Vec::new();
    for target in ways {
        sessions.push(
            EvalSession::compile(&program, &options(target, net.batch)).map_err(|error| error.to_string())?,
        );
    }
    let mut present: Option<TrainSession> = None;
    let least = program.open_sizes().map_or([1; 2], |open| open.least);
    for (at, size) in net.sizes().into_iter().enumerate() {
        let size = [size[0].max(least[0]), size[1].max(least[1])];
        let sized =
            if net.open { program.at(size).map_err(|error| format!("{error:?}"))? } else { program.clone() };
        // a graph of one's own is for one size
        let kept = present.take().filter(|_| !net.open);
        let mut training = kept.map_or_else(|| trained(&sized, net.batch, at), Ok)?;
        let images = numbers(at + 7, net.last * sized.input_shape().elements());
        let labels: Vec<i32> =
            (0..net.last as i32).map(|n| n % if net.end() == End::Sigmoid { 2 } else { 3 }).collect();
        // changes the weights; then a step that does not gives the forward pass
        step(&mut training, &images, &labels, 0.02);
        step(&mut training, &images, &labels, 0.0);
        let scores = training.output(SCORES, net.last).ok_or("the training graph has lost its scores")?;
        let forward = activated(net.end(), scores);
        let plain = plainly(&sized, &training, &images);
        agree(&plain, &forward, &format!("training's forward pass {at}"))?;
        for (session, target) in sessions.iter_mut().zip(ways) {
            session.prepare(size).map_err(|error| error.to_string())?;
            let params = session.params().to_vec();
            give(&training, &params, |place, values| session.write(place, values));
            let got = session.predict(&images);
            let what = format!("inference {at}, {}, exact {}", target.simd, target.exact);
            agree(&plain, &got, &what)?;
            if net.open && got != after_another_size(session, size, &images)? {
                return Err(format!("{what}: pictures of another size in between change the answers"));
            }
        }
        present = Some(training);
    }
    Ok(program.program().model.layers.iter().map(|node| node.layer.as_op().keyword()).collect())
}

/// The answers to pictures of a size, after one of a larger size was answered.
fn after_another_size(
    session: &mut EvalSession,
    size: [usize; 2],
    images: &[f32],
) -> Result<Vec<f32>, String> {
    let larger = [size[0] + 1, size[1] + 2];
    session.prepare(larger).map_err(|error| error.to_string())?;
    session.predict(&numbers(3, session.input_elements()));
    session.prepare(size).map_err(|error| error.to_string())?;
    Ok(session.predict(images))
}

fn options(target: Target, batch: usize) -> CompileOptions {
    CompileOptions {
        target,
        threads: 1,
        batch,
        random: false,
        choices: Arc::new(Choices::default()),
        library: None,
        ranks: None,
    }
}

/// A training session whose scores can be looked at, with weights that keep the size of what they multiply.
fn trained(program: &CheckedProgram, batch: usize, seed: usize) -> Result<TrainSession, String> {
    let train = program.program().train.as_ref().ok_or("no schedule")?;
    let loss = program.loss().ok_or("no loss")?;
    let mut graph = training_graph((program, None), loss, train, false);
    let scores = graph.nodes.iter().find(|node| matches!(node.op, Op::Loss(_))).map(|node| node.inputs[0]);
    graph.outputs.push((SCORES, scores.ok_or("no loss in the graph")?));
    opt::run(&mut graph, opt::TRAINING);
    let options = options(Target::of(Simd::detect()), batch);
    let mut session = TrainSession::of_graph(&graph, program, &options).map_err(|error| error.to_string())?;
    let params = session.params().to_vec();
    for (at, param) in params.iter().enumerate() {
        let mut values = weights(at + seed, param.shape.extents());
        if param.name.ends_with("gamma") {
            values.iter_mut().for_each(|value| *value = 1.0 + 0.25 * *value);
        }
        session.write(at, &values);
    }
    Ok(session)
}

fn step(session: &mut TrainSession, images: &[f32], labels: &[i32], learning_rate: f32) {
    let labels = Labels::Classes(labels);
    session
        .step(&StepInputs {
            images,
            labels,
            weights: &[],
            learning_rate,
            step: 1,
            update: 1,
            seed: 0,
            stop: false,
        })
        .expect("alone");
}

/// Gives the parameters of training to whoever has some of the same names.
fn give(training: &TrainSession, params: &[Param], mut write: impl FnMut(usize, &[f32])) {
    for (place, param) in params.iter().enumerate() {
        let at =
            training.params().iter().position(|other| other.name == param.name).expect("the same layers");
        write(place, training.values(at));
    }
}

/// The output of each picture, nothing fused.
fn plainly(program: &CheckedProgram, training: &TrainSession, images: &[f32]) -> Vec<f32> {
    let Forward { mut graph, output, .. } = forward(program, Mode::Inference);
    graph.outputs.push((OutputId::Model, output));
    opt::run(&mut graph, opt::DIAGNOSIS);
    let mut executor = Executor::new(1, None).expect("threads");
    executor.add([0; 2], plan(&graph, Target { simd: Simd::Portable, exact: true }, 1), 0).expect("compiles");
    let places = executor.plan().params.clone();
    give(training, &graph.params, |place, values| {
        executor.write(places[place], values.len()).copy_from_slice(values);
    });
    executor.run_setup();
    let elements = program.input_shape().elements();
    let result = executor.plan().outputs[0].clone();
    let mut all = Vec::new();
    for image in images.chunks(elements) {
        if let Some(given) = executor.plan().images {
            executor.write(given, image.len()).copy_from_slice(image);
        }
        executor.run(1);
        all.extend(executor.read(result.buffer, result.layout.elements()));
    }
    all
}

/// Scores after the last activation.
fn activated(end: End, mut scores: Vec<f32>) -> Vec<f32> {
    match end {
        End::Linear => {}
        End::Sigmoid => scores.iter_mut().for_each(|score| *score = 1.0 / (1.0 + (-*score).exp())),
        End::Softmax => {
            for picture in scores.chunks_mut(5) {
                let most = picture.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                picture.iter_mut().for_each(|score| *score = (*score - most).exp());
                let sum: f32 = picture.iter().sum();
                picture.iter_mut().for_each(|score| *score /= sum);
            }
        }
    }
    scores
}

fn agree(want: &[f32], got: &[f32], what: &str) -> Result<(), String> {
    if want.len() != got.len() {
        return Err(format!("{what}: {} numbers, not {}", got.len(), want.len()));
    }
    let largest = want.iter().fold(1e-3_f32, |most, value| most.max(value.abs()));
    for (place, (got, want)) in got.iter().zip(want).enumerate() {
        let apart = (got - want).abs() > TOLERANCE * largest;
        if apart || got.is_nan() != want.is_nan() {
            return Err(format!("{what}: number {place} is {got}, not {want} (largest {largest})"));
        }
    }
    Ok(())
}
