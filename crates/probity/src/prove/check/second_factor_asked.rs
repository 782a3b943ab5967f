//! A password alone opens nothing where a second factor is asked for, and neither a new enrolment nor a recovery code goes
//! around it.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use store::{
    Actor, Clock as _, Entering, Error, FirstAdministrator, GivenProof, NewCredentials, NewFactor, Organization,
    Presence, SignIn,
    acts::{FoundOrganization, RenewEnrolment},
    code_at,
};

use super::{Finding, Place};
use crate::prove::scratch::{PASSWORD, Scratch, people};

/// Secrets of authenticator apps. They guard nothing.
const FIRST: &[u8; 20] = b"a secret of scratch!";
const HERS: &[u8; 20] = b"another of scratch!!";
const NEW: &[u8; 20] = b"a new one of scratch";

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let organization = found(&scratch)?;
    let against = tried(&scratch, &organization)?;
    Ok(Finding::unless(
        against,
        "in a scratch organization that asks for a second factor: no account could be set up without one; the password \
         alone was answered with a question for the second factor and its token opened nothing; a new enrolment link \
         alone set nothing, and whoever made it could not release it; with a recovery code it asked for a second factor \
         again, and ended the old one; a recovery code opened nothing without the password, and nothing twice",
    ))
}

fn found(scratch: &Scratch) -> Result<Arc<Organization>> {
    let first = FirstAdministrator {
        name: "Admin".into(),
        email: "admin@example.org".into(),
        sign_in: "admin".into(),
        token: store::fresh_token()?,
    };
    let founding = FoundOrganization {
        name: "Scratch Factors".into(),
        origin: "localhost/scratch".into(),
        without_second_factor: None,
    };
    let organization = scratch.installation.found(founding, &first)?;
    let code = code(scratch, FIRST)?;
    organization.enrol(&first.token, PASSWORD, Some((FIRST, &code)), organization.fresh_request()?)?;
    Ok(organization)
}

fn tried(scratch: &Scratch, organization: &Organization) -> Result<Vec<String>> {
    let mut against = Vec::new();
    if password_opens(organization, "admin")? {
        against.push("the administrator's password alone opened a session".to_owned());
    }
    let administrator = enter(scratch, organization, "admin", FIRST)?;
    people::sign(organization, &administrator)?;
    let link = store::fresh_token()?;
    let person = people::add(organization, &administrator, "somebody", &link)??;
    if enrols(organization, &link, None)? {
        against.push("an account was set up without a second factor".to_owned());
    }
    let shown = code(scratch, HERS)?;
    if !enrols(organization, &link, Some((HERS, &shown)))? {
        against.push("an account could not be set up with a second factor".to_owned());
    }
    if password_opens(organization, "somebody")? {
        against.push("a password alone opened a session".to_owned());
    }
    let hers = enter(scratch, organization, "somebody", HERS)?;
    let (_, codes) = organization.make_recovery_codes(&hers, organization.fresh_request()?)?;
    let recovery = codes.first().context("no recovery codes were made")?;
    if opens(organization, "somebody", "not the password", Some(recovery))? {
        against.push("a recovery code opened a session without the password".to_owned());
    }
    if !opens(organization, "somebody", PASSWORD, Some(recovery))? {
        against.push("a recovery code did not stand in for the second factor".to_owned());
    }
    if opens(organization, "somebody", PASSWORD, Some(recovery))? {
        against.push("a recovery code worked twice".to_owned());
    }
    let link = store::fresh_token()?;
    let renew = RenewEnrolment { person, enrolment_tag: store::token_tag(&link) };
    organization.act(&administrator, renew, organization.fresh_request()?)?;
    scratch.clock.turn(SignedDuration::from_secs(30));
    let shown = code(scratch, NEW)?;
    if enrols(organization, &link, None)? || enrols(organization, &link, Some((NEW, &shown)))? {
        against.push("whoever had a new enrolment link took over the account".to_owned());
    }
    match organization.release_enrolment(&administrator, person, organization.fresh_request()?) {
        Err(Error::Refused(_)) => {}
        Err(other) => return Err(other.into()),
        Ok(_) => against.push("who made a new enrolment link released it too".to_owned()),
    }
    let left = codes.get(1).context("ten recovery codes are made")?;
    if enrols_showing(organization, &link, NewFactor::None, left)? {
        against.push("a recovery code beside a new link went around the second factor".to_owned());
    }
    let anew = NewFactor::Code { secret: NEW, code: &shown };
    if !enrols_showing(organization, &link, anew, left)? {
        against.push("a new enrolment link and a recovery code did not set a new second factor".to_owned());
    }
    scratch.clock.turn(SignedDuration::from_secs(60));
    let old = code(scratch, HERS)?;
    let left = codes.get(2).context("ten recovery codes are made")?;
    if opens(organization, "somebody", PASSWORD, Some(&old))? || opens(organization, "somebody", PASSWORD, Some(left))?
    {
        against.push("what was set before a new enrolment still opened a session".to_owned());
    }
    Ok(against)
}

/// Whether the password alone opens a session, whatever it is answered.
fn password_opens(organization: &Organization, name: &str) -> Result<bool> {
    opens(organization, name, PASSWORD, None)
}

fn opens(organization: &Organization, name: &str, password: &str, code: Option<&str>) -> Result<bool> {
    let token = store::fresh_token()?;
    match organization.sign_in(name, password, code, &token) {
        Ok(SignIn::Open(_)) => Ok(true),
        Ok(_) | Err(Error::Refused(_)) => Ok(organization.authenticate(&token, Presence::Person)?.is_some()),
        Err(other) => Err(other.into()),
    }
}

fn enrols(organization: &Organization, link: &str, second: Option<(&[u8; 20], &str)>) -> Result<bool> {
    let second = second.map(|(secret, code)| (secret.as_slice(), code));
    match organization.enrol(link, PASSWORD, second, organization.fresh_request()?) {
        Ok(_) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

fn enrols_showing(organization: &Organization, link: &str, second: NewFactor<'_>, shown: &str) -> Result<bool> {
    let token = store::fresh_token()?;
    let choice = NewCredentials { password: PASSWORD, second, proof: GivenProof::Typed(shown) };
    let entering = Entering { token: &token, client: None };
    match organization.enrol_and_enter(link, choice, entering, organization.fresh_request()?) {
        Ok(_) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

/// Signs in with a code that was not shown before.
fn enter(scratch: &Scratch, organization: &Organization, name: &str, secret: &[u8; 20]) -> Result<Actor> {
    scratch.clock.turn(SignedDuration::from_secs(30));
    let (token, code) = (store::fresh_token()?, code(scratch, secret)?);
    organization.sign_in(name, PASSWORD, Some(&code), &token)?;
    let signed_in = organization.authenticate(&token, Presence::Person)?;
    Ok(signed_in.context("password and code opened no session")?.actor)
}

fn code(scratch: &Scratch, secret: &[u8; 20]) -> Result<String> {
    Ok(code_at(secret, u64::try_from(scratch.clock.now().as_second()).context("a time after 1970")? / 30))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn where_no_second_factor_is_asked_for_it_is_told() {
        let scratch = Place::scratch().unwrap();
        let asks = found(&scratch).unwrap();
        assert_eq!(tried(&scratch, &asks).unwrap(), Vec::<String>::new());
        assert!(password_opens(&scratch.one.organization, "stranger").unwrap(), "founded without");
        assert!(!password_opens(&asks, "admin").unwrap(), "founded with");
    }
}
