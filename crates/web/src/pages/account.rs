//! One's account: sessions, password, second factor, and how dense one likes pages.

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use store::acts::{EndOtherSessions, EndSession};
use trial::ids::SessionId;

use super::{
    enrol::{qr, spelled},
    fields::{Fields, Refused, outcome},
    frame::{DENSITY, Frame, Reader, render_as, to},
    show::filters,
};
use crate::{
    cookie,
    error::Answer,
    input::{Path, Query},
    second_factor,
    state::AppState,
};

/// Seconds for which a browser remembers what one likes.
const YEAR: u32 = 31_536_000;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    roles: Vec<(String, String)>,
    secret: String,
    spelled: String,
    qr: String,
    done: Option<&'static str>,
    why: Refused,
}

/// What was just done here.
#[derive(Debug, Default, Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// Shows the account.
pub async fn account(reader: Reader, Query(done): Query<Done>) -> Answer<Response> {
    let done = match done.done.as_str() {
        "password" => Some("Your password is changed, and every other session of yours has ended."),
        "factor" => Some("Your second factor is set, and every other session of yours has ended."),
        "ended" => Some("The session has ended."),
        _ => None,
    };
    page(&reader, StatusCode::OK, second_factor::fresh()?, done, Refused::default()).await
}

/// Changes the password.
pub async fn password(reader: Reader, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let done = if fields.get("password") == fields.get("again") {
        let (old, new) = (fields.get("old").to_owned(), fields.get("password").to_owned());
        reader.asker.blocking(move |organization, actor| organization.change_password(actor, &old, &new, request)).await
    } else {
        Err(store::Error::refused("again", "differs", "the two new passwords differ: type the same one twice"))
    };
    match outcome(done)? {
        Ok(_) => Ok(to("/account?done=password")),
        Err((status, why)) => page(&reader, status, second_factor::fresh()?, None, why).await,
    }
}

/// Sets the second factor.
pub async fn factor(reader: Reader, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let (secret, code) = (fields.get("secret").to_owned(), fields.get("code").to_owned());
    let sent = secret.clone();
    let done = reader
        .asker
        .blocking(move |organization, actor| {
            organization.set_second_factor(actor, &second_factor::typed(&sent)?, &code, request)
        })
        .await;
    match outcome(done)? {
        Ok(_) => Ok(to("/account?done=factor")),
        Err((status, why)) => page(&reader, status, secret, None, why).await,
    }
}

/// Ends one session.
pub async fn end(reader: Reader, Path(session): Path<SessionId>, fields: Fields) -> Answer<Response> {
    reader.asker.act(EndSession { session }, fields.request()?).await?;
    Ok(to("/account?done=ended"))
}

/// Ends all other sessions.
pub async fn end_others(reader: Reader, fields: Fields) -> Answer<Response> {
    reader.asker.act(EndOtherSessions {}, fields.request()?).await?;
    Ok(to("/account?done=ended"))
}

/// Remembers, in the browser, how dense pages are to be.
pub async fn density(State(state): State<AppState>, _: Reader, fields: Fields) -> Answer<Response> {
    let wanted = if fields.get("density") == "compact" { "compact" } else { "comfortable" };
    let mut answer = to("/account");
    if let Some(cookie) = cookie::set(state.settings(), DENSITY, wanted, Some(YEAR)) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

async fn page(
    reader: &Reader,
    status: StatusCode,
    secret: String,
    done: Option<&'static str>,
    why: Refused,
) -> Answer<Response> {
    let frame = reader.frame("account").await?;
    let address = second_factor::address(&frame.account.organization, &frame.account.sign_in, &secret);
    let roles = frame.account.roles.iter().map(|held| (held.title.clone(), frame.scope(&held.scope))).collect();
    render_as(status, &AccountPage { roles, spelled: spelled(&secret), qr: qr(&address)?, secret, done, why, frame })
}
