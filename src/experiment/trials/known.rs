//! What is known of trials before they are computed: a search that goes on, or whose space was changed.

use std::collections::BTreeMap;

use super::super::error::Error;
use super::journal::{Found, Journal};
use super::points::Points;
use super::trial::Reached;
use crate::files;
use crate::search::record::{FILE, Head, Record, Trial};
use crate::space::{Point, Value};
use crate::train::{RunError, RunFolder};

/// Most points that are looked at to find where a trial lies in a changed space.
const MOST_LOOKED_AT: usize = 1000;

/// Results, by the keys of trials.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known(BTreeMap<String, Reached>);

impl Known {
    /// What a journal has.
    fn of_record(record: &Record) -> Self {
        let mut known = Self::default();
        for trial in &record.trials {
            let reached = Reached {
                curve: trial.curve.clone(),
                is_over: trial.is_over,
                failed: trial.failed.clone(),
                seconds: trial.seconds,
            };
            if !reached.curve.is_empty() || reached.failed.is_some() {
                known.learn(&trial.key, &reached);
            }
        }
        known
    }

    /// How many trials there are results of.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What a trial has come to, where it is known up to this epoch.
    pub(super) fn of(&self, key: &str, epochs: usize) -> Option<Reached> {
        let reached = self.0.get(key)?;
        let is_enough = reached.curve.len() >= epochs || reached.is_over || reached.failed.is_some();
        is_enough.then(|| reached.clone())
    }

    /// A trial has come so far.
    pub(super) fn learn(&mut self, key: &str, reached: &Reached) {
        self.0.insert(key.to_owned(), reached.clone());
    }
}

/// A search in its folder.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) folder: RunFolder,
    pub(super) journal: Journal,
    pub(super) known: Known,
    /// Points that are tried first.
    pub(super) given: Vec<Point>,
    /// Lines of the journal that could not be read.
    pub(super) broken: usize,
}

impl Begun {
    /// A search that begins.
    /// # Errors
    /// [`RunError::Write`].
    pub(super) fn anew(folder: RunFolder) -> Result<Self, Error> {
        let journal = Journal::begin(folder.path())?;
        Ok(Self { folder, journal, known: Known::default(), given: Vec::new(), broken: 0 })
    }
}

/// A search that was begun goes on.
/// # Errors
/// [`Error::SearchChanged`] where nothing of it can be taken over.
pub(super) fn go_on(
    points: &Points<'_>,
    folder: RunFolder,
    found: Found,
    head: &Head,
) -> Result<Begun, Error> {
    let (record, broken) = (found.record(), found.broken);
    let Some(before) = found.head() else {
        return Begun::anew(folder);
    };
    let path = folder.path().to_owned();
    let changed = |differences: Vec<String>| Error::SearchChanged { path: path.clone(), differences };
    if before.objective != head.objective || before.falls != head.falls {
        let (old, new) = (&before.objective, &head.objective);
        return Err(changed(vec![format!("`objective` was {old}, is {new}")]));
    }
    if before.settings["data"] != head.settings["data"] {
        return Err(changed(vec!["the pictures are others, or are split in another manner".to_owned()]));
    }
    if before.seeds != head.seeds {
        return Err(changed(vec![format!("`seeds` was {}, is {}", before.seeds, head.seeds)]));
    }
    let known = Known::of_record(&record);
    if same_course(before, head) {
        let journal = Journal::go_on(folder.path(), found)?;
        return Ok(Begun { folder, journal, known, given: Vec::new(), broken });
    }
    let given: Vec<Point> = record.trials.iter().filter_map(|trial| place_of(points, trial)).collect();
    if given.is_empty() && !record.trials.is_empty() {
        let first = |head: &Head| {
            serde_json::from_value::<crate::settings::Settings>(head.settings["first_point"].clone())
        };
        let differences = match (first(before), first(head)) {
            (Ok(old), Ok(new)) => old.changes_to(&new),
            (Ok(_) | Err(_), _) => Vec::new(),
        };
        return Err(changed(differences));
    }
    keep_old(&folder)?;
    let journal = Journal::begin(folder.path())?;
    Ok(Begun { folder, journal, known, given, broken })
}

/// Whether a search takes the same course as one that was begun, as far as that has come.
fn same_course(before: &Head, now: &Head) -> bool {
    // how the file was named and where it lies changes nothing
    Head { file: now.file.clone(), ..before.clone() } == *now
}

/// The point of the space that is this trial; `None` where it does not lie there.
fn place_of(points: &Points<'_>, trial: &Trial) -> Option<Point> {
    let space = points.space();
    // what the trial says, and for a parameter that it says nothing of all values
    let mut candidates: Vec<Vec<Option<Value>>> = vec![Vec::new()];
    for parameter in &space.parameters {
        let said = trial.point.get(&parameter.name).and_then(serde_json::Value::as_str);
        let values: Vec<Value> = match (said, parameter.domain.count()) {
            (Some(text), _) => parameter.domain.read(text).into_iter().collect(),
            (None, Some(count)) => (0..count.min(MOST_LOOKED_AT)).map(|at| parameter.domain.at(at)).collect(),
            (None, None) => vec![parameter.domain.first()],
        };
        let with = |point: &Vec<Option<Value>>| {
            let point = point.clone();
            values.iter().map(move |value| point.iter().copied().chain([Some(*value)]).collect())
        };
        candidates = candidates.iter().flat_map(with).take(MOST_LOOKED_AT).collect();
    }
    candidates.into_iter().find_map(|point| {
        let counts = points.look(&Point(point.clone())).ok()?;
        let point =
            Point(point.into_iter().zip(counts).map(|(value, counts)| value.filter(|_| counts)).collect());
        let experiment = points.at(&point, 0).ok()?;
        (super::points::key(&experiment) == trial.key).then_some(point)
    })
}

/// The journal of the search before its space was changed stays beside the new one.
fn keep_old(folder: &RunFolder) -> Result<(), RunError> {
    let journal = folder.path().join(FILE);
    let free = (1_usize..).map(|number| folder.path().join(format!("trials-before-{number}.jsonl")));
    let Some(free) = free.into_iter().find(|path| !path.exists()) else { return Ok(()) };
    let text =
        files::read(&journal, files::MOST_RECORD_BYTES).map_err(|error| RunError::read(&journal, error))?;
    files::write(&free, |file| file.write_all(&text)).map_err(|error| RunError::write(&free, error))
}
