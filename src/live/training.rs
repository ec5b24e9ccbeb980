//! The pages of a training that goes on: what its server answers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};

use super::board::{Shared, Told};
use super::door::{Door, HTML, SVG, Server, text};
use super::error::LiveError;
use super::reporter::Reporter;

/// A page is told no more often than this.
const EVERY: Duration = Duration::from_millis(150);
/// A page that hears nothing is told so: whoever has gone is noticed.
pub(super) const SILENCE: Duration = Duration::from_secs(10);

/// A training that can be looked at.
#[derive(Debug)]
pub(crate) struct Training {
    shared: Arc<Shared>,
    _server: Server,
}

/// What the server knows.
struct Room {
    shared: Arc<Shared>,
    /// The page, up to the end of the run.
    page: Bytes,
    stop: Box<dyn Fn() + Send + Sync>,
}

impl Training {
    /// Answers from now on, with this page; `stop` is called where somebody wants the run to end.
    /// # Errors
    /// [`LiveError`].
    pub(crate) fn open(
        door: Door,
        page: String,
        stop: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, LiveError> {
        let shared = Arc::new(Shared::new());
        let room = Room { shared: Arc::clone(&shared), page: page.into(), stop: Box::new(stop) };
        let routes = Router::new()
            .route("/", get(page_of))
            .route("/events", get(events))
            .route("/sheet.svg", get(sheet))
            .route("/stop", post(stop_run))
            .with_state(Arc::new(room));
        Ok(Self { shared, _server: door.serve(routes)? })
    }

    /// Whoever is told of what happens.
    pub(crate) fn reporter(&self) -> Reporter {
        Reporter::new(Arc::clone(&self.shared))
    }

    /// Whether the page of the run is shown.
    pub(crate) fn has_report(&self) -> bool {
        self.shared.report.get().is_some()
    }

    /// The run has ended. Its page takes the place of this one, where the server stays.
    pub(crate) fn end(&self, report: Option<String>) {
        if let Some(report) = report {
            let _ = self.shared.report.set(report.into());
        }
        self.shared.write(|board| board.has_ended = true);
    }
}

async fn page_of(State(room): State<Arc<Room>>) -> Response {
    text(HTML, room.shared.report.get().unwrap_or(&room.page).clone())
}

async fn events(State(room): State<Arc<Room>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut told = Told::default();
    let changes = WatchStream::new(room.shared.changes()).throttle(EVERY);
    let news = changes.map(move |()| Ok(Event::default().data(room.shared.news(&mut told).to_string())));
    Sse::new(news).keep_alive(KeepAlive::new().interval(SILENCE))
}

async fn sheet(State(room): State<Arc<Room>>) -> Response {
    match room.shared.sheet.get() {
        Some(sheet) => text(SVG, sheet.clone()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn stop_run(State(room): State<Arc<Room>>) -> StatusCode {
    room.shared.write(|board| board.is_stopping = true);
    (room.stop)();
    StatusCode::ACCEPTED
}
