//! Enrolment: the holder of a one-time link sets a password and, where asked or wished, a second factor.
//!
//! The link's token stands behind the `#`, which no browser sends: so it is in no address that a server, a proxy or a log
//! sees, and comes in the body of a form.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use qrcode::{QrCode, render::svg};
use store::{Enrolment, Error, Organization};

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
    sign_in::Chosen,
    state::AppState,
};

#[derive(Template)]
#[template(path = "enrol.html")]
struct EnrolPage<'a> {
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
    let token = token(&fields);
    let (organization, enrolment) = holder(&state, &token).await?;
    let secret = second_factor::fresh()?;
    let request = organization.fresh_request()?.to_string();
    render(&page(&token, (&organization, &enrolment, &host), &secret, request, false, Refused::default())?)
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
    let second = match fields.given("code") {
        _ if fields.given("attestation").is_some() => Chosen::Passkey(fields.passkey_made()),
        Some(code) => Chosen::Code(secret.clone(), code.to_owned()),
        None => Chosen::None,
    };
    let (wants_app, has_second) = (matches!(second, Chosen::Code(..)), !matches!(second, Chosen::None));
    let (status, why) = if fields.get("password") == fields.get("again") {
        let password = fields.get("password").to_owned();
        match crate::sign_in::enrol(&state, token.clone(), password, second, (&host, client), request).await {
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
    let (organization, enrolment) = holder(&state, &token).await?;
    let request = organization.fresh_request()?.to_string();
    render_as(status, &page(&token, (&organization, &enrolment, &host), &secret, request, wants_app, why)?)
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

fn page<'a>(
    token: &'a str,
    (organization, enrolment, host): (&'a Organization, &'a Enrolment, &Host),
    secret: &'a str,
    request: String,
    wants_app: bool,
    why: Refused,
) -> Answer<EnrolPage<'a>> {
    let address = second_factor::address(organization.name(), &enrolment.sign_in, secret);
    Ok(EnrolPage {
        token,
        enrolment,
        organization: organization.name(),
        secret,
        spelled: spelled(secret),
        qr: qr(&address)?,
        request,
        wants_app: wants_app || (enrolment.second_factor && !host.takes_passkeys()),
        user: passkey::text(&store::user_handle(organization.id(), enrolment.person)),
        passkeys: host.takes_passkeys(),
        why,
    })
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
