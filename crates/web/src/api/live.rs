//! Releasing a study under the rules that it is run by.

use std::collections::BTreeSet;

use axum::Json;
use serde::Deserialize;
use store::{
    Receipt,
    acts::ActivateStudy,
    views::{Readiness, ShowReadiness},
};
use trial::{ids::StudyId, profile::RuleProfile};
use utoipa::ToSchema;

use super::{routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Path, RequestKey},
    route::{Does, Table},
    session::Asker,
};

pub(super) fn table() -> Table {
    routes().get("/studies/{study}/readiness", Does::view::<ShowReadiness>(), show).post(
        "/studies/{study}/activate",
        Does::act::<ActivateStudy>(),
        activate,
    )
}

/// Whether a study is live, and which of the rules that it may be run by it keeps
#[utoipa::path(get, path = "/api/v1/studies/{study}/readiness", tag = "studies",
    params(("study" = String, Path, format = Uuid)), responses((status = 200, body = schema::Readiness)))]
pub(super) async fn show(asker: Asker, Path(study): Path<StudyId>) -> Answer<Json<Readiness>> {
    Ok(Json(asker.view(ShowReadiness { study }).await?))
}

/// The rules that a study is run by.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    /// The profiles whose rules it keeps.
    #[schema(value_type = Vec<schema::RuleProfile>)]
    profiles: BTreeSet<RuleProfile>,
}

/// Release a study under the rules that it is run by, or put it under more of them
///
/// 409 (`rules_broken`) where it does not keep them: `fields` has each clause and what is wrong. Afterwards what would break
/// one is refused in the same words, wherever it is set.
#[utoipa::path(post, path = "/api/v1/studies/{study}/activate", tag = "studies", request_body = Release,
    params(("study" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn activate(
    asker: Asker,
    Path(study): Path<StudyId>,
    RequestKey(request): RequestKey,
    Body(Release { profiles }): Body<Release>,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(ActivateStudy { study, profiles }, request).await?))
}
