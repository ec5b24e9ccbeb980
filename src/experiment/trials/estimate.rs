//! How long a search will take: some steps of its first point, and the work of the others.

use std::time::Instant;

use super::super::compute::Compute;
use super::super::error::Error;
use super::super::job::stages;
use super::super::open::Experiment;
use super::points::Points;
use super::trial::Pictures;
use crate::figures::Summary;
use crate::random::Random;
use crate::runtime::{CompileOptions, StepInputs, TrainSession};
use crate::space::{Point, Space};
use crate::train::initialise;

/// Steps that are measured.
const STEPS: u32 = 4;

/// Points whose work is looked at.
const POINTS: usize = 32;

/// Time of the training steps of so many epochs, in seconds, on this machine with all of its threads. `None`
/// where that cannot be told: there are no pictures, or their sizes are open.
/// # Errors
/// Where the first point cannot be compiled.
pub(super) fn seconds(
    points: &Points<'_>,
    (first, pictures): (&Experiment, &Pictures),
    epochs: usize,
    (compute, options): (Compute, &CompileOptions),
) -> Result<Option<f64>, Error> {
    let stages = stages(&first.program);
    let Some(stage) = stages.first().filter(|_| first.open_axes() == [false; 2]) else { return Ok(None) };
    let (train, data) = (&stage.train, &pictures.data);
    let threads = compute.thread_count();
    let options = CompileOptions { threads, batch: train.batch.value, ..options.clone() };
    let mut session = TrainSession::compile(&stage.program, &options)?;
    initialise(&mut session, train.seed);
    let augment = &first.program.program().augment;
    let mut batches = data.train_batches(1, train.seed, train.batch.value, augment, 0);
    let Some(batch) = batches.next().transpose()? else { return Ok(None) };
    drop(batches);
    // alone: nobody else can end it
    let mut step = |number: u64| {
        let _ = session.step(&StepInputs {
            images: &batch.images,
            labels: batch.as_labels(),
            weights: &batch.weights,
            learning_rate: train.optimizer.value.learning_rate(),
            step: number,
            update: number,
            seed: train.seed,
            stop: false,
        });
    };
    step(1);
    let begun = Instant::now();
    for number in 0..STEPS {
        step(u64::from(number) + 2);
    }
    let seconds_a_step = begun.elapsed().as_secs_f64() / f64::from(STEPS);
    let steps = (data.train_batch_count(train.batch.value) * epochs) as f64;
    let relative = mean_work(points) / work(&first.program);
    Ok(Some(seconds_a_step * steps * relative))
}

fn work(program: &crate::ir::CheckedProgram) -> f64 {
    Summary::of(program).flops().max(1) as f64
}

/// The mean work of points all over the space.
fn mean_work(points: &Points<'_>) -> f64 {
    let mut random = Random::keyed(&[0]);
    let works: Vec<f64> =
        (0..POINTS).filter_map(|_| points.work(&somewhere(points.space(), &mut random))).collect();
    works.iter().sum::<f64>() / works.len().max(1) as f64
}

/// A point with a value for each parameter.
fn somewhere(space: &Space, random: &mut Random) -> Point {
    let value = |parameter: &crate::space::Parameter| match (parameter.domain.count(), &parameter.domain) {
        (Some(count), domain) => Some(domain.at(random.below(count as u64) as usize)),
        (None, domain) => Some(domain.first()),
    };
    Point(space.parameters.iter().map(value).collect())
}
