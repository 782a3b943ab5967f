//! Passwords as SP 800-63B-4 3.1.1.2 has them: tried at the enrolment of somebody in a scratch installation.

use anyhow::{Context as _, Result};
use store::{Clock as _, Error, SignIn, code_at};

use super::{Finding, Place};
use crate::prove::scratch::{Scratch, people};

/// A second factor's secret. It guards nothing.
const SECRET: &[u8; 20] = b"a secret of scratch!";

/// What is refused, alone and beside a second factor.
const REFUSED: &[(&str, bool)] = &[
    ("fourteen signs", false),
    ("passwordpassword", false),
    ("qwertyuiopasdfgh", false),
    ("111111111111111111", false),
    ("abcdefghijklmnopqrs", false),
    ("password12345678", false),
    ("seven!7", true),
    ("password", true),
    ("P@ssw0rd", true),
    ("iloveyou", true),
    ("trustno1", true),
    ("12345678", true),
];

/// What is accepted: long enough, and nothing is asked of which characters.
const ACCEPTED: &[(&str, bool)] = &[
    ("only letters and spaces", false),
    ("8142 7713 9026 4485", false),
    ("七転び八起き、猿も木から落ちる", false),
    ("en setning på seksti og fire tegn med æ, ø og å, eller litt mer enn det, tror jeg", false),
    ("kornåker", true),
];

pub(super) fn check(_: &Place<'_>) -> Result<Finding> {
    let scratch = Place::scratch()?;
    let mut against = Vec::new();
    for (number, (password, beside)) in REFUSED.iter().enumerate() {
        match enrol(&scratch, &format!("refused{number}"), password, *beside)? {
            Err(Error::Refused(why)) if why.iter().all(|one| one.field == "password") => {}
            other => against.push(format!("“{password}” was answered {:?}", other.map(|()| "with an account"))),
        }
    }
    for (number, (password, beside)) in ACCEPTED.iter().enumerate() {
        let name = format!("accepted{number}");
        if let Err(error) = enrol(&scratch, &name, password, *beside)? {
            against.push(format!("“{password}” was refused: {error}"));
        } else if !opens(&scratch, &name, password)? || opens(&scratch, &name, &shorter(password))? {
            against.push(format!("“{password}” is not the password that was kept"));
        }
    }
    Ok(Finding::unless(
        against,
        format!(
            "in a scratch installation {} passwords were refused, for their length or because lists of known ones hold \
             them, and {} accepted and kept as typed, the longest of {} characters",
            REFUSED.len(),
            ACCEPTED.len(),
            ACCEPTED.iter().map(|(password, _)| password.chars().count()).max().unwrap_or(0)
        ),
    ))
}

fn enrol(scratch: &Scratch, name: &str, password: &str, beside: bool) -> Result<store::Result<()>> {
    let organization = &scratch.one.organization;
    let token = store::fresh_token()?;
    people::add(organization, &scratch.one.administrator, name, &token)??;
    let code = code(scratch)?;
    let second_factor = beside.then_some((SECRET.as_slice(), code.as_str()));
    Ok(organization.enrol(&token, password, second_factor, organization.fresh_request()?).map(drop))
}

fn code(scratch: &Scratch) -> Result<String> {
    Ok(code_at(SECRET, u64::try_from(scratch.clock.now().as_second()).context("a time after 1970")? / 30))
}

/// Whether this password gets one past the first step.
fn opens(scratch: &Scratch, name: &str, password: &str) -> Result<bool> {
    let token = store::fresh_token()?;
    let answer = scratch.one.organization.sign_in(name, password, None, &token);
    Ok(matches!(answer, Ok(SignIn::Open(_) | SignIn::CodeNeeded { .. })))
}

/// Without its last character: what a product that cuts passwords would take for the same.
fn shorter(password: &str) -> String {
    let mut signs: Vec<char> = password.chars().collect();
    signs.pop();
    signs.into_iter().collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_rules_hold_here() {
        let scratch = Place::scratch().unwrap();
        assert!(enrol(&scratch, "one", "fourteen signs", false).unwrap().is_err());
        assert!(enrol(&scratch, "two", "kornåker", true).unwrap().is_ok());
        assert!(opens(&scratch, "two", "kornåker").unwrap() && !opens(&scratch, "two", "kornåke").unwrap());
    }
}
