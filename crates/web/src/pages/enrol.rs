//! Enrolment: the holder of a one-time link sets a password and, where asked or wished, a second factor.
//!
//! The link's token stands behind the `#`, which no browser sends: so it is in no address that a server, a proxy or a log
//! sees, and comes in the body of a form.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use qrcode::{QrCode, render::svg};
use store::{EnrolledWith, Enrolment, Error, Organization};

use super::{
    door::opened,
    fields::{Fields, Refused},
    frame::{render, render_as, to},
    show::filters,
};
use crate::{
    browser::Browser,
    error::{Answer, Problem},
    passkey::{self, Host},
    second_factor,
    session::{Asker, replaced},
    sign_in::{Chosen, Enrolling, ShownProof},
    state::AppState,
};

/// The page of a first enrolment.
#[derive(Template)]
#[template(path = "enrol.html")]
struct EnrolPage<'a> {
    asked: Asked<'a>,
}

/// The page of somebody who was enrolled before.
#[derive(Template)]
#[template(path = "enrol_again.html")]
struct AgainPage<'a> {
    asked: Asked<'a>,
    has: EnrolledWith,
    /// Whether the form came back in which everything is set anew.
    lost: bool,
}

/// What both pages ask with.
struct Asked<'a> {
    token: &'a str,
    enrolment: &'a Enrolment,
    organization: &'a str,
    secret: &'a str,
    /// The secret in groups of four, to be typed.
    spelled: String,
    qr: String,
    request: String,
    /// Whether an authenticator app was being set when the form came back.
    wants_app: bool,
    /// The user handle of a passkey, and whether passkeys work at this address.
    user: String,
    passkeys: bool,
    why: Refused,
}

/// The first step, which takes the token out of the link.
#[derive(Template)]
#[template(path = "enrol_link.html")]
struct LinkPage;

/// Shows the field for the token; the script fills it in and sends it.
pub async fn link() -> Answer<Response> {
    render(&LinkPage)
}

/// Shows the enrolment page, with a fresh secret.
pub async fn enrol(State(state): State<AppState>, host: Host, fields: Fields) -> Answer<Response> {
    let came = Came { secret: second_factor::fresh()?, ..Came::default() };
    page(&state, &host, &token(&fields), came).await
}

/// Sets password and second factor.
pub async fn enrolled(
    State(state): State<AppState>,
    host: Host,
    Browser(client): Browser,
    before: Option<Asker>,
    fields: Fields,
) -> Answer<Response> {
    let token = token(&fields);
    let request = fields.request()?;
    let secret = fields.get("secret").to_owned();
    let makes = fields.given("attestation").is_some();
    let second = match fields.given("code") {
        _ if makes => Chosen::Passkey(fields.passkey_made()),
        Some(code) => Chosen::Code(secret.clone(), code.to_owned()),
        None => Chosen::None,
    };
    let shown = match (fields.given("proof"), fields.passkey_used()) {
        (_, Some(passkey)) if !makes => ShownProof::Passkey(passkey),
        (Some(typed), _) => ShownProof::Typed(typed.to_owned()),
        (None, _) => ShownProof::Nothing,
    };
    let (wants_app, has_second) = (matches!(second, Chosen::Code(..)), !matches!(second, Chosen::None));
    let (status, why) = if fields.get("password") == fields.get("again") {
        let enrolling = Enrolling { password: fields.get("password").to_owned(), second, shown };
        match crate::sign_in::enrol(&state, token.clone(), enrolling, (&host, client), request).await {
            // Whoever has a second factor is offered recovery codes at once; what is to be signed stands on every page.
            Ok((_, Some(session))) => {
                let next = if has_second { "/account?done=enrolled" } else { "/account/agreements" };
                replaced(before).await?;
                return Ok(opened(&state, &session, next));
            }
            Ok((_, None)) => return Ok(to("/sign-in?said=enrolled")),
            Err(problem) if problem.fields.is_empty() => return Err(problem),
            Err(problem) => (problem.status(), Refused(problem.fields)),
        }
    } else {
        let differs = store::Refusal {
            field: "again".into(),
            code: "differs",
            message: "the two passwords differ: type the same one twice".into(),
        };
        (StatusCode::UNPROCESSABLE_ENTITY, Refused(vec![differs]))
    };
    let lost = fields.given("lost").is_some();
    page(&state, &host, &token, Came { status, secret, wants_app, lost, why }).await
}

/// The token of a form. Whoever pastes the whole link means what stands behind its `#`.
fn token(fields: &Fields) -> String {
    let typed = fields.get("token").trim();
    typed.rsplit_once('#').map_or(typed, |(_, token)| token).to_owned()
}

/// The link in which a token is handed to whoever enrols.
pub fn link_of(token: &str) -> String {
    format!("/enrol#{token}")
}

/// Who holds a token. One that opens nothing is an address that leads nowhere.
async fn holder(state: &AppState, token: &str) -> Answer<(Arc<Organization>, Enrolment)> {
    crate::sign_in::enrolment(state, token).await.map_err(|problem| match problem.fields.first() {
        Some(refusal) => Problem::new(StatusCode::NOT_FOUND, "spent", refusal.message.clone()),
        None => problem,
    })
}

/// What a form brought that came back, or a first one begins with.
#[derive(Default)]
struct Came {
    status: StatusCode,
    secret: String,
    wants_app: bool,
    lost: bool,
    why: Refused,
}

async fn page(state: &AppState, host: &Host, token: &str, came: Came) -> Answer<Response> {
    let (organization, enrolment) = holder(state, token).await?;
    let Came { status, secret, wants_app, lost, why } = came;
    let address = second_factor::address(organization.name(), &enrolment.sign_in, &secret);
    let asked = Asked {
        token,
        enrolment: &enrolment,
        organization: organization.name(),
        spelled: spelled(&secret),
        qr: qr(&address)?,
        secret: &secret,
        request: organization.fresh_request()?.to_string(),
        wants_app: wants_app || (enrolment.second_factor && !host.takes_passkeys()),
        user: passkey::text(&store::user_handle(organization.id(), enrolment.person)),
        passkeys: host.takes_passkeys(),
        why,
    };
    match enrolment.before {
        None => render_as(status, &EnrolPage { asked }),
        Some(has) => render_as(status, &AgainPage { asked, has, lost }),
    }
}

/// A QR code as SVG: black on white in light and in dark, as cameras want it.
pub fn qr(address: &str) -> store::Result<String> {
    let code = QrCode::new(address).map_err(Error::fault)?;
    let image = code.render::<svg::Color<'_>>().min_dimensions(192, 192).quiet_zone(true).build();
    // The XML declaration has no place within a page.
    Ok(image.find("<svg").and_then(|at| image.get(at..)).unwrap_or_default().to_owned())
}

/// A secret in groups of four.
pub fn spelled(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_picture_and_four_letters_at_a_time() -> store::Result<()> {
        assert!(qr("otpauth://totp/Probity:ana?secret=ABC")?.starts_with("<svg"));
        assert_eq!(spelled("GEZDGNBVGY"), "GEZD GNBV GY");
        Ok(())
    }
}
