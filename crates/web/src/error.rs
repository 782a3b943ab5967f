//! The one place where a failure becomes an HTTP answer: a problem document (RFC 9457) for programs, a page for people.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use store::{Error, Refusal};

/// The word for programs that what they asked for needs a factor shown just now.
pub(crate) const STEP_UP: &str = "step_up";

/// What handlers return.
pub type Answer<T> = Result<T, Problem>;

/// Why a request was not done. [`IntoResponse`] gives it its status; the outermost guard writes the body, JSON or a
/// page, depending on who asked.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// RFC 9457: no page of its own.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, what was kept, and what to do.
    pub detail: String,
    /// A word for programs.
    pub code: &'static str,
    /// What is wrong with the request, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FieldProblem>)]
    pub fields: Vec<Refusal>,
    /// The version that is current now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<u64>,
    /// When to try again, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// What to tell the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

/// One reason at one field.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// The field; empty where it is the request as a whole.
    pub field: String,
    /// A word for programs.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// A problem of this status.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            fields: Vec::new(),
            current: None,
            retry_after: None,
            incident: None,
        }
    }

    /// 400: it could not be understood.
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// 429 for who goes faster than people do.
    #[must_use]
    pub(crate) fn too_fast(wait: Duration) -> Self {
        let seconds =
            u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(u32::from(wait.subsec_nanos() > 0));
        let detail = format!("this is faster than anybody works: nothing was done. Go on in {seconds} seconds");
        Problem { retry_after: Some(seconds), ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "pace", detail) }
    }

    /// 404.
    #[must_use]
    pub fn hidden() -> Self {
        Error::Hidden.into()
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What a bare status says, where the answer came from beneath us without a word.
    #[must_use]
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => return Problem::hidden(),
            StatusCode::METHOD_NOT_ALLOWED => ("method", "this address does not take that method: see Allow"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the request is larger than this address takes"),
            StatusCode::REQUEST_TIMEOUT => ("timeout", "the request took too long to arrive: nothing was stored"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ("media_type", "this address does not take that kind of content"),
            status if status.is_client_error() => ("malformed", "the request could not be understood"),
            _ => ("fault", "something failed inside Probity; nothing was stored"),
        };
        Problem::new(status, code, detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Hidden => {
                Problem::new(StatusCode::NOT_FOUND, "hidden", "there is nothing here, or nothing that you may see")
            }
            Error::Forbidden { .. } => Problem::new(StatusCode::FORBIDDEN, "forbidden", detail),
            Error::Suspended(lapse) => Problem::new(StatusCode::FORBIDDEN, lapse.code(), detail),
            Error::Blocked { code, .. } => Problem::new(StatusCode::CONFLICT, code, detail),
            Error::SignedOut => Problem::new(StatusCode::UNAUTHORIZED, "signed_out", detail),
            Error::StepUp => Problem::new(StatusCode::UNAUTHORIZED, STEP_UP, detail),
            Error::Refused(fields) => {
                Problem { fields, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", detail) }
            }
            Error::RulesBroken(fields) => {
                Problem { fields, ..Problem::new(StatusCode::CONFLICT, "rules_broken", detail) }
            }
            Error::Conflict { current, .. } => {
                Problem { current, ..Problem::new(StatusCode::CONFLICT, "conflict", detail) }
            }
            // The asker's own doing (RFC 6585 4).
            Error::TooFast { retry_after } => Problem {
                retry_after: Some(retry_after),
                ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "wait", detail)
            },
            Error::Busy { retry_after, .. } => Problem {
                retry_after: Some(retry_after),
                ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            },
            Error::Fault { incident } => {
                Problem { incident: Some(incident), ..Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", detail) }
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED.as_u16() {
            // RFC 9110 11.6.1 wants to be told how, and RFC 9470 3 how lately.
            let how = if self.code == STEP_UP {
                "Bearer error=\"insufficient_user_authentication\", max_age=\"900\""
            } else {
                "Bearer"
            };
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(how));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The problem as a program reads it.
pub(crate) fn json(problem: &Problem) -> Response {
    let body = serde_json::to_vec(problem).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_status() {
        let refusal = || Error::refused("code", "taken", "choose another");
        let conflict = Error::Conflict { message: "saved meanwhile".into(), current: Some(4) };
        let busy = Error::Busy { message: "later".into(), retry_after: 7 };
        let fault = Error::Fault { incident: "0a1b".into() };
        for (error, status, code) in [
            (Error::Hidden, 404, "hidden"),
            (Error::Forbidden { needs: "form.edit" }, 403, "forbidden"),
            (Error::Suspended(trial::gate::Lapse::TrainingLapsed), 403, "training_lapsed"),
            (Error::Blocked { code: "policy_unsigned", message: "sign first".into() }, 409, "policy_unsigned"),
            (Error::SignedOut, 401, "signed_out"),
            (Error::StepUp, 401, "step_up"),
            (refusal(), 422, "refused"),
            (Error::RulesBroken(Vec::new()), 409, "rules_broken"),
            (conflict, 409, "conflict"),
            (Error::TooFast { retry_after: 7 }, 429, "wait"),
            (busy, 503, "busy"),
            (fault, 500, "fault"),
        ] {
            let problem = Problem::from(error);
            assert_eq!((problem.status, problem.code), (status, code));
            assert_eq!(problem.into_response().status().as_u16(), status);
        }
    }

    #[test]
    fn a_problem_tells_what_helps() {
        let conflict = Problem::from(Error::Conflict { message: "saved meanwhile".into(), current: Some(4) });
        assert_eq!(conflict.current, Some(4));
        let busy = Problem::from(Error::Busy { message: "later".into(), retry_after: 7 }).into_response();
        assert_eq!(busy.headers().get(header::RETRY_AFTER), Some(&HeaderValue::from(7)));
        let signed_out = Problem::from(Error::SignedOut).into_response();
        assert!(signed_out.headers().contains_key(header::WWW_AUTHENTICATE));
        let refused = Problem::from(Error::refused("code", "taken", "choose another"));
        assert_eq!(refused.fields.first().map(|field| field.field.as_str()), Some("code"));
        let fault = Problem::from(Error::Fault { incident: "0a1b".into() });
        assert_eq!(fault.incident.as_deref(), Some("0a1b"));
    }
}
