//! Signing in at the organization's OpenID provider, and linking one's account there: setting off, coming back, and what
//! is then done here. A provider's page leads back by a link, which may only look, and brings no cookie; so what it brings
//! is laid into a form of our own, which goes on by itself.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use store::{
    Error, Organization, Provider,
    acts::{LinkProvider, UnlinkProvider},
};

use super::{
    door::{self, Going},
    fields::Fields,
    frame::{Reader, render, to},
    show::filters,
};
use crate::{
    browser::Browser,
    checks::Source,
    cookie,
    error::Answer,
    input::Query,
    passkey::Host,
    provider::{self, AWAY, COOKIE, Journey, Purpose, RETURN, Returned},
    session::{Asker, blocking},
    sign_in::{self, Credentials, First},
    state::AppState,
};

/// Bytes of what a provider sends along, each.
const BROUGHT_BYTES_MAX: usize = 4_096;

#[derive(Template)]
#[template(path = "provider_leave.html")]
struct LeavePage<'a> {
    name: &'a str,
    address: &'a str,
}

#[derive(Template)]
#[template(path = "provider_return.html")]
struct ReturnPage {
    brought: Brought,
}

/// What a provider sends a browser back with.
#[derive(Debug, Default, Deserialize)]
pub struct Brought {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    iss: String,
    #[serde(default)]
    error: String,
}

/// What the way by a provider is called on the sign-in page, where there may be one.
pub(super) async fn offered(state: &AppState) -> Option<String> {
    if state.providers().allowed().is_empty() {
        return None;
    }
    let all = state.installation().all();
    let [only] = all.as_slice() else { return Some("your organization’s provider".to_owned()) };
    provider_of(only).await.ok().flatten().map(|provider| provider.name.clone())
}

/// Sends somebody off to sign in.
pub async fn leave(State(state): State<AppState>, host: Host, fields: Fields) -> Answer<Response> {
    let next = door::next(Some(fields.get("next"))).to_owned();
    let organization = match sign_in::named(&state, fields.get("organization")) {
        Ok(found) => found,
        Err(problem) => return refused(&state, &host, &next, problem).await,
    };
    let provider = match &organization {
        Some(organization) => provider_of(organization).await?,
        None => None,
    };
    // An organization that is not there is answered like one that has no provider.
    let Some((organization, provider)) = organization.zip(provider) else {
        let why = "no organization of that name signs in by a provider: use your password or your passkey";
        return door::refused(&state, &host, &next, (StatusCode::UNPROCESSABLE_ENTITY, Some(why))).await;
    };
    match sent_off(&state, &host, (&organization, provider), (Purpose::SignIn, &next)).await {
        Ok(answer) => Ok(answer),
        Err(problem) => refused(&state, &host, &next, problem).await,
    }
}

/// Sends somebody off to link their account there.
pub async fn link(State(state): State<AppState>, reader: Reader, host: Host) -> Answer<Response> {
    let organization = reader.asker.organization();
    let provider = provider_of(organization).await?.ok_or(Error::Hidden)?;
    let person = reader.asker.actor().person().ok_or(Error::SignedOut)?;
    sent_off(&state, &host, (organization, provider), (Purpose::Link(person), "/account")).await
}

/// Ends the link.
pub async fn unlink(reader: Reader, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    Ok(match reader.asker.act(UnlinkProvider {}, request).await {
        Ok(_) => to("/account?done=unlinked"),
        Err(Error::Refused(_)) => to("/account?done=provider_alone"),
        Err(other) => return Err(other.into()),
    })
}

