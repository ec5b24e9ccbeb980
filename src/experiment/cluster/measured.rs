//! A step and messages, measured on this machine.

use std::time::{Duration, Instant};

use super::super::batch_labels::BatchLabels;
use super::super::compute::Compute;
use super::super::error::Error;
use crate::cluster::{Costs, Rates, TaskTimes};
use crate::ir::CheckedProgram;
use crate::random::Random;
use crate::ranks::{RankError, Tag, threads};
use crate::runtime::{CompileError, StepInputs, TrainSession};
use crate::train::{RunError, initialise};

/// The largest batch that is measured: larger ones have more shards of the same size, and take as much longer.
const LARGEST: usize = 128;

/// Steps before those that are measured.
const WARM_UP: u64 = 3;

/// How long steps are measured, of each kind: by themselves, and call by call.
const LONG_ENOUGH: Duration = Duration::from_millis(1500);

/// Fewest and most steps that are measured.
const STEPS: [usize; 2] = [3, 40];

/// What was measured.
#[derive(Debug)]
pub(super) struct Measured {
    /// Pictures in the batch.
    pub(super) batch: usize,
    pub(super) threads: usize,
    /// The median step.
    pub(super) seconds: f64,
    pub(super) rates: Rates,
    /// By how much a step takes longer than its kernels say.
    pub(super) factor: f64,
    pub(super) costs: Costs,
}

impl Measured {
    /// Some steps of a program on random pictures.
    pub(super) fn of(program: &CheckedProgram, batch: usize, compute: Compute) -> Result<Self, Error> {
        let batch = batch.min(LARGEST);
        let mut session = TrainSession::compile(program, &compute.options(batch, true))?;
        initialise(&mut session, 0);
        let mut steps = Steps::new(program, batch, &mut session)?;
        for _ in 0..WARM_UP {
            steps.step(&mut session)?;
        }
        let seconds = median(steps.timed(&mut session)?);
        session.start_profile();
        let count = steps.timed(&mut session)?.len();
        let calls: Vec<f64> =
            session.call_seconds().into_iter().map(|seconds| seconds / count as f64).collect();
        let threads = compute.thread_count();
        let plan = session.plan();
        let rates = Rates::measured(plan, &calls);
        let all = |stage: usize, group: usize| plan.stages[stage].groups[group].space.tasks();
        let kernels: f64 = TaskTimes::new(plan, &rates).stages(threads, all).iter().sum();
        let factor = if kernels > 0.0 { seconds / kernels } else { 1.0 };
        let costs = costs().map_err(RunError::from)?;
        Ok(Self { batch, threads, seconds, rates, factor, costs })
    }
}

/// Steps on one random batch.
struct Steps {
    /// Pictures, or what a frozen part makes of them.
    images: Vec<f32>,
    labels: BatchLabels,
    learning_rate: f32,
    number: u64,
}

impl Steps {
    fn new(program: &CheckedProgram, batch: usize, session: &mut TrainSession) -> Result<Self, Error> {
        let train = program.program().train.as_ref().ok_or(CompileError::NoSchedule)?;
        let mut random = Random::keyed(&[0]);
        let (height, width, _) = program.input_shape().as_pixels();
        let elements = batch * program.input_shape().elements();
        let images: Vec<f32> = (0..elements).map(|_| random.unit() as f32).collect();
        let mut features = Vec::new();
        let images =
            if session.features(&images, [height, width], &mut features)? { features } else { images };
        let labels = BatchLabels::random(&mut random, program, batch);
        Ok(Self { images, labels, learning_rate: train.optimizer.value.learning_rate(), number: 0 })
    }

    fn step(&mut self, session: &mut TrainSession) -> Result<(), Error> {
        self.number += 1;
        let inputs = StepInputs {
            images: &self.images,
            labels: self.labels.as_labels(),
            weights: &[],
            learning_rate: self.learning_rate,
            step: self.number,
            update: self.number,
            seed: 0,
            stop: false,
        };
        session.learn(&inputs).map_err(RunError::from)?;
        Ok(())
    }

    /// Seconds of each of some steps.
    fn timed(&mut self, session: &mut TrainSession) -> Result<Vec<f64>, Error> {
        let [fewest, most] = STEPS;
        let begun = Instant::now();
        let mut times = Vec::with_capacity(most);
        while times.len() < fewest || (times.len() < most && begun.elapsed() < LONG_ENOUGH) {
            let begun = Instant::now();
            self.step(session)?;
            times.push(begun.elapsed().as_secs_f64());
        }
        Ok(times)
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// What messages cost those who send and receive them, between two ranks of this process.
fn costs() -> Result<Costs, RankError> {
    const SMALL: usize = 2_000;
    const LARGE: (usize, usize) = (8, 4 << 20);
    let ranks = threads(2, Duration::from_secs(10));
    let seconds_of = |messages: usize, bytes: &[u8]| -> Result<f64, RankError> {
        let begun = Instant::now();
        for _ in 0..messages {
            ranks[0].send_with(1, Tag(0), |buffer| buffer.extend_from_slice(bytes))?;
        }
        let mut received = vec![0_u8; bytes.len()];
        for _ in 0..messages {
            ranks[1].receive_with(0, Tag(0), |message| received.copy_from_slice(message))?;
        }
        // the same for who sends and who receives
        Ok(begun.elapsed().as_secs_f64() / (2 * messages) as f64)
    };
    seconds_of(SMALL, &[0; 64])?;
    let message_seconds = seconds_of(SMALL, &[0; 64])?;
    let (messages, bytes) = LARGE;
    let large = vec![1_u8; bytes];
    seconds_of(messages, &large)?;
    let byte_seconds = (seconds_of(messages, &large)? - message_seconds).max(0.0) / bytes as f64;
    Ok(Costs { message_seconds, byte_seconds })
}
