//! The pages of a search that goes on: what its server answers.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::{get, post};
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};

use super::door::{Door, HTML, Server, text};
use super::error::LiveError;
use super::search_board::{Shared, Told};
use super::training::SILENCE;
use crate::diag::Language;
use crate::search::record::{Ended, Record, Started};
use crate::space::Space;

/// A page is told no more often than this: each time its tables are written and its pictures drawn.
const EVERY: Duration = Duration::from_secs(1);

/// A search that can be looked at.
#[derive(Debug)]
pub(crate) struct Searching {
    shared: Arc<Shared>,
    _server: Server,
}

/// What the server knows.
struct Room {
    shared: Arc<Shared>,
    stop: Box<dyn Fn() + Send + Sync>,
}

impl Searching {
    /// Answers from now on; `stop` is called where somebody wants the search to end.
    /// # Errors
    /// [`LiveError`].
    pub(crate) fn open(
        door: Door,
        space: Option<Space>,
        language: Language,
        stop: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, LiveError> {
        let shared = Arc::new(Shared::new(space, language));
        let room = Room { shared: Arc::clone(&shared), stop: Box::new(stop) };
        let routes = Router::new()
            .route("/", get(page))
            .route("/events", get(events))
            .route("/stop", post(stop_search))
            .with_state(Arc::new(room));
        Ok(Self { shared, _server: door.serve(routes)? })
    }

    /// The search has its folder: what is known of it already, and the epochs that all trials take at most.
    pub(crate) fn begins(&self, folder: &Path, record: &Record, planned: Option<u64>) {
        self.shared.begins(folder.to_owned(), record.clone(), planned);
    }

    /// A unit is started; the search with it.
    pub(crate) fn started(&self, unit: &Started, record: &Record) {
        self.shared.started(unit, record);
    }

    /// A trial has one more epoch, from 1, with this value of the objective.
    pub(crate) fn epoch(&self, trial: usize, epoch: usize, value: Option<f64>) {
        self.shared.epoch(trial, epoch, value);
    }

    /// A unit has come to its end; the search with it.
    pub(crate) fn ended(&self, unit: &Ended, record: &Record) {
        self.shared.ended(unit, record);
    }

    /// Whether the page of the search is shown.
    pub(crate) fn has_report(&self) -> bool {
        self.shared.report.get().is_some()
    }

    /// The search has ended. Its page takes the place of this one, where the server stays.
    pub(crate) fn end(&self, report: Option<String>) {
        if let Some(report) = report {
            let _ = self.shared.report.set(report.into());
        }
        self.shared.has_ended();
    }
}

async fn page(State(room): State<Arc<Room>>) -> Response {
    match room.shared.report.get() {
        Some(report) => text(HTML, report.clone()),
        None => text(HTML, room.shared.page()),
    }
}

async fn events(State(room): State<Arc<Room>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut told = Told::default();
    let changes = WatchStream::new(room.shared.changes()).throttle(EVERY);
    let news = changes.map(move |()| Ok(Event::default().data(room.shared.news(&mut told).to_string())));
    Sse::new(news).keep_alive(KeepAlive::new().interval(SILENCE))
}

async fn stop_search(State(room): State<Arc<Room>>) -> StatusCode {
    room.shared.is_stopping();
    (room.stop)();
    StatusCode::ACCEPTED
}
