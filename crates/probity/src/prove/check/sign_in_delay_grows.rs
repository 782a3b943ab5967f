//! Failed sign-ins wait longer each time, up to fifteen minutes; the right password works once the wait is over.

use anyhow::Result;
use jiff::SignedDuration;
use store::{Error, SignIn};

use super::{Finding, Place};
use crate::prove::scratch::{PASSWORD, Scratch};

/// The longest wait, in seconds.
const LONGEST: u32 = 15 * 60;
/// More failures than it takes to reach it.
const FAILURES: usize = 16;

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let waits = waits(&scratch)?;
    let mut against = judge(&waits);
    let token = store::fresh_token()?;
    if !matches!(scratch.one.organization.sign_in("stranger", PASSWORD, None, &token), Ok(SignIn::Open(_))) {
        against.push("the right password did not work once the wait was over".to_owned());
    }
    let shown: Vec<String> = waits.iter().filter(|wait| **wait > 0).map(u32::to_string).collect();
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation {} wrong passwords had to wait {} s; then the right one worked",
            waits.len(),
            shown.join(", ")
        ),
    ))
}

/// Tries wrong passwords, waits as told, and notes for how long.
fn waits(scratch: &Scratch) -> Result<Vec<u32>> {
    let organization = &scratch.one.organization;
    let mut waits = Vec::new();
    for _ in 0..FAILURES {
        let mut waited = 0;
        let token = store::fresh_token()?;
        if let Err(Error::TooFast { retry_after }) = organization.sign_in("stranger", "not the password", None, &token)
        {
            waited = retry_after;
            scratch.clock.turn(SignedDuration::from_secs(i64::from(retry_after)));
            let _ = organization.sign_in("stranger", "not the password", None, &token);
        }
        waits.push(waited);
    }
    // What the last failure costs is waited for too, so that the right password may be tried.
    scratch.clock.turn(SignedDuration::from_secs(i64::from(LONGEST).saturating_add(1)));
    Ok(waits)
}

fn judge(waits: &[u32]) -> Vec<String> {
    let mut against = Vec::new();
    if !waits.iter().zip(waits.iter().skip(1)).all(|(wait, next)| next >= wait) {
        against.push(format!("a later try waited less than an earlier one: {waits:?}"));
    }
    let (first, last) = (waits.iter().find(|wait| **wait > 0), waits.last().copied().unwrap_or(0));
    if first.is_none_or(|first| last <= *first) {
        against.push(format!("the waits do not grow: {waits:?}"));
    }
    // One second more than the longest, because waits are told in whole seconds.
    if last > LONGEST.saturating_add(1) {
        against.push(format!("a try had to wait {last} s, which is a lock"));
    }
    against
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_that_do_not_grow_or_never_end_are_told() {
        assert_eq!(judge(&[0, 0, 5, 10, 900, 900]), Vec::<String>::new());
        assert!(!judge(&[0, 0, 0]).is_empty(), "none");
        assert!(!judge(&[0, 10, 5]).is_empty(), "shorter");
        assert!(!judge(&[0, 5, 90_000]).is_empty(), "a lock");
    }
}
