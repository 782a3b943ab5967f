//! Grants: who has which role, where, from whom, until when.

use axum::{Json, response::Response};
use jiff::Timestamp;
use serde::Deserialize;
use store::{
    Receipt,
    acts::{ConfirmGrant, EndGrant, GiveGrant},
    views::{GrantLine, Grants},
};
use trial::{
    access::Scope,
    ids::{GrantId, PersonId},
    role::Role,
};
use utoipa::ToSchema;

use super::{At, Made, created, routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Path, Query, RequestKey},
    route::{Does, Table},
    session::Asker,
};

pub(super) fn table() -> Table {
    routes()
        .get("/grants", Does::view::<Grants>(), list)
        .post("/grants", Does::act::<GiveGrant>(), give)
        .post("/grants/{grant}/end", Does::act::<EndGrant>(), end)
        .post("/grants/{grant}/confirm", Does::act::<ConfirmGrant>(), confirm)
}

/// Grants of a scope, ended ones included
#[utoipa::path(get, path = "/api/v1/grants", tag = "grants", params(At),
    responses((status = 200, body = Vec<schema::GrantLine>)))]
pub(super) async fn list(asker: Asker, Query(at): Query<At>) -> Answer<Json<Vec<GrantLine>>> {
    Ok(Json(asker.view(Grants { scope: at.scope()? }).await?))
}

/// A role to give.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGrant {
    /// To whom.
    #[schema(value_type = String, format = Uuid)]
    person: PersonId,
    /// Which role.
    #[schema(value_type = schema::Role)]
    role: Role,
    /// Where.
    #[schema(value_type = schema::Scope)]
    scope: Scope,
    /// From when on; left out: now.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until when; left out: until it is ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Why.
    reason: Option<String>,
}

/// Give a role
#[utoipa::path(post, path = "/api/v1/grants", tag = "grants", request_body = NewGrant,
    responses((status = 201, body = schema::Made)))]
pub(super) async fn give(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(NewGrant { person, role, scope, from, until, reason }): Body<NewGrant>,
) -> Answer<Response> {
    let receipt = asker.act(GiveGrant { person, role, scope, from, until, reason }, request).await?;
    Ok(created(Made::<GrantId>::first(receipt, "grant")))
}

/// Why something ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// Why.
    pub reason: String,
}

/// End a grant
#[utoipa::path(post, path = "/api/v1/grants/{grant}/end", tag = "grants", request_body = Reason,
    params(("grant" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end(
    asker: Asker,
    Path(grant): Path<GrantId>,
    RequestKey(request): RequestKey,
    Body(Reason { reason }): Body<Reason>,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(EndGrant { grant, reason }, request).await?))
}

/// Confirm a grant: somebody looked, and the person still needs it
#[utoipa::path(post, path = "/api/v1/grants/{grant}/confirm", tag = "grants",
    params(("grant" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn confirm(
    asker: Asker,
    Path(grant): Path<GrantId>,
    RequestKey(request): RequestKey,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(ConfirmGrant { grant }, request).await?))
}
