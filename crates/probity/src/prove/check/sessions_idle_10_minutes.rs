//! A session answers until ten minutes without use, and then no longer.

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use store::{Presence, SignIn};

use super::{Finding, Place};
use crate::prove::scratch::{PASSWORD, Scratch};

const TEN_MINUTES: SignedDuration = SignedDuration::from_mins(10);

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let second = SignedDuration::from_secs(1);
    let mut against = Vec::new();
    if !answers_after(&scratch, TEN_MINUTES.checked_sub(second).context("a time")?)? {
        against.push("a session ended before ten minutes".to_owned());
    }
    if answers_after(&scratch, TEN_MINUTES)? {
        against.push("a session still answered after ten minutes without use".to_owned());
    }
    Ok(Finding::unless(
        against,
        "in a scratch installation whose clock was turned, a session answered after 9 min 59 s without use and no \
         longer after 10 min; no setting lengthens that",
    ))
}

/// Whether a session still answers after so long without use; a page's own polling is no use.
fn answers_after(scratch: &Scratch, idle: SignedDuration) -> Result<bool> {
    let organization = &scratch.one.organization;
    let token = store::fresh_token()?;
    let SignIn::Open(_) = organization.sign_in("stranger", PASSWORD, None, &token)? else {
        anyhow::bail!("nobody could sign in to the scratch installation");
    };
    organization.authenticate(&token, Presence::Person)?.context("a session that ended as it began")?;
    scratch.clock.turn(idle);
    Ok(organization.authenticate(&token, Presence::Background)?.is_some())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_session_in_use_is_told_from_one_that_is_not() {
        let scratch = Place::scratch().unwrap();
        assert!(answers_after(&scratch, SignedDuration::from_mins(1)).unwrap());
        assert!(!answers_after(&scratch, SignedDuration::from_mins(11)).unwrap());
    }
}
