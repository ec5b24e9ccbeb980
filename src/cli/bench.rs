//! `cnnc bench FILE`: how fast.

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::arguments::{ComputeArgs, ProgramArgs, SizeArgs, TuneArgs};
use super::console::Console;
use super::failure::Failure;
use super::load;
use super::progress::Terminal;
use super::table::{Table, bytes};
use crate::experiment::{BatchLabels, Experiment, timed_kernels};
use crate::ir::CheckedProgram;
use crate::memory::{Machine, peak_rss_bytes};
use crate::plan::plan;
use crate::random::Random;
use crate::runtime::{
    CompileError, CompileOptions, EvalSession, Kind, ProfileRow, StepInputs, TrainSession,
    optimized_evaluation_graph, optimized_training_graph,
};
use crate::train::{initial_values, initialise};

#[derive(Debug, Args)]
#[command(after_long_help = "\
One batch of uniform random numbers lies in memory. A training step is forward with dropout and batch statistics, loss, backward, \
update. The median step is quoted; warm-up steps are not counted.

Examples:
  cnnc bench models/fashion_mnist.cnn --mode train --json
  cnnc bench models/fashion_mnist.cnn --mode infer --threads 1 --profile
  cnnc bench models/cifar10_advanced.cnn --tune-kernels")]
pub(super) struct BenchArgs {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    tuning: TuneArgs,
    #[command(flatten)]
    size: SizeArgs,
    /// What is measured
    #[arg(long, value_enum, default_value_t = Measured::Train)]
    mode: Measured,
    /// Images in a batch
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=MOST_BATCH))]
    batch: u32,
    /// Steps that are measured
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Steps before them
    #[arg(long, value_name = "N", default_value_t = 8)]
    warmup: u32,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    /// Add a table of the time that each kernel takes
    #[arg(long)]
    profile: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measured {
    Train,
    Infer,
}

/// As large as batches in files can be.
const MOST_BATCH: i64 = 1 << 24;

/// What is measured: a session with its batch.
enum Subject {
    Train { session: Box<TrainSession>, labels: BatchLabels, learning_rate: f32, step: u64 },
    Infer { session: Box<EvalSession> },
}

impl Subject {
    fn new(
        args: &BenchArgs,
        ready: &Experiment,
        random: &mut Random,
        console: &Console,
    ) -> Result<Self, Failure> {
        let mut options = args.compute.options(args.batch as usize, true);
        if args.mode == Measured::Infer {
            time_kernels(args, ready, &[(&ready.program, Kind::Evaluation)], &mut options, console)?;
            let mut session = Box::new(EvalSession::compile(&ready.program, &options)?);
            let values: Vec<Vec<f32>> =
                session.params().iter().map(|param| initial_values(param, 0)).collect();
            for (at, values) in values.iter().enumerate() {
                session.write(at, values);
            }
            return Ok(Subject::Infer { session });
        }
        ready.schedule()?;
        let program = ready.first_stage();
        let schedule = program.program().train.as_ref().ok_or(CompileError::NoSchedule)?;
        let learning_rate = schedule.optimizer.value.learning_rate();
        let kinds = [Kind::Training, Kind::Frozen];
        let kinds = &kinds[..if program.frozen_part().is_some() { 2 } else { 1 }];
        let subjects: Vec<_> = kinds.iter().map(|&kind| (&program, kind)).collect();
        time_kernels(args, ready, &subjects, &mut options, console)?;
        let mut session = Box::new(TrainSession::compile(&program, &options)?);
        initialise(session.as_mut(), 0);
        let labels = BatchLabels::random(random, &ready.program, args.batch as usize);
        Ok(Subject::Train { session, labels, learning_rate, step: 0 })
    }

    fn step(&mut self, images: &[f32]) {
        match self {
            Subject::Train { session, labels, learning_rate, step } => {
                *step += 1;
                let (labels, learning_rate, step) = (labels.as_labels(), *learning_rate, *step);
                let inputs = StepInputs {
                    images,
                    labels,
                    weights: &[],
                    learning_rate,
                    step,
                    update: step,
                    seed: 0,
                    stop: false,
                };
                // alone: nobody else can end it
                let _ = session.step(&inputs);
            }
            Subject::Infer { session } => {
                session.predict(images);
            }
        }
    }

    fn start_profile(&mut self) {
        match self {
            Subject::Train { session, .. } => session.start_profile(),
            Subject::Infer { session } => session.start_profile(),
        }
    }

    fn profile(&self) -> Vec<ProfileRow> {
        match self {
            Subject::Train { session, .. } => session.profile(),
            Subject::Infer { session } => session.profile(),
        }
    }
}

/// Times the kernels of what is measured, where that is asked for.
fn time_kernels(
    args: &BenchArgs,
    ready: &Experiment,
    subjects: &[(&CheckedProgram, Kind)],
    options: &mut CompileOptions,
    console: &Console,
) -> Result<(), Failure> {
    if args.tuning.tune_kernels {
        options.choices = timed_kernels(subjects, options, &ready.locations, &mut Terminal::new(console))?;
    }
    Ok(())
}

