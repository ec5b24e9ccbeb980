//! Training steps of several ranks, as threads of one process, against those of one: the same bits.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::example::{numbers, program, weights};
use super::network_tests::random::{load_text, net};
use super::{CompileOptions, StepInputs, StepResult, TrainSession};
use crate::ir::{CheckedProgram, Labels, ParamRole};
use crate::kernel::{Simd, Target};
use crate::plan::images_of_rank;
use crate::ranks::{Communicator, threads};

/// How long a rank waits for another one: machines may be busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// What training came to: the parameters, bit by bit, and the results of the steps.
type Trained = (Vec<Vec<u32>>, Vec<StepResult>);

/// Trains steps of so many images each. What other ranks work on is not a number.
fn train(program: &CheckedProgram, batch: usize, steps: &[usize], ranks: Option<Communicator>) -> Trained {
    let options = CompileOptions {
        target: Target::of(Simd::detect()),
        threads: if ranks.is_some() { 1 } else { 2 },
        batch,
        random: true,
        choices: Arc::default(),
        library: None,
        ranks: ranks.clone(),
    };
    let mut session = TrainSession::compile(program, &options).expect("compiles");
    for at in 0..session.params().len() {
        let param = &session.params()[at];
        if param.role == ParamRole::Weight {
            let values = weights(at, param.shape.extents());
            session.write(at, &values);
        }
    }
    let picture = program.input_shape().elements();
    let classes = program.output_shape().elements().max(2) as i32;
    let mut results = Vec::new();
    for (step, &images) in (1..).zip(steps) {
        let mut pictures = numbers(step as usize, images * picture);
        if let Some(ranks) = &ranks {
            let own = images_of_rank(batch, ranks.size(), ranks.rank());
            let others = (0..images).filter(|image| !own.contains(image));
            others.for_each(|image| pictures[image * picture..][..picture].fill(f32::NAN));
        }
        let labels: Vec<i32> = (step as i32..).map(|n| n % classes).take(images).collect();
        let inputs = StepInputs {
            images: &pictures,
            labels: Labels::Classes(&labels),
            weights: &[],
            learning_rate: 0.01,
            step,
            update: step,
            seed: 7,
            stop: false,
        };
        results.push(session.step(&inputs).expect("all ranks are there"));
    }
    session.gather().expect("all ranks are there");
    let bits = |at| session.values(at).iter().map(|value: &f32| value.to_bits()).collect();
    ((0..session.params().len()).map(bits).collect(), results)
}

/// Each number of ranks gives what one process gives.
fn check(program: &CheckedProgram, batch: usize, steps: &[usize], ranks: &[usize]) -> Result<(), String> {
    let (params, results) = train(program, batch, steps, None);
    if results.iter().any(|result| !result.loss.is_finite()) {
        return Err("the loss is no number".to_owned());
    }
    for &count in ranks {
        let all: Vec<Trained> = std::thread::scope(|scope| {
            let rank = |rank| scope.spawn(move || train(program, batch, steps, Some(rank)));
            let running: Vec<_> = threads(count, PATIENCE).into_iter().map(rank).collect();
            running.into_iter().map(|rank| rank.join().expect("no panic")).collect()
        });
        for (rank, (theirs, their_results)) in all.iter().enumerate() {
            if *their_results != results {
                return Err(format!("rank {rank} of {count}: {their_results:?}, not {results:?}"));
            }
            if let Some(at) = (0..params.len()).find(|&at| theirs[at] != params[at]) {
                return Err(format!("rank {rank} of {count}: parameter {at} differs"));
            }
        }
    }
    Ok(())
}

fn same_bits(text: &str, batch: usize, steps: &[usize]) {
    let ranks: Vec<usize> = [2, 3, 4, 8].into_iter().filter(|&ranks| ranks <= batch).collect();
    check(&program(text.to_owned()), batch, steps, &ranks).unwrap_or_else(|why| panic!("{why}\n{text}"));
}

