//! Signing in and out. A password first, or a passkey, or the organization's provider; then, where one is set, a code.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    fields::Fields,
    frame::{render, render_as, to},
    show::filters,
    waiting::Waiting,
};
use crate::{
    browser::Browser,
    checks::Source,
    error::Answer,
    input::Query,
    passkey::Host,
    session::{self, Asker},
    sign_in::{Credentials, First},
    state::AppState,
};

/// The sign-in page.
#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    /// Whether there is more than one organization, so that one must be named.
    many: bool,
    /// Whether passkeys work at this address.
    passkeys: bool,
    organization: &'a str,
    sign_in: &'a str,
    next: &'a str,
    /// What to say first.
    notice: Option<&'a str>,
    why: Option<&'a str>,
    enrolled: bool,
    /// What the way by an OpenID provider is called, where there may be one.
    provider: Option<String>,
}

impl<'a> SignInPage<'a> {
    /// With nothing typed and nothing said.
    async fn new(state: &AppState, host: &Host, next: &'a str) -> Self {
        SignInPage {
            many: many(state),
            passkeys: host.takes_passkeys(),
            organization: "",
            sign_in: "",
            next,
            notice: None,
            why: None,
            enrolled: false,
            provider: super::provider::offered(state).await,
        }
    }
}

/// The second step.
#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct CodePage<'a> {
    step: &'a str,
    next: &'a str,
    /// Whether passkeys work at this address.
    passkeys: bool,
    /// What is asked for.
    said: &'a str,
    why: Option<&'a str>,
}

/// The last step, where others may know the password.
#[derive(Template)]
#[template(path = "sign_in_new_password.html")]
struct NewPasswordPage<'a> {
    step: &'a str,
    next: &'a str,
    why: Option<&'a str>,
}

/// What the address of the sign-in page may say.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    next: Option<String>,
    #[serde(default)]
    said: String,
}

/// Shows the sign-in page.
pub async fn sign_in(State(state): State<AppState>, host: Host, Query(asked): Query<Asked>) -> Answer<Response> {
    let notice = match asked.said.as_str() {
        "out" => Some("You are signed out."),
        "ended" => Some("Your session has ended. Sign in to go on."),
        _ => None,
    };
    let enrolled = asked.said == "enrolled";
    render(&SignInPage { notice, enrolled, ..SignInPage::new(&state, &host, next(asked.next.as_deref())).await })
}

/// Takes either step.
pub async fn signed_in(
    State(state): State<AppState>,
    host: Host,
    Browser(client): Browser,
    source: Source,
    before: Option<Asker>,
    fields: Fields,
) -> Answer<Response> {
    let next = next(Some(fields.get("next"))).to_owned();
    let second = fields.has("step");
    let mut attempt = match fields.given("step") {
        None => Credentials {
            organization: fields.get("organization").trim().to_owned(),
            first: First::Password {
                sign_in: fields.get("sign_in").to_owned(),
                password: fields.get("password").to_owned(),
            },
            code: None,
            new_password: None,
            client,
        },
        Some(step) => match Waiting::take(step, state.now()) {
            Some(attempt) => attempt,
            None => return begin_again(&state, &host, &next).await,
        },
    };
    attempt.code = fields.given("code").map(str::to_owned).or(attempt.code);
    attempt.new_password = fields.given("new_password").map(str::to_owned).or(attempt.new_password);
    let going = Going { next: &next, second };
    tried(&state, &host, (attempt, source, before), &going).await
}

/// Where somebody is on their way in.
pub struct Going<'a> {
    /// Where they go once they are.
    pub next: &'a str,
    /// Whether this is the second step.
    pub second: bool,
}

