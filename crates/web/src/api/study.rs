//! Studies and their sites.

use axum::{Json, response::Response};
use serde::Deserialize;
use store::{
    acts::{AddSite, RegisterStudy},
    views::{MyStudies, ShowStudy, SiteLine, StudyLine, StudyShown},
};
use trial::ids::{SiteId, StudyId};
use utoipa::ToSchema;

use super::{Made, created, routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Path, RequestKey},
    route::{Does, Table},
    session::Asker,
};

pub(super) fn table() -> Table {
    routes()
        .get("/studies", Does::view::<MyStudies>(), mine)
        .post("/studies", Does::act::<RegisterStudy>(), register)
        .get("/studies/{study}", Does::view::<ShowStudy>(), show)
        .get("/studies/{study}/sites", Does::view::<ShowStudy>(), sites)
        .post("/studies/{study}/sites", Does::act::<AddSite>(), add_site)
}

/// Studies in which one holds a role
#[utoipa::path(get, path = "/api/v1/studies", tag = "studies",
    responses((status = 200, body = Vec<schema::StudyLine>)))]
pub(super) async fn mine(asker: Asker) -> Answer<Json<Vec<StudyLine>>> {
    Ok(Json(asker.view(MyStudies {}).await?))
}

/// A study to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStudy {
    /// ODM StudyOID.
    oid: String,
    /// Its short name.
    name: String,
}

/// Register a study
#[utoipa::path(post, path = "/api/v1/studies", tag = "studies", request_body = NewStudy,
    responses((status = 201, body = schema::Made)))]
pub(super) async fn register(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(NewStudy { oid, name }): Body<NewStudy>,
) -> Answer<Response> {
    let receipt = asker.act(RegisterStudy { oid, name }, request).await?;
    Ok(created(Made::<StudyId>::first(receipt, "study")))
}

/// A study, its sites and one's roles in it
#[utoipa::path(get, path = "/api/v1/studies/{study}", tag = "studies",
    params(("study" = String, Path, format = Uuid)), responses((status = 200, body = schema::Study)))]
pub(super) async fn show(asker: Asker, Path(study): Path<StudyId>) -> Answer<Json<StudyShown>> {
    Ok(Json(asker.view(ShowStudy { study }).await?))
}

/// The sites of a study that one may see
#[utoipa::path(get, path = "/api/v1/studies/{study}/sites", tag = "studies",
    params(("study" = String, Path, format = Uuid)), responses((status = 200, body = Vec<schema::Site>)))]
pub(super) async fn sites(asker: Asker, Path(study): Path<StudyId>) -> Answer<Json<Vec<SiteLine>>> {
    Ok(Json(asker.view(ShowStudy { study }).await?.sites))
}

/// A site to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSite {
    /// ODM LocationOID: how files name the site.
    oid: String,
    /// Its name.
    name: String,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
}

/// Add a site
#[utoipa::path(post, path = "/api/v1/studies/{study}/sites", tag = "studies", request_body = NewSite,
    params(("study" = String, Path, format = Uuid)), responses((status = 201, body = schema::Made)))]
pub(super) async fn add_site(
    asker: Asker,
    Path(study): Path<StudyId>,
    RequestKey(request): RequestKey,
    Body(NewSite { oid, name, country }): Body<NewSite>,
) -> Answer<Response> {
    let receipt = asker.act(AddSite { study, oid, name, country }, request).await?;
    Ok(created(Made::<SiteId>::first(receipt, "site")))
}
