//! Where a request comes from, as the browser tells (Fetch Metadata, and `Origin`). `SameSite=Strict` already keeps the
//! cookie from other sites; this holds where a browser does not, for sibling hosts, and for pages that only look.
//!
//! There are no tokens against forgery: what a browser says of itself cannot be forged by a page, and a token could be
//! forgotten in a form. A program sends no such words; it shows its token in a header, which no other site can.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode},
};

use crate::{
    cookie,
    error::Problem,
    session::{COOKIE, bearer, is_safe},
    state::Settings,
};

/// Refuses what a page of another site has sent.
pub(super) fn from_here(settings: &Settings, request: &Request, host: &str) -> Result<(), Problem> {
    let headers = request.headers();
    let fine = if is_safe(request.method()) {
        own_site(headers) || is_followed_link(request)
    } else {
        bearer(headers).is_some()
            || (own_site(headers) && own_origin(settings, headers, host) && told(settings, headers))
    };
    if fine {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "this request comes from a page of another site: nothing was done",
    ))
}

fn said<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// From a page of ours, from the person's own hand, or from no browser.
fn own_site(headers: &HeaderMap) -> bool {
    said(headers, "sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"))
}

/// A link on another site leads here: it fills a whole window, and brings no cookie. Frames, pictures, scripts and
/// requests from there do not.
fn is_followed_link(request: &Request) -> bool {
    let headers = request.headers();
    *request.method() == Method::GET
        && said(headers, "sec-fetch-mode") == Some("navigate")
        && said(headers, "sec-fetch-dest") == Some("document")
}

/// Whether the origin, where one is told, is ours. Under TLS that is `https` too: who is on the way can make a page of
/// ours in clear.
fn own_origin(settings: &Settings, headers: &HeaderMap, host: &str) -> bool {
    said(headers, "origin").is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(scheme, authority)| {
            authority.eq_ignore_ascii_case(host) && (scheme == "https" || (scheme == "http" && !settings.tls))
        })
    })
}

/// A browser that sends the cookie with a change says where from; one that does not is too old to be believed.
fn told(settings: &Settings, headers: &HeaderMap) -> bool {
    headers.contains_key("sec-fetch-site")
        || headers.contains_key("origin")
        || cookie::read(settings, headers, COOKIE).is_none()
}
