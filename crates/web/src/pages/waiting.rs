//! What waits between the two steps of a sign-in. It waits in memory, for two minutes and never in the page: a page that
//! carried a password could be read later from the browser.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::sign_in::Credentials;

/// How long a password waits for its code.
const WAITING: SignedDuration = SignedDuration::from_mins(2);
/// Passwords that wait at once; more, and the oldest begin again.
const WAITING_MAX: usize = 1_000;

/// Those that wait for their codes.
pub(super) struct Waiting;

static WAITERS: LazyLock<Mutex<HashMap<String, (Timestamp, Credentials)>>> = LazyLock::new(Mutex::default);

impl Waiting {
    pub(super) fn put(attempt: Credentials, now: Timestamp) -> store::Result<String> {
        let step = store::fresh_token()?;
        let mut all = WAITERS.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (since, _)| now.duration_since(*since) < WAITING);
        if all.len() >= WAITING_MAX {
            all.clear();
        }
        all.insert(step.clone(), (now, attempt));
        Ok(step)
    }

    /// Each works once: a refused code gets another.
    pub(super) fn take(step: &str, now: Timestamp) -> Option<Credentials> {
        let found = WAITERS.lock().unwrap_or_else(PoisonError::into_inner).remove(step);
        found.filter(|(since, _)| now.duration_since(*since) < WAITING).map(|(_, attempt)| attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_in::First;

    #[test]
    fn a_waiting_password_works_once_and_for_two_minutes() -> store::Result<()> {
        let attempt = || Credentials {
            organization: String::new(),
            first: First::Password { sign_in: "ana".into(), password: "words".into() },
            code: None,
            new_password: None,
            client: None,
        };
        let now = Timestamp::UNIX_EPOCH;
        let step = Waiting::put(attempt(), now)?;
        assert!(Waiting::take(&step, now).is_some());
        assert!(Waiting::take(&step, now).is_none());
        let late = Waiting::put(attempt(), now)?;
        assert!(Waiting::take(&late, now.saturating_add(WAITING).unwrap_or(now)).is_none());
        Ok(())
    }
}
