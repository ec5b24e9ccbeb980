//! `--tune-kernels`: ways of computing convolutions that were timed on this machine, and the file that remembers them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::console::Console;
use super::failure::Failure;
use super::permissions::Permissions;
use super::progress::TuneProgress;
use crate::checksum::Checksum;
use crate::files;
use crate::ir::CheckedProgram;
use crate::plan::Choices;
use crate::printed;
use crate::runtime::{CompileOptions, Kind, tune};

/// A file of choices larger than this was not written by us: each takes some hundred bytes.
const MOST_BYTES: u64 = 16 << 20;

/// Whether kernels are timed.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct TuneArgs {
    /// Time the ways of computing each convolution on this machine and take the fastest, instead of the one that a model of the processor names. Remembered in the cache
    /// directory; the last digits of results may differ from those without
    #[arg(long)]
    pub(super) tune_kernels: bool,
}

impl TuneArgs {
    /// Ways for all graphs of these programs that are not open in their size; none where they were not asked for.
    /// # Errors
    /// [`Failure`]: kernels that cannot be compiled.
    pub(super) fn choices(
        self,
        subjects: &[(&CheckedProgram, Kind)],
        options: &CompileOptions,
        console: &Console,
    ) -> Result<Arc<Choices>, Failure> {
        if !self.tune_kernels {
            return Ok(Arc::default());
        }
        let cache = Cache::of_this_machine(console.permissions());
        let mut known = cache.read();
        let mut choices = Choices::default();
        let (mut timed, mut skipped) = (0, 0);
        let mut progress = TuneProgress::new(console);
        for &(program, kind) in subjects {
            if program.open_sizes().is_some() {
                skipped += 1;
                continue;
            }
            let (found, new) = tune((program, kind), options, &known, &mut |done, all| progress.show(done, all))?;
            timed += new;
            known.extend(found.clone());
            choices.extend(found);
        }
        progress.clear();
        if skipped > 0 {
            console.note("kernels were not tuned: the size of the model's pictures is open");
        } else {
            console.note(format_args!("kernels tuned: {timed} convolutions timed, {} known", choices.len() - timed));
        }
        if timed > 0
            && let Err(why) = cache.write(known)
        {
            console.problem(format_args!("warning: what was timed will not be remembered: {why}"));
        }
        Ok(Arc::new(choices))
    }
}

/// Choices as a value of JSON.
pub(super) fn to_json(choices: &Choices) -> Value {
    Value::Object(choices.texts().map(|(key, way)| (key.to_owned(), Value::from(way))).collect())
}

/// What [`to_json`] made.
pub(super) fn from_json(value: &Value) -> Choices {
    let entries = value.as_object().into_iter().flatten();
    Choices::from_texts(entries.filter_map(|(key, way)| Some((key.as_str(), way.as_str()?))))
}

/// Choices as a run remembers them.
pub(super) fn to_texts(choices: &Choices) -> BTreeMap<String, String> {
    choices.texts().map(|(key, way)| (key.to_owned(), way)).collect()
}

/// What [`to_texts`] made, as far as this version knows it.
pub(super) fn of_texts(texts: &BTreeMap<String, String>) -> Choices {
    Choices::from_texts(texts.iter().map(|(key, way)| (key.as_str(), way.as_str())))
}

/// The file that remembers the choices on one kind of processor.
struct Cache {
    processor: String,
    /// `None` where the system knows no cache directory, or it may not be used.
    path: Option<PathBuf>,
}

impl Cache {
    fn of_this_machine(permissions: &Permissions) -> Self {
        let processor = processor();
        let name: String =
            processor.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let dirs = if permissions.are_restricted() { None } else { directories::ProjectDirs::from("", "", "cnnc") };
        let path = dirs.map(|dirs| dirs.cache_dir().join("kernels").join(format!("{name}.json")));
        Self { processor, path }
    }

    /// What is remembered; nothing where there is no such file, it is damaged, or another version wrote it: its kernels are others.
    fn read(&self) -> Choices {
        let text = || files::read(self.path.as_ref()?, MOST_BYTES).ok();
        let found = text().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        found
            .filter(|found| found["checksum"] == checksum(&found["choices"]).as_str())
            .filter(|found| found["cnnc"] == env!("CARGO_PKG_VERSION") && found["processor"] == self.processor.as_str())
            .map(|found| from_json(&found["choices"]))
            .unwrap_or_default()
    }

    /// Adds to what is there by now: another process may have written in the meantime.
    fn write(&self, mut choices: Choices) -> Result<(), String> {
        let path = self.path.as_ref().ok_or("there is no cache directory, or it may not be used")?;
        choices.extend(self.read());
        let choices = to_json(&choices);
        let contents = json!({
            "cnnc": env!("CARGO_PKG_VERSION"),
            "processor": self.processor,
            "checksum": checksum(&choices),
            "choices": choices,
        });
        let text = serde_json::to_string_pretty(&contents).map_err(|error| error.to_string())? + "\n";
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder).map_err(|error| format!("`{}`: {error}", printed::shown_path(folder)))?;
        files::write(path, |file| file.write_all(text.as_bytes())).map_err(|error| error.to_string())
    }
}

/// The checksum of remembered choices: a damaged one would be another way of computing.
fn checksum(choices: &Value) -> String {
    Checksum::of(choices.to_string().as_bytes()).to_string()
}

/// The processor's name where the system tells it, else its architecture.
fn processor() -> String {
    let info = files::system_text("/proc/cpuinfo").unwrap_or_default();
    let named = info.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == "model name");
    named.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
