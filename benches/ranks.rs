//! How much of the exchange of several ranks passes while they compute, over networks of several latencies and
//! bandwidths, and what the prediction says. `cargo bench --bench ranks -- [FILE] [--ranks N] [--json]`.
//!
//! Ranks are threads of this process with one worker each, and messages take as long as the network would.
//! Steps without a network take turns with those over it. `cnnc summary FILE --ranks N --simulate` makes the
//! predictions.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cnnc::front::load;
use cnnc::internals::ir::{CheckedProgram, Labels};
use cnnc::internals::kernel::Target;
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::ranks::{Communicator, threads, threads_over};
use cnnc::internals::runtime::{CodeLibrary, CompileOptions, StepInputs, TrainSession};
use cnnc::internals::train::initialise;
use cnnc::source::SourceFile;
use cnnc::{ClusterOptions, Compute, Experiment, Network, Options};

const WARM_UP: usize = 3;
const STEPS: usize = 12;
const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

/// Microseconds.
const LATENCIES: [u64; 5] = [20, 100, 500, 1000, 2000];
/// Gbit/s.
const BANDWIDTHS: [f64; 3] = [1.0, 10.0, 100.0];

/// What is run.
struct Subject {
    program: CheckedProgram,
    batch: usize,
    elements: usize,
    classes: i32,
    library: Arc<CodeLibrary>,
}

impl Subject {
    /// The median step of the first rank, in seconds.
    fn step_seconds(&self, ranks: Vec<Communicator>) -> f64 {
        let times = std::thread::scope(|scope| {
            let ranks: Vec<_> = ranks.into_iter().map(|rank| scope.spawn(move || self.steps(rank))).collect();
            let mut times: Vec<Vec<f64>> =
                ranks.into_iter().map(|rank| rank.join().expect("no rank panics")).collect();
            times.swap_remove(0)
        });
        median(times)
    }

    fn steps(&self, ranks: Communicator) -> Vec<f64> {
        let options = CompileOptions {
            target: Target::host(),
            threads: 1,
            batch: self.batch,
            random: true,
            choices: Arc::default(),
            library: Some(Arc::clone(&self.library)),
            ranks: Some(ranks.clone()),
        };
        let mut session = TrainSession::compile(&self.program, &options).expect("compiles");
        initialise(&mut session, 0);
        let images: Vec<f32> =
            (0..self.batch * self.elements).map(|i| ((i * 31) % 255) as f32 / 255.0).collect();
        let labels: Vec<i32> = (0..self.classes).cycle().take(self.batch).collect();
        ranks.barrier().expect("all are there");
        let mut times = Vec::with_capacity(STEPS);
        for number in 1..=WARM_UP + STEPS {
            let begun = Instant::now();
            let step = number as u64;
            let inputs = StepInputs {
                images: &images,
                labels: Labels::Classes(&labels),
                weights: &[],
                learning_rate: 1e-3,
                step,
                update: step,
                seed: 0,
                stop: false,
            };
            session.step(&inputs).expect("all are there");
            if number > WARM_UP {
                times.push(begun.elapsed().as_secs_f64());
            }
        }
        times
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// What the command line asks for.
struct Asked {
    file: PathBuf,
    ranks: usize,
    json: bool,
}

impl Asked {
    fn read() -> Self {
        let mut asked = Self { file: "models/cifar10_advanced.cnn".into(), ranks: 2, json: false };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => asked.json = true,
                "--ranks" => {
                    asked.ranks = words.next().and_then(|word| word.parse().ok()).expect("--ranks N");
                }
                _ => asked.file = word.into(),
            }
        }
        asked
    }
}

#[allow(clippy::print_stdout, reason = "a program for the terminal")]
fn main() {
    let asked = Asked::read();
    let experiment = Experiment::open(&asked.file, &Options::default()).expect("a program");
    // the same program, all of it spelled out
    let loaded = load(SourceFile::new("m.cnn", experiment.to_text()), &LowerOptions::default(), &|_| None);
    let program = loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.problems));
    let train = program.program().train.as_ref().expect("a `train` section");
    let subject = Subject {
        batch: train.batch.value,
        elements: experiment.input_shape().elements(),
        classes: i32::try_from(experiment.output_shape().elements()).expect("few classes"),
        library: Arc::new(CodeLibrary::default()),
        program,
    };
    let name = asked.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if !asked.json {
        println!("{name}, {} ranks, batch {}", asked.ranks, subject.batch);
        println!("Gbit/s  latency µs  ms without  ms a step  predicted  hidden  predicted");
    }
    for gbit in BANDWIDTHS {
        for micros in LATENCIES {
            let network = Network { latency: Duration::from_micros(micros), bytes_per_second: gbit * 1.25e8 };
            let compute = Compute { threads: 1, ..Compute::default() };
            let options = ClusterOptions { ranks: asked.ranks, network, compute };
            let predicted = experiment.cluster(&options).expect("can be predicted").asked.outlook;
            let (mut without, mut over) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                without.push(subject.step_seconds(threads(asked.ranks, PATIENCE)));
                over.push(subject.step_seconds(threads_over(asked.ranks, network, PATIENCE)));
            }
            let (without, over) = (median(without), median(over));
            let alone = predicted.exchange_seconds;
            let hidden = (1.0 - (over - without) / alone).clamp(0.0, 1.0);
            let said = predicted.hidden_share().unwrap_or(1.0);
            let step = predicted.simulation.step_seconds;
            let [without, over, step, alone] = [without, over, step, alone].map(|seconds| seconds * 1e3);
            if asked.json {
                println!(
                    "{{\"model\": \"{name}\", \"ranks\": {}, \"gbit\": {gbit}, \"latency_us\": {micros}, \
                     \"without_ms\": {without:.4}, \"step_ms\": {over:.4}, \"predicted_ms\": {step:.4}, \
                     \"exchange_ms\": {alone:.4}, \"hidden\": {hidden:.4}, \"predicted_hidden\": {said:.4}}}",
                    asked.ranks
                );
            } else {
                println!(
                    "{gbit:>6}  {micros:>10}  {without:>10.3}  {over:>9.3}  {step:>9.3}  {:>5.0}%  {:>8.0}%",
                    hidden * 100.0,
                    said * 100.0
                );
            }
        }
    }
}
