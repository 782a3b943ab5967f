//! What befell somebody's account, kept so that they can see it, and told to them until they have read it (ASVS 5.0
//! 6.3.5, 6.3.7).

use serde::Serialize;
use trial::{
    ids::{KeyId, PersonId, SecurityEventId},
    permission::Permission,
};

use crate::{
    act::Act,
    actor::Access,
    assurance::{Factor, Freshness},
    backend::values,
    error::{Error, Result},
    place::Target,
    record::{SecurityEvent, SecurityEventRecord},
    time,
    tx::Tx,
};

/// Notices that are marked as read at once.
pub(crate) const NOTICES_MAX: u32 = 50;

/// What happened to an account.
pub(super) struct Happened<'a> {
    event: SecurityEvent,
    factors: &'a [Factor],
    client: Option<&'a str>,
    unread: bool,
}

impl<'a> Happened<'a> {
    /// What its person looks up if they like.
    pub(super) const fn listed(event: SecurityEvent) -> Self {
        Happened { event, factors: &[], client: None, unread: false }
    }

    /// What its person is told until they have read it.
    pub(super) const fn told(event: SecurityEvent) -> Self {
        Happened { unread: true, ..Happened::listed(event) }
    }

    /// With what was shown, and from what kind of browser.
    pub(super) const fn with(self, factors: &'a [Factor], client: Option<&'a str>) -> Self {
        Happened { factors, client, ..self }
    }

    /// Told, if so.
    pub(super) const fn told_if(self, unread: bool) -> Self {
        Happened { unread, ..self }
    }
}

/// Notes it.
pub(super) fn note(tx: &mut Tx<'_>, person: PersonId, happened: Happened<'_>) -> Result<()> {
    let id: SecurityEventId = tx.new_id()?;
    let record = SecurityEventRecord {
        person,
        event: happened.event,
        factors: happened.factors.to_vec(),
        client: happened.client.map(str::to_owned),
        at: time::micros(tx.at()),
        unread: happened.unread,
    };
    put(tx, person, id, 1, &record)
}

fn put(
    tx: &mut Tx<'_>,
    person: PersonId,
    id: SecurityEventId,
    version: u32,
    record: &SecurityEventRecord,
) -> Result<()> {
    let key: KeyId =
        tx.db.one("SELECT key FROM person WHERE id = ?1", values![&person], |row| row.id(0))?.ok_or(Error::Hidden)?;
    let key = tx.key(key)?;
    tx.put(&id, version, record, &key)
}

/// Marks what one was told of one's own account as read.
#[derive(Debug, Serialize)]
pub struct ReadNotices {}

impl Act for ReadNotices {
    const NAME: &'static str = "account.read_notices";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        let unread: Vec<SecurityEventId> = tx.db.select(
            "SELECT id FROM security_event WHERE person = ?1 AND unread = 1 ORDER BY at DESC LIMIT ?2",
            values![&person, NOTICES_MAX],
            |row| row.id(0),
        )?;
        for id in unread {
            if let Some((version, mut record)) = tx.current::<SecurityEventRecord>(&id)? {
                record.unread = false;
                put(tx, person, id, version.saturating_add(1), &record)?;
            }
        }
        Ok(())
    }
}
