//! `cnnc step FILE …`: a few training steps on one given batch.

use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::{ComputeArgs, ProgramArgs};
use super::console::Console;
use super::failure::Failure;
use super::load;
use super::npy::{self, Images};
use super::used;
use crate::experiment::BatchLabels;
use crate::ir::{CheckedProgram, LabelKind};
use crate::runtime::{CompileError, StepInputs, TrainSession};
use crate::train::{RunError, weights};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Each step is one of the `train` section's optimizer on the whole batch, from fresh optimizer state. Nothing is shuffled or \
augmented, and all pictures count alike, whatever `class_weight` says; the learning rate is the optimizer's own, whatever `schedule` says; of several phases it is the first. Without --seed dropout and noise are the identity; batch norm trains. Prints each step's loss, as it was before the update. \
With it any other framework can check the gradients.

Example:
  cnnc init mine.cnn --seed 1 --output w0.safetensors
  cnnc step mine.cnn --weights w0.safetensors --input x.npy --labels y.npy --steps 10 --output w1.safetensors")]
pub(super) struct StepArgs {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    /// Weights to start from, or a run's folder
    #[arg(long, value_name = "WEIGHTS")]
    weights: PathBuf,
    /// The batch: prepared pictures, float32 [N, H, W, C]
    #[arg(long, value_name = "X.npy")]
    input: PathBuf,
    /// Its class indices, int64 [N]; 0 or 1 for a single unit. With `labels: regression` or `multi`: numbers,
    /// float32 [N, K]
    #[arg(long, value_name = "Y.npy")]
    labels: PathBuf,
    /// Number of steps
    #[arg(long, value_name = "K", default_value_t = 1)]
    steps: u64,
    /// Weights to write
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Turns dropout and noise on, and decides them
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

pub(super) fn step(args: &StepArgs, console: &Console) -> Result<(), Failure> {
    let ready = load::ready(&args.program.file, &args.program.choice, &[], console)?;
    ready.schedule()?;
    load::runnable(&ready, console)?;
    let open = ready.open_axes();
    let Images { count, size, values: images } =
        npy::read_images(&args.input, ready.program.input_shape(), open)?;
    let ready = if open == [false; 2] { ready } else { ready.at(size)? };
    // of several phases the first: it is the one that begins with fresh weights
    let program = ready.first_stage();
    let schedule = program.program().train.as_ref().ok_or(CompileError::NoSchedule)?;
    let labels = read_labels(&args.labels, &ready.program, count)?;
    let options = args.compute.options(count, args.seed.is_some());
    let mut session = TrainSession::compile(&program, &options)?;
    let start = weights::load(
        &used::weights_at(&args.weights)?,
        &program,
        session.params(),
        weights::Taking::default(),
    )?;
    for (at, values) in &start.values {
        session.write(*at, values);
    }
    let (learning_rate, seed) = (schedule.optimizer.value.learning_rate(), args.seed.unwrap_or(0));
    // of what is frozen the same in each step
    let mut features = Vec::new();
    let images = if session.features(&images, size, &mut features)? { features } else { images };
    for step in 1..=args.steps {
        let (images, labels) = (&images, labels.as_labels());
        let inputs =
            StepInputs { images, labels, weights: &[], learning_rate, step, update: step, seed, stop: false };
        let result = session.learn(&inputs).map_err(RunError::from)?;
        console.beside(&args.output, format_args!("step {step}: loss {}", result.loss))?;
        if !result.loss.is_finite() {
            let layer = session.first_non_finite_layer(images)?;
            let (epoch, batch) = (1, usize::try_from(step).unwrap_or(usize::MAX));
            return Err(
                RunError::NotFinite { loss: result.loss, step, epoch, batch, layer, learning_rate }.into()
            );
        }
    }
    weights::save(&args.output, &start.info, session.params(), |at| session.values(at).into())?;
    Ok(())
}

/// Reads labels of the program's kind for `count` images.
fn read_labels(path: &Path, program: &CheckedProgram, count: usize) -> Result<BatchLabels, Failure> {
    let outputs = program.output_shape().elements();
    Ok(match program.label_kind() {
        LabelKind::Single => {
            BatchLabels::Classes(npy::read_labels(path, count, BatchLabels::classes_of(outputs))?)
        }
        LabelKind::Multi | LabelKind::Regression => {
            BatchLabels::Numbers(npy::read_numbers(path, count, outputs)?)
        }
    })
}
