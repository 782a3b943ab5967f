//! Subjects: the list, adding one, its matrix of visits and forms, erasing it.

use axum::{Json, response::Response};
use serde::Deserialize;
use store::{
    Receipt,
    acts::{AddSubject, EraseSubject},
    views::{ShowStudy, ShowSubject, SubjectShown, Subjects, SubjectsShown},
};
use trial::ids::{SiteId, StudyId, SubjectId};
use utoipa::{IntoParams, ToSchema};

use super::{Made, created, grant::Reason, routes, schema};
use crate::{
    error::{Answer, Problem},
    input::{Json as Body, Path, Query, RequestKey},
    route::{Does, Table},
    session::Asker,
};

/// Rows of a page where the client does not say.
const PAGE_ROWS: u32 = 100;

pub(super) fn table() -> Table {
    routes()
        .get("/studies/{study}/subjects", Does::view::<Subjects>(), list)
        .post("/studies/{study}/subjects", Does::act::<AddSubject>().and_view::<ShowStudy>(), add)
        .get("/subjects/{subject}", Does::view::<ShowSubject>(), show)
        .post("/subjects/{subject}/erase", Does::act::<EraseSubject>(), erase)
}

/// Which subjects.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// At this site only.
    #[param(value_type = Option<String>, format = Uuid)]
    site: Option<SiteId>,
    /// Codes that begin like this.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    search: String,
    /// Codes after this one: `next` of the page before.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    after: String,
    /// At most so many.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Subjects that one may see, by code
#[utoipa::path(get, path = "/api/v1/studies/{study}/subjects", tag = "subjects",
    params(("study" = String, Path, format = Uuid), Which), responses((status = 200, body = schema::Subjects)))]
pub(super) async fn list(
    asker: Asker,
    Path(study): Path<StudyId>,
    Query(Which { site, search, after, limit }): Query<Which>,
) -> Answer<Json<SubjectsShown>> {
    let limit = limit.unwrap_or(PAGE_ROWS);
    Ok(Json(asker.view(Subjects { study, site, search, after, limit }).await?))
}

/// A subject to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSubject {
    /// Where.
    #[schema(value_type = String, format = Uuid)]
    site: SiteId,
    /// Its code, unique in the study. Never a name.
    code: String,
}

/// Add a subject at a site of the study
#[utoipa::path(post, path = "/api/v1/studies/{study}/subjects", tag = "subjects", request_body = NewSubject,
    params(("study" = String, Path, format = Uuid)), responses((status = 201, body = schema::Made)))]
pub(super) async fn add(
    asker: Asker,
    Path(study): Path<StudyId>,
    RequestKey(request): RequestKey,
    Body(NewSubject { site, code }): Body<NewSubject>,
) -> Answer<Response> {
    // The act finds the study by the site; an address that names another study is an address of nothing.
    let sites = asker.view(ShowStudy { study }).await?.sites;
    if !sites.iter().any(|line| line.id == site) {
        return Err(Problem::hidden());
    }
    let receipt = asker.act(AddSubject { site, code }, request).await?;
    Ok(created(Made::<SubjectId>::first(receipt, "subject")))
}

/// One subject: its visits, and the state of each form
#[utoipa::path(get, path = "/api/v1/subjects/{subject}", tag = "subjects",
    params(("subject" = String, Path, format = Uuid)), responses((status = 200, body = schema::Subject)))]
pub(super) async fn show(asker: Asker, Path(subject): Path<SubjectId>) -> Answer<Json<SubjectShown>> {
    Ok(Json(asker.view(ShowSubject { subject }).await?))
}

/// Erase a subject
///
/// Destroys its key: every value, reason and code is gone for good. The ledger and every proof from it stay whole.
#[utoipa::path(post, path = "/api/v1/subjects/{subject}/erase", tag = "subjects", request_body = Reason,
    params(("subject" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn erase(
    asker: Asker,
    Path(subject): Path<SubjectId>,
    RequestKey(request): RequestKey,
    Body(Reason { reason }): Body<Reason>,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(EraseSubject { subject, reason }, request).await?))
}
