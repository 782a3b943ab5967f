//! Sessions: a random token the browser holds, of which only a hash is stored. A session ends after ten idle
//! minutes, after half a day, when its person ends it, when the account is disabled, and when its password, factors or
//! grants change.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use trial::{
    ids::{PersonId, SessionId},
    policy::{Policy, Setting},
};

use crate::{
    actor::{Actor, Via},
    assurance::Factor,
    backend::{Connection, values},
    client,
    core::Core,
    dormant,
    error::Result,
    time,
};

/// Idle time after which a session ends. There is no setting to lengthen it.
pub const IDLE: SignedDuration = SignedDuration::from_mins(10);
/// A session's longest life.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// Sessions that one person may have at once. One more ends the one that was not used for longest.
pub const SESSIONS_MAX: u32 = 20;
/// How stale the stored time of last use may be; it is written no oftener.
const SEEN_WRITTEN_EVERY: SignedDuration = SignedDuration::from_secs(30);
/// Sessions remembered in memory.
const REMEMBERED_MAX: usize = 50_000;

/// Whether a request shows that a person is there. A page's own polling does not keep a session alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// A person did something.
    Person,
    /// A page asked by itself.
    Background,
}

/// Something that asks in a person's name, as long as it may.
#[derive(Clone, Copy)]
pub(crate) struct Open {
    pub via: Via,
    pub person: PersonId,
    /// How long it may be idle, and how long it may last at all: what is strictest of wherever its person works.
    pub idle: SignedDuration,
    pub lifetime: SignedDuration,
    pub opened: Timestamp,
    pub seen: Timestamp,
    pub written: Timestamp,
    /// SHA-256 of the certificate without which it is nobody.
    pub certificate: Option<[u8; 32]>,
    /// When its person last showed who they are.
    pub shown: Timestamp,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SessionShown {
    /// Its id.
    pub id: SessionId,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was last used, to about half a minute.
    pub seen: Timestamp,
    /// Whether it is the one that asks.
    pub this: bool,
    /// What kind of browser it was opened with, where that is known.
    pub client: Option<String>,
}

/// An authenticated request: the actor, and how long the session lasts if nothing more comes.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub actor: Actor,
    /// When the session ends unless used.
    pub ends: Timestamp,
    /// SHA-256 of the certificate that the connection must have shown.
    pub certificate: Option<[u8; 32]>,
}

/// Sessions as memory has them; the table is what counts after a restart.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    open: HashMap<[u8; 32], Open>,
    /// Grows when sessions may have ended, so that a row read before is not remembered after.
    generation: u64,
}

/// A session found open, and which it is where the time of its last use should be stored now.
pub(crate) type Found = (SignedIn, Option<Via>);

impl Sessions {
    /// Who holds this token, as far as memory knows: `None` where only the table can tell.
    pub(crate) fn known(&self, token: &str, presence: Presence, now: Timestamp) -> Option<Found> {
        let tag = tag(token);
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = remembered.open.get_mut(&tag)?;
        if now < ends(open) {
            return Some(used(open, presence, now));
        }
        remembered.open.remove(&tag);
        None
    }

    /// Who holds this token, as the table has it.
    pub(crate) fn find(
        &self,
        db: &Connection,
        token: &str,
        presence: Presence,
        now: Timestamp,
        policy: impl FnOnce(PersonId) -> Result<Policy>,
    ) -> Result<Option<Found>> {
        let tag = tag(token);
        let generation = self.0.lock().unwrap_or_else(PoisonError::into_inner).generation;
        let found = match stored(db, &tag)? {
            Some(session) => Some(session),
            None => client::stored(db, &tag)?,
        };
        let Some(mut open) = found.filter(|open| now < ends(open)) else { return Ok(None) };
        open = bounded(open, &policy(open.person)?);
        if ends(&open) <= now {
            return Ok(None);
        }
        let found = used(&mut open, presence, now);
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.generation == generation {
            if remembered.open.len() >= REMEMBERED_MAX {
                remembered.open.clear();
            }
            remembered.open.insert(tag, open);
        }
        Ok(Some(found))
    }

