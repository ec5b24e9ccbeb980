//! Where it is listened, and the thread that answers.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use tokio::sync::oneshot;

use super::error::LiveError;
use super::guard::{Guard, Refusal, admit};
use super::token::Token;
use crate::diag::Language;

/// So long the last answers may take once the server is told to end.
const GRACE: Duration = Duration::from_millis(500);

/// A port of this computer that nobody else listens to, and what one must know to be let in.
#[derive(Debug)]
pub(crate) struct Door {
    listener: TcpListener,
    port: u16,
    token: Token,
    language: Language,
}

impl Door {
    /// Opens it on the loopback interface; 0 is any free port. Refusals are said in a language.
    /// # Errors
    /// [`LiveError`].
    pub(crate) fn open(port: u16, language: Language) -> Result<Self, LiveError> {
        let refused = |error: io::Error| match (port, error.kind()) {
            (0, _) => LiveError::NoPort { why: error.to_string() },
            (_, ErrorKind::AddrInUse) => LiveError::InUse { port },
            (_, _) => LiveError::Refused { port, why: error.to_string() },
        };
        let token = Token::new()?;
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let port = listener.local_addr().map_err(refused)?.port();
        Ok(Self { listener, port, token, language })
    }

    /// The address to open in a browser.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token.text())
    }

    /// Answers from now on, on a thread of its own.
    /// # Errors
    /// [`LiveError::NoServer`].
    pub(super) fn serve(self, routes: Router) -> Result<Server, LiveError> {
        let refused = |error: io::Error| LiveError::NoServer { why: error.to_string() };
        let Self { listener, port, token, language } = self;
        let guard = Arc::new(Guard { port, token, language });
        let routes = routes
            .fallback(move || async move { Refusal::NoSuchPage.response(language) })
            .layer(from_fn_with_state(guard, admit));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let (close, closed) = oneshot::channel::<()>();
        let (ending, ended) = oneshot::channel::<()>();
        let answer = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let until_closed = async move {
                // told, or whoever could tell is gone
                let _ = closed.await;
                let _ = ending.send(());
            };
            axum::serve(listener, routes).with_graceful_shutdown(until_closed).await
        };
        let work = move || {
            runtime.block_on(async move {
                let answering = tokio::spawn(answer);
                // the ends of events that are still listened to are not waited for
                if ended.await.is_ok() {
                    let _ = tokio::time::timeout(GRACE, answering).await;
                }
            });
        };
        let thread = std::thread::Builder::new().name("page".to_owned()).spawn(work).map_err(refused)?;
        Ok(Server { close: Some(close), thread: Some(thread) })
    }
}

/// A server that answers until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    close: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.close.take());
        // whatever became of it, the process goes on
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What is answered.
pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const JSON: &str = "application/json";
pub(super) const SVG: &str = "image/svg+xml";

/// An answer of a kind.
pub(super) fn text(kind: &'static str, body: impl Into<axum::body::Body>) -> axum::response::Response {
    ([(axum::http::header::CONTENT_TYPE, kind)], body.into()).into_response()
}
