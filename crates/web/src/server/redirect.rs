//! The one thing that is said in clear beyond the loopback: that the address is another, which begins with `https`.
//! Programs are refused instead, so that whoever runs them notices. No body, no cookie, nothing of what was sent is read,
//! and one answer a connection.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

use crate::{guard, state::Settings};

/// Connections at once, apart from those that are served: a crowd here keeps nobody from there.
pub(super) const CONNECTIONS_MAX: usize = 128;
/// How long the head of a request may take: there is little to say.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(5);

/// The port of an `https` address that names none.
const HTTPS: u16 = 443;

/// What answers there.
#[derive(Clone)]
pub(super) struct Redirect {
    pub(super) settings: Settings,
    /// The port at which people reach the server.
    pub(super) port: u16,
}

impl Redirect {
    /// As a router whose every request gets the same answer.
    pub(super) fn router(self) -> Router {
        Router::new().fallback(answer).with_state(self)
    }

    /// The same address over TLS; the status of why not where there is none.
    fn to(&self, request: &Request) -> Result<HeaderValue, StatusCode> {
        // A program that was led on in silence would go on sending its token in clear, and nobody would see.
        if guard::for_programs(request.uri()) {
            return Err(StatusCode::FORBIDDEN);
        }
        let host = guard::host(request).map_err(|problem| problem.status())?;
        if !guard::answers_to(&self.settings, host) {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        let name = guard::without_port(host);
        let path = request.uri().path_and_query().map(axum::http::uri::PathAndQuery::as_str);
        let path = path.filter(|path| path.starts_with('/')).unwrap_or("/");
        let location = match self.port {
            HTTPS => format!("https://{name}{path}"),
            port => format!("https://{name}:{port}{path}"),
        };
        HeaderValue::from_str(&location).map_err(|_| StatusCode::BAD_REQUEST)
    }
}

async fn answer(State(redirect): State<Redirect>, request: Request) -> Response {
    let mut answer = Response::new(Body::empty());
    match redirect.to(&request) {
        Ok(location) => {
            *answer.status_mut() = StatusCode::PERMANENT_REDIRECT;
            answer.headers_mut().insert(header::LOCATION, location);
        }
        Err(status) => *answer.status_mut() = status,
    }
    // Not that browsers should insist on TLS: said in clear, that is not to be believed (RFC 6797 7.2).
    guard::dress(&Settings { tls: false, ..redirect.settings }, answer.headers_mut());
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}
