//! What befell one's own account: sign-ins good and bad, changes of password, factors and roles. Each is a record that an
//! entry of the organization's ledger names.

use jiff::Timestamp;
use serde::Serialize;
use trial::{
    ids::{PersonId, SecurityEventId},
    permission::Permission,
};

use crate::{
    actor::Access,
    assurance::{Factor, Freshness},
    backend::values,
    error::Result,
    place::Target,
    record::{SecurityEvent, SecurityEventRecord},
    time,
    view::{Snapshot, View},
};

/// Events that are shown at once.
const EVENTS_MAX: u32 = 100;

/// The last things that befell one's own account, the latest first.
#[derive(Debug)]
pub struct SecurityEvents {
    /// Sign-ins and confirmations only.
    pub sign_ins: bool,
}

/// One of them.
#[derive(Debug, Clone, Serialize)]
pub struct SecurityEventLine {
    /// Its id.
    pub id: SecurityEventId,
    /// What.
    pub event: SecurityEvent,
    /// When.
    pub at: Timestamp,
    /// What was shown, where it is a sign-in or a confirmation.
    pub factors: Vec<Factor>,
    /// From what kind of browser, where that is known.
    pub client: Option<String>,
    /// Whether one is still told of it.
    pub unread: bool,
}

impl View for SecurityEvents {
    const NAME: &'static str = "view.security_events";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Vec<SecurityEventLine>;

    fn target(&self) -> Target {
        Target::Own
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<SecurityEventLine>> {
        let all = "SELECT id FROM security_event WHERE person = ?1 ORDER BY at DESC, id DESC LIMIT ?2";
        let mut lines = lines(snapshot, access.person()?, all)?;
        let signs_in =
            |event| matches!(event, SecurityEvent::SignedIn | SecurityEvent::SignInRefused | SecurityEvent::Confirmed);
        lines.retain(|line| !self.sign_ins || signs_in(line.event));
        Ok(lines)
    }

    fn count(shown: &Vec<SecurityEventLine>) -> u64 {
        shown.len() as u64
    }
}

/// What somebody is still to be told, the latest first.
pub(super) fn unread(snapshot: &Snapshot<'_>, person: PersonId) -> Result<Vec<SecurityEventLine>> {
    let unread = "SELECT id FROM security_event WHERE person = ?1 AND unread = 1 ORDER BY at DESC, id DESC LIMIT ?2";
    lines(snapshot, person, unread)
}

fn lines(snapshot: &Snapshot<'_>, person: PersonId, sql: &str) -> Result<Vec<SecurityEventLine>> {
    let ids: Vec<SecurityEventId> = snapshot.db.select(sql, values![&person, EVENTS_MAX], |row| row.id(0))?;
    let mut lines = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some((_, record)) = snapshot.current::<SecurityEventRecord>(&id)? {
            let SecurityEventRecord { event, factors, client, at, unread, .. } = record;
            lines.push(SecurityEventLine { id, event, at: time::instant(at), factors, client, unread });
        }
    }
    Ok(lines)
}
