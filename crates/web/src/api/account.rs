//! One's own account: password, second factor, sessions.

use axum::Json;
use serde::{Deserialize, Serialize};
use store::{
    Receipt, SessionShown,
    acts::{ChangePassword, EndOtherSessions, EndSession, SetSecondFactor},
    views::{Account, AccountShown},
};
use trial::ids::SessionId;
use utoipa::ToSchema;

use super::{routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Path, RequestKey},
    route::{Does, Table},
    second_factor,
    session::Asker,
};

pub(super) fn table() -> Table {
    routes()
        .get("/account", Does::view::<Account>(), show)
        .put("/account/password", Does::act::<ChangePassword>(), change_password)
        .get("/account/second-factor", Does::view::<Account>(), begin_second_factor)
        .put("/account/second-factor", Does::act::<SetSecondFactor>(), set_second_factor)
        .get("/account/sessions", Does::view::<Account>(), sessions)
        .delete("/account/sessions", Does::act::<EndOtherSessions>(), end_others)
        .delete("/account/sessions/{session}", Does::act::<EndSession>(), end_session)
}

/// One's account, with the roles one holds now
#[utoipa::path(get, path = "/api/v1/account", tag = "account", responses((status = 200, body = schema::Account)))]
pub(super) async fn show(asker: Asker) -> Answer<Json<AccountShown>> {
    Ok(Json(asker.view(Account {}).await?))
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// The password so far.
    old: String,
    /// The one from now on.
    new: String,
}

/// Change one's password
///
/// Every other session of one's own ends.
#[utoipa::path(put, path = "/api/v1/account/password", tag = "account", request_body = PasswordChange,
    responses((status = 200, body = schema::Receipt)))]
pub(super) async fn change_password(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(PasswordChange { old, new }): Body<PasswordChange>,
) -> Answer<Json<Receipt>> {
    let change = move |organization: &store::Organization, actor: &store::Actor| {
        organization.change_password(actor, &old, &new, request)
    };
    Ok(Json(asker.blocking(change).await?))
}

/// A new secret, not yet set.
#[derive(Serialize, ToSchema)]
pub(super) struct NewSecret {
    /// The secret, in base32, for an authenticator app.
    secret: String,
    /// The same as an `otpauth` address.
    address: String,
}

/// Begin to set a second factor
///
/// Nothing is stored until the secret comes back with a code made from it.
#[utoipa::path(get, path = "/api/v1/account/second-factor", tag = "account",
    responses((status = 200, body = NewSecret)))]
pub(super) async fn begin_second_factor(asker: Asker) -> Answer<Json<NewSecret>> {
    let account = asker.view(Account {}).await?;
    let secret = second_factor::fresh()?;
    let address = second_factor::address(&account.organization, &account.sign_in, &secret);
    Ok(Json(NewSecret { secret, address }))
}

/// A second factor to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecondFactor {
    /// The secret that was shown.
    secret: String,
    /// The code that the app shows.
    code: String,
}

/// Set one's second factor
#[utoipa::path(put, path = "/api/v1/account/second-factor", tag = "account", request_body = SecondFactor,
    responses((status = 200, body = schema::Receipt)))]
pub(super) async fn set_second_factor(
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(SecondFactor { secret, code }): Body<SecondFactor>,
) -> Answer<Json<Receipt>> {
    let secret = second_factor::typed(&secret)?;
    let set = move |organization: &store::Organization, actor: &store::Actor| {
        organization.set_second_factor(actor, &secret, &code, request)
    };
    Ok(Json(asker.blocking(set).await?))
}

/// One's open sessions
#[utoipa::path(get, path = "/api/v1/account/sessions", tag = "account",
    responses((status = 200, body = Vec<schema::Session>)))]
pub(super) async fn sessions(asker: Asker) -> Answer<Json<Vec<SessionShown>>> {
    Ok(Json(asker.view(Account {}).await?.sessions))
}

/// End one of one's sessions
#[utoipa::path(delete, path = "/api/v1/account/sessions/{session}", tag = "account",
    params(("session" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end_session(
    asker: Asker,
    Path(session): Path<SessionId>,
    RequestKey(request): RequestKey,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(EndSession { session }, request).await?))
}

/// End every session of one's own but this
#[utoipa::path(delete, path = "/api/v1/account/sessions", tag = "account",
    responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end_others(asker: Asker, RequestKey(request): RequestKey) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(EndOtherSessions {}, request).await?))
}
