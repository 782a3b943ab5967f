//! Single sign-on: the organization's OpenID provider, set by whoever sets its other settings.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use store::{
    acts::{EndProvider, SetProvider},
    views::{ProviderShown, ShowProvider},
};

use super::{
    fields::{Fields, Refused, outcome},
    frame::{Frame, Reader, render_as, to},
    provider::back,
    show::{filters, many},
};
use crate::{error::Answer, passkey::Host, state::AppState};

#[derive(Template)]
#[template(path = "sign_on.html")]
struct SignOnPage {
    frame: Frame,
    shown: Option<ProviderShown>,
    /// Issuers that the operator allows.
    allowed: Vec<String>,
    /// What the provider has to be told about this server.
    back: String,
    typed: Typed,
    why: Refused,
}

impl SignOnPage {
    fn linked(&self) -> String {
        let linked = self.shown.as_ref().map_or(0, |shown| shown.linked);
        many(usize::try_from(linked).unwrap_or(usize::MAX), "account")
    }
}

#[derive(Default)]
struct Typed {
    name: String,
    issuer: String,
    client_id: String,
}

/// Shows it.
pub async fn sign_on(State(state): State<AppState>, reader: Reader, host: Host) -> Answer<Response> {
    page(&state, &reader, &host, StatusCode::OK, None, Refused::default()).await
}

/// Sets the provider.
pub async fn set(State(state): State<AppState>, reader: Reader, host: Host, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let [name, issuer, client_id] = ["name", "issuer", "client_id"].map(|field| fields.get(field).trim().to_owned());
    let act = SetProvider {
        name: name.clone(),
        issuer: issuer.clone(),
        allowed: state.providers().allowed().to_vec(),
        client_id: client_id.clone(),
        client_secret: fields.given("client_secret").map(str::to_owned),
    };
    match outcome(reader.asker.act(act, request).await)? {
        Ok(_) => Ok(to("/sign-on")),
        Err((status, why)) => page(&state, &reader, &host, status, Some(Typed { name, issuer, client_id }), why).await,
    }
}

/// Ends it.
pub async fn end(State(state): State<AppState>, reader: Reader, host: Host, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    match outcome(reader.asker.act(EndProvider {}, request).await)? {
        Ok(_) => Ok(to("/sign-on")),
        Err((status, why)) => page(&state, &reader, &host, status, None, why).await,
    }
}

async fn page(
    state: &AppState,
    reader: &Reader,
    host: &Host,
    status: StatusCode,
    typed: Option<Typed>,
    why: Refused,
) -> Answer<Response> {
    let shown = reader.asker.view(ShowProvider {}).await?;
    let frame = reader.frame("policy").await?.behind("/policy", "Settings");
    let typed = typed.unwrap_or_else(|| {
        shown.as_ref().map_or_else(Typed::default, |shown| Typed {
            name: shown.name.clone(),
            issuer: shown.issuer.clone(),
            client_id: shown.client_id.clone(),
        })
    });
    let allowed = state.providers().allowed().to_vec();
    render_as(status, &SignOnPage { frame, shown, allowed, back: back(host), typed, why })
}
