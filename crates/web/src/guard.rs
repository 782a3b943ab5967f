//! What every request passes and every answer leaves by: the host it names, where it came from, the security
//! headers, and the words of a failure.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::{
    error::{self, Problem},
    pages::{self, Kept},
    session::{bearer, is_safe},
    state::AppState,
};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// How long the next part of a body may take to arrive.
const BODY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Sent with every answer.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // With no-referrer a browser sends `Origin: null` with our own forms, which nothing tells from another site.
    ("referrer-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Puts the guards around the routes.
pub(crate) fn around(routes: Router<AppState>, state: AppState) -> Router {
    routes
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE_MAX))
        .layer(from_fn_with_state(state.clone(), pass))
        .with_state(state)
}

async fn pass(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let head = *request.method() == Method::HEAD;
    let sent = (*request.method() == Method::POST && !for_programs(&uri)).then(|| {
        let kept = Kept::default();
        request.extensions_mut().insert(kept.clone());
        (request.headers().clone(), kept)
    });
    let response = match checked(&state, &request).and_then(|()| state.turn()) {
        // The turn ends with the answer's head; a body that is still being sent waits for its client, not we.
        Ok(_turn) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let response = match sent {
        // What was typed is not lost for having to confirm first.
        Some((headers, kept)) if asks_to_confirm(&response) => {
            pages::confirm::instead(&state, &headers, &uri, kept.fields()).await
        }
        _ => response,
    };
    let mut response = worded(response, &uri, head);
    dress(&state, response.headers_mut());
    response
}

fn asks_to_confirm(response: &Response) -> bool {
    response.extensions().get::<Problem>().is_some_and(|problem| problem.code == error::STEP_UP)
}

fn checked(state: &AppState, request: &Request) -> Result<(), Problem> {
    let host = host(request)?;
    if !answers_to(state, host) {
        return Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "host",
            "this server does not answer to that host name: use the address it printed when it started",
        ));
    }
    if !is_safe(request.method()) && bearer(request.headers()).is_none() && !own_origin(request.headers(), host) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "cross_site",
            "this request comes from a page of another site: nothing was done",
        ));
    }
    Ok(())
}

/// The host that the request names, with its port.
fn host(request: &Request) -> Result<&str, Problem> {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    named
        .or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str))
        .ok_or_else(|| Problem::malformed("the request names no host"))
}

fn answers_to(state: &AppState, host: &str) -> bool {
    let name = without_port(host);
    let settings = state.settings();
    settings.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
        || (settings.hosts.is_empty() && !settings.loopback)
        || (settings.loopback && ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| own.eq_ignore_ascii_case(name)))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a request that changes something comes from a page of ours, or from no page at all. `SameSite=Strict`
/// already keeps the cookie from other sites; this holds where a browser does not, and for sibling hosts.
fn own_origin(headers: &HeaderMap, host: &str) -> bool {
    let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if said("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    said("origin").is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
    })
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

fn for_programs(uri: &Uri) -> bool {
    uri.path().starts_with("/api/") || uri.path().starts_with("/ledger/")
}

/// Sets the security headers. What a handler set itself stays: an asset may be kept, data may not.
fn dress(state: &AppState, headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    if state.settings().tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
