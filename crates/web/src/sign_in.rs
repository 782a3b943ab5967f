//! Signing in and enrolling, as the pages and the API both do it: find the organization, then its own door. An
//! organization that is not there is answered like a wrong password, at the same cost and with the same waits; no
//! answer lists organizations.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use store::{
    Attempt, Enrolment, Entering, Error, GivenProof, NewCredentials, NewFactor, Organization, Proved, Receipt, SignIn,
};
use tokio::time::{Instant, sleep_until};
use trial::ids::{OrganizationId, RequestId};

use crate::{
    checks::Source,
    error::Answer,
    passkey::{Host, NewPasskey, UsedPasskey},
    provider,
    session::{self, blocking},
    state::AppState,
};

/// Names tried at organizations that are not there; beyond it the oldest are forgotten all at once.
const STRANGERS_MAX: usize = 20_000;
/// A refusal is answered a whole number of these after it was asked for. Refusing somebody who has an account does more
/// than refusing somebody who has none, by a fraction of a millisecond: their account keeps it.
const STEP: Duration = Duration::from_millis(100);

/// What a person types to sign in.
#[derive(Clone)]
pub struct Credentials {
    /// Id or name of the organization; empty where the installation has one only.
    pub organization: String,
    /// What proves them first.
    pub first: First,
    /// The code of the second factor.
    pub code: Option<String>,
    /// A password in place of one that others may know.
    pub new_password: Option<String>,
    /// From what kind of browser.
    pub client: Option<String>,
}

/// What proves a person first.
#[derive(Clone)]
pub enum First {
    /// What they know.
    Password {
        /// The name to sign in with.
        sign_in: String,
        /// The password.
        password: String,
    },
    /// A sign-in at their organization's provider.
    Provider(Proved),
}

/// Signs in. Returns the session token.
///
/// # Errors
/// 422 with one answer for unknown organizations, unknown names and wrong passwords, and with `code` as the field
/// where a second factor is needed; 429 with the time to wait while attempts come too fast; 503 while too many others
/// sign in.
pub async fn sign_in(state: &AppState, credentials: Credentials, source: Source) -> Answer<String> {
    let asked = Instant::now();
    let organization = named(state, &credentials.organization)?;
    let turn = state.checks().turn(source).await?;
    let state = state.clone();
    let answer = blocking(move || {
        // Even where the asker has gone: what is begun is worked on to its end.
        let _turn = turn;
        match organization {
            Some(organization) => open(&organization, &credentials),
            None => Err(stranger(&state, &credentials)),
        }
    })
    .await;
    if let Err(Error::Refused(_)) = &answer {
        sleep_until(asked + stepped(asked.elapsed())).await;
    }
    Ok(answer?)
}

/// Rounded up to whole steps.
fn stepped(took: Duration) -> Duration {
    let steps = took.as_nanos().div_ceil(STEP.as_nanos());
    STEP.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX))
}

fn open(organization: &Organization, credentials: &Credentials) -> store::Result<String> {
    let token = session::fresh(organization.id())?;
    let Credentials { first, code, new_password, client, .. } = credentials;
    let (code, client) = (code.as_deref(), client.as_deref());
    let signed_in = match first {
        First::Password { sign_in, password } => {
            let attempt = Attempt { sign_in, password, code, new_password: new_password.as_deref(), client };
            organization.attempt(&attempt, &token)?
        }
        First::Provider(proved) => organization.sign_in_with_provider(proved, code, client, &token)?,
    };
    match signed_in {
        SignIn::Open(_) => Ok(token),
        SignIn::NewPasswordNeeded => {
            Err(Error::refused("new_password", "needed", "others may know your password: choose a new one to sign in"))
        }
        SignIn::CodeNeeded { code: true, .. } => Err(Error::refused(
            "code",
            "needed",
            "Type the code that your authenticator app shows now, or a recovery code",
        )),
        SignIn::CodeNeeded { code: false, .. } => {
            Err(Error::refused("code", "needed", "Use your passkey, or type a recovery code"))
        }
        SignIn::SecondFactorMissing => Err(Error::refused(
            "code",
            "not_set",
            "your organization asks for a second factor and you have none: ask an administrator for a new enrolment link",
        )),
    }
}

/// Signs in whoever's passkey this is. It names nobody: the passkey knows whose it is. Returns the session token.
///
/// # Errors
/// 422 with one answer, whatever does not hold.
pub async fn sign_in_with_passkey(
    state: &AppState,
    host: &Host,
    passkey: UsedPasskey,
    client: Option<String>,
) -> Answer<String> {
    let used = passkey.used()?;
    let organization = store::user_of(&used.user).and_then(|(id, _)| state.installation().organization(id));
    let asked = host.asked(state, &used.client_data);
    Ok(blocking(move || {
        let organization = organization.ok_or_else(store::unknown_passkey)?;
        let token = session::fresh(organization.id())?;
        organization.sign_in_with_passkey(&used, asked.as_ref(), client.as_deref(), &token)?;
        Ok(token)
    })
    .await?)
}

/// The organization that was named; `None`: there is none of that name.
pub(crate) fn named(state: &AppState, name: &str) -> Answer<Option<Arc<Organization>>> {
    let (name, all) = (name.trim(), state.installation().all());
    match (name, all.as_slice()) {
        ("", [only]) => Ok(Some(Arc::clone(only))),
        ("", []) => Ok(None),
        ("", _) => Err(Error::refused("organization", "needed", "type the name of your organization").into()),
        (name, _) => Ok(match name.parse::<OrganizationId>() {
            Ok(id) => state.installation().organization(id),
            Err(_) => all.into_iter().find(|organization| organization.name().to_lowercase() == name.to_lowercase()),
        }),
    }
}

