//! `cnnc summary FILE`.

use clap::Args;

use super::arguments::{ComputeArgs, ProgramArgs, SizeArgs};
use super::console::Console;
use super::eval::batch_of;
use super::failure::Failure;
use super::load::{self, Ready};
use super::peaks::peaks as peaks_of;
use super::table::{Table, bytes, metric_prefix, thousands};
use crate::figures;
use crate::ir::LayerId;
use crate::memory::{self, Machine};

#[derive(Debug, Args)]
#[command(after_long_help = "\
FLOPs are the multiplications and additions of one picture's forward pass. A layer's memory is that of its result for one picture.
The peaks are those of the whole plan: parameters, optimizer state, activations, scratch.

Example:
  cnnc summary models/fashion_mnist.cnn --set train.batch=128")]
pub(super) struct SummaryArgs {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    size: SizeArgs,
}

pub(super) fn summary(args: &SummaryArgs, console: &Console) -> Result<(), Failure> {
    let ready = load::ready(&args.program.file, &args.program.choice, &[], console)?;
    let ready = match args.size.size {
        Some(_) => ready.of_size(args.size.size)?,
        None => ready.for_its_data(),
    };
    // of sizes that are left open what depends on them is not known
    let open = ready.program.open_sizes();
    let known = |text: String| if open.is_some() { "?".to_owned() } else { text };
    let model = &ready.program.program().model;
    let mut table = Table::new(2, &["layer", "kind", "output", "parameters", "FLOPs", "memory"]);
    let layers = figures::layers(&ready.program);
    for (at, layer) in layers.iter().enumerate() {
        table.row([
            layer.path.clone(),
            layer.kind.to_owned(),
            ready.program.shape_text(LayerId(u32::try_from(at).unwrap_or(u32::MAX))),
            thousands(layer.parameters()),
            known(metric_prefix(layer.flops)),
            known(bytes(4 * layer.output.elements())),
        ]);
    }
    let trainable: u64 = layers.iter().map(|layer| layer.trainable).sum();
    let fixed: u64 = layers.iter().map(|layer| layer.fixed).sum();
    let flops: u64 = layers.iter().map(|layer| layer.flops).sum();
    console.result(format_args!("model {}", model.name.value))?;
    console.result_text(&table.text())?;
    console.result(format_args!(
        "{} parameters ({} trainable, {} not), {} in a weights file; {} FLOPs a picture",
        thousands(trainable + fixed),
        thousands(trainable),
        thousands(fixed),
        bytes(4 * usize::try_from(trainable + fixed).unwrap_or(usize::MAX)),
        known(metric_prefix(flops)),
    ))?;
    if let Some(open) = open {
        let [height, width] = open.least;
        return console
            .result(format_args!("takes pictures from {height}x{width} on; `--size HxW` tells the rest of one size"));
    }
    peaks(args, &ready, console)
}

fn peaks(args: &SummaryArgs, ready: &Ready, console: &Console) -> Result<(), Failure> {
    let batch = batch_of(ready.program.program().train.as_ref());
    let peaks = peaks_of(&ready.program, args.compute)?;
    let inference = bytes(peaks.inference_bytes);
    match peaks.training_bytes.map(bytes) {
        Some(training) => console
            .result(format_args!("peak memory, batch {batch}: {training} for training, {inference} for inference"))?,
        None => console.result(format_args!("peak memory, batch {batch}: {inference} for inference"))?,
    }
    let options = args.compute.options(batch, true);
    let machine = Machine { target: options.target, threads: options.threads, memory_bytes: u64::MAX };
    let Some(memory) = memory::plan_memory(&ready.program, ready.card.as_ref(), &machine) else { return Ok(()) };
    let parts: Vec<String> = memory.parts().iter().map(|(name, size)| format!("{name} {}", bytes(*size))).collect();
    console.result(format_args!("`cnnc run` takes {} at its peak: {}", bytes(memory.peak()), parts.join(", ")))
}
