//! From a file's path to a checked program, its problems shown on the way.

use std::cell::RefCell;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::arguments::{ChoiceArgs, DataArgs};
use super::bug;
use super::console::Console;
use super::failure::Failure;
use super::progress::DataProgress;
use super::rewrite::{name_of, read_text};
use crate::ast;
use crate::card::{DataCard, PictureSize};
use crate::data::cards::{self, CardError};
use crate::data::{Bounds, DataError, Dataset, Featurewise, InputSize, Locations};
use crate::diag::{Code, Diagnostic, Level, render, render_all};
use crate::files;
use crate::front::{self, Loaded, Surroundings, WeightsFile};
use crate::ir::{CheckedProgram, DataSpec, Mode, TrainSpec, forward};
use crate::lower::LowerOptions;
use crate::memory::{self, Machine, memory_bytes};
use crate::printed;
use crate::printed::shown;
use crate::runtime::CompileError;
use crate::settings::{Settings, prepare_json};
use crate::show;
use crate::source::{SourceFile, SourceMap};
use crate::train::weights::{Weights, WeightsInfo};
use crate::train::{Pretrained, pretrained, tensor_shapes};

/// A file that has been read, with what was found in it.
#[derive(Debug)]
pub(super) struct Reading {
    /// What the front end made of it.
    pub(super) loaded: Loaded,
    /// Why there is no data card, if there should be one.
    pub(super) card_error: Option<CardError>,
    /// Where its data are.
    pub(super) locations: Locations,
}

/// How closely data are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Names and headers, for what does not train.
    Names,
    /// Names and headers.
    Card,
    /// All files once, where they are few and small.
    SmallPass,
    /// All files once.
    Pass,
}

/// Data up to this size are passed over before each run: 64 MiB take a fraction of a second, and the pass is remembered.
const SMALL_BYTES: u64 = 64 << 20;

/// Reads and checks a file. Settings of `more` come after those of `choice`.
/// # Errors
/// [`Failure::Mistake`] if the file cannot be read.
pub(super) fn read_looking(
    file: &Path,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    look: Look,
    console: &Console,
) -> Result<Reading, Failure> {
    Ok(judge(file, read_text(file)?, choice, more, look, console))
}

/// Checks a text as if it stood in a file.
pub(super) fn judge(
    file: &Path,
    text: String,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    look: Look,
    console: &Console,
) -> Reading {
    let permissions = console.permissions();
    let file = &*name_of(file);
    let mut locations = permissions.narrow(Locations::of_run(file, choice.data.data_dir.as_deref()));
    locations.bounds = bounds(&choice.data);
    let options =
        LowerOptions { model: choice.model.clone(), overrides: choice.set.iter().chain(more).cloned().collect() };
    let card_error = RefCell::new(None);
    // the front end asks twice, for the classes and for the checks
    let known: RefCell<Option<(DataSpec, DataCard)>> = RefCell::default();
    let card_of = |data: &DataSpec| -> Option<DataCard> {
        if let Some((_, card)) = known.borrow().as_ref().filter(|(of, _)| of == data) {
            return Some(card.clone());
        }
        let passes = match look {
            Look::Names | Look::Card => false,
            Look::SmallPass => cards::size_bytes(data, &locations).is_some_and(|bytes| bytes <= SMALL_BYTES),
            Look::Pass => true,
        };
        let card = if passes { cards::with_pass(data, &locations) } else { cards::of(data, &locations) };
        // without the pass there may still be a card
        let card = card.or_else(|error| {
            card_error.replace(Some(error));
            cards::of(data, &locations)
        });
        let card = card.ok()?;
        known.replace(Some((data.clone(), card.clone())));
        Some(card)
    };
    let weights = |written: &str| weights_file(written, &locations);
    let machine = if matches!(look, Look::Names) { None } else { Machine::here() };
    let machine =
        machine.map(|machine| Machine { memory_bytes: permissions.memory_bytes(machine.memory_bytes), ..machine });
    let memory = |program: &CheckedProgram, card: Option<&DataCard>| memory::check(program, card, machine.as_ref()?);
    let around = Surroundings {
        card_of: &card_of,
        read: &|path| read_used(path, &locations),
        weights: &weights,
        memory: &memory,
    };
    let loaded = front::load_within(SourceFile::new(file.display().to_string(), text), &options, around);
    Reading { loaded, card_error: card_error.into_inner(), locations }
}

