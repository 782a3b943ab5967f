//! One's account: sessions, what befell it, password, passkeys, codes, and how dense one likes pages.

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use store::{
    acts::{EndOtherSessions, EndSession, ReadNotices, RemovePasskey},
    views::{MyProvider, MyProviderShown, SecurityEventLine, SecurityEvents},
};
use trial::ids::{PasskeyId, SessionId};

use super::{
    enrol::{qr, spelled},
    fields::{Fields, Refused, outcome},
    frame::{DENSITY, Frame, Reader, render, render_as, to},
    notice,
    show::filters,
};
use crate::{
    cookie,
    error::Answer,
    input::{Path, Query},
    passkey::{self, Host},
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
    /// By whose sign-in one may sign in.
    provider: Option<MyProviderShown>,
    secret: String,
    spelled: String,
    qr: String,
    /// One's user handle, and the passkeys that one has.
    user: String,
    known: String,
    /// Whether passkeys work at this address.
    passkeys: bool,
    done: Option<&'static str>,
    not: Option<&'static str>,
    why: Refused,
}

#[derive(Template)]
#[template(path = "activity.html")]
struct ActivityPage {
    frame: Frame,
    lines: Vec<SecurityEventLine>,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct RecoveryCodesPage {
    frame: Frame,
    codes: Vec<String>,
}

/// What was just done here.
#[derive(Debug, Default, Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// Shows the account.
pub async fn account(reader: Reader, host: Host, Query(done): Query<Done>) -> Answer<Response> {
    let not = match done.done.as_str() {
        "taken" => Some("Not linked: somebody else’s account here is linked to that one already."),
        "provider_alone" => Some(
            "The link stays: where you work, whoever linked an account signs in by it alone. An administrator can change that setting.",
        ),
        "not_linked" => Some("Not linked: this is not your organization’s provider any more."),
        _ => None,
    };
    let done = match done.done.as_str() {
        "enrolled" => Some(
            "Your account is ready. Make recovery codes now: with one of them you get in on the day your device is lost.",
        ),
        "password" => Some("Your password is changed, and every other session of yours has ended."),
        "factor" => Some("Your authenticator app is set, and every other session of yours has ended."),
        "passkey" => Some("Your passkey is added, and every other session of yours has ended."),
        "removed" => Some("The passkey is removed, and every other session of yours has ended."),
        "ended" => Some("The session has ended."),
        "linked" => Some("Your account is linked, and every other session of yours has ended."),
        "unlinked" => Some("The link is ended, and every other session of yours has ended."),
        _ => None,
    };
    page(&reader, &host, StatusCode::OK, second_factor::fresh()?, (done, not), Refused::default()).await
}

/// Changes the password.
pub async fn password(reader: Reader, host: Host, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let done = if fields.get("password") == fields.get("again") {
        let (old, new) = (fields.get("old").to_owned(), fields.get("password").to_owned());
        reader.asker.blocking(move |organization, actor| organization.change_password(actor, &old, &new, request)).await
    } else {
        Err(store::Error::refused("again", "differs", "the two new passwords differ: type the same one twice"))
    };
    match outcome(done)? {
        Ok(_) => Ok(to("/account?done=password")),
        Err((status, why)) => page(&reader, &host, status, second_factor::fresh()?, (None, None), why).await,
    }
}

/// Sets the authenticator app.
pub async fn factor(reader: Reader, host: Host, fields: Fields) -> Answer<Response> {
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
        Err((status, why)) => page(&reader, &host, status, secret, (None, None), why).await,
    }
}

/// Adds a passkey.
pub async fn add_passkey(
    State(state): State<AppState>,
    reader: Reader,
    host: Host,
    fields: Fields,
) -> Answer<Response> {
    let request = fields.request()?;
    let new = fields.passkey_made();
    let made = new.made();
    let asked = made.as_ref().ok().and_then(|made| host.asked(&state, &made.client_data));
    let done = reader
        .asker
        .blocking(move |organization, actor| {
            organization.add_passkey(actor, &new.name, &made?, asked.as_ref(), request)
        })
        .await;
    match outcome(done)? {
        Ok(_) => Ok(to("/account?done=passkey")),
        Err((status, why)) => page(&reader, &host, status, second_factor::fresh()?, (None, None), why).await,
    }
}

/// Removes a passkey.
pub async fn remove_passkey(
    reader: Reader,
    host: Host,
    Path(passkey): Path<PasskeyId>,
    fields: Fields,
) -> Answer<Response> {
    match outcome(reader.asker.act(RemovePasskey { passkey }, fields.request()?).await)? {
        Ok(_) => Ok(to("/account?done=removed")),
        Err((status, why)) => page(&reader, &host, status, second_factor::fresh()?, (None, None), why).await,
    }
}

/// Makes recovery codes, and shows them this once.
pub async fn recovery_codes(reader: Reader, host: Host, fields: Fields) -> Answer<Response> {
    let request = fields.request()?;
    let made = reader.asker.blocking(move |organization, actor| organization.make_recovery_codes(actor, request)).await;
    match outcome(made)? {
        Ok((_, codes)) => render(&RecoveryCodesPage { frame: reader.frame("account").await?, codes }),
        Err((status, why)) => page(&reader, &host, status, second_factor::fresh()?, (None, None), why).await,
    }
}

/// Shows what befell the account.
pub async fn activity(reader: Reader) -> Answer<Response> {
    let frame = reader.frame("account").await?.behind("/account", "Your account");
    let lines = reader.asker.view(SecurityEvents { sign_ins: false }).await?;
    render(&ActivityPage { frame, lines })
}

/// Marks what one was told as read.
pub async fn read_notices(reader: Reader, fields: Fields) -> Answer<Response> {
    reader.asker.act(ReadNotices {}, fields.request()?).await?;
    Ok(to("/account/activity"))
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
    host: &Host,
    status: StatusCode,
    secret: String,
    (done, not): (Option<&'static str>, Option<&'static str>),
    why: Refused,
) -> Answer<Response> {
    let provider = reader.asker.view(MyProvider {}).await?;
    let frame = reader.frame("account").await?;
    let account = &frame.account;
    let address = second_factor::address(&account.organization, &account.sign_in, &secret);
    let roles = account.roles.iter().map(|held| (held.title.clone(), frame.scope(&held.scope))).collect();
    let user = passkey::text(&store::user_handle(reader.asker.organization().id(), account.id));
    let known: Vec<&str> = account.passkeys.iter().map(|passkey| passkey.credential.as_str()).collect();
    let page = AccountPage {
        roles,
        provider,
        spelled: spelled(&secret),
        qr: qr(&address)?,
        secret,
        user,
        known: known.join(" "),
        passkeys: host.takes_passkeys(),
        done,
        not,
        why,
        frame,
    };
    render_as(status, &page)
}
