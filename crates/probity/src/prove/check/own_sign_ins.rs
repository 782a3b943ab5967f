//! Everybody sees their own sign-ins, good and bad, and their open sessions, and ends each of them at once.

use anyhow::{Context as _, Result};
use store::{
    Error, Presence, SecurityEvent, SignIn,
    acts::EndSession,
    views::{Account, SecurityEvents},
};

use super::{Finding, Place};
use crate::prove::scratch::{PASSWORD, Scratch};

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    of(&Place::scratch()?, true)
}

/// Signs in twice and fails once; `ends`: whether the second session is ended then.
fn of(scratch: &Scratch, ends: bool) -> Result<Finding> {
    let organization = &scratch.one.organization;
    let mut against = Vec::new();
    let (first, second) = (store::fresh_token()?, store::fresh_token()?);
    for token in [&first, &second] {
        let SignIn::Open(_) = organization.sign_in("stranger", PASSWORD, None, token)? else {
            anyhow::bail!("nobody could sign in to the scratch installation");
        };
    }
    if !matches!(organization.sign_in("stranger", "not the password", None, "none"), Err(Error::Refused(_))) {
        against.push("a wrong password was not refused".to_owned());
    }
    let here = organization.authenticate(&first, Presence::Person)?.context("a session that ended as it began")?.actor;
    let there =
        organization.authenticate(&second, Presence::Person)?.context("a session that ended as it began")?.actor;
    let listed = organization.view(&here, &Account {})?.sessions;
    let other = there.session().context("a session without an id")?;
    if !listed.iter().any(|session| session.id == other && !session.this) {
        against.push("an open session is not in its owner's list".to_owned());
    }
    let lines = organization.view(&here, &SecurityEvents { sign_ins: true })?;
    for (event, least) in [(SecurityEvent::SignedIn, 2), (SecurityEvent::SignInRefused, 1)] {
        if lines.iter().filter(|line| line.event == event).count() < least {
            against.push(format!("of {least} {event:?} not all are in their owner's list"));
        }
    }
    let seen_by_others = organization.view(&scratch.one.administrator, &SecurityEvents { sign_ins: true })?;
    if seen_by_others.iter().any(|line| lines.iter().any(|own| own.id == line.id)) {
        against.push("somebody else's sign-ins are in a list".to_owned());
    }
    if ends {
        organization.act(&here, EndSession { session: other }, organization.fresh_request()?)?;
    }
    if organization.authenticate(&second, Presence::Person)?.is_some() {
        against.push("a session that its owner ended still answered".to_owned());
    }
    if !matches!(organization.view(&there, &Account {}), Err(Error::SignedOut)) {
        against.push("a request on its way in a session that was ended was still answered".to_owned());
    }
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation a person saw {} of their sign-ins, the refused one among them, and {} open sessions; \
             the one that they ended answered nothing from then on",
            lines.len(),
            listed.len()
        ),
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_session_that_goes_on_breaks_it() {
        assert!(!of(&Place::scratch().unwrap(), false).unwrap().holds);
    }
}
