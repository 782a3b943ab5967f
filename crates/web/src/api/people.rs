//! People: added with a one-time enrolment token, which the answer holds and nothing else does.

use axum::{Json, response::Response};
use serde::{Deserialize, Serialize};
use store::{
    Receipt,
    acts::{AddPerson, DisablePerson, ReleaseEnrolment, RenewEnrolment, RequireNewPassword, VerifyIdentity},
    views::{People, PersonLine},
};
use trial::{identity::Way, ids::PersonId};
use utoipa::ToSchema;

use super::{At, created, routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Path, Query, RequestKey},
    route::{Does, Table},
    session::{Asker, enrolment_token},
};

pub(super) fn table() -> Table {
    routes()
        .get("/people", Does::view::<People>(), list)
        .post("/people", Does::act::<AddPerson>(), add)
        .post("/people/{person}/enrolment", Does::act::<RenewEnrolment>(), renew)
        .post("/people/{person}/release", Does::act::<ReleaseEnrolment>(), release)
        .post("/people/{person}/new-password", Does::act::<RequireNewPassword>(), require_new_password)
        .post("/people/{person}/identity", Does::act::<VerifyIdentity>(), verify_identity)
        .post("/people/{person}/disable", Does::act::<DisablePerson>(), disable)
}

/// People with an account
///
/// For whoever administers the organization, or the study or site that is named.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(At),
    responses((status = 200, body = Vec<schema::Person>)))]
pub(super) async fn list(asker: Asker, Query(at): Query<At>) -> Answer<Json<Vec<PersonLine>>> {
    Ok(Json(asker.view(People { scope: at.scope()? }).await?))
}

/// A person to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPerson {
    /// Name, as it is shown.
    name: String,
    /// Mail address.
    email: String,
    /// The name to sign in with.
    sign_in: String,
}

/// A person's enrolment.
#[derive(Serialize, ToSchema)]
pub(super) struct Enrolling {
    /// Who.
    #[schema(value_type = String, format = Uuid)]
    id: Option<PersonId>,
    /// Opens `/enrol#` with it behind, once, for seven days.
    token: String,
    /// Of the act.
    #[schema(value_type = schema::Receipt)]
    receipt: Receipt,
}

/// Add a person
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = NewPerson,
    responses((status = 201, body = Enrolling)))]
pub(super) async fn add(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(NewPerson { name, email, sign_in }): Body<NewPerson>,
) -> Answer<Response> {
    let token = enrolment_token(asker.organization(), request);
    let act = AddPerson { name, email, sign_in, enrolment_tag: store::token_tag(&token) };
    let receipt = asker.act(act, request).await?;
    Ok(created(Enrolling { id: receipt.id("person"), token, receipt }))
}

/// Renew a person's enrolment
///
/// When the token was lost, the password forgotten, or the second factor is gone. What was set before works until the new one
/// is used. Who is enrolled already shows a second factor beside it, a recovery code, or the code of a release.
#[utoipa::path(post, path = "/api/v1/people/{person}/enrolment", tag = "people",
    params(("person" = String, Path, format = Uuid)), responses((status = 201, body = Enrolling)))]
pub(super) async fn renew(
    asker: Asker,
    Path(person): Path<PersonId>,
    RequestKey(request): RequestKey,
) -> Answer<Response> {
    let token = enrolment_token(asker.organization(), request);
    let receipt = asker.act(RenewEnrolment { person, enrolment_tag: store::token_tag(&token) }, request).await?;
    Ok(created(Enrolling { id: Some(person), token, receipt }))
}

/// A release of an enrolment.
#[derive(Serialize, ToSchema)]
pub(super) struct Released {
    /// What the person types beside the link.
    code: String,
    /// Of the act.
    #[schema(value_type = schema::Receipt)]
    receipt: Receipt,
}

/// Release a person's enrolment
///
/// For somebody who lost all that they prove themselves with: they set everything anew with the link that another
/// administrator made and this code. Nobody releases a link of their own.
#[utoipa::path(post, path = "/api/v1/people/{person}/release", tag = "people",
    params(("person" = String, Path, format = Uuid)), responses((status = 201, body = Released)))]
pub(super) async fn release(
    asker: Asker,
    Path(person): Path<PersonId>,
    RequestKey(request): RequestKey,
) -> Answer<Response> {
    let release = move |organization: &store::Organization, actor: &store::Actor| {
        organization.release_enrolment(actor, person, request)
    };
    let (receipt, code) = asker.blocking(release).await?;
    Ok(created(Released { code, receipt }))
}

/// Require a new password of a person
///
/// When others may know the old one. Every session ends; the next sign-in asks for a new password.
#[utoipa::path(post, path = "/api/v1/people/{person}/new-password", tag = "people",
    params(("person" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn require_new_password(
    asker: Asker,
    Path(person): Path<PersonId>,
    RequestKey(request): RequestKey,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(RequireNewPassword { person }, request).await?))
}

/// How a person's identity was checked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Checked {
    /// How.
    #[schema(value_type = schema::IdentityWay)]
    way: Way,
    /// What else is to be said, such as the kind of document; no number of one.
    note: Option<String>,
}

/// Record that a person's identity was checked
///
/// By whoever records it. A role that carries a right to sign waits for it (21 CFR 11.100 (b)). Done again, it replaces what
/// was recorded before; nobody does it for themselves.
#[utoipa::path(post, path = "/api/v1/people/{person}/identity", tag = "people",
    params(("person" = String, Path, format = Uuid)), request_body = Checked,
    responses((status = 200, body = schema::Receipt)))]
pub(super) async fn verify_identity(
    asker: Asker,
    Path(person): Path<PersonId>,
    RequestKey(request): RequestKey,
    Body(Checked { way, note }): Body<Checked>,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(VerifyIdentity { person, way, note }, request).await?))
}

/// Disable a person's account
///
/// Every session ends; no grant works any more.
#[utoipa::path(post, path = "/api/v1/people/{person}/disable", tag = "people",
    params(("person" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn disable(
    asker: Asker,
    Path(person): Path<PersonId>,
    RequestKey(request): RequestKey,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(DisablePerson { person }, request).await?))
}
