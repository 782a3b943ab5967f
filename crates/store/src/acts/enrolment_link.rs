//! Enrolment links: made anew by an administrator, and released by another for who lost everything. What is done with one is in
//! [`super::Enrol`].

use jiff::SignedDuration;
use serde::Serialize;
use trial::{ids::PersonId, permission::Permission};

use crate::{
    act::Act,
    actor::Access,
    acts::{
        person::change,
        security_event::{self, Happened},
    },
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{PendingEnrolment, PersonRecord, SecurityEvent},
    tx::Tx,
};

/// How long an enrolment token works.
pub const ENROLMENT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Gives a person a new enrolment token, when the first was lost, the password forgotten or a second factor is gone. Who is
/// enrolled already has to show more than the token (see [`ReleaseEnrolment`]): nobody who can make one takes over an account.
#[derive(Debug, Serialize)]
pub struct RenewEnrolment {
    /// Who.
    pub person: PersonId,
    /// SHA-256 of the new token.
    pub enrolment_tag: [u8; 32],
}

impl Act for RenewEnrolment {
    const NAME: &'static str = "person.renew_enrolment";
    const NEEDS: Permission = Permission::PeopleManage;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Person(self.person)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let by = access.about_another(self.person, "nobody renews their own enrolment: ask another administrator")?;
        let pending = pending(tx, self.enrolment_tag, Some(by));
        change(tx, self.person, |record| record.enrolment = Some(pending))?;
        security_event::note(tx, self.person, Happened::told(SecurityEvent::EnrolmentRenewed))
    }
}

/// Releases the enrolment link that another administrator made for somebody who lost all they prove themselves with. With
/// the link and this code they set everything anew; whoever has one of the two alone sets nothing.
#[derive(Debug, Serialize)]
pub struct ReleaseEnrolment {
    /// Whose.
    pub person: PersonId,
    /// A keyed hash of the release code.
    pub code: [u8; 32],
}

impl Act for ReleaseEnrolment {
    const NAME: &'static str = "person.release_enrolment";
    const NEEDS: Permission = Permission::PeopleManage;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Person(self.person)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let by = access.about_another(self.person, "nobody releases their own link: ask another administrator")?;
        let (version, mut record) = tx.current::<PersonRecord>(&self.person)?.ok_or(Error::Hidden)?;
        let waits = tx.db.one(
            "SELECT enrolled FROM person WHERE id = ?1 AND active = 1 AND enrolment_end > ?2",
            values![&self.person, crate::time::micros(tx.at())],
            |row| row.int(0),
        )?;
        let pending = match (waits, &mut record.enrolment) {
            (Some(1), Some(pending)) => pending,
            (Some(_), Some(_)) => {
                return Err(Error::refused("person", "not_enrolled", "this link is their first: it needs no release"));
            }
            _ => {
                return Err(Error::refused(
                    "person",
                    "no_link",
                    "no enrolment link waits for this person: another administrator makes one first",
                ));
            }
        };
        if pending.by == Some(by) {
            return Err(Error::refused(
                "person",
                "own_link",
                "you made this link: another administrator has to release it, so that nobody alone can take over an account",
            ));
        }
        pending.release = Some(self.code);
        let key = tx.key(record.key)?;
        tx.put(&self.person, version.saturating_add(1), &record, &key)?;
        security_event::note(tx, self.person, Happened::told(SecurityEvent::EnrolmentReleased))
    }
}

/// An enrolment that begins to wait now.
pub(super) fn pending(tx: &Tx<'_>, tag: [u8; 32], by: Option<PersonId>) -> PendingEnrolment {
    let end = tx.at().checked_add(ENROLMENT).unwrap_or(tx.at());
    PendingEnrolment { tag, end: crate::time::micros(end), by, release: None }
}
