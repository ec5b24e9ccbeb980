//! `cnnc run FILE`.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use super::arguments::{ComputeArgs, ProgramArgs};
use super::console::Console;
use super::failure::Failure;
use super::interrupt;
use super::load::{self, Look, Ready};
use super::progress::TrainProgress;
use super::report::{self, Report, Status};
use super::resume::{self, DataChanged};
use super::rewrite::name_of;
use super::table::bytes;
use super::tuning::{self, TuneArgs};
use crate::autodiff;
use crate::ir::{CheckedProgram, TrainSpec};
use crate::kernel::Target;
use crate::memory::{self, Machine};
use crate::plan::Choices;
use crate::runtime::{CompileOptions, EvalSession, Kind, TrainSession};
use crate::settings::Settings;
use crate::train::{
    Arithmetic, Ending, Plan, Pretrained, Progress, Results, RunError, RunFolder, RunRecord, Stage, Trainer,
};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Files of a run: weights.safetensors (final), checkpoints, history.csv (a row an epoch), run.json (settings, timings, results),
state.safetensors and state-previous.safetensors (to go on from), data-index.csv (which pictures it was trained on), run.lock (held while
it runs). Ctrl-C or SIGTERM ends the present step and saves; the exit code is then 1.

Examples:
  cnnc run models/digits.cnn
  cnnc run models/digits.cnn --epochs 5 --seed 7 --set train.batch=64
  cnnc run models/fashion_mnist.cnn --data-dir ~/data --out runs/fashion
  cnnc run models/digits.cnn --resume runs/digits-1 --epochs 40")]
pub(super) struct RunArgs {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    tuning: TuneArgs,
    /// Folder for the run's files [default: runs/STEM-N, the first that is free]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder, exactly as if it had never stopped
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// What becomes of a run that goes on where its data are not those that it was begun with
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = DataChanged::Refuse, requires = "resume")]
    data_changed: DataChanged,
    /// Decides initial weights, shuffling, augmentation and dropout: train.seed of the file
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Passes over the training images: train.epochs of the file
    #[arg(long, value_name = "N")]
    epochs: Option<u64>,
}

impl RunArgs {
    fn overrides(&self) -> Vec<(String, String)> {
        let setting = |key: &str, value: Option<u64>| value.map(|value| (key.to_owned(), value.to_string()));
        setting("train.epochs", self.epochs).into_iter().chain(setting("train.seed", self.seed)).collect()
    }
}

