//! Who is let in: whoever names this computer as the host, comes from no other page, brings no body, and
//! knows the token.

use std::sync::Arc;

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::token::Token;
use crate::diag::Language;

/// The port that an address without one means.
const USUAL_PORT: u16 = 80;

/// What a request is judged by.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) port: u16,
    pub(super) token: Token,
    /// Refusals are said in it.
    pub(super) language: Language,
}

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It names another host: a name of somebody else's may lead to this computer.
    OtherHost,
    /// A page of somebody else sends it.
    OtherOrigin,
    /// It brings a body, which nothing here takes.
    HasBody,
    /// It lacks the token, or has that of another process.
    NoToken,
    /// There is no such page.
    NoSuchPage,
}

impl Refusal {
    /// As it is answered.
    pub(super) fn response(self, language: Language) -> Response {
        let (status, sentence) = match self {
            Refusal::OtherHost => (StatusCode::FORBIDDEN, "this page is for 127.0.0.1 alone"),
            Refusal::OtherOrigin => (StatusCode::FORBIDDEN, "another page may not ask for this one"),
            Refusal::HasBody => (StatusCode::PAYLOAD_TOO_LARGE, "nothing is taken here"),
            Refusal::NoToken => (
                StatusCode::FORBIDDEN,
                "the address lacks its token, or has that of another process: open the address that cnnc has printed",
            ),
            Refusal::NoSuchPage => (StatusCode::NOT_FOUND, "there is no such page"),
        };
        (status, format!("{}\n", language.say(sentence))).into_response()
    }
}

impl Guard {
    /// Whether a request is answered.
    fn judge(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        let host = only(headers, header::HOST).ok_or(Refusal::OtherHost)?;
        // a request that names its host in its first line, too
        let named = request.uri().authority().map(|authority| authority.as_str());
        if ![Some(host), named].into_iter().flatten().all(|host| self.is_ours(host)) {
            return Err(Refusal::OtherHost);
        }
        let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
        let is_ours = match headers.get(header::ORIGIN) {
            Some(_) => only(headers, header::ORIGIN).is_some_and(|origin| origin == format!("http://{host}")),
            // browsers name it with everything that changes something
            None => !changes,
        };
        if !is_ours {
            return Err(Refusal::OtherOrigin);
        }
        if request.body().size_hint().exact() != Some(0) {
            return Err(Refusal::HasBody);
        }
        let query = request.uri().query().unwrap_or_default();
        let mut tokens = query.split('&').filter_map(|entry| entry.strip_prefix("token="));
        match (tokens.next(), tokens.next()) {
            (Some(token), None) if self.token.is(token) => Ok(()),
            (_, _) => Err(Refusal::NoToken),
        }
    }

    /// Whether a host, with its port, is this server by one of its names.
    fn is_ours(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let names = ["127.0.0.1", "localhost", "[::1]"];
        match host.strip_suffix(&format!(":{}", self.port)) {
            Some(name) => names.contains(&name),
            // browsers leave the usual port away
            None => self.port == USUAL_PORT && names.contains(&&*host),
        }
    }
}

/// The value of a header that stands there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (_, _) => None,
    }
}

/// What every answer says to browsers: keep nothing, guess nothing, tell nobody, stand in no other page.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Beside what a page says of itself, which names its script; and all that is no page may do.
const POLICY: &str = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'";

/// Answers a request, or refuses it.
pub(super) async fn admit(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.judge(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.response(guard.language),
    };
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let guard =
            Guard { port: 8080, token: Token::new().expect("randomness"), language: Language::English };
        let uri = uri.replace("TOKEN", guard.token.text());
        let request =
            headers.iter().fold(Request::builder().method(method).uri(uri), |request, (name, value)| {
                request.header(*name, *value)
            });
        guard.judge(&request.body(axum::body::Body::empty()).expect("a request"))
    }

    #[test]
    fn this_computer_is_let_in_by_all_of_its_names() {
        for host in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080"] {
            assert_eq!(judged("GET", "/?token=TOKEN", &[("host", host)]), Ok(()), "{host}");
            let origin = format!("http://{host}");
            let both = [("host", host), ("origin", &*origin)];
            assert_eq!(judged("POST", "/stop?token=TOKEN", &both), Ok(()), "{host}");
        }
    }

    #[test]
    fn everybody_else_is_not() {
        let host = ("host", "127.0.0.1:8080");
        for other in [
            "evil.example",
            "evil.example:8080",
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1.evil.example:8080",
            "",
            "localhost:8080:8080",
        ] {
            assert_eq!(
                judged("GET", "/?token=TOKEN", &[("host", other)]),
                Err(Refusal::OtherHost),
                "{other}"
            );
        }
        assert_eq!(judged("GET", "/?token=TOKEN", &[]), Err(Refusal::OtherHost));
        assert_eq!(judged("GET", "/?token=TOKEN", &[host, host]), Err(Refusal::OtherHost));
        assert_eq!(judged("GET", "http://evil.example/?token=TOKEN", &[host]), Err(Refusal::OtherHost));
        for other in ["http://evil.example", "null", "https://127.0.0.1:8080", "http://localhost:8080", ""] {
            let found = judged("GET", "/?token=TOKEN", &[host, ("origin", other)]);
            assert_eq!(found, Err(Refusal::OtherOrigin), "{other}");
        }
        // without an origin nothing is changed
        assert_eq!(judged("POST", "/stop?token=TOKEN", &[host]), Err(Refusal::OtherOrigin));
        for uri in
            ["/", "/?token=", "/?token=TOKEN0", "/?Token=TOKEN", "/?token=TOKEN&token=TOKEN", "/?x=TOKEN"]
        {
            assert_eq!(judged("GET", uri, &[host]), Err(Refusal::NoToken), "{uri}");
        }
    }
}
