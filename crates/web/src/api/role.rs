//! Roles: those that Probity brings, and the organization's own.

use std::collections::BTreeSet;

use axum::{Json, response::Response};
use serde::Deserialize;
use store::{
    Receipt,
    acts::DefineRole,
    views::{RoleBook, RoleLine},
};
use trial::{
    definition::FormOid,
    ids::RoleId,
    permission::Permissions,
    role::{Level, Role},
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
    routes().get("/roles", Does::view::<RoleBook>(), list).post("/roles", Does::act::<DefineRole>(), define).put(
        "/roles/{role}",
        Does::act::<DefineRole>(),
        change,
    )
}

/// Every role, with what it may do
#[utoipa::path(get, path = "/api/v1/roles", tag = "roles", params(At),
    responses((status = 200, body = Vec<schema::RoleLine>)))]
pub(super) async fn list(asker: Asker, Query(at): Query<At>) -> Answer<Json<Vec<RoleLine>>> {
    Ok(Json(asker.view(RoleBook { scope: at.scope()? }).await?))
}

/// What a role of the organization's own is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// Its name on the page.
    title: String,
    /// Where it may be granted.
    #[schema(value_type = Vec<schema::Level>)]
    levels: BTreeSet<Level>,
    /// What it may do there, by code.
    #[schema(value_type = Vec<schema::Permission>)]
    permissions: Permissions,
    /// ODM FormOIDs that it sees and edits; left out: all.
    #[schema(value_type = Option<Vec<String>>)]
    forms: Option<BTreeSet<FormOid>>,
    /// The roles that it gives and ends, where it may give roles.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Role>)]
    administers: BTreeSet<Role>,
    /// Which of `study_administrator` and `site_administrator` give it, beside the organization's administrators.
    #[serde(default)]
    #[schema(value_type = Vec<schema::Role>)]
    given_by: BTreeSet<Role>,
    /// Whether it may be given to more people; left out: yes.
    #[serde(default = "yes")]
    offered: bool,
}

const fn yes() -> bool {
    true
}

impl Wish {
    fn act(self, role: Option<RoleId>) -> DefineRole {
        let Wish { title, levels, permissions, forms, administers, given_by, offered } = self;
        DefineRole { role, title, levels, permissions, forms, administers, given_by, offered }
    }
}

/// Define a role of the organization's own
#[utoipa::path(post, path = "/api/v1/roles", tag = "roles", request_body = Wish,
    responses((status = 201, body = schema::Made)))]
pub(super) async fn define(asker: Asker, RequestKey(request): RequestKey, Body(wish): Body<Wish>) -> Answer<Response> {
    Ok(created(Made::<RoleId>::first(asker.act(wish.act(None), request).await?, "role")))
}

/// Change one
///
/// The change holds for every grant of it at once.
#[utoipa::path(put, path = "/api/v1/roles/{role}", tag = "roles", request_body = Wish,
    params(("role" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn change(
    asker: Asker,
    Path(role): Path<RoleId>,
    RequestKey(request): RequestKey,
    Body(wish): Body<Wish>,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(wish.act(Some(role)), request).await?))
}