pub(super) fn run(args: &RunArgs, console: &Console, start: Instant) -> Result<(), Failure> {
    let watcher = interrupt::watch()?;
    let mut compute = args.compute;
    let begun = args.resume.as_deref().map(|folder| resume::open(folder, console)).transpose()?;
    let (begun, resumed) = begun.unzip();
    let resumed = resumed.flatten();
    let kept = resumed.as_ref().map(|run| {
        watcher.say_at_the_end(how_to_go_on("interrupted; the state is as it was. To go on", &run.folder));
        Arc::new(run.keep_arithmetic(&mut compute, args.tuning, console))
    });
    let ready =
        load::ready_looking(&args.program.file, &args.program.choice, &args.overrides(), Look::SmallPass, console)?
            .for_its_data();
    let schedule = ready.schedule()?;
    ready.runnable(console)?;
    let settings = Settings::of(&ready.program);
    if let Some(run) = &resumed {
        run.check_settings(&settings)?;
    }
    let stages = stages(&ready);
    let mut at = resumed.as_ref().map_or(0, |run| run.saved.progress.phase);
    let mut data = ready.open_data(None, console)?;
    let index = data.take_index().unwrap_or_default();
    let known = resumed.as_ref().map(|run| run.record(&index, args.data_changed, console)).transpose()?;
    let choices = match kept {
        Some(kept) => kept,
        None => tuned(args.tuning, compute, &ready, &stages, console)?,
    };
    let record = known.unwrap_or_else(|| RunRecord {
        arithmetic: arithmetic(compute, &choices),
        data: index.digest(),
        data_changed_at: Vec::new(),
    });
    let options_for = |batch: usize| CompileOptions { choices: Arc::clone(&choices), ..compute.options(batch, true) };
    let compile = |stage: &StageProgram| -> Result<TrainSession, RunError> {
        Ok(TrainSession::compile(&stage.program, &options_for(stage.train.batch.value))?)
    };
    let compiling = Instant::now();
    // a state of a longer file is refused as one of other settings
    let session = compile(stages.get(at).unwrap_or(&stages[0]))?;
    let compile_seconds = compiling.elapsed().as_secs_f64();
    let options = compute.options(schedule.batch.value, true);
    let folder = match (begun, &args.out) {
        (Some(folder), _) => folder,
        (None, Some(out)) => RunFolder::create(out)?,
        (None, None) => RunFolder::numbered(Path::new("runs"), &stem(&name_of(&args.program.file)))?,
    };
    if resumed.is_none() {
        watcher.say_at_the_end(how_to_go_on("interrupted before the first step. To begin again", &folder));
    }
    let planned = planned_memory(&ready, compute, console);
    let pretrained = if resumed.is_some() { Pretrained::new() } else { ready.pretrained()? };
    let info = ready.weights_info(schedule.seed, &data.classes, data.featurewise.as_ref());
    let report = Report {
        file: &args.program.file,
        model: &ready.program.program().model.name.value,
        settings: &settings,
        seed: schedule.seed,
        threads: options.threads,
        target: options.target,
        record: &record,
        choices: &choices,
        data: &data,
        metrics: autodiff::metrics(&ready.program),
        compile_seconds,
        planned_peak_bytes: planned,
    };
    let plan_of = |at: usize| {
        let stage = stages.get(at).unwrap_or(&stages[0]);
        Plan {
            train: &stage.train,
            stage: Stage { index: at, name: stage.name.as_deref() },
            augment: &ready.program.program().augment,
            data: &data,
            pretrained: &pretrained,
            folder: &folder,
            info: &info,
            settings: &settings,
            record: &record,
            interrupt: &watcher.interrupt,
        }
    };
    let most = stages.iter().map(|stage| stage.train.batch.value).max().unwrap_or(schedule.batch.value);
    let evaluator = || EvalSession::compile(&ready.program, &options_for(most)).map_err(RunError::from);
    let mut trainer = match &resumed {
        Some(run) => {
            let trainer = Trainer::resume(plan_of(at), &run.saved, session, evaluator)?;
            // After the state, where other data were accepted: killed in between, the state knows that the index is not of its data.
            resume::keep_index(&folder.index(), &index, console)?;
            resume::tell_repairs(trainer.repairs(), trainer.lost_rows(), console);
            trainer
        }
        None => {
            report.write(&folder, &Status::Running, &Progress::default(), None, start.elapsed().as_secs_f64())?;
            resume::keep_index(&folder.index(), &index, console)?;
            Trainer::begin(plan_of(at), session, evaluator)?
        }
    };
    drop(index);
    watcher.say_at_the_end(how_to_go_on("interrupted; the state is saved. To go on", &folder));
    announce(&ready, &report, trainer.progress(), schedule.epochs.value, console);
    let first_step = Cell::new(None);
    let mut watch = TrainProgress::new(console, schedule.epochs.value, report.metrics.clone(), || {
        first_step.set(Some(start.elapsed()));
    });
    tell_phase(&stages, at, console);
    let mut outcome = trainer.train(&mut watch);
    while let Ok(Ending::Complete) = outcome
        && let Some(next) = stages.get(at + 1)
        && !trainer.progress().ended
    {
        // the last epoch of the phase has saved its state
        let Some(session) = watcher.interrupt.exposed(|| compile(next)) else {
            outcome = Ok(Ending::Interrupted);
            break;
        };
        at += 1;
        tell_phase(&stages, at, console);
        trainer = trainer.advance(plan_of(at), session?, next.resets_optimizer, &mut watch)?;
        resume::tell_repairs(trainer.repairs(), 0, console);
        outcome = trainer.train(&mut watch);
    }
    let outcome = outcome.and_then(|ending| match ending {
        Ending::Interrupted => Ok(None),
        Ending::Complete => trainer.finish(&mut watch),
    });
    let status = match &outcome {
        Ok(Some(results)) => Status::Finished(results),
        Ok(None) => Status::Interrupted,
        Err(error) => Status::Failed(error.to_string()),
    };
    let written =
        report.write(&folder, &status, trainer.progress(), watch.last.as_ref(), start.elapsed().as_secs_f64());
    // The first failure is the one to tell.
    let results = outcome?;
    written?;
    match results {
        Some(results) => tell(&results, &report, &folder, console),
        None => {
            tell_how_to_go_on(&folder, trainer.progress(), console);
            Err(Failure::Interrupted)
        }
    }
}

/// What the run will take of memory at its peak, in bytes. A word is said where that is more than the system could give at this moment: whether it is there
/// when it is wanted lies with other programs.
fn planned_memory(ready: &Ready, compute: ComputeArgs, console: &Console) -> Option<usize> {
    let (target, threads) = (compute.target(), compute.thread_count());
    let machine = Machine { target, threads, memory_bytes: u64::MAX };
    let planned = memory::plan_memory(&ready.program, ready.card.as_ref(), &machine)?.peak();
    if let Some(free) = memory::free_now().and_then(|free| usize::try_from(free).ok()).filter(|free| *free < planned) {
        let (planned, free) = (bytes(planned), bytes(free));
        console.note(format_args!("note: the run will take {planned} of memory, and {free} are free at the moment"));
    }
    Some(planned)
}