/// Refuses a batch that there is no memory for, before any of it is filled.
fn check_memory(args: &BenchArgs, ready: &Experiment, console: &Console) -> Result<(), Failure> {
    /// Smaller ones are not worth a second plan.
    const LARGE: u32 = 256;
    let Some(machine) = Machine::here().filter(|_| args.batch > LARGE) else { return Ok(()) };
    let batch = args.batch as usize;
    let most = console.permissions().memory_bytes(machine.memory_bytes);
    let mut wanted =
        batch.saturating_mul(ready.program.input_shape().elements()).saturating_mul(size_of::<f32>());
    // where the pictures alone are too many, nothing needs to be planned
    if wanted as u64 <= most {
        let graph = match args.mode {
            Measured::Infer => optimized_evaluation_graph(&ready.program),
            Measured::Train => {
                ready.schedule()?;
                optimized_training_graph(&ready.first_stage(), true)?
            }
        };
        let plan = plan(&graph, args.compute.target(), batch);
        wanted = wanted.saturating_add(plan.memory_bytes(args.compute.thread_count()));
    }
    if wanted as u64 <= most {
        return Ok(());
    }
    let (wanted, most) = (bytes(wanted), bytes(usize::try_from(most).unwrap_or(usize::MAX)));
    Err(Failure::Mistake {
        code: Some("E0630"),
        message: format!("out of memory: a batch of {batch} takes {wanted} or more, and there are {most}"),
        help: Some("take a smaller `--batch`".to_owned()),
    })
}

pub(super) fn bench(args: &BenchArgs, console: &Console, start: Instant) -> Result<(), Failure> {
    let ready = load::ready(&args.program.file, &args.program.choice, &[], console)?;
    let ready = load::of_size(ready, args.size.size)?;
    load::runnable(&ready, console)?;
    check_memory(args, &ready, console)?;
    let mut random = Random::keyed(&[0]);
    let elements = args.batch as usize * ready.program.input_shape().elements();
    let images: Vec<f32> = (0..elements).map(|_| random.unit() as f32).collect();
    let compiling = Instant::now();
    let mut subject = Subject::new(args, &ready, &mut random, console)?;
    let compile = compiling.elapsed();
    subject.step(&images);
    let first_step = start.elapsed();
    for _ in 0..args.warmup {
        subject.step(&images);
    }
    if args.profile {
        subject.start_profile();
    }
    let mut times: Vec<Duration> = (0..args.steps)
        .map(|_| {
            let begun = Instant::now();
            subject.step(&images);
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let step = median(&times);
    let images_per_s = f64::from(args.batch) / step.as_secs_f64();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let report = json!({
        "framework": "cnnc",
        "model": ready.program.program().model.name.value,
        "mode": if args.mode == Measured::Train { "train" } else { "infer" },
        "batch": args.batch,
        "threads": args.compute.thread_count(),
        "simd": args.compute.target().simd.to_string(),
        "images_per_s": rounded(images_per_s, 1),
        "step_ms": rounded(ms(step), 3),
        "step_ms_min": rounded(ms(times[0]), 3),
        "start_to_first_step_s": rounded(first_step.as_secs_f64(), 3),
        "compile_ms": rounded(ms(compile), 1),
        "peak_rss_mib": peak_rss_bytes().map(|bytes| bytes >> 20),
    });
    if args.json {
        console.json(&report)?;
    } else {
        for (key, value) in report.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            console.record(format_args!("{key:<22} {text}"))?;
        }
    }
    if args.profile { show_profile(&subject.profile(), args, console) } else { Ok(()) }
}

/// The table goes to stderr beside `--json`, so that the one line stays alone.
fn show_profile(rows: &[ProfileRow], args: &BenchArgs, console: &Console) -> Result<(), Failure> {
    let mut table = Table::new(2, &["kernel", "layer", "calls/step", "ms/step", "GFLOP/s", "GB/s"]);
    let steps = f64::from(args.steps);
    for row in rows {
        let calls = row.calls as f64 / steps;
        table.row([
            row.family.to_owned(),
            row.layer.clone(),
            format!("{calls:.1}"),
            format!("{:.3}", row.ms / steps),
            format!("{:.1}", row.gflops),
            format!("{:.1}", row.gbs),
        ]);
    }
    if args.json {
        console.drawn(&table.text());
        return Ok(());
    }
    console.result_text(&format!("\n{}", table.text()))
}

/// Of sorted times; with an even number the mean of the middle two.
fn median(sorted: &[Duration]) -> Duration {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2 } else { sorted[middle] }
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let times = |ms: &[u64]| ms.iter().map(|&ms| Duration::from_millis(ms)).collect::<Vec<_>>();
        assert_eq!(median(&times(&[1, 2, 9])), Duration::from_millis(2));
        assert_eq!(median(&times(&[1, 2, 4, 9])), Duration::from_millis(3));
        assert_eq!(rounded(1.23456, 3), 1.235);
    }
}
