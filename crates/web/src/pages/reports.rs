//! What a browser refused on a page of ours, as it tells by itself (`report-uri`, CSP Level 3). Either somebody tries to put
//! something into a page, or a page of ours breaks our own policy: both are for the operator to see.

use axum::{body::Bytes, http::StatusCode};
use serde::Deserialize;

/// Bytes of a report.
pub const REPORT_BYTES_MAX: usize = 16 * 1024;

/// The parts of the policy. A report holds addresses and pieces of the page besides, which are not logged.
const DIRECTIVES: &[&str] = &[
    "default-src",
    "script-src",
    "script-src-elem",
    "script-src-attr",
    "style-src",
    "style-src-elem",
    "style-src-attr",
    "img-src",
    "connect-src",
    "object-src",
    "form-action",
    "base-uri",
    "frame-ancestors",
    "require-trusted-types-for",
    "trusted-types",
];

#[derive(Deserialize)]
struct Report {
    #[serde(rename = "csp-report")]
    report: Refused,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Refused {
    #[serde(alias = "violated-directive")]
    effective_directive: String,
}

/// Takes a report. What is none is passed over: nobody waits for the answer.
pub async fn take(body: Bytes) -> StatusCode {
    let said = serde_json::from_slice::<Report>(&body).ok().map(|report| report.report.effective_directive);
    let known = said.and_then(|said| DIRECTIVES.iter().find(|known| **known == said).copied());
    if let Some(directive) = known {
        tracing::warn!(directive, "a browser refused something on a page");
    }
    StatusCode::NO_CONTENT
}
