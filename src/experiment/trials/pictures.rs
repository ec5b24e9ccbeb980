//! Pictures that trials share: read and decoded once for all points that want the same.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::super::error::Error;
use super::super::open::Experiment;
use super::super::train::MOST_LOADERS;
use super::super::watch::Event;
use super::trial::Pictures;

/// The pictures of all points.
#[derive(Debug, Default)]
pub(super) struct Library {
    shelf: Mutex<Shelf>,
    /// Threads that decode and augment for a trial at most; `None`: what suits this machine.
    loaders: Option<usize>,
}

#[derive(Debug, Default)]
struct Shelf {
    /// What is wanted, and who has it; gone when no trial uses it any more.
    known: Vec<(String, Weak<Pictures>)>,
    /// What was wanted last stays: the next trial will want it too.
    last: Option<Arc<Pictures>>,
}

impl Library {
    /// Pictures that no more than so many threads decode and augment.
    pub(super) fn with_loaders(loaders: usize) -> Self {
        Self { shelf: Mutex::default(), loaders: Some(loaders.min(MOST_LOADERS)) }
    }

    /// The pictures of an experiment, prepared as it says.
    /// # Errors
    /// As [`Experiment::train`](super::super::Experiment::train) where pictures cannot be read.
    pub(super) fn get(
        &self,
        experiment: &Experiment,
        watch: &mut dyn FnMut(Event<'_>),
    ) -> Result<Arc<Pictures>, Error> {
        let wanted = wanted(experiment);
        // whoever wants the same meanwhile waits for it
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.known.retain(|(_, pictures)| pictures.strong_count() > 0);
        let there = shelf.known.iter().find(|(known, _)| *known == wanted);
        let pictures = match there.and_then(|(_, pictures)| pictures.upgrade()) {
            Some(pictures) => pictures,
            None => {
                // what nobody uses makes room before more is read
                shelf.last = None;
                let mut data = experiment.open_data(None, &mut |event: Event<'_>| watch(event))?;
                if let Some(loaders) = self.loaders {
                    data.set_loader_threads(loaders);
                }
                let digest = data.take_index().unwrap_or_default().digest();
                let pictures = Arc::new(Pictures { data, digest });
                shelf.known.push((wanted, Arc::downgrade(&pictures)));
                pictures
            }
        };
        shelf.last = Some(Arc::clone(&pictures));
        Ok(pictures)
    }
}

/// What decides which pictures are read, and how they are prepared.
fn wanted(experiment: &Experiment) -> String {
    let program = experiment.program.program();
    let settings = experiment.settings().to_json();
    let of_data = |key: &str| key.starts_with("data.") || key.starts_with("prepare.");
    let entries = settings.as_object().into_iter().flatten().filter(|(key, _)| of_data(key));
    let entries: Vec<String> = entries.map(|(key, value)| format!("{key}={value}")).collect();
    let cache = program.data.as_ref().map(|data| format!("{:?}", data.cache));
    format!("{} {} {:?} {cache:?}", entries.join("\n"), experiment.input_shape(), experiment.open_axes())
}
