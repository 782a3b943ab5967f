//! Accounts that nobody uses: after as long as the policy says they rest, until an administrator sends a new enrolment link
//! and their person proves who they are again (NIST SP 800-53 AC-2(3)).

use jiff::Timestamp;
use trial::{
    gate::days,
    ids::PersonId,
    policy::{Policy, Setting},
};

use crate::{
    backend::{Connection, values},
    error::{Error, Result},
    time,
};

/// When somebody last showed who they are; `None`: never yet.
pub(crate) fn shown(db: &Connection, person: PersonId) -> Result<Option<Timestamp>> {
    let last = "SELECT max(at) FROM security_event WHERE person = ?1 AND shown = 1";
    let found = db.one(last, values![&person], |row| row.maybe_int(0))?;
    Ok(found.flatten().map(time::instant))
}

/// From when on the account of somebody who showed then who they are rests.
pub(crate) fn rests_from(shown: Timestamp, policy: &Policy) -> Timestamp {
    shown.checked_add(days(policy.get(Setting::Dormant))).unwrap_or(Timestamp::MAX)
}

/// Refuses whoever was not here for too long.
pub(crate) fn refuse(shown: Option<Timestamp>, policy: &Policy, now: Timestamp) -> Result<()> {
    if shown.is_none_or(|shown| now < rests_from(shown, policy)) {
        return Ok(());
    }
    Err(Error::refused(
        "",
        "dormant",
        "this account rests, for nobody used it for long: ask an administrator for a new enrolment link",
    ))
}
