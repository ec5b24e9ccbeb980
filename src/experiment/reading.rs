//! From a file's text to everything that is known of it, its problems included.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::findings::Findings;
use super::open::Experiment;
use super::options::{Look, Options};
use crate::card::{DataCard, PictureSize};
use crate::data::cards::{self, CardError};
use crate::data::{DataError, Locations};
use crate::diag::Code;
use crate::files;
use crate::front::{self, Loaded, Surroundings, WeightsFile};
use crate::ir::{CheckedProgram, DataSpec};
use crate::lower::{LowerOptions, OVERRIDE};
use crate::memory::{self, Machine, memory_bytes};
use crate::source::SourceFile;
use crate::train::RunError;
use crate::weights;
use crate::zoo::{self, ZooModel};

/// Data up to this size are passed over before each run: 64 MiB take a fraction of a second, and the pass is
/// remembered.
const SMALL_BYTES: u64 = 64 << 20;

/// The constant for the number of classes.
const CLASSES: &str = "classes";

/// A text that has been read, with what was found in it.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The file, as it was named.
    pub(crate) file: PathBuf,
    /// What the front end made of it.
    pub(crate) loaded: Loaded,
    /// Why there is no data card, if there should be one.
    pub(crate) card_error: Option<CardError>,
    /// Where its data are.
    pub(crate) locations: Locations,
}

impl Reading {
    /// Reads and checks a file.
    /// # Errors
    /// [`Error::Run`] and [`Error::NotText`] if it cannot be read.
    pub(crate) fn of_file(file: &Path, options: &Options) -> Result<Self, Error> {
        Ok(Self::of_text(file, read_text(file)?, options))
    }

    /// Checks a text as if it stood in a file.
    pub(crate) fn of_text(file: &Path, text: String, options: &Options) -> Self {
        let name = name_of(file);
        let locations = options.locations.clone().unwrap_or_else(|| usual_locations(&name));
        let lowering = LowerOptions { model: options.model.clone(), overrides: options.settings.clone() };
        let cards = Cards {
            locations: &locations,
            look: options.look,
            known: RefCell::default(),
            error: RefCell::default(),
        };
        let machine = machine(options);
        let memory = |program: &CheckedProgram, card: Option<&DataCard>| {
            memory::check(program, card, machine.as_ref()?)
        };
        let around = Surroundings {
            card_of: &|data| cards.of(data),
            missing: &|_| if options.look == Look::Card { cards.missing() } else { None },
            read: &|path| read_used(path, &locations),
            weights: &|written| weights_file(written, &locations),
            memory: &memory,
        };
        let mut loaded =
            front::load_within(SourceFile::new(name.display().to_string(), text), &lowering, around);
        // whoever overrules a setting for one command knows what it does
        let Loaded { problems, sources, .. } = &mut loaded;
        problems.silence_at(|span| sources.find(span.start).0.name == OVERRIDE);
        let card_error = cards.error.into_inner();
        if let Some(CardError::Malformed(_)) = &card_error {
            // how many classes there are is known once the data are sound
            let Loaded { problems, sources, .. } = &mut loaded;
            problems.discard(|problem| {
                problem.code == Code::E0016
                    && problem.labels.iter().any(|label| sources.slice(label.span) == CLASSES)
            });
        }
        Self { file: file.to_owned(), loaded, card_error, locations }
    }

    /// The experiment, where the file has no errors.
    /// # Errors
    /// [`Error::Problems`] with all that was found, [`Error::Data`] where the data are there and something is
    /// wrong with them.
    pub(crate) fn into_experiment(self) -> Result<Experiment, Error> {
        if let Some(CardError::Malformed(error)) = self.card_error {
            return Err(error.into());
        }
        let Loaded { ast, program, card, space, sources, problems } = self.loaded;
        let findings = Findings { problems, sources };
        let Some(program) = program else { return Err(Error::Problems { findings: Box::new(findings) }) };
        let picture_size = card.as_ref().and_then(|card| match card.size {
            PictureSize::Same(size) => Some(size),
            PictureSize::Varies { .. } => None,
        });
        let classes = card.as_ref().map(|card| card.classes.clone()).unwrap_or_default();
        // pictures that are resized have one size, whatever the model takes
        let program = match &program.program().prepare.resize {
            Some(resize) if program.open_sizes().is_some() => {
                program.at([resize.value.height, resize.value.width])?
            }
            Some(_) | None => program,
        };
        let (file, locations) = (self.file, self.locations);
        Ok(Experiment { file, program, ast, locations, classes, card, space, picture_size, findings })
    }
}