/// The ways of computing convolutions for all that a run compiles, where they are to be timed.
fn tuned(
    tuning: TuneArgs,
    compute: ComputeArgs,
    ready: &Ready,
    stages: &[StageProgram],
    console: &Console,
) -> Result<Arc<Choices>, Failure> {
    let mut all = Choices::default();
    for stage in stages {
        let options = compute.options(stage.train.batch.value, true);
        let subjects = [(&stage.program, Kind::Training), (&ready.program, Kind::Evaluation)];
        all.extend(Choices::clone(&*tuning.choices(&subjects, &options, console)?));
    }
    Ok(Arc::new(all))
}

/// What is trained one after the other.
struct StageProgram {
    program: CheckedProgram,
    train: TrainSpec,
    /// The phase's name.
    name: Option<String>,
    resets_optimizer: bool,
}

fn stages(ready: &Ready) -> Vec<StageProgram> {
    let phases = ready.program.program().train.as_ref().map_or(&[][..], |train| &train.phases);
    let programs = ready.program.stages().into_iter().enumerate();
    let stage = |(at, program): (usize, CheckedProgram)| {
        let train = program.program().train.clone()?;
        let phase = phases.get(at);
        let name = phase.map(|phase| phase.name.value.clone());
        let resets_optimizer = phase.is_some_and(|phase| phase.resets_optimizer);
        Some(StageProgram { program, train, name, resets_optimizer })
    };
    programs.filter_map(stage).collect()
}

fn tell_phase(stages: &[StageProgram], at: usize, console: &Console) {
    let Some(StageProgram { program, name: Some(name), .. }) = stages.get(at) else { return };
    let layers = &program.program().model.layers;
    let frozen = layers.iter().filter(|node| node.frozen).count();
    let frozen = if frozen == 0 { String::new() } else { format!(", {frozen} of {} layers frozen", layers.len()) };
    console.note(format_args!("phase `{name}`{frozen}"));
}

/// How a run computes that is begun now.
fn arithmetic(compute: ComputeArgs, choices: &Choices) -> Arithmetic {
    let Target { simd, exact } = compute.target();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Arithmetic { version, simd: simd.to_string(), exact, kernels: tuning::to_texts(choices) }
}

fn announce(ready: &Ready, report: &Report<'_>, progress: &Progress, epochs: usize, console: &Console) {
    let data = report.data;
    let validation = data.validation.as_ref().map_or(0, |split| split.len());
    let test = data.test.as_ref().map_or(0, |split| split.len());
    console.note(format_args!(
        "{}: {} images to train on, {validation} for validation, {test} for the test; {} threads, {}",
        ready.program.program().model.name.value,
        data.train.len(),
        report.threads,
        report.target.simd,
    ));
    if progress.step > 0 {
        console.note(format_args!("going on after epoch {} of {epochs}, step {}", progress.epoch, progress.step));
    }
}

fn tell(results: &Results, report: &Report<'_>, folder: &RunFolder, console: &Console) -> Result<(), Failure> {
    match &results.test {
        Some(sums) => console.result(format_args!("test {}", report::split_text(sums, &report.metrics)))?,
        None => console.result("there is no test split, so there are no test results")?,
    }
    console.result(format_args!("weights: {}", folder.weights().display()))
}

fn tell_how_to_go_on(folder: &RunFolder, progress: &Progress, console: &Console) {
    let (epoch, steps) = (progress.epoch + 1, progress.batch);
    let what = format!("interrupted in epoch {epoch} after {steps} of its steps; the state is saved. To go on");
    console.problem(how_to_go_on(&what, folder));
}

/// A sentence, and the command that goes on with this run.
fn how_to_go_on(sentence: &str, folder: &RunFolder) -> String {
    format!("{sentence}:\n  {}", resume_command(std::env::args(), folder.path()))
}

/// The command that goes on with this run: this one, with `--resume`.
fn resume_command(arguments: impl Iterator<Item = String>, folder: &Path) -> String {
    let mut words = Vec::new();
    let mut skip = false;
    for argument in arguments {
        // data that were accepted are the run's own from then on
        let names_folder = ["--out", "--resume", "--data-changed"]
            .into_iter()
            .any(|flag| argument == flag || argument.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')));
        if !skip && !names_folder {
            words.push(quoted(&argument));
        }
        skip = !skip && names_folder && !argument.contains('=');
    }
    words.push("--resume".to_owned());
    words.push(quoted(&folder.display().to_string()));
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(|| "run".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_go_on_is_the_same_command() {
        let command = |words: &[&str]| resume_command(words.iter().map(|&word| word.to_owned()), Path::new("runs/a-1"));
        assert_eq!(command(&["cnnc", "run", "a.cnn"]), "cnnc run a.cnn --resume runs/a-1");
        assert_eq!(
            command(&["cnnc", "run", "--out", "b", "a b.cnn", "--epochs", "3"]),
            "cnnc run 'a b.cnn' --epochs 3 --resume runs/a-1"
        );
        assert_eq!(
            command(&["cnnc", "run", "a.cnn", "--resume=runs/a-1", "--seed=1"]),
            "cnnc run a.cnn --seed=1 --resume runs/a-1"
        );
    }
}
