//! Where an authority for programs is named, a program shows a certificate of it: whatever comes with a token in a
//! header, and every request to the API that does not come from a page of ours with its cookie.

use axum::{extract::Request, http::StatusCode};

use crate::{
    cookie,
    error::Problem,
    server::Client,
    session::{COOKIE, bearer},
    state::Settings,
};

/// Refuses a program that no certificate vouches for.
pub(super) fn vouched_for(settings: &Settings, request: &Request) -> Result<(), Problem> {
    let Some(vouching) = &settings.vouching else { return Ok(()) };
    if !is_program(settings, request) {
        return Ok(());
    }
    match request.extensions().get::<Option<Client>>().and_then(Option::as_ref) {
        Some(client) if vouching.holds(client) => Ok(()),
        Some(_) => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "client_certificate_stale",
            "who is trusted has changed since this connection began: connect again",
        )),
        None => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "client_certificate",
            "a program needs a certificate of the authority that this server was told to trust: connect with one",
        )),
    }
}

fn is_program(settings: &Settings, request: &Request) -> bool {
    let headers = request.headers();
    bearer(headers).is_some()
        || (request.uri().path().starts_with("/api/") && cookie::read(settings, headers, COOKIE).is_none())
}
