//! One's own account: password, second factors, sessions, and what befell it.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use store::{
    Confirmation, Receipt, SessionShown,
    acts::{
        AddPasskey, ChangePassword, ConfirmPresence, EndOtherSessions, EndSession, MakeRecoveryCodes, ReadNotices,
        RemovePasskey, SetSecondFactor, UnlinkProvider,
    },
    views::{Account, AccountShown, MyProvider, MyProviderShown, SecurityEventLine, SecurityEvents},
};
use trial::ids::{PasskeyId, SessionId};
use utoipa::ToSchema;

use super::{Made, created, routes, schema};
use crate::{
    error::Answer,
    input::{Json as Body, Path, RequestKey},
    passkey::{Host, NewPasskey, UsedPasskey},
    route::{Does, Table},
    second_factor,
    session::{self, Asker},
    state::AppState,
};

pub(super) fn table() -> Table {
    routes()
        .get("/me", Does::view::<Account>(), show)
        .put("/me/password", Does::act::<ChangePassword>(), change_password)
        .get("/me/second-factor", Does::view::<Account>(), begin_second_factor)
        .put("/me/second-factor", Does::act::<SetSecondFactor>(), set_second_factor)
        .get("/me/sessions", Does::view::<Account>(), sessions)
        .delete("/me/sessions", Does::act::<EndOtherSessions>(), end_others)
        .delete("/me/sessions/{session}", Does::act::<EndSession>(), end_session)
        .put("/me/confirmation", Does::act::<ConfirmPresence>(), confirm)
        .post("/me/passkeys", Does::act::<AddPasskey>(), add_passkey)
        .delete("/me/passkeys/{passkey}", Does::act::<RemovePasskey>(), remove_passkey)
        .get("/me/provider", Does::view::<MyProvider>(), provider)
        .delete("/me/provider", Does::act::<UnlinkProvider>(), end_link)
        .post("/me/recovery-codes", Does::act::<MakeRecoveryCodes>(), make_recovery_codes)
        .get("/me/sign-ins", Does::view::<SecurityEvents>(), sign_ins)
        .get("/me/events", Does::view::<SecurityEvents>(), events)
        .put("/me/notices", Does::act::<ReadNotices>(), read_notices)
}

/// One's account, with the roles one holds now
#[utoipa::path(get, path = "/api/v1/me", tag = "me", responses((status = 200, body = schema::Account)))]
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
#[utoipa::path(put, path = "/api/v1/me/password", tag = "me", request_body = PasswordChange,
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
#[utoipa::path(get, path = "/api/v1/me/second-factor", tag = "me",
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
#[utoipa::path(put, path = "/api/v1/me/second-factor", tag = "me", request_body = SecondFactor,
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

/// What is shown to confirm that it is oneself: one of these.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmRequest {
    /// The password, where one has no second factor.
    password: Option<String>,
    /// A code from the authenticator app, where one has no passkey.
    code: Option<String>,
    /// A passkey.
    passkey: Option<UsedPasskey>,
}

/// A session whose person has confirmed that it is them.
#[derive(Serialize, ToSchema)]
pub(super) struct Confirmed {
    /// The session's token from now on; the one before opens nothing any more. None where it came as a cookie: then the
    /// new one does too.
    token: Option<String>,
    /// What the ledger says of it.
    #[schema(value_type = schema::Receipt)]
    receipt: Receipt,
}

/// Confirm that it is oneself
///
/// By the strongest factor that one has (`confirms_with` of one's account). What answers 401 with `step_up` can then be
/// done for 15 minutes, with the session's new token.
#[utoipa::path(put, path = "/api/v1/me/confirmation", tag = "me", request_body = ConfirmRequest,
    responses((status = 200, body = Confirmed)))]
pub(super) async fn confirm(
    State(state): State<AppState>,
    host: Host,
    asker: Asker,
    headers: HeaderMap,
    Body(ConfirmRequest { password, code, passkey }): Body<ConfirmRequest>,
) -> Answer<Response> {
    let used = passkey.map(|passkey| passkey.used()).transpose()?;
    let asked = used.as_ref().and_then(|used| host.asked(&state, &used.client_data));
    let confirm = move |organization: &store::Organization, actor: &store::Actor| {
        let shown = match (&used, &code) {
            (Some(used), _) => Confirmation::Passkey(used, asked.as_ref()),
            (None, Some(code)) => Confirmation::Code(code),
            (None, None) => Confirmation::Password(password.as_deref().unwrap_or_default()),
        };
        let token = session::fresh(organization.id())?;
        Ok((organization.confirm(actor, shown, &token)?, token))
    };
    let (receipt, token) = asker.blocking(confirm).await?;
    if session::bearer(&headers).is_some() {
        return Ok(Json(Confirmed { token: Some(token), receipt }).into_response());
    }
    let mut answer = Json(Confirmed { token: None, receipt }).into_response();
    if let Some(cookie) = session::set_cookie(&state, &token) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// Add a passkey of one's own
///
/// Every other session of one's own ends.
#[utoipa::path(post, path = "/api/v1/me/passkeys", tag = "me", request_body = NewPasskey,
    responses((status = 201, body = schema::Made)))]
