//! Confirming that it is oneself, before what gives others power, hands data over or destroys it. A form that was sent too
//! early comes along and is sent again afterwards, under the request id that it had: nothing is typed or done twice.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use store::{Confirmation, Factor, views::Account};

use super::{
    door::{next, opened},
    fields::{Fields, Refused, outcome},
    frame::{Reader, render, render_as, to},
    show::{filters, part},
};
use crate::{error::Answer, input::Query, passkey::Host, route::Does, session, state::AppState};

/// What the fields of a form that comes along are called here.
const KEPT: &str = "kept.";

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage<'a> {
    with: Factor,
    sign_in: &'a str,
    next: &'a str,
    /// The form that comes along, if one does.
    kept: &'a [(String, String)],
    /// The passkeys that one has.
    known: String,
    why: Option<&'a str>,
    /// Whether it is a second factor that is missing, and not only one that was shown lately.
    missing: bool,
}

#[derive(Template)]
#[template(path = "confirmed.html")]
struct ConfirmedPage<'a> {
    next: &'a str,
    kept: &'a [(String, String)],
}

impl ConfirmPage<'_> {
    fn title(&self) -> &'static str {
        if self.missing { "A second factor is needed" } else { "Confirm it is you" }
    }
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    next: Option<String>,
}

/// Shows the page.
pub async fn confirm(reader: Reader, Query(asked): Query<Asked>) -> Answer<Response> {
    let account = reader.asker.view(Account {}).await?;
    render(&page(&account, next(asked.next.as_deref()), &[], None))
}

/// In place of the answer to a form that was sent too early.
pub async fn instead(state: &AppState, headers: &HeaderMap, sent: &Uri, kept: Option<&[(String, String)]>) -> Response {
    let shown = async {
        let Some(kept) = kept else { return Ok(to(format!("/confirm?next={}", part(&came_from(headers))))) };
        let declared = Does::view::<Account>().declared();
        let asker = session::asker_of(headers, declared, None, state).await?.ok_or(store::Error::SignedOut)?;
        let account = asker.view(Account {}).await?;
        // Whoever sets a second factor first comes back to the page, for what was typed cannot wait so long.
        let next = if is_missing(&account) { came_from(headers) } else { sent.path().to_owned() };
        render_as(StatusCode::UNAUTHORIZED, &page(&account, &next, kept, None))
    };
    shown.await.unwrap_or_else(IntoResponse::into_response)
}

/// The page on which a form stood, as the browser says.
fn came_from(headers: &HeaderMap) -> String {
    let from = headers.get(header::REFERER).and_then(|from| from.to_str().ok()?.parse::<Uri>().ok());
    let path = from.and_then(|from| from.path_and_query().map(|path| path.as_str().to_owned()));
    next(path.as_deref()).to_owned()
}

fn page<'a>(
    account: &'a store::views::AccountShown,
    next: &'a str,
    kept: &'a [(String, String)],
    why: Option<&'a str>,
) -> ConfirmPage<'a> {
    let known: Vec<&str> = account.passkeys.iter().map(|passkey| passkey.credential.as_str()).collect();
    ConfirmPage {
        with: account.confirms_with,
        sign_in: &account.sign_in,
        next,
        kept,
        known: known.join(" "),
        why,
        missing: is_missing(account),
    }
}

/// Whether somebody has no second factor where they work and everybody needs one.
fn is_missing(account: &store::views::AccountShown) -> bool {
    account.second_factor_needed && !account.second_factor
}

/// Takes what is shown, and goes on.
pub async fn confirmed(State(state): State<AppState>, host: Host, reader: Reader, fields: Fields) -> Answer<Response> {
    let next = next(fields.given("next")).to_owned();
    let kept = fields.beginning(KEPT);
    let used = fields.passkey_used().map(|used| used.used());
    let asked = used.as_ref().and_then(|used| host.asked(&state, &used.as_ref().ok()?.client_data));
    let (password, code) = (fields.get("password").to_owned(), fields.given("code").map(str::to_owned));
    let done = reader
        .asker
        .blocking(move |organization, actor| {
            let passkey = used.transpose()?;
            let shown = match (&passkey, &code) {
                (Some(used), _) => Confirmation::Passkey(used, asked.as_ref()),
                (None, Some(code)) => Confirmation::Code(code),
                (None, None) => Confirmation::Password(&password),
            };
            let token = session::fresh(organization.id())?;
            organization.confirm(actor, shown, &token)?;
            Ok(token)
        })
        .await;
    match outcome(done)? {
        Ok(token) if kept.is_empty() => Ok(opened(&state, &token, &next)),
        Ok(token) => {
            let mut answer = render(&ConfirmedPage { next: &next, kept: &kept })?;
            if let Some(cookie) = session::set_cookie(&state, &token) {
                answer.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            Ok(answer)
        }
        Err((status, Refused(why))) => {
            let account = reader.asker.view(Account {}).await?;
            let why = why.first().map(|refusal| refusal.message.as_str());
            render_as(status, &page(&account, &next, &kept, why))
        }
    }
}
