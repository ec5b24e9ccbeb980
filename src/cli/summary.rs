//! `cnnc summary FILE`.

use clap::Args;

use super::arguments::{ComputeArgs, ProgramArgs, SizeArgs};
use super::cluster::{self, ClusterArgs};
use super::console::Console;
use super::each;
use super::failure::Failure;
use super::language::said;
use super::table::{Table, bytes, metric_prefix, thousands};
use crate::experiment::{Experiment, Memory, Peaks};
use crate::figures::PartRate;

#[derive(Debug, Args)]
#[command(after_long_help = "\
FLOPs are the multiplications and additions of one picture's forward pass. A layer's memory is that of its result for one picture. \
The peaks are those of the whole plan: parameters, optimizer state, activations, scratch.

With --ranks some steps are measured on random data. How several machines like this one would train together follows from the plan, a step's time and the \
network; --simulate shows where a step of theirs waits.

Examples:
  cnnc summary models/fashion_mnist.cnn --set train.batch=128
  cnnc summary models/cifar10_advanced.cnn --ranks 4 --bandwidth 25Gbit --latency 5us
  cnnc summary models/cats_dogs.cnn --ranks 2 --simulate")]
pub(super) struct SummaryArgs {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    size: SizeArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(super) fn summary(args: &SummaryArgs, console: &Console) -> Result<(), Failure> {
    for (at, ready) in each::ready(&args.program.file, &args.program.choice, console)?.into_iter().enumerate()
    {
        if at > 0 {
            console.result("")?;
        }
        summary_of(args, ready, console)?;
    }
    Ok(())
}

/// Of a file that searches, which program is shown.
pub(super) const FIRST_POINT: &str =
    "the file searches: shown is the point of its space with the first value of each `search(…)`";

fn summary_of(args: &SummaryArgs, ready: Experiment, console: &Console) -> Result<(), Failure> {
    if ready.space().is_some() {
        console.note(FIRST_POINT);
    }
    let ready = match args.size.size {
        Some(size) => ready.at(size)?,
        None => ready.for_its_data(),
    };
    let summary = ready.summary();
    // of sizes that are left open what depends on them is not known
    let known = |text: String| if summary.open_from.is_some() { "?".to_owned() } else { text };
    let mut table = Table::new(2, &["layer", "kind", "output", "parameters", "FLOPs", "memory"]);
    for layer in &summary.layers {
        table.row([
            layer.path.clone(),
            if layer.frozen {
                said(&format!("{}, frozen", layer.kind)).into_owned()
            } else {
                layer.kind.to_owned()
            },
            layer.shape.clone(),
            thousands(layer.parameters()),
            known(metric_prefix(layer.flops)),
            known(bytes(layer.output_bytes())),
        ]);
    }
    let (trainable, fixed) = (summary.trainable(), summary.fixed());
    console.result(format_args!("model {}", summary.model))?;
    console.result_text(&table.text())?;
    console.result(format_args!(
        "{} parameters ({} trainable, {} not), {} in a weights file; {} FLOPs a picture",
        thousands(trainable + fixed),
        thousands(trainable),
        thousands(fixed),
        bytes(4 * usize::try_from(trainable + fixed).unwrap_or(usize::MAX)),
        known(metric_prefix(summary.flops())),
    ))?;
    for (phase, changed) in &summary.phases {
        console.result(format_args!("phase {phase} changes {} of them", thousands(*changed)))?;
    }
    for PartRate { phase, part, factor } in &summary.rates {
        match phase {
            Some(phase) => console
                .result(format_args!("phase {phase} multiplies the learning rate of `{part}` by {factor}"))?,
            None => {
                console.result(format_args!("the learning rate of `{part}` is multiplied by {factor}"))?
            }
        }
    }
    for frozen in ready.frozen() {
        for sentence in frozen.sentences() {
            match &frozen.phase {
                Some(phase) => console.result(format_args!("phase {phase}: {sentence}"))?,
                None => console.result(sentence)?,
            }
        }
    }
    if let Some([height, width]) = summary.open_from {
        return console.result(format_args!(
            "takes pictures from {height}x{width} on; `--size HxW` tells the rest of one size"
        ));
    }
    tell(ready.memory(&args.compute.compute().machine())?, console)?;
    cluster::tell(&args.cluster, &ready, args.compute.compute(), console)
}

fn tell(memory: Memory, console: &Console) -> Result<(), Failure> {
    let Peaks { batch, training_bytes, inference_bytes } = memory.peaks;
    let inference = bytes(inference_bytes);
    match training_bytes.map(bytes) {
        Some(training) => console.result(format_args!(
            "peak memory, batch {batch}: {training} for training, {inference} for inference"
        ))?,
        None => console.result(format_args!("peak memory, batch {batch}: {inference} for inference"))?,
    }
    let Some(run) = memory.run else { return Ok(()) };
    let parts: Vec<String> =
        run.parts().iter().map(|(name, size)| format!("{name} {}", bytes(*size))).collect();
    console.result(format_args!("`cnnc run` takes {} at its peak: {}", bytes(run.peak()), parts.join(", ")))
}