/// What is known of a weights file, by its path as a program has it.
fn weights_file(written: &str, locations: &Locations) -> WeightsFile {
    match locations.resolve(Path::new(written)) {
        Ok(place) => tensor_shapes(&place.path).map_or_else(WeightsFile::Unsound, WeightsFile::Tensors),
        Err(error @ DataError::Outside { .. }) => WeightsFile::Unsound(error.to_string()),
        Err(_) => WeightsFile::Missing,
    }
}

/// The text of a file that another one uses.
fn read_used(path: &Path, locations: &Locations) -> io::Result<String> {
    locations.access.check(path)?;
    files::read_text(path, files::MOST_SOURCE_BYTES)
}

/// Within which bounds data are read.
fn bounds(data: &DataArgs) -> Bounds {
    Bounds { max_pixels: data.max_pixels, memory_bytes: memory_bytes().unwrap_or(u64::MAX) }
}

/// Shows the problems of a reading on stderr.
pub(super) fn show(reading: &Reading, console: &Console) {
    for drawn in render_all(&reading.loaded.problems, &reading.loaded.sources, console.style()) {
        console.drawn(&drawn);
    }
}

/// How a command ends on what was found, if it does: a wrong choice of the model is wrong usage.
pub(super) fn verdict(loaded: &Loaded, console: &Console) -> Result<(), Failure> {
    let problems = &loaded.problems;
    let errors = || problems.iter().filter(|problem| problem.level == Level::Error);
    if problems.has_errors() {
        return Err(if errors().all(|problem| problem.code == Code::E0021) {
            Failure::ShownUsage
        } else {
            Failure::Shown
        });
    }
    console.permissions().judge(loaded)?;
    let warnings = problems.count(Level::Warning);
    if warnings > 0 && console.denies_warnings() {
        let s = if warnings == 1 { "" } else { "s" };
        return Err(Failure::mistake(
            format!("{warnings} warning{s}, and warnings are denied"),
            "mend the file, or leave `--deny warnings` away",
        ));
    }
    Ok(())
}

/// A program that can be compiled.
#[derive(Debug)]
pub(super) struct Ready {
    /// The program.
    pub(super) program: CheckedProgram,
    /// Its syntax.
    pub(super) ast: ast::File,
    /// Where its data are.
    pub(super) locations: Locations,
    /// Class names, where they are known.
    pub(super) classes: Vec<String>,
    /// What is known of its data.
    pub(super) card: Option<DataCard>,
    /// `[height, width]` of the data's pictures, where they are known and all alike.
    picture_size: Option<[usize; 2]>,
    /// The texts that spans point into.
    sources: SourceMap,
}

/// Reads and checks a file, shows its problems, and goes on only with a sound program.
/// # Errors
/// [`Failure`]: the file cannot be read or has errors.
pub(super) fn ready(
    file: &Path,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    console: &Console,
) -> Result<Ready, Failure> {
    ready_looking(file, choice, more, Look::Names, console)
}

/// [`ready`], with another look at the data.
/// # Errors
/// As [`ready`].
pub(super) fn ready_looking(
    file: &Path,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    look: Look,
    console: &Console,
) -> Result<Ready, Failure> {
    ready_text(file, read_text(file)?, choice, more, look, console)
}

