//! Steps of a network whose backbone is frozen: from pictures, from features that are kept, and with the backbone
//! trained, all threads. `cargo bench --bench frozen [-- SIDE]`; pictures of 224x224 without SIDE.
//!
//! The three take turns, so that whatever disturbs the machine for a moment disturbs all. An epoch that trains
//! the head alone on kept features is as long as its steps from features, and the first one is preceded by the
//! frozen part of a step from pictures.

use std::sync::Arc;
use std::time::Instant;

use cnnc::front::load;
use cnnc::internals::ir::{CheckedProgram, Labels};
use cnnc::internals::kernel::Target;
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::runtime::{CompileOptions, StepInputs, TrainSession};
use cnnc::source::SourceFile;

const BATCH: usize = 32;
const CLASSES: i32 = 5;
const ROUNDS: usize = 7;

fn program(side: usize, frozen: bool) -> CheckedProgram {
    let text = format!(
        "use zoo.resnet18
        model Flowers {{
            input({side}x{side}x3)
            backbone = resnet18(include_top: false, frozen: {frozen})
            global_avg_pool2d
            dense({CLASSES}, activation: softmax)
        }}
        train {{ batch: {BATCH}; optimizer: adam(lr: 1e-3) }}"
    );
    let options = LowerOptions { model: Some("Flowers".to_owned()), ..LowerOptions::default() };
    let loaded = load(SourceFile::new("flowers.cnn", text), &options, &|_| None);
    loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.problems))
}

/// A session with weights of which nothing overflows.
fn session(program: &CheckedProgram) -> TrainSession {
    let options = CompileOptions {
        target: Target::host(),
        threads: 0,
        batch: BATCH,
        random: true,
        choices: Arc::default(),
        library: None,
        ranks: None,
    };
    let mut session = TrainSession::compile(program, &options).expect("compiles");
    for at in 0..session.params().len() {
        let param = &session.params()[at];
        let count = param.shape.elements();
        let last = param.shape.extents().last().copied().unwrap_or(1);
        let size = (2.0 / (count / last).max(1) as f32).sqrt();
        let value = |i: usize| ((i * 7919 + 17) % 1009) as f32 / 504.5 - 1.0;
        let is_one = param.name.ends_with("gamma") || param.name.ends_with("variance");
        let values: Vec<f32> = if is_one {
            vec![1.0; count]
        } else if param.name.ends_with("kernel") {
            (0..count).map(|i| size * value(i)).collect()
        } else {
            vec![0.0; count]
        };
        session.write(at, &values);
    }
    session
}

#[allow(clippy::print_stdout, reason = "a program for the terminal")]
fn main() {
    let side = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(224);
    let (mut frozen, mut whole) = (session(&program(side, true)), session(&program(side, false)));
    let images: Vec<f32> =
        (0..BATCH * side * side * 3).map(|i| ((i * 31) % 255) as f32 / 127.5 - 1.0).collect();
    let labels: Vec<i32> = (0..CLASSES).cycle().take(BATCH).collect();
    let mut features = Vec::new();
    frozen.features(&images, [side, side], &mut features).expect("runs");
    let mut times = [const { Vec::new() }; 3];
    for round in 0..=ROUNDS {
        let step = round as u64 + 1;
        let given = |images| StepInputs {
            images,
            labels: Labels::Classes(&labels),
            weights: &[],
            learning_rate: 1e-3,
            step,
            update: step,
            seed: 0,
            stop: false,
        };
        let mut timed = |at: usize, run: &mut dyn FnMut() -> f32| {
            let begun = Instant::now();
            let loss = run();
            assert!(loss.is_finite(), "the loss is {loss}");
            // the first round touches memory for the first time
            if round > 0 {
                times[at].push(begun.elapsed().as_secs_f64() * 1e3);
            }
        };
        timed(0, &mut || whole.step(&given(&images)).expect("alone").loss);
        timed(1, &mut || frozen.step(&given(&images)).expect("alone").loss);
        timed(2, &mut || frozen.learn(&given(&features)).expect("alone").loss);
    }
    let median = |times: &[f64]| {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let medians = [0, 1, 2].map(|at| median(&times[at]));
    println!(
        "ResNet-18, {side}x{side}, batch {BATCH}, {ROUNDS} rounds, {} features a picture",
        features.len() / BATCH
    );
    for (what, ms) in
        ["all of it trained", "frozen, from pictures", "frozen, from features"].iter().zip(medians)
    {
        println!("{what:<22} {ms:>9.3} ms a step  {:>7.1} times as fast", medians[0] / ms);
    }
}