async fn sent_off(
    state: &AppState,
    host: &Host,
    (organization, provider): (&Arc<Organization>, Provider),
    (purpose, next): (Purpose, &str),
) -> Answer<Response> {
    let journey = Journey::new(organization.id(), purpose, next, state.now())?;
    let name = provider.name.clone();
    let address = provider::begin(state, provider, &journey, &back(host)).await?;
    let mut answer = render(&LeavePage { name: &name, address: &address })?;
    let written = state.providers().journeys().written(&journey)?;
    if let Some(cookie) = cookie::set(state.settings(), COOKIE, &written, u32::try_from(AWAY.as_secs()).ok()) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// Takes somebody back in, as far as a link may: their browser shows itself with the form.
pub async fn returned(State(state): State<AppState>, host: Host, Query(brought): Query<Brought>) -> Answer<Response> {
    let within = [&brought.code, &brought.state, &brought.iss].iter().all(|text| text.len() <= BROUGHT_BYTES_MAX);
    if brought.error.is_empty() && within && !brought.code.is_empty() {
        return render(&ReturnPage { brought });
    }
    let why = "your provider did not sign you in: begin again, or use your password";
    door::refused(&state, &host, "/", (StatusCode::UNPROCESSABLE_ENTITY, Some(why))).await
}

/// Does what somebody went off for.
pub async fn answered(
    State(state): State<AppState>,
    host: Host,
    Browser(client): Browser,
    source: Source,
    before: Option<Asker>,
    headers: axum::http::HeaderMap,
    fields: Fields,
) -> Answer<Response> {
    let journey = cookie::read(state.settings(), &headers, COOKIE)
        .and_then(|cookie| state.providers().journeys().read(cookie, state.now()));
    let Some(journey) = journey else { return refused(&state, &host, "/", provider::stray().into()).await };
    let (next, purpose, organization) = (journey.next.clone(), journey.purpose, journey.organization);
    let returned = Returned {
        state: fields.get("state").to_owned(),
        code: fields.get("code").to_owned(),
        issuer: fields.given("iss").map(str::to_owned),
    };
    let proved = match come_back(&state, &host, journey, returned).await {
        Ok(proved) => proved,
        Err(problem) => return refused(&state, &host, &next, problem).await,
    };
    let mut answer = match purpose {
        Purpose::SignIn => {
            let attempt = Credentials {
                organization: organization.to_string(),
                first: First::Provider(proved),
                code: None,
                new_password: None,
                client,
            };
            door::tried(&state, &host, (attempt, source, before), &Going { next: &next, second: false }).await?
        }
        Purpose::Link(person) => {
            let asker = before.filter(|asker| asker.actor().person() == Some(person)).ok_or(Error::SignedOut)?;
            let request = asker.organization().fresh_request()?;
            let act = LinkProvider { issuer: proved.issuer, subject: proved.subject };
            match asker.act(act, request).await {
                Ok(_) => to("/account?done=linked"),
                Err(Error::Refused(why)) if why.iter().any(|refusal| refusal.code == "taken") => {
                    to("/account?done=taken")
                }
                Err(Error::Refused(_)) => to("/account?done=not_linked"),
                Err(other) => return Err(other.into()),
            }
        }
    };
    if let Some(gone) = cookie::set(state.settings(), COOKIE, "", Some(0)) {
        answer.headers_mut().append(header::SET_COOKIE, gone);
    }
    Ok(answer)
}

async fn come_back(state: &AppState, host: &Host, journey: Journey, returned: Returned) -> Answer<store::Proved> {
    let organization = state.installation().organization(journey.organization).ok_or_else(provider::stray)?;
    let provider = provider_of(&organization).await?.ok_or_else(provider::stray)?;
    Ok(provider::finish(state, provider, journey, returned, back(host)).await?)
}

/// The sign-in page, with why somebody is not signed in.
async fn refused(state: &AppState, host: &Host, next: &str, problem: crate::error::Problem) -> Answer<Response> {
    let why = problem.fields.first().map_or(problem.detail.as_str(), |refusal| refusal.message.as_str());
    door::refused(state, host, next, (problem.status(), Some(why))).await
}

async fn provider_of(organization: &Arc<Organization>) -> store::Result<Option<Provider>> {
    let organization = Arc::clone(organization);
    blocking(move || organization.provider()).await
}

/// Where the provider sends browsers back to.
pub(super) fn back(host: &Host) -> String {
    format!("{}{RETURN}", host.origin)
}
