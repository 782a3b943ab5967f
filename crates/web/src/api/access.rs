//! Access: who may do what on any day, access by exception, and the delegation log of a site.

use axum::{Json, response::Response};
use jiff::Timestamp;
use serde::Deserialize;
use store::{
    Receipt,
    acts::{AnswerAccess, AskAccess, BreakGlass, Delegate, EndDelegation, ReviewAccess},
    views::{
        AccessMatrix, AccessRequestLine, AccessRequests, DelegationLog, DelegationLogShown, MatrixLine,
        MyAccessRequests,
    },
};
use trial::{
    access::Scope,
    country::Country,
    ids::{AccessRequestId, DelegationId, PersonId, SiteId, StudyId},
    role::Role,
};
use utoipa::{IntoParams, ToSchema};

use super::{At, Made, created, routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Path, Query, RequestKey},
    route::{Does, Table},
    session::Asker,
};

pub(super) fn table() -> Table {
    routes()
        .get("/access-matrix", Does::view::<AccessMatrix>(), matrix)
        .get("/account/access-requests", Does::view::<MyAccessRequests>(), mine)
        .post("/account/access-requests", Does::act::<AskAccess>(), ask)
        .post("/account/emergencies", Does::act::<BreakGlass>(), break_glass)
        .get("/access-requests", Does::view::<AccessRequests>(), requests)
        .post("/access-requests/{request}/answer", Does::act::<AnswerAccess>(), answer)
        .post("/access-requests/{request}/review", Does::act::<ReviewAccess>(), review)
        .get("/sites/{site}/delegations", Does::view::<DelegationLog>(), delegations)
        .post("/sites/{site}/delegations", Does::act::<Delegate>(), delegate)
        .post("/delegations/{delegation}/end", Does::act::<EndDelegation>(), end_delegation)
}

/// Whose access is asked for, where and on which day.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// A study; left out: the organization with all of them.
    #[param(value_type = Option<String>, format = Uuid)]
    study: Option<StudyId>,
    /// A site of that study.
    #[param(value_type = Option<String>, format = Uuid)]
    site: Option<SiteId>,
    /// A country of that study.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z]{2}$")]
    country: Option<Country>,
    /// Whose; left out: everybody's.
    #[param(value_type = Option<String>, format = Uuid)]
    person: Option<PersonId>,
    /// When; left out: now.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// Who may do what, on any day
#[utoipa::path(get, path = "/api/v1/access-matrix", tag = "access", params(Asked),
    responses((status = 200, body = Vec<schema::MatrixLine>)))]
pub(super) async fn matrix(asker: Asker, Query(asked): Query<Asked>) -> Answer<Json<Vec<MatrixLine>>> {
    let Asked { study, site, country, person, at } = asked;
    Ok(Json(asker.view(AccessMatrix { scope: At { study, site, country }.scope()?, person, at }).await?))
}

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRequest {
    /// As what.
    #[schema(value_type = schema::Role)]
    role: Role,
    /// Where.
    #[schema(value_type = schema::Scope)]
    scope: Scope,
    /// For how many hours.
    hours: u32,
    /// Why.
    reason: String,
}

impl NewRequest {
    fn ask(self) -> AskAccess {
        let NewRequest { role, scope, hours, reason } = self;
        AskAccess { role, scope, hours, reason }
    }
}

/// What one asked for
#[utoipa::path(get, path = "/api/v1/account/access-requests", tag = "access",
    responses((status = 200, body = Vec<schema::AccessRequest>)))]
pub(super) async fn mine(asker: Asker) -> Answer<Json<Vec<AccessRequestLine>>> {
    Ok(Json(asker.view(MyAccessRequests {}).await?))
}

/// Ask for access
///
/// Somebody else approves it; then it holds for so many hours, and everything done with it is marked.
#[utoipa::path(post, path = "/api/v1/account/access-requests", tag = "access", request_body = NewRequest,
    responses((status = 201, body = schema::Made)))]
