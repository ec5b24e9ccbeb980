//! The command line: arguments in, files read, results printed. Everything else asks another room.
//!
//! Results go to stdout, diagnostics and progress to stderr. Exit codes: 0 good; 1 the user's mistake (in a
//! file, in data, in weights), or a run that was interrupted before its end; 2 wrong usage; 3 a bug of ours.

mod account;
mod align;
mod answer;
mod arguments;
mod augment;
mod averages;
mod bench;
mod bug;
mod check;
mod clock;
mod cluster;
mod compare;
mod completions;
mod console;
mod curves;
mod data;
mod diff;
mod drawings;
mod each;
mod emit;
mod eval;
mod explain;
mod export;
mod failure;
mod fmt;
mod graph;
mod help;
mod import;
mod init;
mod interrupt;
mod language;
mod live;
mod load;
mod members;
mod mend;
mod new;
mod npy;
mod permissions;
mod picture;
mod predict;
mod progress;
mod ranks;
mod report;
mod resize;
mod rewrite;
mod rows;
mod run;
mod searched;
mod see;
mod setting;
mod shades;
mod sheet;
mod show;
mod split;
mod step;
mod summary;
mod table;
mod text_diff;
mod trial_progress;
mod tune;
mod ui;
mod used;
mod verdict;
mod weights;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use arguments::GlobalArgs;
use console::Console;
use permissions::End;
use ranks::Ranks;

use crate::diag::Language;
use crate::ranks::Launched;

/// cnnc trains convolutional image models that are written in small .cnn files
///
/// A file is one experiment: a model, its data, how pictures are prepared, how they are varied, how training
/// goes. cnnc checks all of it before the first picture is read, compiles the model for this machine's
/// processor, and trains it.
#[derive(Debug, Parser)]
#[command(name = "cnnc", version, max_term_width = 100, after_long_help = TOUR)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

const TOUR: &str = "\
A first tour:
  cnnc check models/digits.cnn         is the file right?
  cnnc summary models/digits.cnn       layers, shapes, parameters, memory
  cnnc run models/digits.cnn           train it, into runs/digits-1
  cnnc predict runs/digits-1 seven.png   what is on this picture?

Exit codes: 0 good; 1 a mistake in a file, data or weights, or a run that was interrupted; 2 wrong usage; 3 a bug in cnnc.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a model, evaluate it on the test split, write weights and history
    Run(run::RunArgs),
    /// Search for better settings: run the trials of the file's `tune`, write the best as a file
    Tune(tune::SearchArgs),
    /// Find mistakes in files without training anything
    Check(check::CheckArgs),
    /// Show what is known of a file's data: classes, counts, sizes, range, splits
    Data(data::CardArgs),
    /// Write augmented training pictures, to look at
    Augment(augment::AugmentArgs),
    /// Lay out files: the same text with blanks and line ends as they should be
    Fmt(fmt::FmtArgs),
    /// Show layers, shapes, parameters, work and memory
    Summary(summary::SummaryArgs),
    /// Show what differs between two models: layers, parameters, memory, settings
    Diff(diff::DiffArgs),
    /// Draw a network
    Graph(graph::GraphArgs),
    /// Print the program with every default, block and import spelled out
    Show(show::ShowArgs),
    /// Evaluate trained weights on the test split
    Eval(eval::EvalArgs),
    /// Compare runs: settings, results, and which is better, if the numbers can tell
    Compare(compare::CompareArgs),
    /// Write the page of a run: how good, what goes wrong, what it is, how to do it again
    Report(report::ReportArgs),
    /// Show all runs below a folder in a browser: results, curves over each other, what differs
    Ui(ui::UiArgs),
    /// Say what is on pictures
    Predict(predict::PredictArgs),
    /// Draw what a trained model sees: heat maps, feature maps, filters, mistakes, samples
    See(see::SeeArgs),
    /// Print a stage of the compilation
    Emit(emit::EmitArgs),
    /// Explain a diagnostic's code
    Explain(explain::ExplainArgs),
    /// Do a few training steps on one given batch, to compare with other frameworks
    Step(step::StepArgs),
    /// Write a trained model for other programs: ONNX, or its tensors under the names of PyTorch or Keras
    Export(export::ExportArgs),
    /// Write a model of Keras or ONNX as a program, with its weights beside it
    Import(import::ImportArgs),
    /// Write a model's initial weights
    Init(init::InitArgs),
    /// Look into files of weights, of Keras, PyTorch and others too; convert and compare them
    Weights(weights::WeightsArgs),
    /// Write a new file to begin with: a small experiment, a copy of a model of the zoo, or transfer learning on your photos
    New(new::NewArgs),
    /// Measure the speed of training steps or of inference
    Bench(bench::BenchArgs),
    /// Print the commands and options for a shell to complete
    Completions(completions::CompletionsArgs),
}