/// Answers somebody at an organization that is not there.
fn stranger(state: &AppState, credentials: &Credentials) -> Error {
    let First::Password { sign_in, password } = &credentials.first else { return provider::stray() };
    let tag = store::token_tag(&format!(
        "{}\n{}",
        credentials.organization.trim().to_lowercase(),
        sign_in.trim().to_lowercase()
    ));
    let now = state.now();
    match state.strangers().wait(&tag, now) {
        Some(error) => error,
        None => {
            let refused = store::refuse_stranger(password);
            state.strangers().failed(tag, now);
            refused
        }
    }
}

/// Whose enrolment a token is, and in which organization.
///
/// # Errors
/// 422 where it was used, has expired or was replaced.
pub async fn enrolment(state: &AppState, token: &str) -> Answer<(Arc<Organization>, Enrolment)> {
    // The first administrator's token is made before the organization has an id, so it names none.
    let organizations = match session::organization_of(token) {
        Some(id) => state.installation().organization(id).into_iter().collect(),
        None => state.installation().all(),
    };
    let token = token.to_owned();
    Ok(blocking(move || {
        let mut failed = None;
        for organization in organizations {
            match organization.enrolment(&token) {
                Ok(enrolment) => return Ok((organization, enrolment)),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(store::spent_enrolment))
    })
    .await?)
}

/// A second factor that was made at an enrolment.
pub enum Chosen {
    /// None.
    None,
    /// The secret as it was shown, and a code from it.
    Code(String, String),
    /// A passkey.
    Passkey(NewPasskey),
}

/// What is shown beside a link by somebody who was enrolled before.
pub enum ShownProof {
    /// Nothing.
    Nothing,
    /// A code, of whatever kind.
    Typed(String),
    /// A passkey.
    Passkey(UsedPasskey),
}

/// What an enrolment sets.
pub struct Enrolling {
    /// The password from now on.
    pub password: String,
    /// The second factor from now on.
    pub second: Chosen,
    /// What is shown beside the link.
    pub shown: ShownProof,
}

/// Finishes an enrolment. The token is that of the session that begins with it; none where the request had been done before.
///
/// # Errors
/// 422 with what is wrong with the password, the code or the token, or with what is shown; 429 with the time to wait while
/// attempts come too fast.
pub async fn enrol(
    state: &AppState,
    token: String,
    Enrolling { password, second, shown }: Enrolling,
    (host, client): (&Host, Option<String>),
    request: RequestId,
) -> Answer<(Receipt, Option<String>)> {
    // A request made again finds its token spent: what it names leads to the answer all the same.
    let organization = match session::organization_of(&token).and_then(|id| state.installation().organization(id)) {
        Some(organization) => organization,
        None => enrolment(state, &token).await?.0,
    };
    let (mut secret, mut made, mut challenge) = (Vec::new(), None, None);
    match &second {
        Chosen::None => {}
        Chosen::Code(shown, _) => secret = crate::second_factor::typed(shown)?,
        Chosen::Passkey(passkey) => {
            let new = passkey.made()?;
            challenge = host.asked(state, &new.client_data);
            made = Some(new);
        }
    }
    let mut used = None;
    if let ShownProof::Passkey(passkey) = &shown {
        let shown = passkey.used()?;
        let asked = host.asked(state, &shown.client_data);
        used = Some((shown, asked));
    }
    Ok(blocking(move || {
        let second = match (&second, &made) {
            (Chosen::Code(_, code), _) => NewFactor::Code { secret: &secret, code },
            (Chosen::Passkey(NewPasskey { name, .. }), Some(made)) => {
                NewFactor::Passkey { name, made, challenge: challenge.as_ref() }
            }
            _ => NewFactor::None,
        };
        let session = session::fresh(organization.id())?;
        let entering = Entering { token: &session, client: client.as_deref() };
        let proof = match (&shown, &used) {
            (ShownProof::Typed(typed), _) => GivenProof::Typed(typed),
            (_, Some((used, challenge))) => GivenProof::Passkey(used, challenge.as_ref()),
            _ => GivenProof::Nothing,
        };
        let choice = NewCredentials { password: &password, second, proof };
        let receipt = organization.enrol_and_enter(&token, choice, entering, request)?;
        let session = (!receipt.repeated).then_some(session);
        Ok((receipt, session))
    })
    .await?)
}

/// Failures at organizations that are not there, so that they cost the same waits. In memory only: nothing is lost
/// that anybody owns.
#[derive(Default)]
pub(crate) struct Strangers(Mutex<HashMap<[u8; 32], (u32, Timestamp)>>);

impl Strangers {
    fn wait(&self, tag: &[u8; 32], now: Timestamp) -> Option<Error> {
        let (_, until) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(tag).copied()?;
        (now < until).then(|| store::too_fast(until.duration_since(now)))
    }

    fn failed(&self, tag: [u8; 32], now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= STRANGERS_MAX {
            all.clear();
        }
        let (failures, until) = all.entry(tag).or_insert((0, now));
        *failures = failures.saturating_add(1);
        *until = now.checked_add(store::wait(*failures)).unwrap_or(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_take_whole_steps() {
        for (took, stepped_to) in [(1, 100), (99, 100), (100, 100), (101, 200), (250, 300)] {
            assert_eq!(stepped(Duration::from_millis(took)), Duration::from_millis(stepped_to), "{took}");
        }
    }
}