/// Tries to sign in, and answers with the next page: of the next step, or where they go.
pub async fn tried(
    state: &AppState,
    host: &Host,
    (attempt, source, before): (Credentials, Source, Option<Asker>),
    going: &Going<'_>,
) -> Answer<Response> {
    let next = going.next;
    let problem = match crate::sign_in::sign_in(state, attempt.clone(), source).await {
        Ok(token) => {
            session::replaced(before).await?;
            return Ok(opened(state, &token, next));
        }
        Err(problem) => problem,
    };
    let said = problem.fields.first();
    let why = said.map_or(problem.detail.as_str(), |refusal| &refusal.message);
    match said.map(|refusal| (refusal.field.as_str(), refusal.code)) {
        Some(("new_password", code)) => {
            let step = Waiting::put(attempt, state.now())?;
            let (status, why) = if code == "needed" { (StatusCode::OK, None) } else { (problem.status(), Some(why)) };
            render_as(status, &NewPasswordPage { step: &step, next, why })
        }
        Some(("code", "needed" | "wrong")) => {
            let step = Waiting::put(attempt, state.now())?;
            // Being asked for the code is no failure.
            let (status, why) = if going.second { (problem.status(), Some(why)) } else { (StatusCode::OK, None) };
            let (passkeys, said) = (host.takes_passkeys(), said.map_or("", |refusal| refusal.message.as_str()));
            render_as(status, &CodePage { step: &step, next, passkeys, said, why })
        }
        None if !matches!(problem.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
            Err(problem)
        }
        _ => {
            let sign_in = match &attempt.first {
                First::Password { sign_in, .. } => sign_in,
                First::Provider(_) => "",
            };
            let organization = &attempt.organization;
            let page = SignInPage { organization, sign_in, why: Some(why), ..SignInPage::new(state, host, next).await };
            let mut answer = render_as(problem.status(), &page)?;
            if let Some(seconds) = problem.retry_after {
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            Ok(answer)
        }
    }
}

/// Takes a passkey, which is name, password and code in one.
pub async fn signed_in_with_passkey(
    State(state): State<AppState>,
    host: Host,
    Browser(client): Browser,
    before: Option<Asker>,
    fields: Fields,
) -> Answer<Response> {
    let next = next(Some(fields.get("next"))).to_owned();
    let signed_in = match fields.passkey_used() {
        Some(used) => crate::sign_in::sign_in_with_passkey(&state, &host, used, client).await,
        None => Err(store::unknown_passkey().into()),
    };
    match signed_in {
        Ok(token) => {
            session::replaced(before).await?;
            Ok(opened(&state, &token, &next))
        }
        Err(problem) if problem.fields.is_empty() => Err(problem),
        Err(problem) => {
            let why = problem.fields.first().map(|refusal| refusal.message.as_str());
            refused(&state, &host, &next, (problem.status(), why)).await
        }
    }
}

/// Ends the session that asks.
pub async fn signed_out(State(state): State<AppState>, asker: Option<Asker>) -> Answer<Response> {
    session::replaced(asker).await?;
    let mut answer = to("/sign-in?said=out");
    if let Some(cookie) = session::clear_cookie(&state) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    // What the browser kept of this person's pages goes too.
    answer.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(answer)
}

/// Signs a browser in, and sends it on.
pub fn opened(state: &AppState, token: &str, next: &str) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(cookie) = session::set_cookie(state, token) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    (headers, to(next)).into_response()
}

/// The sign-in page with why somebody was not signed in.
pub async fn refused(
    state: &AppState,
    host: &Host,
    next: &str,
    (status, why): (StatusCode, Option<&str>),
) -> Answer<Response> {
    render_as(status, &SignInPage { why, ..SignInPage::new(state, host, next).await })
}

async fn begin_again(state: &AppState, host: &Host, next: &str) -> Answer<Response> {
    let notice = Some("The two minutes for this step are over: begin again.");
    let page = SignInPage { notice, ..SignInPage::new(state, host, next).await };
    render_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Whether an organization must be named. Which there are is nobody's business.
fn many(state: &AppState) -> bool {
    state.installation().all().len() > 1
}

/// Where to go once signed in: a path of our own, or home.
pub fn next(asked: Option<&str>) -> &str {
    match asked {
        Some(path) if path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']) => path,
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_sent_on_only_within_this_server() {
        for (asked, leads) in [
            (None, "/"),
            (Some("/subjects/1"), "/subjects/1"),
            (Some("//elsewhere.example"), "/"),
            (Some("https://elsewhere.example"), "/"),
            (Some("/\\elsewhere.example"), "/"),
        ] {
            assert_eq!(next(asked), leads, "{asked:?}");
        }
    }
}
