//! `cnnc emit FILE --stage S`: the stages of compilation as text.

use clap::{Args, ValueEnum};

use super::arguments::{ProgramArgs, SizeArgs, TargetArgs};
use super::console::Console;
use super::failure::Failure;
use super::load;
use crate::ast;
use crate::autodiff::{evaluation_graph, training_graph};
use crate::experiment::{Experiment, batch_of};
use crate::ir::{FrozenPart, Graph, forward_of_part};
use crate::jit;
use crate::opt;
use crate::plan::plan;
use crate::runtime::{
    CompileError, FEATURES_AT_ONCE, frozen_graph, optimized_evaluation_graph, optimized_training_graph,
};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Stages, in the order they are made:
  ast   the file's syntax, in canonical form
  ir    the graph of operations: forward, loss, backward, update
  opt   the same after all passes; then what was fused, and why the rest was not
  plan  kernel calls in tasks and stages, with the place of every buffer
  clif  the kernels in Cranelift's intermediate form
  asm   the kernels' machine code

Examples:
  cnnc emit models/digits.cnn --stage opt
  cnnc emit models/digits.cnn --stage asm --mode infer --simd avx2")]
pub(super) struct EmitArgs {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    size: SizeArgs,
    /// The stage to print
    #[arg(long, value_enum)]
    stage: Stage,
    /// The program that is compiled: training, inference alone, or the frozen beginning of the model, which
    /// `train` is behind [default: train where the file has a `train` section]
    #[arg(long, value_enum)]
    mode: Option<Mode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    Ast,
    Ir,
    Opt,
    Plan,
    Clif,
    Asm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Train,
    Infer,
    Frozen,
}

impl EmitArgs {
    /// Refuses options that change nothing of the stage.
    fn are_meant(&self) -> Result<(), Failure> {
        let TargetArgs { simd, exact } = self.target;
        let of_code = [(simd.is_some(), "--simd"), (exact, "--exact")];
        let of_graph = [(self.mode.is_some(), "--mode"), (self.size.size.is_some(), "--size")];
        let unused: &[_] = match self.stage {
            Stage::Ast => &[of_graph, of_code].concat(),
            Stage::Ir | Stage::Opt => &of_code,
            Stage::Plan | Stage::Clif | Stage::Asm => &[],
        };
        let Some((_, option)) = unused.iter().find(|(is_given, _)| *is_given) else { return Ok(()) };
        let stage = self.stage.to_possible_value();
        let stage = stage.as_ref().map_or("", |value| value.get_name());
        Err(Failure::Usage(format!("`{option}` changes nothing of the stage `{stage}`")))
    }
}

pub(super) fn emit(args: &EmitArgs, console: &Console) -> Result<(), Failure> {
    args.are_meant()?;
    let ready = load::ready(&args.program.file, &args.program.choice, &[], console)?;
    let ready = load::of_size(ready, args.size.size)?;
    let train = ready.program.program().train.as_ref();
    let mode = args.mode.unwrap_or(if train.is_some() { Mode::Train } else { Mode::Infer });
    let target = args.target.target();
    let batch = if mode == Mode::Frozen { FEATURES_AT_ONCE } else { batch_of(train) };
    let planned = || Ok::<_, Failure>(plan(&optimized(&ready, mode)?, target, batch));
    match args.stage {
        Stage::Ast => console.source_text(&ast::print(&ready.ast)),
        Stage::Ir => console.result_text(&unoptimized(&ready, mode)?.to_string()),
        Stage::Opt => {
            let graph = optimized(&ready, mode)?;
            console.result_text(&format!("{graph}\n{}", opt::fusion_report(&graph)))
        }
        Stage::Plan => console.result_text(&planned()?.to_string()),
        Stage::Clif | Stage::Asm => {
            let plan = planned()?;
            let kernels = jit::compile(&target, &plan.kernels).map_err(CompileError::from)?;
            for (index, description) in plan.kernels.iter().enumerate() {
                let text =
                    if args.stage == Stage::Clif { kernels.clif(index) } else { kernels.assembly(index) };
                let micros: Vec<String> =
                    kernels.micros_of(index).iter().map(|micro| format!("m{micro}")).collect();
                let calls = if micros.is_empty() {
                    String::new()
                } else {
                    format!("; calls {}\n", micros.join(", "))
                };
                console.result_text(&format!("; k{index}: {description:?}\n{calls}{text}\n"))?;
            }
            // the micro-kernels are machine code from the start: they have no Cranelift form to show
            let micros = if args.stage == Stage::Asm { kernels.micros() } else { 0 };
            for micro in 0..micros {
                let (description, text) = (kernels.micro_description(micro), kernels.micro_assembly(micro));
                console.result_text(&format!("; m{micro}: {description}\n{text}\n"))?;
            }
            Ok(())
        }
    }
}

fn unoptimized(ready: &Experiment, mode: Mode) -> Result<Graph, Failure> {
    match mode {
        Mode::Infer => Ok(evaluation_graph(&ready.program, None)),
        Mode::Train => {
            let schedule = ready.schedule()?;
            let loss = ready.program.loss().ok_or(CompileError::NoSchedule)?;
            let part = ready.program.frozen_part();
            Ok(training_graph((&ready.program, part.as_ref()), loss, schedule, true))
        }
        Mode::Frozen => Ok(forward_of_part(&ready.program, &frozen_part(ready)?)),
    }
}

fn optimized(ready: &Experiment, mode: Mode) -> Result<Graph, Failure> {
    match mode {
        Mode::Infer => Ok(optimized_evaluation_graph(&ready.program)),
        Mode::Train => {
            ready.schedule()?;
            Ok(optimized_training_graph(&ready.program, true)?)
        }
        Mode::Frozen => Ok(frozen_graph(&ready.program, &frozen_part(ready)?)),
    }
}

fn frozen_part(ready: &Experiment) -> Result<FrozenPart, Failure> {
    let nothing = "`--mode frozen`: nothing is frozen in front of what is trained";
    ready.program.frozen_part().ok_or_else(|| Failure::Usage(nothing.to_owned()))
}