pub(super) async fn add_passkey(
    State(state): State<AppState>,
    host: Host,
    asker: Asker,
    RequestKey(request): RequestKey,
    Body(new): Body<NewPasskey>,
) -> Answer<Response> {
    let made = new.made()?;
    let asked = host.asked(&state, &made.client_data);
    let add = move |organization: &store::Organization, actor: &store::Actor| {
        organization.add_passkey(actor, &new.name, &made, asked.as_ref(), request)
    };
    Ok(created(Made::<PasskeyId>::first(asker.blocking(add).await?, "passkey")))
}

/// Remove a passkey of one's own
///
/// Every other session of one's own ends.
#[utoipa::path(delete, path = "/api/v1/me/passkeys/{passkey}", tag = "me",
    params(("passkey" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn remove_passkey(
    asker: Asker,
    Path(passkey): Path<PasskeyId>,
    RequestKey(request): RequestKey,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(RemovePasskey { passkey }, request).await?))
}

/// The OpenID provider by whose sign-in one may sign in
///
/// `null` where there is none.
#[utoipa::path(get, path = "/api/v1/me/provider", tag = "me",
    responses((status = 200, body = Option<schema::MyProvider>)))]
pub(super) async fn provider(asker: Asker) -> Answer<Json<Option<MyProviderShown>>> {
    Ok(Json(asker.view(MyProvider {}).await?))
}

/// End the link to one's account at the OpenID provider
///
/// It is made at a browser, on the page of one's account.
#[utoipa::path(delete, path = "/api/v1/me/provider", tag = "me", responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end_link(asker: Asker, RequestKey(request): RequestKey) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(UnlinkProvider {}, request).await?))
}

/// Recovery codes, told this once.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    /// Each works once, as `code` at a sign-in.
    codes: Vec<String>,
    /// What the ledger says of it.
    #[schema(value_type = schema::Receipt)]
    receipt: Receipt,
}

/// Make recovery codes
///
/// The old ones stop working.
#[utoipa::path(post, path = "/api/v1/me/recovery-codes", tag = "me", responses((status = 201, body = RecoveryCodes)))]
pub(super) async fn make_recovery_codes(asker: Asker, RequestKey(request): RequestKey) -> Answer<Response> {
    let make = move |organization: &store::Organization, actor: &store::Actor| {
        organization.make_recovery_codes(actor, request)
    };
    let (receipt, codes) = asker.blocking(make).await?;
    Ok(created(RecoveryCodes { codes, receipt }))
}

/// One's last sign-ins, good and bad
#[utoipa::path(get, path = "/api/v1/me/sign-ins", tag = "me",
    responses((status = 200, body = Vec<schema::SecurityEvent>)))]
pub(super) async fn sign_ins(asker: Asker) -> Answer<Json<Vec<SecurityEventLine>>> {
    Ok(Json(asker.view(SecurityEvents { sign_ins: true }).await?))
}

/// What last befell one's account
#[utoipa::path(get, path = "/api/v1/me/events", tag = "me",
    responses((status = 200, body = Vec<schema::SecurityEvent>)))]
pub(super) async fn events(asker: Asker) -> Answer<Json<Vec<SecurityEventLine>>> {
    Ok(Json(asker.view(SecurityEvents { sign_ins: false }).await?))
}

/// Mark what one was told as read
#[utoipa::path(put, path = "/api/v1/me/notices", tag = "me", responses((status = 200, body = schema::Receipt)))]
pub(super) async fn read_notices(asker: Asker, RequestKey(request): RequestKey) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(ReadNotices {}, request).await?))
}

/// One's open sessions
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "me",
    responses((status = 200, body = Vec<schema::Session>)))]
pub(super) async fn sessions(asker: Asker) -> Answer<Json<Vec<SessionShown>>> {
    Ok(Json(asker.view(Account {}).await?.sessions))
}

/// End one of one's sessions
#[utoipa::path(delete, path = "/api/v1/me/sessions/{session}", tag = "me",
    params(("session" = String, Path, format = Uuid)), responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end_session(
    asker: Asker,
    Path(session): Path<SessionId>,
    RequestKey(request): RequestKey,
) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(EndSession { session }, request).await?))
}

/// End every session of one's own but this
#[utoipa::path(delete, path = "/api/v1/me/sessions", tag = "me",
    responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end_others(asker: Asker, RequestKey(request): RequestKey) -> Answer<Json<Receipt>> {
    Ok(Json(asker.act(EndOtherSessions {}, request).await?))
}