    /// Forgets all: the next request of each reads the table.
    pub(crate) fn forget(&self) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.open.clear();
        remembered.generation = remembered.generation.wrapping_add(1);
    }
}

/// A session under a policy, which only shortens it.
fn bounded(mut open: Open, policy: &Policy) -> Open {
    let bound = |setting, most| SignedDuration::from_secs(i64::from(policy.get(setting))).min(most);
    match open.via {
        Via::Client(_) => {
            let days = i64::from(policy.get(Setting::ClientDays));
            // Nothing works in the name of somebody who is not there any more.
            let rests = dormant::rests_from(open.shown, policy).duration_since(open.opened);
            open.lifetime = open.lifetime.min(SignedDuration::from_hours(days.saturating_mul(24))).min(rests);
        }
        Via::Session(_) | Via::Nothing => {
            open.idle = bound(Setting::Idle, IDLE);
            open.lifetime = bound(Setting::Lifetime, LIFETIME);
        }
    }
    open
}

/// Notes a use, if a person made it.
fn used(open: &mut Open, presence: Presence, now: Timestamp) -> Found {
    if presence == Presence::Person {
        open.seen = open.seen.max(now);
    }
    let write = open.seen.duration_since(open.written) >= SEEN_WRITTEN_EVERY;
    if write {
        open.written = open.seen;
    }
    let actor = Actor::person_by(open.person, open.via);
    (SignedIn { actor, ends: ends(open), certificate: open.certificate }, write.then_some(open.via))
}

/// A session to begin.
pub(crate) struct Opening<'a> {
    pub id: SessionId,
    pub person: PersonId,
    pub token_tag: &'a [u8; 32],
    /// What was shown to open it.
    pub factors: &'a [Factor],
    pub client: Option<&'a str>,
}

/// Stores a new session. Called by the act that records the sign-in.
pub(crate) fn open(db: &Connection, opening: &Opening<'_>, at: Timestamp) -> Result<()> {
    let now = time::micros(at);
    let shown = |factor| opening.factors.contains(&factor).then_some(now);
    db.write(
        "INSERT INTO session (id, person, tag, opened, seen, ended, client, password_shown, code_shown, recovery_shown,
                              passkey_shown)
         VALUES (?1, ?2, ?3, ?4, ?4, NULL, ?5, ?6, ?7, ?8, ?9)",
        values![
            &opening.id,
            &opening.person,
            opening.token_tag,
            now,
            opening.client,
            shown(Factor::Password),
            shown(Factor::Code),
            shown(Factor::RecoveryCode),
            shown(Factor::Passkey)
        ],
    )?;
    Ok(())
}

/// Ends the sessions that a person has beyond [`SESSIONS_MAX`], those first that were not used for longest.
pub(crate) fn end_surplus(db: &Connection, person: PersonId, at: Timestamp) -> Result<usize> {
    db.execute(
        "UPDATE session SET ended = ?2 WHERE person = ?1 AND ended IS NULL AND id NOT IN
             (SELECT id FROM session WHERE person = ?1 AND ended IS NULL ORDER BY seen DESC, id DESC LIMIT ?3)",
        values![&person, time::micros(at), SESSIONS_MAX],
    )
}

/// Removes what is left of sessions that cannot be open any more: when they began, and from what browser, is in their
/// person's security events, sealed.
pub(crate) fn forget_old(db: &Connection, person: PersonId, at: Timestamp) -> Result<()> {
    let since = at.checked_sub(LIFETIME).unwrap_or(Timestamp::UNIX_EPOCH);
    db.write("DELETE FROM session WHERE person = ?1 AND opened < ?2", values![&person, time::micros(since)])
}

