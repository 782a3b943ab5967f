//! Failures as pages.

use axum::{
    http::Uri,
    response::{Html, IntoResponse, Response},
};

use crate::error::Problem;

/// The page of a problem. Status, `Allow`, `Retry-After` and the security headers are set by the caller afterwards;
/// a redirect (303) stays one.
#[must_use]
pub fn respond(problem: &Problem, _asked: &Uri) -> Response {
    Html(format!("<!doctype html><title>{}</title>", problem.title)).into_response()
}