/// [`ready_looking`] for a text that has been read already.
/// # Errors
/// [`Failure`]: the text has errors.
pub(super) fn ready_text(
    file: &Path,
    text: String,
    choice: &ChoiceArgs,
    more: &[(String, String)],
    look: Look,
    console: &Console,
) -> Result<Ready, Failure> {
    let reading = judge(file, text, choice, more, look, console);
    show(&reading, console);
    if let Some(error @ CardError::Malformed(_)) = reading.card_error {
        return Err(error.into());
    }
    verdict(&reading.loaded, console)?;
    let Loaded { ast, program, card, sources, .. } = reading.loaded;
    let Some(program) = program else { return Err(Failure::Shown) };
    let picture_size = card.as_ref().and_then(|card| match card.size {
        PictureSize::Same(size) => Some(size),
        PictureSize::Varies { .. } => None,
    });
    let classes = card.as_ref().map(|card| card.classes.clone()).unwrap_or_default();
    // pictures that are resized have one size, whatever the model takes
    let program = match &program.program().prepare.resize {
        Some(resize) if program.open_sizes().is_some() => {
            program.at([resize.value.height, resize.value.width]).map_err(CompileError::from)?
        }
        Some(_) | None => program,
    };
    bug::happens_with(&program, &ast);
    Ok(Ready { program, ast, locations: reading.locations, classes, card, picture_size, sources })
}

impl Ready {
    /// The program for the pictures of its data, where they have one size and the program leaves it open.
    #[must_use]
    pub(super) fn for_its_data(mut self) -> Self {
        if let (Some(_), Some(size)) = (self.program.open_sizes(), self.picture_size)
            && let Ok(program) = self.program.at(size)
        {
            self.program = program;
        }
        self
    }

    /// The program for pictures of a size that was asked for; else for those of its data, where they have one size.
    /// # Errors
    /// [`Failure`] if the program leaves the size open and nothing says which is meant, or it does not take that size.
    pub(super) fn of_size(self, asked: Option<[usize; 2]>) -> Result<Self, Failure> {
        let Some(asked) = asked else {
            let ready = self.for_its_data();
            return match ready.program.open_sizes() {
                None => Ok(ready),
                Some(open) => Err(Failure::mistake(
                    format!("the model takes pictures of all sizes from {}x{} on", open.least[0], open.least[1]),
                    "say which: `--size 224x224`",
                )),
            };
        };
        Ok(Self { program: self.program.at(asked).map_err(CompileError::from)?, ..self })
    }

    /// Shows what of the program is checked but not run by this version.
    /// # Errors
    /// [`Failure::Shown`] if there is anything.
    pub(super) fn runnable(&self, console: &Console) -> Result<(), Failure> {
        let parts = self.program.program().not_run_yet();
        for (what, span) in &parts {
            let problem = Diagnostic::new(Code::E0010).arg("what", what).at(*span, "here");
            console.drawn(&render(&problem, &self.sources, console.style()));
        }
        if parts.is_empty() { Ok(()) } else { Err(Failure::Shown) }
    }

    /// The program as its first phase trains it; the program itself where there are no phases.
    pub(super) fn first_stage(&self) -> CheckedProgram {
        self.program.stages().into_iter().next().unwrap_or_else(|| self.program.clone())
    }

    /// The schedule.
    /// # Errors
    /// [`Failure::Mistake`] if the file has none.
    pub(super) fn schedule(&self) -> Result<&TrainSpec, Failure> {
        self.program.program().train.as_ref().ok_or_else(|| {
            Failure::mistake("the file has no `train` section", "add one: `train { epochs: 10; optimizer: adam }`")
        })
    }