pub(super) async fn ask(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(new): Body<NewRequest>,
) -> Answer<Response> {
    Ok(created(Made::<AccessRequestId>::first(asker.act(new.ask(), request).await?, "access_request")))
}

/// Open one's own way in an emergency
///
/// At once, for reading, for a short time. Whoever administers there is told and reviews it.
#[utoipa::path(post, path = "/api/v1/account/emergencies", tag = "access", request_body = NewRequest,
    responses((status = 201, body = schema::Made)))]
pub(super) async fn break_glass(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(new): Body<NewRequest>,
) -> Answer<Response> {
    let receipt = asker.act(BreakGlass { ask: new.ask() }, request).await?;
    Ok(created(Made::<AccessRequestId>::first(receipt, "access_request")))
}

/// What was asked for at a place, and what is open there
#[utoipa::path(get, path = "/api/v1/access-requests", tag = "access", params(At),
    responses((status = 200, body = Vec<schema::AccessRequest>)))]
pub(super) async fn requests(asker: Asker, Query(at): Query<At>) -> Answer<Json<Vec<AccessRequestLine>>> {
    Ok(Json(asker.view(AccessRequests { scope: at.scope()? }).await?))
}

/// An answer to a request for access.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    /// Whether it is approved.
    approve: bool,
    /// What is said to it.
    answer: String,
}

/// Approve or refuse a request for access
#[utoipa::path(post, path = "/api/v1/access-requests/{request}/answer", tag = "access", request_body = Said,
    params(("request" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn answer(
    asker: Asker,
    Path(which): Path<AccessRequestId>,
    RequestKey(request): RequestKey,
    Body(Said { approve, answer }): Body<Said>,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(AnswerAccess { request: which, approve, answer }, request).await?))
}

/// What a review found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Found {
    /// What was found.
    finding: String,
}

/// Say what was done with access by exception; where it is still open, it ends
#[utoipa::path(post, path = "/api/v1/access-requests/{request}/review", tag = "access", request_body = Found,
    params(("request" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn review(
    asker: Asker,
    Path(which): Path<AccessRequestId>,
    RequestKey(request): RequestKey,
    Body(Found { finding }): Body<Found>,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(ReviewAccess { request: which, finding }, request).await?))
}

/// The delegation log of a site
#[utoipa::path(get, path = "/api/v1/sites/{site}/delegations", tag = "access",
    params(("site" = String, Path, format = Uuid)), responses((status = 200, body = schema::DelegationLog)))]
pub(super) async fn delegations(asker: Asker, Path(site): Path<SiteId>) -> Answer<Json<DelegationLogShown>> {
    Ok(Json(asker.view(DelegationLog { site }).await?))
}

/// Duties to delegate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDelegation {
    /// To whom.
    #[schema(value_type = String, format = Uuid)]
    person: PersonId,
    /// Which duties, in words.
    duties: String,
    /// From when on; left out: now.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until when; left out: until it is ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// Delegate duties at a site, as its investigator
#[utoipa::path(post, path = "/api/v1/sites/{site}/delegations", tag = "access", request_body = NewDelegation,
    params(("site" = String, Path, format = Uuid)), responses((status = 201, body = schema::Made)))]
pub(super) async fn delegate(
    asker: Asker,
    Path(site): Path<SiteId>,
    RequestKey(request): RequestKey,
    Body(NewDelegation { person, duties, from, until }): Body<NewDelegation>,
) -> Answer<Response> {
    let receipt = asker.act(Delegate { site, person, duties, from, until }, request).await?;
    Ok(created(Made::<DelegationId>::first(receipt, "delegation")))
}

/// End a delegation
#[utoipa::path(post, path = "/api/v1/delegations/{delegation}/end", tag = "access",
    params(("delegation" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end_delegation(
    asker: Asker,
    Path(delegation): Path<DelegationId>,
    RequestKey(request): RequestKey,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(EndDelegation { delegation }, request).await?))
}
