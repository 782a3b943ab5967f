//! What is refused is told to the operator: which route, why in a word, and whose session asked. Nothing of what was sent
//! is: an address, a body or a header may hold a value or a secret.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::MatchedPath,
    http::{Method, StatusCode},
    response::Response,
};
use trial::ids::{OrganizationId, PersonId};

use crate::{error::Problem, session::Asker};

/// Whose session a request came in, once that is found.
#[derive(Clone, Default)]
pub(crate) struct Who(Arc<OnceLock<(OrganizationId, Option<PersonId>)>>);

impl Who {
    /// It is this one. Whether that was not known yet: a request that asks twice finds the same session.
    pub(crate) fn is(&self, asker: &Asker) -> bool {
        self.0.set((asker.organization().id(), asker.actor().person())).is_ok()
    }
}

/// Writes a refusal to the log. Faults are written where they happen.
pub(super) fn note(who: &Who, method: &Method, route: Option<&MatchedPath>, answer: &Response) {
    let status = answer.status();
    if !status.is_client_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        return;
    }
    let (organization, person) = who.0.get().copied().unzip();
    let person = person.flatten().map(|person| person.to_string());
    tracing::info!(
        status = status.as_u16(),
        code = answer.extensions().get::<Problem>().map_or("", |problem| problem.code),
        %method,
        route = route.map_or("none", MatchedPath::as_str),
        organization = organization.map(|organization| organization.to_string()).unwrap_or_default(),
        person = person.unwrap_or_default(),
        "refused"
    );
}
