//! Signing in and out. A password first; then, where one is set, a code.
//!
//! Between the two steps the password waits in memory, for two minutes and never in the page: a page that carried it
//! could be read later from the browser.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{
    fields::Fields,
    frame::{render, render_as, to},
    show::filters,
};
use crate::{
    browser::Browser,
    checks::Source,
    error::Answer,
    input::Query,
    passkey::Host,
    session::{self, Asker},
    sign_in::Credentials,
    state::AppState,
};

/// How long a password waits for its code.
const WAITING: SignedDuration = SignedDuration::from_mins(2);
/// Passwords that wait at once; more, and the oldest begin again.
const WAITING_MAX: usize = 1_000;

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
    render(&SignInPage {
        many: many(&state),
        passkeys: host.takes_passkeys(),
        organization: "",
        sign_in: "",
        next: next(asked.next.as_deref()),
        notice,
        why: None,
        enrolled: asked.said == "enrolled",
    })
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
            sign_in: fields.get("sign_in").to_owned(),
            password: fields.get("password").to_owned(),
            code: None,
            new_password: None,
            client,
        },
        Some(step) => match Waiting::take(step, state.now()) {
            Some(attempt) => attempt,
            None => return begin_again(&state, &host, &next),
        },
    };
    attempt.code = fields.given("code").map(str::to_owned).or(attempt.code);
    attempt.new_password = fields.given("new_password").map(str::to_owned).or(attempt.new_password);
    let problem = match crate::sign_in::sign_in(&state, attempt.clone(), source).await {
        Ok(token) => {
            session::replaced(before).await?;
            return Ok(opened(&state, &token, &next));
        }
        Err(problem) => problem,
    };
    let said = problem.fields.first();
    let why = said.map_or(problem.detail.as_str(), |refusal| &refusal.message);
    match said.map(|refusal| (refusal.field.as_str(), refusal.code)) {
        Some(("new_password", code)) => {
            let step = Waiting::put(attempt, state.now())?;
            let (status, why) = if code == "needed" { (StatusCode::OK, None) } else { (problem.status(), Some(why)) };
            render_as(status, &NewPasswordPage { step: &step, next: &next, why })
        }
        Some(("code", "needed" | "wrong")) => {
            let step = Waiting::put(attempt, state.now())?;
            // Being asked for the code is no failure.
            let (status, why) = if second { (problem.status(), Some(why)) } else { (StatusCode::OK, None) };
            let (passkeys, said) = (host.takes_passkeys(), said.map_or("", |refusal| refusal.message.as_str()));
            render_as(status, &CodePage { step: &step, next: &next, passkeys, said, why })
        }
        None if !matches!(problem.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
            Err(problem)
        }
        _ => {
            let page = SignInPage {
                many: many(&state),
                passkeys: host.takes_passkeys(),
                organization: &attempt.organization,
                sign_in: &attempt.sign_in,
                next: &next,
                notice: None,
                why: Some(why),
                enrolled: false,
            };
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
            let page = SignInPage {
                many: many(&state),
                passkeys: host.takes_passkeys(),
                organization: "",
                sign_in: "",
                next: &next,
                notice: None,
                why: problem.fields.first().map(|refusal| refusal.message.as_str()),
                enrolled: false,
            };
            render_as(problem.status(), &page)
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

fn begin_again(state: &AppState, host: &Host, next: &str) -> Answer<Response> {
    let page = SignInPage {
        many: many(state),
        passkeys: host.takes_passkeys(),
        organization: "",
        sign_in: "",
        next,
        notice: Some("The two minutes for this step are over: begin again."),
        why: None,
        enrolled: false,
    };
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

/// Passwords that wait for their codes.
struct Waiting;

static WAITERS: LazyLock<Mutex<HashMap<String, (Timestamp, Credentials)>>> = LazyLock::new(Mutex::default);

impl Waiting {
    fn put(attempt: Credentials, now: Timestamp) -> store::Result<String> {
        let step = store::fresh_token()?;
        let mut all = WAITERS.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (since, _)| now.duration_since(*since) < WAITING);
        if all.len() >= WAITING_MAX {
            all.clear();
        }
        all.insert(step.clone(), (now, attempt));
        Ok(step)
    }

    /// Each works once: a refused code gets another.
    fn take(step: &str, now: Timestamp) -> Option<Credentials> {
        let found = WAITERS.lock().unwrap_or_else(PoisonError::into_inner).remove(step);
        found.filter(|(since, _)| now.duration_since(*since) < WAITING).map(|(_, attempt)| attempt)
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

    #[test]
    fn a_waiting_password_works_once_and_for_two_minutes() -> store::Result<()> {
        let attempt = || Credentials {
            organization: String::new(),
            sign_in: "ana".into(),
            password: "words".into(),
            code: None,
            new_password: None,
            client: None,
        };
        let now = Timestamp::UNIX_EPOCH;
        let step = Waiting::put(attempt(), now)?;
        assert!(Waiting::take(&step, now).is_some());
        assert!(Waiting::take(&step, now).is_none());
        let late = Waiting::put(attempt(), now)?;
        assert!(Waiting::take(&late, now.saturating_add(WAITING).unwrap_or(now)).is_none());
        Ok(())
    }
}
