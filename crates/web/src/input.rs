//! What handlers take: parts of the address, the query, the body, and the request id. Whatever does not parse is
//! answered here, in words.

use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Request,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;
use trial::ids::RequestId;

use crate::{
    error::{Answer, Problem},
    state::AppState,
};

/// The header in which a program names its request, so that a retry is known for one.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Parts of the address. Ones that do not parse name nothing that exists: 404.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Answer<Self> {
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(found)| Path(found))
            .map_err(|_| Problem::hidden())
    }
}

/// The query of the address.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Answer<Self> {
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(found)| Query(found))
            .map_err(|rejection: QueryRejection| Problem::malformed(rejection.body_text()))
    }
}

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Answer<Self> {
        let content = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content = content.and_then(|value| value.split(';').next()).map(str::trim);
        if !content.is_some_and(|content| content.eq_ignore_ascii_case("application/json")) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media_type",
                "send JSON, and say so: Content-Type: application/json",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| body_problem(&rejection))?;
        serde_json::from_slice(&bytes)
            .map(Json)
            .map_err(|error| Problem::malformed(format!("the body is not what this address takes: {error}")))
    }
}

/// Why a body could not be read.
fn body_problem(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE),
        _ => Problem::malformed("the body broke off: nothing was stored"),
    }
}

/// The request id of a write: the header `Idempotency-Key`, a UUID that the client chose.
#[derive(Debug, Clone, Copy)]
pub struct RequestKey(pub RequestId);

impl FromRequestParts<AppState> for RequestKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Answer<Self> {
        let key = parts.headers.get(IDEMPOTENCY_KEY).ok_or_else(|| {
            Problem::malformed(
                "every write carries a request id, so that a retry is not done twice: send Idempotency-Key, a new UUID",
            )
        })?;
        key.to_str().ok().and_then(|key| key.trim().trim_matches('"').parse().ok()).map(RequestKey).ok_or_else(|| {
            Problem::malformed("Idempotency-Key must be a UUID, such as 0190b5a2-7c1e-7d3a-8f00-1234567890ab")
        })
    }
}

/// A part of an address where `-` stands for nothing.
#[must_use]
pub fn dashed(part: String) -> String {
    if part == "-" { String::new() } else { part }
}