    /// The images, with a progress bar where there is something to wait for. `featurewise` are statistics that weights bring.
    /// # Errors
    /// [`Failure::Mistake`] if the file has no data or they cannot be read.
    pub(super) fn open_data(&self, featurewise: Option<Featurewise>, console: &Console) -> Result<Dataset, Failure> {
        let program = self.program.program();
        let data = program.data.as_ref().ok_or_else(|| {
            Failure::mistake("the file has no `data` section", "add one: `data { source: digits; test: 20% of all }`")
        })?;
        let mut progress = DataProgress::new(console);
        let open = self.program.open_sizes().map_or([false; 2], |open| open.axes);
        let input = InputSize { shape: self.program.input_shape(), open };
        let mut opened =
            Dataset::open_with(data, &program.prepare, input, featurewise, &self.locations, &mut |step| {
                progress.show(step);
            })?;
        progress.clear();
        opened.set_outputs(self.program.output_shape().elements());
        if let [first, ..] = &opened.damaged[..] {
            let count = opened.damaged.len();
            console.note(format_args!(
                "note: {count} damaged pictures were left out (run.json lists them), such as {first}"
            ));
        }
        if let [first, ..] = &opened.ignored[..] {
            let count = opened.ignored.len();
            console.note(format_args!(
                "note: {count} files are not pictures and were left out, such as `{}`",
                shown(first)
            ));
        }
        Ok(opened)
    }

    /// What the layers of models with `weights:` start from.
    /// # Errors
    /// [`Failure::Mistake`] where such a file is missing or does not fit.
    pub(super) fn pretrained(&self) -> Result<Pretrained, Failure> {
        let model = &self.program.program().model;
        let params = forward(&self.program, Mode::Inference).graph.params;
        let find = |written: &str| Ok(self.locations.resolve(Path::new(written))?.path);
        Ok(pretrained(model, &params, &find)?)
    }

    /// What a weights file of this program says about itself.
    pub(super) fn weights_info(&self, seed: u64, classes: &[String], statistics: Option<&Featurewise>) -> WeightsInfo {
        let mut prepare = prepare_json(&self.program.program().prepare);
        if let (Value::Object(entries), Some(statistics)) = (&mut prepare, statistics) {
            entries.insert("featurewise".into(), serde_json::json!(statistics));
        }
        WeightsInfo {
            source: show::show(&[&self.program], &self.ast),
            settings: Settings::of(&self.program).to_json().to_string(),
            prepare: prepare.to_string(),
            classes: classes.to_vec(),
            seed,
        }
    }

    /// The statistics that weights bring, after a look at whether they were trained on pictures prepared as this file says.
    /// # Errors
    /// [`Failure::Mistake`] if they were not.
    pub(super) fn statistics_of(&self, weights: &Weights, path: &Path) -> Result<Option<Featurewise>, Failure> {
        if weights.info.prepare.is_empty() {
            return Ok(None);
        }
        let unsound = || {
            Failure::mistake(
                format!("`{}` says of its `prepare` what cannot be understood", printed::shown_path(path)),
                "write the weights anew with this version of cnnc",
            )
        };
        let mut brought: Value = serde_json::from_str(&weights.info.prepare).map_err(|_| unsound())?;
        let statistics = brought.as_object_mut().ok_or_else(unsound)?.shift_remove("featurewise");
        let wanted = prepare_json(&self.program.program().prepare);
        if brought != wanted {
            return Err(Failure::mistake(
                format!(
                    "`{}` was trained on pictures prepared by {brought}, and the file says {wanted}",
                    printed::shown_path(path)
                ),
                "write the same `prepare` section: weights go with the pictures they were trained on",
            ));
        }
        let Some(found) = statistics else { return Ok(None) };
        let statistics: Featurewise = serde_json::from_value(found).map_err(|_| unsound())?;
        if !statistics.is_sound() {
            return Err(Failure::mistake(
                format!(
                    "`{}` normalises pictures by means {:?} and deviations {:?}, which must be finite, and the deviations above 0",
                    path.display(),
                    statistics.mean,
                    statistics.std
                ),
                "take weights that have not been changed since they were trained",
            ));
        }
        Ok(Some(statistics))
    }
}
