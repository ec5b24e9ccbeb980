//! Training steps over large maps, whose layers divide the batch differently: against the mean of the steps
//! of single pictures.

use std::sync::Arc;

use super::example::{self, numbers, weights};
use super::{CompileOptions, StepInputs, TrainSession};
use crate::ir::{CheckedProgram, Labels};
use crate::kernel::{Simd, Target};
use crate::plan::{Space, plan};
use crate::runtime::optimized_training_graph;

const CLASSES: usize = 3;

/// Large maps and few weights, then small maps and many. Nothing in it looks at more than one picture.
fn large_maps() -> CheckedProgram {
    program(
        "input(96x96x3)
            conv2d(64, 3x3, padding: same, activation: relu)
            conv2d(64, 3x3, padding: same, activation: relu)
            max_pool2d(8)
            conv2d(192, 3x3, padding: same, activation: relu)
            global_avg_pool2d",
    )
}

/// A dense layer whose weights take more than 4 MiB: tasks have some of its rows.
fn large_dense() -> CheckedProgram {
    program(
        "input(65x65x3)
            conv2d(8, 2x2, activation: leaky_relu(0.2))
            flatten
            dense(40, activation: leaky_relu(0.2))",
    )
}

fn program(layers: &str) -> CheckedProgram {
    let end = format!("dense({CLASSES}, activation: softmax)");
    let text = format!("model M {{ {layers}; {end} }} train {{ optimizer: sgd(lr: 1) }}");
    example::program(text)
}

/// Loss, and what a step changes of each parameter.
fn changes(session: &mut TrainSession, images: &[f32], labels: &[i32]) -> (f32, Vec<Vec<f32>>) {
    let count = session.params().len();
    let initial: Vec<Vec<f32>> =
        (0..count).map(|index| weights(index, session.params()[index].shape.extents())).collect();
    initial.iter().enumerate().for_each(|(index, values)| session.write(index, values));
    let inputs = StepInputs {
        images,
        labels: Labels::Classes(labels),
        weights: &[],
        learning_rate: 1.0,
        step: 1,
        update: 1,
        seed: 0,
        stop: false,
    };
    let loss = session.step(&inputs).expect("alone").loss;
    let change = |(index, initial): (usize, &Vec<f32>)| -> Vec<f32> {
        session.values(index).iter().zip(initial).map(|(after, before)| after - before).collect()
    };
    (loss, initial.iter().enumerate().map(change).collect())
}

fn compile(program: &CheckedProgram, simd: Simd, batch: usize) -> TrainSession {
    let options = CompileOptions {
        target: Target::of(simd),
        threads: 2,
        batch,
        random: true,
        choices: Arc::default(),
        library: None,
        ranks: None,
    };
    TrainSession::compile(program, &options).expect("compiles")
}

/// Trains a step of some images, in a plan for this many, and each of them alone.
fn check_mean(program: &CheckedProgram, simd: Simd, batch: usize, images: usize) {
    let picture = program.input_shape().elements();
    let pictures = numbers(5, images * picture);
    let labels: Vec<i32> = (0..).map(|n| n % CLASSES as i32).take(images).collect();
    let (loss, whole) = changes(&mut compile(program, simd, batch), &pictures, &labels);
    let mut single = compile(program, Simd::Portable, 1);
    let mut mean: Vec<Vec<f64>> = whole.iter().map(|change| vec![0.0; change.len()]).collect();
    let mut mean_loss = 0.0;
    for (picture, label) in pictures.chunks(picture).zip(&labels) {
        let (loss, change) = changes(&mut single, picture, std::slice::from_ref(label));
        mean_loss += f64::from(loss) / images as f64;
        for (mean, change) in mean.iter_mut().zip(change) {
            mean.iter_mut().zip(change).for_each(|(mean, change)| *mean += f64::from(change) / images as f64);
        }
    }
    assert!(
        (f64::from(loss) - mean_loss).abs() < 1e-5 * mean_loss,
        "loss {loss}, mean of pictures {mean_loss}"
    );
    for ((whole, mean), param) in whole.iter().zip(&mean).zip(single.params()) {
        let largest = mean.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let error = whole.iter().zip(mean).map(|(&a, b)| (f64::from(a) - b).abs()).fold(0.0, f64::max);
        assert!(largest > 0.0 && error < 1e-4 * largest, "{}: {error} of {largest}", param.name);
    }
}

#[test]
fn batches_are_the_mean_of_their_pictures() {
    let program = large_maps();
    // full, finer tasks that fill no whole number of shards, and a last batch that is short
    for (simd, batch, images) in
        [(Simd::detect(), 16, 16), (Simd::Portable, 21, 21), (Simd::Portable, 21, 10)]
    {
        let graph = optimized_training_graph(&program, true).expect("has a schedule");
        let groups = plan(&graph, Target::of(simd), batch).stages.into_iter().flat_map(|stage| stage.groups);
        let shard = |space| if let Space::Images { shard, .. } = space { Some(shard) } else { None };
        let shards: std::collections::BTreeSet<usize> =
            groups.filter_map(|group| shard(group.space)).collect();
        assert_eq!(shards.len(), 2, "{shards:?} images a task");
        check_mean(&program, simd, batch, images);
    }
}

#[test]
fn so_are_those_through_a_large_dense_layer() {
    let program = large_dense();
    for (simd, batch, images) in [(Simd::detect(), 16, 16), (Simd::Portable, 11, 11), (Simd::Portable, 11, 4)]
    {
        check_mean(&program, simd, batch, images);
    }
}