/// What is known of data sets; the front end asks twice, for the classes and for the checks.
struct Cards<'a> {
    locations: &'a Locations,
    look: Look,
    known: RefCell<Option<(DataSpec, DataCard)>>,
    error: RefCell<Option<CardError>>,
}

impl Cards<'_> {
    /// What was looked for in vain.
    fn missing(&self) -> Option<String> {
        match &*self.error.borrow() {
            Some(CardError::NotAtHand { what, .. }) => Some(what.trim_matches('`').to_owned()),
            Some(CardError::Malformed(_)) | None => None,
        }
    }

    fn of(&self, data: &DataSpec) -> Option<DataCard> {
        if let Some((_, card)) = self.known.borrow().as_ref().filter(|(of, _)| of == data) {
            return Some(card.clone());
        }
        let passes = match self.look {
            Look::Names | Look::Card => false,
            Look::SmallPass => {
                cards::size_bytes(data, self.locations).is_some_and(|bytes| bytes <= SMALL_BYTES)
            }
            Look::Pass => true,
        };
        let card =
            if passes { cards::with_pass(data, self.locations) } else { cards::of(data, self.locations) };
        // without the pass there may still be a card
        let card = card.or_else(|error| {
            self.error.replace(Some(error));
            cards::of(data, self.locations)
        });
        let card = card.ok()?;
        self.known.replace(Some((data.clone(), card.clone())));
        Some(card)
    }
}

/// The machine that a program is judged by, where it is to be trained.
fn machine(options: &Options) -> Option<Machine> {
    let machine = if options.look == Look::Names { None } else { Machine::here() }?;
    let memory_bytes =
        options.memory_bytes.map_or(machine.memory_bytes, |most| most.min(machine.memory_bytes));
    Some(Machine { memory_bytes, ..machine })
}

/// Where a run looks for its data, if nothing else is said.
fn usual_locations(file: &Path) -> Locations {
    let mut locations = Locations::of_run(file, None);
    locations.bounds.memory_bytes = memory_bytes().unwrap_or(u64::MAX);
    locations
}

/// What a .cnn file is called in messages. A stream lies in the present folder: what its text names is
/// looked for there.
pub(crate) fn name_of(file: &Path) -> PathBuf {
    match files::stream_of(file) {
        Some(0) => PathBuf::from("stdin"),
        Some(_) => PathBuf::from("pipe"),
        None => file.to_owned(),
    }
}

/// The model of the zoo that is named in the place of a file: `zoo.vgg16`, where there is no such file.
pub(crate) fn zoo_model(file: &Path) -> Option<&'static ZooModel> {
    let model = zoo::find(file.to_str()?.strip_prefix("zoo.")?)?;
    (!file.exists()).then_some(model)
}

/// A .cnn file's text, or that of a model of the zoo.
/// # Errors
/// [`Error::Run`], [`Error::NotText`].
pub(crate) fn read_text(file: &Path) -> Result<String, Error> {
    if let Some(model) = zoo_model(file) {
        return Ok(model.source.to_owned());
    }
    let bytes =
        files::read_input(file, files::MOST_SOURCE_BYTES).map_err(|error| RunError::read(file, error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::NotText { name: name_of(file).display().to_string(), at }
    })
}

/// What is known of a weights file, by its path as a program has it.
fn weights_file(written: &str, locations: &Locations) -> WeightsFile {
    match locations.resolve(Path::new(written)) {
        Ok(place) => match weights::open(&place.path) {
            Ok(archive) => WeightsFile::Tensors(archive.listing),
            Err(error) => WeightsFile::Unsound(error.reason()),
        },
        Err(error @ DataError::Outside { .. }) => WeightsFile::Unsound(error.to_string()),
        Err(_) => WeightsFile::Missing,
    }
}

/// The text of a file that another one uses.
fn read_used(path: &Path, locations: &Locations) -> io::Result<String> {
    locations.access.check(path)?;
    files::read_text(path, files::MOST_SOURCE_BYTES)
}
