//! Enrolling: for whoever holds a one-time token.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use serde::{Deserialize, Serialize};
use store::{
    Receipt,
    acts::{Enrol, SignOut},
};
use utoipa::ToSchema;

use super::{routes, schema};
use crate::{
    browser::Browser,
    error::{Answer, Problem},
    input::{Json as Body, RequestKey},
    passkey::{self, Host, NewPasskey, UsedPasskey},
    route::{Does, Table},
    second_factor,
    session::{Asker, replaced},
    sign_in::{self, Chosen, Enrolling, ShownProof},
    state::AppState,
};

pub(super) fn table() -> Table {
    routes().get("/enrolment", Does::act::<Enrol>(), show).post(
        "/enrolment",
        Does::act::<Enrol>().and_act::<SignOut>(),
        enrol,
    )
}

/// The header in which an enrolment token comes: in an address it would be in logs.
const ENROLMENT: &str = "probity-enrolment";

/// The enrolment token of a request.
pub(super) struct Held(String);

impl FromRequestParts<AppState> for Held {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Answer<Self> {
        let token = parts.headers.get(ENROLMENT).and_then(|token| token.to_str().ok());
        let needed = || Problem::malformed("send the enrolment token in the header Probity-Enrolment");
        token.map(|token| Held(token.trim().to_owned())).ok_or_else(needed)
    }
}

/// What somebody has who was enrolled before.
#[derive(Serialize, ToSchema)]
pub(super) struct EnrolledWith {
    /// Whether an authenticator app.
    code: bool,
    /// Whether a passkey.
    passkey: bool,
}

/// What a token opens.
#[derive(Serialize, ToSchema)]
pub(super) struct Enrolment {
    /// The organization.
    organization: String,
    /// Name, as an administrator typed it.
    name: String,
    /// The name to sign in with.
    sign_in: String,
    /// Whether a second factor must be set too.
    second_factor: bool,
    /// Characters that the password has at least.
    password_characters: u32,
    /// Whether the account was set up before, and what its person has. Then the token alone sets nothing.
    before: Option<EnrolledWith>,
    /// The user handle for a passkey, in base64url.
    user: String,
    /// A new secret for an authenticator app, in base32. Nothing of it is stored until it comes back.
    secret: String,
    /// The same as an `otpauth` address.
    address: String,
}

/// What an enrolment token opens
#[utoipa::path(get, path = "/api/v1/enrolment", tag = "enrolment", security(()),
    params(("Probity-Enrolment" = String, Header)), responses((status = 200, body = Enrolment)))]
pub(super) async fn show(State(state): State<AppState>, Held(token): Held) -> Answer<Json<Enrolment>> {
    let (organization, enrolment) = sign_in::enrolment(&state, &token).await?;
    let secret = second_factor::fresh()?;
    Ok(Json(Enrolment {
        organization: organization.name().to_owned(),
        address: second_factor::address(organization.name(), &enrolment.sign_in, &secret),
        user: passkey::text(&store::user_handle(organization.id(), enrolment.person)),
        name: enrolment.name,
        sign_in: enrolment.sign_in,
        second_factor: enrolment.second_factor,
        password_characters: enrolment.password_characters,
        before: enrolment.before.map(|store::EnrolledWith { code, passkey }| EnrolledWith { code, passkey }),
        secret,
    }))
}

/// What an enrolment sets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnrolRequest {
    /// The password from now on.
    password: String,
    /// The secret that was shown, where a second factor is set.
    secret: Option<String>,
    /// A code from it.
    code: Option<String>,
    /// A passkey, where one is the second factor.
    passkey: Option<NewPasskey>,
    /// Where the account was set up before: a code of its app, and then the second factor stays as it is; or a recovery code,
    /// or the release code of a second administrator, and then all is set anew.
    proof: Option<String>,
    /// In its place a passkey of the account, which stays.
    proof_passkey: Option<UsedPasskey>,
}

/// An enrolment that is done.
#[derive(Serialize, ToSchema)]
pub(super) struct Enrolled {
    /// The token of a session that began with it, since the code that was shown works once. None where the request had
    /// been done before.
    token: Option<String>,
    /// What the ledger says of it.
    #[schema(value_type = schema::Receipt)]
    receipt: Receipt,
}

/// Enrol
///
/// Sets the password and, where asked, the second factor, and begins a session. The token works once. An account that was
/// set up before asks for a proof beside it.
#[utoipa::path(post, path = "/api/v1/enrolment", tag = "enrolment", security(()), request_body = EnrolRequest,
    params(("Probity-Enrolment" = String, Header)), responses((status = 200, body = Enrolled)))]
pub(super) async fn enrol(
    State(state): State<AppState>,
    host: Host,
    Browser(client): Browser,
    before: Option<Asker>,
    Held(token): Held,
    RequestKey(request): RequestKey,
    Body(EnrolRequest { password, secret, code, passkey, proof, proof_passkey }): Body<EnrolRequest>,
) -> Answer<Json<Enrolled>> {
    let second = match (passkey, secret.zip(code)) {
        (Some(passkey), _) => Chosen::Passkey(passkey),
        (None, Some((secret, code))) => Chosen::Code(secret, code),
        (None, None) => Chosen::None,
    };
    let shown = match (proof_passkey, proof) {
        (Some(passkey), _) => ShownProof::Passkey(passkey),
        (None, Some(typed)) => ShownProof::Typed(typed),
        (None, None) => ShownProof::Nothing,
    };
    let enrolling = Enrolling { password, second, shown };
    let (receipt, token) = sign_in::enrol(&state, token, enrolling, (&host, client), request).await?;
    if token.is_some() {
        replaced(before).await?;
    }
    Ok(Json(Enrolled { token, receipt }))
}
