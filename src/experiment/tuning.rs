//! Ways of computing convolutions that were timed on this machine, and the file that remembers them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::error::Error;
use super::watch::{Event, Timed, Warning, Watch};
use crate::checksum::Checksum;
use crate::data::Locations;
use crate::files;
use crate::ir::CheckedProgram;
use crate::plan::Choices;
use crate::printed;
use crate::runtime::{CompileOptions, Kind, tune};

/// A file of choices larger than this was not written by us: each takes some hundred bytes.
const MOST_BYTES: u64 = 16 << 20;

/// Times the ways of all graphs of these programs that are not open in their size, but for those that are
/// remembered.
/// # Errors
/// [`Error::Compile`]: kernels that cannot be compiled.
pub(crate) fn timed(
    subjects: &[(&CheckedProgram, Kind)],
    options: &CompileOptions,
    locations: &Locations,
    watch: &mut dyn Watch,
) -> Result<Arc<Choices>, Error> {
    let cache = Cache::of_this_machine(locations);
    let mut known = cache.read();
    let mut choices = Choices::default();
    let (mut timed, mut skipped) = (0, 0);
    for &(program, kind) in subjects {
        if program.open_sizes().is_some() {
            skipped += 1;
            continue;
        }
        let mut progress = |done, all| watch.see(Event::TimingKernels { done, all });
        let (found, new) = tune((program, kind), options, &known, &mut progress)?;
        timed += new;
        known.extend(found.clone());
        choices.extend(found);
    }
    let done = match skipped {
        0 => Timed::Some { new: timed, known: choices.len() - timed },
        _ => Timed::OpenSize,
    };
    watch.see(Event::KernelsTimed(done));
    if timed > 0
        && let Err(why) = cache.write(known)
    {
        watch.see(Event::Warning(Warning::NotRemembered { why }));
    }
    Ok(Arc::new(choices))
}

/// Choices as a value of JSON.
pub(crate) fn to_json(choices: &Choices) -> Value {
    Value::Object(choices.texts().map(|(key, way)| (key.to_owned(), Value::from(way))).collect())
}

/// What [`to_json`] made.
pub(crate) fn from_json(value: &Value) -> Choices {
    let entries = value.as_object().into_iter().flatten();
    Choices::from_texts(entries.filter_map(|(key, way)| Some((key.as_str(), way.as_str()?))))
}

/// Choices as a run remembers them.
pub(crate) fn to_texts(choices: &Choices) -> BTreeMap<String, String> {
    choices.texts().map(|(key, way)| (key.to_owned(), way)).collect()
}

/// What [`to_texts`] made, as far as this version knows it.
pub(crate) fn of_texts(texts: &BTreeMap<String, String>) -> Choices {
    Choices::from_texts(texts.iter().map(|(key, way)| (key.as_str(), way.as_str())))
}

/// The file that remembers the choices on one kind of processor.
struct Cache {
    processor: String,
    /// `None` where the system knows no cache directory, or it may not be used.
    path: Option<PathBuf>,
}

impl Cache {
    fn of_this_machine(locations: &Locations) -> Self {
        let processor = processor();
        let name: String = processor
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let path = locations.cache.as_ref().map(|cache| cache.join("kernels").join(format!("{name}.json")));
        Self { processor, path }
    }

    /// What is remembered; nothing where there is no such file, it is damaged, or another version wrote it:
    /// its kernels are others.
    fn read(&self) -> Choices {
        let text = || files::read(self.path.as_ref()?, MOST_BYTES).ok();
        let found = text().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        found
            .filter(|found| found["checksum"] == checksum(&found["choices"]).as_str())
            .filter(|found| {
                found["cnnc"] == env!("CARGO_PKG_VERSION") && found["processor"] == self.processor.as_str()
            })
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
    let named =
        info.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == "model name");
    named.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
