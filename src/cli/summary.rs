//! `cnnc summary FILE`.

use clap::Args;

use super::arguments::{ComputeArgs, ProgramArgs};
use super::console::Console;
use super::eval::batch_of;
use super::failure::Failure;
use super::load::{self, Ready};
use super::table::{Table, bytes, metric_prefix, thousands};
use crate::ir::Graph;
use crate::layers::ParamSpec;
use crate::plan::plan;
use crate::runtime::{optimized_evaluation_graph, optimized_training_graph};
use crate::tensor::Shape;

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
}

pub(super) fn summary(args: &SummaryArgs, console: &Console) -> Result<(), Failure> {
    let ready = load::ready(&args.program.file, &args.program.choice, &[], console)?;
    let model = &ready.program.program().model;
    let mut table = Table::new(2, &["layer", "kind", "output", "parameters", "FLOPs", "memory"]);
    let (mut trainable, mut fixed, mut flops) = (0, 0, 0);
    for (at, node) in model.layers.iter().enumerate() {
        let layer = node.layer.as_op();
        let inputs: Vec<Shape> = node.inputs.iter().map(|&input| ready.program.shape(input).clone()).collect();
        let params = layer.params(&inputs);
        let elements = |wanted: bool| {
            let of_kind = params.iter().filter(|param: &&ParamSpec| param.trainable == wanted);
            of_kind.map(|param| param.shape.elements() as u64).sum::<u64>()
        };
        let work = layer.flops(&inputs);
        (trainable, fixed, flops) = (trainable + elements(true), fixed + elements(false), flops + work);
        let output = ready.program.shape(crate::ir::LayerId(u32::try_from(at).unwrap_or(u32::MAX)));
        table.row([
            node.path.clone(),
            layer.keyword().to_owned(),
            output.to_string(),
            thousands(elements(true) + elements(false)),
            metric_prefix(work),
            bytes(4 * output.elements()),
        ]);
    }
    console.result(format_args!("model {}", model.name.value))?;
    console.result_text(&table.text())?;
    console.result(format_args!(
        "{} parameters ({} trainable, {} not), {} in a weights file; {} FLOPs a picture",
        thousands(trainable + fixed),
        thousands(trainable),
        thousands(fixed),
        bytes(4 * usize::try_from(trainable + fixed).unwrap_or(usize::MAX)),
        metric_prefix(flops),
    ))?;
    peaks(args, &ready, console)
}

fn peaks(args: &SummaryArgs, ready: &Ready, console: &Console) -> Result<(), Failure> {
    let batch = batch_of(ready.program.program().train.as_ref());
    let threads = args.compute.thread_count();
    let peak = |graph: &Graph| {
        let plan = plan(graph, args.compute.target(), batch);
        bytes(plan.arena_bytes + threads * plan.scratch_bytes)
    };
    let inference = peak(&optimized_evaluation_graph(&ready.program));
    if ready.program.program().train.is_some() && ready.program.loss().is_some() {
        let training = peak(&optimized_training_graph(&ready.program, true)?);
        console.result(format_args!("peak memory, batch {batch}: {training} for training, {inference} for inference"))
    } else {
        console.result(format_args!("peak memory, batch {batch}: {inference} for inference"))
    }
}
