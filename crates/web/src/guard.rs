//! What every request passes and every answer leaves by: the host it names, where it came from, the security
//! headers, and the words of a failure.

mod fetch;
mod headers;
mod program;
mod refused;

use std::{any::Any, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use store::Error;
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};

pub(crate) use self::{headers::dress, refused::Who};
use crate::{
    error::{self, Problem},
    pages::{self, Kept},
    state::{AppState, Settings},
};

/// How long the next part of a body may take to arrive.
const BODY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Puts the guards around the routes.
pub(crate) fn around(routes: Router<AppState>, state: AppState) -> Router {
    caught(routes)
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE_MAX))
        .layer(from_fn_with_state(state.clone(), pass))
        .with_state(state)
}

/// The handler of last resort: whoever asked hears of an incident, and everybody else goes on. What a panic says may hold
/// a value; its place is in the log already.
fn caught<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let told = |_: Box<dyn Any + Send>| Problem::from(Error::fault("a handler panicked")).into_response();
    routes.layer(CatchPanicLayer::custom(told))
}

async fn pass(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let head = *request.method() == Method::HEAD;
    let sent = (*request.method() == Method::POST && !for_programs(&uri)).then(|| {
        let kept = Kept::default();
        request.extensions_mut().insert(kept.clone());
        (request.headers().clone(), kept)
    });
    let (who, method) = (Who::default(), request.method().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(who.clone());
    let response = match checked(&state, &request).and_then(|()| state.turn()) {
        // The turn ends with the answer's head; a body that is still being sent waits for its client, not we.
        Ok(_turn) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    refused::note(&who, &method, route.as_ref(), &response);
    let response = match sent {
        // What was typed is not lost for having to confirm first.
        Some((headers, kept)) if asks_to_confirm(&response) => {
            pages::confirm::instead(&state, &headers, &uri, kept.fields()).await
        }
        _ => response,
    };
    let mut response = worded(response, &uri, head);
    dress(state.settings(), response.headers_mut());
    response
}

fn asks_to_confirm(response: &Response) -> bool {
    response.extensions().get::<Problem>().is_some_and(|problem| problem.code == error::STEP_UP)
}

fn checked(state: &AppState, request: &Request) -> Result<(), Problem> {
    let host = host(request)?;
    if !answers_to(state.settings(), host) {
        return Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "host",
            "this server does not answer to that host name: use the address it printed when it started",
        ));
    }
    fetch::from_here(state.settings(), request, host)?;
    program::vouched_for(state.settings(), request)
}

/// The host that the request names, with its port.
pub(crate) fn host(request: &Request) -> Result<&str, Problem> {
    let mut named = request.headers().get_all(header::HOST).iter().map(|value| value.to_str().ok());
    let (header, more) = (named.next().flatten(), named.next());
    let target = request.uri().authority().map(axum::http::uri::Authority::as_str);
    match (header, target) {
        (Some(header), Some(target)) if !header.eq_ignore_ascii_case(target) => {
            Err(Problem::malformed("the request names two hosts"))
        }
        _ if more.is_some() => Err(Problem::malformed("the request names two hosts")),
        (header, target) => header.or(target).ok_or_else(|| Problem::malformed("the request names no host")),
    }
}

/// Whether the server is reached by this name.
pub(crate) fn answers_to(settings: &Settings, host: &str) -> bool {
    let name = without_port(host);
    settings.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
        || (settings.hosts.is_empty() && !settings.loopback)
        || (settings.loopback && ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| own.eq_ignore_ascii_case(name)))
}

/// The name alone.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Gives a failure its body: a problem document for programs, a page for people.
fn worded(response: Response, uri: &Uri, head: bool) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let problem = match parts.extensions.get::<Problem>() {
        Some(problem) => problem.clone(),
        // A page that explains its own refusal.
        None if is_html(&parts.headers) => return Response::from_parts(parts, body),
        None => Problem::of_status(status),
    };
    let mut worded = if for_programs(uri) { error::json(&problem) } else { pages::error::respond(&problem, uri) };
    if !worded.status().is_redirection() {
        *worded.status_mut() = problem.status();
        for name in [header::ALLOW, header::RETRY_AFTER, header::WWW_AUTHENTICATE, header::SET_COOKIE] {
            if let Some(value) = parts.headers.get(&name) {
                worded.headers_mut().insert(name, value.clone());
            }
        }
    }
    if head {
        *worded.body_mut() = Body::empty();
    }
    worded
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|content| content.as_bytes().starts_with(b"text/html"))
}

/// Whether a program asks, and not a person at a browser.
pub(crate) fn for_programs(uri: &Uri) -> bool {
    uri.path().starts_with("/api/") || uri.path().starts_with("/ledger/")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use axum::{body::to_bytes, routing::get};
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_incident_of_its_own_request_and_what_it_says_is_not_told() {
        let breaks = || async {
            if true {
                panic!("held a value")
            }
        };
        let app = caught(Router::new().route("/breaks", get(breaks)).route("/goes-on", get(|| async { "yes" })));
        let ask = |path: &str| app.clone().oneshot(Request::get(path).body(Body::empty()).unwrap());
        let answer = ask("/breaks").await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem = answer.extensions().get::<Problem>().unwrap();
        assert!(problem.incident.is_some() && !problem.detail.contains("held a value"), "{problem:?}");
        let answer = ask("/goes-on").await.unwrap();
        assert_eq!(to_bytes(answer.into_body(), 9).await.unwrap().as_ref(), b"yes");
    }
}
