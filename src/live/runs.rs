//! The pages of all runs and searches below a folder: what their server answers. A request is answered while the next
//! waits: they come from one person.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::door::{Door, HTML, JSON, Server, text};
use super::error::LiveError;
use super::guard::Refusal;
use super::shelf::{Found, Shelf};
use crate::diag::Language;
use crate::experiment::{Compared, Comparison, Error, Run, RunPair, search_record};
use crate::page::{RunsPage, SearchPage};
use crate::search::record;

/// So many runs are compared at once.
const MOST_COMPARED: usize = 8;

/// Makes the page of a run.
type Report = Box<dyn Fn(&Run) -> String + Send + Sync>;

/// What the server knows.
struct Room {
    shelf: Mutex<Shelf>,
    report: Report,
    language: Language,
}

impl Room {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder of a run that was listed.
    fn folder(&self, number: usize) -> Option<PathBuf> {
        self.shelf().folder(number).map(PathBuf::from)
    }

    /// What an error says, in one line of the language that is spoken.
    fn said(&self, error: &Error) -> String {
        let sentence = error.to_string();
        self.language.say(sentence.lines().next().unwrap_or_default()).into_owned()
    }
}

/// Answers from now on: all runs below a folder, and of each the page that `report` makes.
/// # Errors
/// [`LiveError`].
pub(crate) fn serve(
    door: Door,
    root: PathBuf,
    language: Language,
    report: impl Fn(&Run) -> String + Send + Sync + 'static,
) -> Result<Server, LiveError> {
    let room = Room { shelf: Mutex::new(Shelf::new(root)), report: Box::new(report), language };
    let routes = Router::new()
        .route("/", get(list))
        .route("/report", get(report_of))
        .route("/search", get(search_of))
        .route("/compare", get(compare))
        .with_state(Arc::new(room));
    door.serve(routes)
}

async fn list(State(room): State<Arc<Room>>) -> Response {
    let mut shelf = room.shelf();
    let Found { runs, searches, is_cut } = shelf.look();
    let page = RunsPage {
        folder: shelf.root(),
        runs: &runs,
        searches: &searches,
        is_cut,
        most_compared: MOST_COMPARED,
        language: room.language,
    };
    text(HTML, page.to_html())
}

/// A run or a search by its number.
#[derive(Debug, Deserialize)]
struct Asked {
    run: usize,
}

async fn report_of(State(room): State<Arc<Room>>, Query(Asked { run }): Query<Asked>) -> Response {
    let Some(folder) = room.folder(run) else { return Refusal::NoSuchPage.response(room.language) };
    match Run::open(folder) {
        Ok(run) => text(HTML, (room.report)(&run)),
        Err(error) => (StatusCode::NOT_FOUND, room.said(&error)).into_response(),
    }
}

async fn search_of(State(room): State<Arc<Room>>, Query(Asked { run }): Query<Asked>) -> Response {
    let Some(folder) = room.folder(run) else { return Refusal::NoSuchPage.response(room.language) };
    let found = match search_record(&folder) {
        Ok(found) => found,
        Err(why) => return (StatusCode::NOT_FOUND, room.language.say(&why).into_owned()).into_response(),
    };
    let best = Some(folder.join(record::BEST_FILE)).filter(|best| best.is_file());
    let page = SearchPage {
        record: &found,
        space: None,
        folder: &folder,
        best: best.as_deref(),
        is_running: false,
        language: room.language,
    };
    text(HTML, page.to_html())
}

/// Runs by their numbers, with commas between them.
#[derive(Debug, Deserialize)]
struct Chosen {
    runs: String,
}

async fn compare(State(room): State<Arc<Room>>, Query(Chosen { runs }): Query<Chosen>) -> Response {
    let numbers: Option<Vec<usize>> = runs.split(',').map(|number| number.parse().ok()).collect();
    let numbers = numbers.filter(|numbers| numbers.len() <= MOST_COMPARED).unwrap_or_default();
    let folders: Option<Vec<PathBuf>> = numbers.iter().map(|&number| room.folder(number)).collect();
    let Some(folders) = folders.filter(|folders| !folders.is_empty()) else {
        return Refusal::NoSuchPage.response(room.language);
    };
    let opened: Result<Vec<Run>, Error> = folders.iter().map(Run::open).collect();
    match opened.and_then(Comparison::of).and_then(|comparison| compared(&comparison, &numbers)) {
        Ok(value) => text(JSON, value.to_string()),
        Err(error) => (StatusCode::CONFLICT, room.said(&error)).into_response(),
    }
}

/// What the page takes to show runs beside each other.
fn compared(comparison: &Comparison, numbers: &[usize]) -> Result<Value, Error> {
    let runs: Vec<Value> = comparison
        .runs
        .iter()
        .zip(numbers)
        .map(|(run, number)| of_run(run, *number))
        .collect::<Result<_, _>>()?;
    let pair = |pair: &RunPair| {
        let verdict = pair.found.as_ref().map_or("cannot tell", |found| found.verdict().key());
        let p = pair.found.as_ref().map(|found| found.p()).ok();
        let why = pair.found.as_ref().err().map(|why| json!({ "en": why, "ko": Language::Korean.say(why) }));
        json!({ "id": numbers[pair.other], "pictures": pair.pictures, "verdict": verdict, "why": why, "p": p })
    };
    Ok(json!({
        "runs": runs,
        "settings": comparison.settings,
        "pairs": comparison.pairs.iter().map(pair).collect::<Vec<_>>(),
    }))
}

fn of_run(compared: &Compared, number: usize) -> Result<Value, Error> {
    let run = &compared.run;
    let history = run.history()?;
    let names = history.first().map_or(&[][..], |row| &row.values[..]).iter().map(|(name, _)| name);
    let mut columns: Map<String, Value> = names
        .map(|name| {
            let values: Vec<Option<f64>> = history.iter().map(|row| row.value(name)).collect();
            (name.clone(), json!(values))
        })
        .collect();
    if !history.is_empty() {
        let rates: Vec<f64> = history.iter().map(|row| row.learning_rate).collect();
        columns.insert("learning_rate".to_owned(), json!(rates));
    }
    let scores = run.results().map(|(_, scores)| scores);
    let others = scores.iter().flat_map(|scores| &scores.metrics).filter(|(name, _)| name != "accuracy");
    let metrics: Map<String, Value> = others.map(|(name, value)| (name.clone(), json!(value))).collect();
    let accuracy = run.assessed().accuracy;
    let interval = accuracy.and_then(|(_, interval)| interval).map(|interval| [interval.low, interval.high]);
    Ok(json!({
        "id": number,
        "epochs": history.iter().map(|row| row.epoch).collect::<Vec<_>>(),
        "columns": columns,
        "accuracy": accuracy.map(|(accuracy, _)| accuracy),
        "interval": interval,
        "loss": scores.map(|scores| scores.loss),
        "metrics": metrics,
        "train_s": run.train_seconds(),
    }))
}