/// Whether people are spoken to in Korean: for those who may not even ask for memory to say something.
#[must_use]
pub fn speaks_korean() -> bool {
    language::spoken() == Language::Korean
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let start = clock::process_start();
    bug::report_panics();
    language::speak(language::asked_for(language::lang_in(std::env::args_os())));
    // of several processes with the same arguments one tells what is wrong with them
    let is_silent = Launched::of_this_process().is_some_and(|launched| launched.rank > 0);
    let cli: Cli = match help::parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results; everything else is wrong usage.
            if !is_silent {
                help::print(&error);
            }
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let console = Console::new(&cli.global, is_silent);
    let permissions = console.permissions();
    let saves = matches!(cli.command, Command::Run(_) | Command::Tune(_));
    let end = if saves { End::Saving } else { End::AtOnce };
    let limited = permissions
        .are_meant()
        .and_then(|()| permissions.limit_time(start, end, is_silent))
        .and_then(|()| permissions.limit_memory());
    let is_divided = matches!(cli.command, Command::Run(_) | Command::Tune(_));
    let alone = if is_divided { Ok(()) } else { ranks::refuse_several() };
    let mut ranks = Ranks::default();
    let done = limited.and(alone).and_then(|()| match &cli.command {
        Command::Run(args) => {
            ranks = Ranks::join(args.ranks(), &console)?;
            run::run(args, &console, start, &mut ranks)
        }
        Command::Tune(args) => {
            ranks = Ranks::join(args.ranks(), &console)?;
            tune::tune(args, &console, start, &mut ranks)
        }
        Command::Check(args) => check::check(args, &console),
        Command::Data(args) => data::data(args, &console),
        Command::Augment(args) => augment::augment(args, &console),
        Command::Fmt(args) => fmt::fmt(args, &console),
        Command::Show(args) => show::show(args, &console),
        Command::Summary(args) => summary::summary(args, &console),
        Command::Diff(args) => diff::diff(args, &console),
        Command::Graph(args) => graph::graph(args, &console),
        Command::Eval(args) => eval::eval(args, &console),
        Command::Compare(args) => compare::compare(args, &console),
        Command::Report(args) => report::report(args, &console),
        Command::Ui(args) => ui::ui(args, &console),
        Command::Predict(args) => predict::predict(args, &console),
        Command::See(args) => see::see(args, &console),
        Command::Emit(args) => emit::emit(args, &console),
        Command::Explain(args) => explain::explain(args, &console),
        Command::Step(args) => step::step(args, &console),
        Command::Export(args) => export::export(args, &console),
        Command::Import(args) => import::import(args, &console),
        Command::Init(args) => init::init(args, &console),
        Command::Weights(args) => weights::weights(args, &console),
        Command::New(args) => new::new(args, &console),
        Command::Bench(args) => bench::bench(args, &console, start),
        Command::Completions(args) => completions::completions(args, &console),
    });
    match ranks.ended(done) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            ranks.failed(&failure, &console);
            failure.exit_code()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_teaches_by_example() {
        for command in Cli::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(help.contains("cnnc "), "{} shows no example", command.get_name());
        }
    }
}
