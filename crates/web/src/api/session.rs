//! Signing in and out.

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use store::{
    acts::{OpenSession, SignOut},
    views::Account,
};
use utoipa::ToSchema;

use super::{created, routes, schema};
use crate::{
    browser::Browser,
    checks::Source,
    error::Answer,
    input::{Json as Body, RequestKey},
    passkey::{Asking, Host, UsedPasskey},
    route::{Does, Table},
    server::Client,
    session::{self, Asker},
    sign_in::{Credentials, First, sign_in, sign_in_with_passkey},
    state::AppState,
};

pub(super) fn table() -> Table {
    routes()
        .post("/session", Does::act::<OpenSession>().and_act::<SignOut>(), open)
        .post("/session/passkey", Does::act::<OpenSession>().and_act::<SignOut>(), open_with_passkey)
        .get("/session", Does::view::<Account>(), show)
        .delete("/session", Does::act::<SignOut>(), end)
        .get("/challenge", Does::public("a random challenge, which says nothing of anybody"), challenge)
}

/// What a person signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInRequest {
    /// Id or name of the organization; may be left out where the installation has one only.
    #[serde(default)]
    organization: String,
    /// The name to sign in with.
    sign_in: String,
    /// The password.
    password: String,
    /// A code from the authenticator app, or a recovery code, where a second factor is set.
    code: Option<String>,
    /// A new password, where the answer was that others may know the old one (`new_password`, `needed`).
    new_password: Option<String>,
}

/// An open session.
#[derive(Serialize, ToSchema)]
pub(super) struct Opened {
    /// Send it as `Authorization: Bearer …`.
    token: String,
    /// Minutes without a request after which it ends.
    idle_minutes: i64,
}

/// Sign in
///
/// Unknown organizations, unknown names and wrong passwords are answered alike. After five failures each further one
/// makes the next attempt wait longer (429). While too many people sign in at once, passwords are not looked at (503);
/// passkeys are. Where the request brings a session, that one ends.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", security(()), request_body = SignInRequest,
    responses((status = 201, body = Opened)))]
pub(super) async fn open(
    State(state): State<AppState>,
    Browser(client): Browser,
    source: Source,
    before: Option<Asker>,
    Body(body): Body<SignInRequest>,
) -> Answer<Response> {
    let SignInRequest { organization, sign_in: name, password, code, new_password } = body;
    let first = First::Password { sign_in: name, password };
    let credentials = Credentials { organization, first, code, new_password, client };
    let token = sign_in(&state, credentials, source).await?;
    session::replaced(before).await?;
    Ok(created(Opened { token, idle_minutes: store::IDLE.as_mins() }))
}

/// A challenge for a passkey
///
/// It is to be signed within two minutes, and works once.
#[utoipa::path(get, path = "/api/v1/challenge", tag = "session", security(()),
    responses((status = 200, body = Asking)))]
pub(super) async fn challenge(State(state): State<AppState>, host: Host) -> Answer<Json<Asking>> {
    Ok(Json(Asking::new(&state, host)?))
}

/// Sign in with a passkey
///
/// The passkey says whose it is, and is two factors in one. Failures of passwords do not make it wait.
#[utoipa::path(post, path = "/api/v1/session/passkey", tag = "session", security(()), request_body = UsedPasskey,
    responses((status = 201, body = Opened)))]
pub(super) async fn open_with_passkey(
    State(state): State<AppState>,
    host: Host,
    Browser(client): Browser,
    before: Option<Asker>,
    Body(passkey): Body<UsedPasskey>,
) -> Answer<Response> {
    let token = sign_in_with_passkey(&state, &host, passkey, client).await?;
    session::replaced(before).await?;
    Ok(created(Opened { token, idle_minutes: store::IDLE.as_mins() }))
}

/// A session as it stands.
#[derive(Serialize, ToSchema)]
pub(super) struct Standing {
    /// Who.
    #[schema(value_type = String, format = Uuid)]
    person: trial::ids::PersonId,
    /// Name.
    name: String,
    /// The organization.
    organization: String,
    /// When the session ends unless it is used.
    #[schema(value_type = String, format = DateTime)]
    ends: jiff::Timestamp,
    /// The certificate that this request came with, where programs show one.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Certificate>,
}

/// A certificate that a program showed, and that was verified.
#[derive(Serialize, ToSchema)]
pub(super) struct Certificate {
    /// Its subject (RFC 4514).
    subject: String,
    /// Its SHA-256, in hexadecimal.
    thumbprint: String,
}

/// One's session
///
/// With the header `Probity-Background: 1` asking does not keep it alive.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, body = Standing)))]
pub(super) async fn show(asker: Asker) -> Answer<Json<Standing>> {
    let account = asker.view(Account {}).await?;
    let certificate = asker.client.map(|Client { subject, thumbprint, .. }| Certificate { subject, thumbprint });
    let (person, name, organization) = (account.id, account.name, account.organization);
    Ok(Json(Standing { person, name, organization, ends: asker.ends, certificate }))
}

/// Sign out
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 200, body = schema::Receipt)))]
pub(super) async fn end(asker: Asker, RequestKey(request): RequestKey) -> Answer<Json<store::Receipt>> {
    Ok(Json(asker.act(SignOut {}, request).await?))
}