#[test]
fn batch_norm_and_dropout() {
    same_bits(
        "model M {
            input(12x12x3)
            conv2d(24, 3x3, padding: same); batch_norm; relu; max_pool2d(2); dropout(0.2)
            conv2d(40, 3x3); batch_norm; relu
            flatten; dense(70, activation: relu); dropout(0.5); dense(3, activation: softmax)
        }
        train { optimizer: adam; metrics: [accuracy] }",
        32,
        // full, fewer images than ranks, some shards empty
        &[32, 5, 32, 17],
    );
}

#[test]
fn large_maps_and_large_weights() {
    // finer tasks, and gradients over the whole batch
    same_bits(
        "model M {
            input(96x96x3)
            conv2d(64, 3x3, padding: same, activation: relu)
            conv2d(64, 3x3, padding: same, activation: relu)
            max_pool2d(16)
            conv2d(192, 3x3, padding: same, activation: relu)
            conv2d(256, 3x3, padding: same, activation: relu)
            global_avg_pool2d; dense(3, activation: softmax)
        }
        train { optimizer: sgd(lr: 1, momentum: 0.9) }",
        30,
        &[30, 7],
    );
}

#[test]
fn wide_layers_on_small_maps() {
    // products of Winograd's method for all images at once, and a window of which one tap meets
    // pixels
    same_bits(
        "model M {
            input(4x4x128)
            conv2d(512, 3x3, padding: same); batch_norm; relu
            conv2d(512, 3x3, padding: same, activation: relu)
            max_pool2d(4); conv2d(128, 3x3, padding: same)
            flatten; dense(3, activation: softmax)
        }
        train { optimizer: adam }",
        30,
        &[30, 9],
    );
}

#[test]
fn large_dense_layers() {
    same_bits(
        "model M {
            input(65x65x3)
            conv2d(8, 2x2, activation: leaky_relu(0.2))
            flatten
            dense(40, activation: leaky_relu(0.2)); dense(3, activation: softmax)
        }
        train { optimizer: adam; weight_decay: 0.001; ema: 0.9; clip_norm: 1 }",
        16,
        &[16, 16, 1],
    );
}

#[test]
fn dense_layers_on_pixels() {
    same_bits(
        "model M {
            input(28x28x1); flatten
            dense(512, activation: relu, kernel_regularizer: l2(0.001)); dense(10, activation: softmax)
        }
        train { optimizer: rmsprop; clip_value: 0.5 }",
        64,
        &[64, 40],
    );
}

#[test]
fn branches_and_depthwise_windows() {
    same_bits(
        "model M {
            input(15x17x3)
            conv2d(32, 3x3, stride: 2, padding: same)
            add {
                branch { depthwise_conv2d(3x3, padding: same); conv2d(32, 1x1) }
                branch { conv2d(32, 1x1); batch_norm }
            }
            relu; layer_norm; separable_conv2d(48, 3x3); avg_pool2d(2)
            flatten; dense(2, activation: softmax)
        }
        train { optimizer: adam; loss: categorical_crossentropy(label_smoothing: 0.1) }",
        24,
        &[24, 9],
    );
}

#[test]
fn random_networks() {
    let cases = std::env::var("CNNC_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rng = proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(config, rng);
    let done = runner.run(&net(), |net| {
        if net.open {
            return Ok(());
        }
        let fail = |why: String| TestCaseError::fail(format!("{why}\n{}", net.text()));
        let program = load_text(net.text()).map_err(fail)?;
        let ranks: Vec<usize> = [2, 3, 8].into_iter().filter(|&ranks| ranks <= net.batch).collect();
        check(&program, net.batch, &[net.batch, net.last], &ranks).map_err(fail)
    });
    match done {
        Err(proptest::test_runner::TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(error) => panic!("{error}"),
        Ok(()) => {}
    }
}
