//! Failed sign-ins make the next one wait, longer each time. There is no lock: a lock is a weapon against its owner.

use jiff::{SignedDuration, Timestamp};
use trial::ids::PersonId;

use crate::{
    backend::{Connection, values},
    error::{Error, Result},
    sign_in::too_fast,
    time,
};

/// Failures that cost nothing.
pub const FREE_FAILURES: u32 = 5;
/// The longest wait.
pub const WAIT_MAX: SignedDuration = SignedDuration::from_mins(15);

/// How long the next attempt waits after this many failures: 5 s after the sixth, doubled by each more.
#[must_use]
pub fn wait(failures: u32) -> SignedDuration {
    match failures.checked_sub(FREE_FAILURES) {
        None | Some(0) => SignedDuration::ZERO,
        Some(beyond) => {
            let seconds = 5_i64.checked_shl(beyond.saturating_sub(1).min(32)).unwrap_or(i64::MAX);
            SignedDuration::from_secs(seconds).min(WAIT_MAX)
        }
    }
}

/// How long this one still has to wait.
fn left(db: &Connection, tag: &[u8; 32], now: Timestamp) -> Result<Option<SignedDuration>> {
    let until = db.one("SELECT until FROM throttle WHERE tag = ?1", values![tag], |row| row.int(0))?;
    Ok(until.map(time::instant).filter(|until| now < *until).map(|until| until.duration_since(now)))
}

/// Refuses while this one still has to wait.
pub(crate) fn wait_over(db: &Connection, tag: &[u8; 32], now: Timestamp) -> Result<()> {
    match left(db, tag, now)? {
        None => Ok(()),
        Some(left) => Err(too_fast(left)),
    }
}

/// Counts a failure, and says how many there are.
pub(crate) fn failed(db: &Connection, tag: &[u8; 32], now: Timestamp) -> Result<u32> {
    let failures = db
        .one("SELECT failures FROM throttle WHERE tag = ?1", values![tag], |row| row.number(0))?
        .unwrap_or(0)
        .saturating_add(1);
    let until = now.checked_add(wait(failures)).unwrap_or(now);
    db.write(
        "INSERT INTO throttle (tag, failures, until) VALUES (?1, ?2, ?3)
         ON CONFLICT (tag) DO UPDATE SET failures = excluded.failures, until = excluded.until",
        values![tag, failures, time::micros(until)],
    )?;
    Ok(failures)
}

/// A success forgets the failures.
pub(crate) fn clear(db: &Connection, tag: &[u8; 32]) -> Result<()> {
    db.write("DELETE FROM throttle WHERE tag = ?1", values![tag])?;
    Ok(())
}

/// Marks a one-time code as used (RFC 6238 5.2): it and all before it do not work again.
pub(crate) fn spend_code(db: &Connection, person: &PersonId, step: u64) -> Result<()> {
    let step = i64::try_from(step).map_err(Error::fault)?;
    let spent = db.execute(
        "INSERT INTO code_step (person, step) VALUES (?1, ?2)
         ON CONFLICT (person) DO UPDATE SET step = excluded.step WHERE code_step.step < excluded.step",
        values![person, step],
    )?;
    if spent == 0 {
        return Err(Error::refused("code", "used", "this code was used already: wait for the next one"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_quarter_of_an_hour() {
        for (failures, seconds) in
            [(0, 0), (5, 0), (6, 5), (7, 10), (8, 20), (12, 320), (14, 900), (40, 900), (u32::MAX, 900)]
        {
            assert_eq!(wait(failures), SignedDuration::from_secs(seconds), "{failures}");
        }
    }
}