/// Stores that these factors were shown again in a session.
pub(crate) fn shown(db: &Connection, id: Option<SessionId>, factors: &[Factor], at: Timestamp) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    for factor in factors {
        let sql = match factor {
            // Nothing rests on how long ago that was.
            Factor::Provider => continue,
            Factor::Password => "UPDATE session SET password_shown = ?2 WHERE id = ?1",
            Factor::Code => "UPDATE session SET code_shown = ?2 WHERE id = ?1",
            Factor::RecoveryCode => "UPDATE session SET recovery_shown = ?2 WHERE id = ?1",
            Factor::Passkey => "UPDATE session SET passkey_shown = ?2 WHERE id = ?1",
        };
        db.write(sql, values![&id, time::micros(at)])?;
    }
    Ok(())
}

/// Ends one session, or all of a person's but one.
pub(crate) fn end(db: &Connection, person: PersonId, which: Which, at: Timestamp) -> Result<usize> {
    let now = time::micros(at);
    match which {
        Which::One(id) => db.execute(
            "UPDATE session SET ended = ?3 WHERE id = ?1 AND person = ?2 AND ended IS NULL",
            values![&id, &person, now],
        ),
        Which::AllBut(id) => db.execute(
            "UPDATE session SET ended = ?3 WHERE person = ?2 AND ended IS NULL AND id IS DISTINCT FROM ?1",
            values![id.as_ref(), &person, now],
        ),
    }
}

/// Which sessions to end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    One(SessionId),
    AllBut(Option<SessionId>),
}

/// Stores that it was used. Operational: no entry.
pub(crate) fn seen(core: &mut Core, via: Via, at: Timestamp) -> Result<()> {
    match via {
        Via::Session(id) => {
            core.db.write("UPDATE session SET seen = ?2 WHERE id = ?1 AND seen < ?2", values![&id, time::micros(at)])
        }
        Via::Client(id) => client::used(core, id, at),
        Via::Nothing => Ok(()),
    }
}

/// The hash of a token, as the table has it.
pub(crate) fn tag(token: &str) -> [u8; 32] {
    ledger::sha256(token.as_bytes()).0
}

fn ends(open: &Open) -> Timestamp {
    let later = |at: Timestamp, by: SignedDuration| at.checked_add(by).unwrap_or(at);
    later(open.seen, open.idle).min(later(open.opened, open.lifetime))
}

fn stored(db: &Connection, tag: &[u8; 32]) -> Result<Option<Open>> {
    db.one(
        "SELECT s.id, s.person, s.opened, s.seen FROM session s JOIN person p ON p.id = s.person
         WHERE s.tag = ?1 AND s.ended IS NULL AND p.active = 1",
        values![tag],
        |row| {
            let seen = time::instant(row.int(3)?);
            let opened = time::instant(row.int(2)?);
            Ok(open_at(row.id(0)?, row.id(1)?, opened, seen))
        },
    )
}

fn open_at(id: SessionId, person: PersonId, opened: Timestamp, seen: Timestamp) -> Open {
    let via = Via::Session(id);
    Open { via, person, idle: IDLE, lifetime: LIFETIME, opened, seen, written: seen, certificate: None, shown: opened }
}

/// A person's open sessions.
pub(crate) fn list(
    db: &Connection,
    person: PersonId,
    this: Option<SessionId>,
    policy: &Policy,
    now: Timestamp,
) -> Result<Vec<SessionShown>> {
    let all = db.select(
        "SELECT id, opened, seen, client FROM session WHERE person = ?1 AND ended IS NULL ORDER BY opened DESC",
        values![&person],
        |row| {
            let id = row.id(0)?;
            let (opened, seen) = (time::instant(row.int(1)?), time::instant(row.int(2)?));
            let open = bounded(open_at(id, person, opened, seen), policy);
            let this = Some(id) == this;
            let client = row.maybe_text(3)?;
            Ok((SessionShown { id, opened: open.opened, seen: open.seen, this, client }, ends(&open)))
        },
    )?;
    Ok(all.into_iter().filter(|(_, ends)| now < *ends).map(|(shown, _)| shown).collect())
}
