//! From the command line to a line of JSON: threads, steps, times, memory.
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::Failure;
use crate::arguments::Arguments;

/// A step to be timed.
pub type Step = Box<dyn FnMut() -> Result<(), Failure>>;

/// The number of threads, for rayon and for those who ask it the same way.
const THREADS: &str = "RAYON_NUM_THREADS";

/// A program's `main`: `prepare` makes the step that is timed. `package` is the library's name in the
/// registry.
pub fn main(framework: &str, package: &str, prepare: impl FnOnce(&Arguments) -> Result<Step, Failure>) -> ExitCode {
    match run(framework, package, prepare) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{framework}: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(
    framework: &str,
    package: &str,
    prepare: impl FnOnce(&Arguments) -> Result<Step, Failure>,
) -> Result<String, Failure> {
    let started = Instant::now();
    let version = version(package)?;
    if std::env::args().nth(1).is_some_and(|word| word == "--version") {
        return Ok(format!("{framework} {version}"));
    }
    let a = Arguments::parse(std::env::args().skip(1))?;
    with_threads(a.threads)?;

    let mut step = prepare(&a)?;
    step()?;
    let first = started.elapsed().as_secs_f64();
    for _ in 0..a.warmup {
        step()?;
    }
    let mut times = Vec::with_capacity(a.steps);
    for _ in 0..a.steps {
        let begun = Instant::now();
        step()?;
        times.push(begun.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let middle = (times[(times.len() - 1) / 2] + times[times.len() / 2]) / 2.0;
    Ok(format!(
        "{{\"framework\": \"{framework}\", \"version\": \"{version}\", \"model\": \"{}\", \"mode\": \"{}\", \"batch\": {}, \
         \"threads\": {}, \"images_per_s\": {:.1}, \"step_ms\": {:.3}, \"step_ms_min\": {:.3}, \
         \"start_to_first_step_s\": {first:.2}, \"peak_rss_mib\": {}}}",
        a.model,
        a.mode.name(),
        a.batch,
        a.threads,
        a.batch as f64 / middle,
        middle * 1e3,
        times[0] * 1e3,
        peak_mib()?,
    ))
}

/// Starts the program again where the environment asks for another number of threads: candle reads it from
/// there, whatever rayon was told.
fn with_threads(threads: usize) -> Result<(), Failure> {
    let wanted = threads.to_string();
    if std::env::var(THREADS).is_ok_and(|count| count == wanted) {
        return Ok(());
    }
    let failure = Command::new(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(THREADS, wanted).exec();
    Err(format!("could not start again with {threads} threads: {failure}").into())
}

/// Of a package that this one was built with.
fn version(package: &str) -> Result<&'static str, Failure> {
    let name = format!("name = \"{package}\"");
    let mut lines = include_str!("../Cargo.lock").lines().skip_while(|line| *line != name);
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.ok_or_else(|| format!("Cargo.lock has no {package}").into())
}

/// The most resident memory that there was.
fn peak_mib() -> Result<u64, Failure> {
    let path = "/proc/self/status";
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kib.ok_or_else(|| format!("{path} has no VmHWM"))? / 1024)
}
