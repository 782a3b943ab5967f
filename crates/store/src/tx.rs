//! The inside of an act: what it may read, and the one way to write.

use std::borrow::Cow;

use jiff::Timestamp;
use ledger::{Change, Entry, Hash};
use serde::Serialize;
use trial::ids::{Id, KeyId, LedgerId, OrganizationId, PersonId, RequestId, SessionId};

use crate::{
    actor::Access,
    backend::{Connection, values},
    core::Appended,
    definitions::Definitions,
    error::{Error, Result},
    fresh::Fresh,
    key::{KeyRing, Purpose, SealKey},
    log::{Log, int},
    record::{self, Record},
    session, time,
};

/// What an act works with. Everything it puts is named in its entry, because `put` is the one write.
pub struct Tx<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) ring: &'a KeyRing,
    pub(crate) organization: OrganizationId,
    pub(crate) definitions: &'a Definitions,
    fresh: &'a mut Fresh,
    at: Timestamp,
    about: Option<PersonId>,
    after: &'a mut Aftermath,
    puts: Vec<Sealed>,
}

/// What must follow once the acts of a transaction are durable.
#[derive(Debug, Default)]
pub(crate) struct Aftermath {
    /// Sessions ended: what memory knows of them must go.
    pub sessions_ended: bool,
    /// A key was destroyed: its bytes must go from the write-ahead log too.
    pub key_destroyed: bool,
}

struct Sealed {
    change: Change,
    key: [u8; 16],
    bytes: Vec<u8>,
}

/// What an act's client holds: where the entry is, when it was made, which records it put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The ledger.
    pub ledger: LedgerId,
    /// The entry's index in it, from 0.
    pub index: u64,
    /// When, in UTC.
    pub at: Timestamp,
    /// Hash of the entry as a leaf (RFC 6962 2.1).
    pub leaf: String,
    /// The records put, in order.
    pub records: Vec<PutRecord>,
    /// True where this request had been done before: nothing was done again.
    pub repeated: bool,
}

/// One record version that an act put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PutRecord {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub key: String,
    /// Which version.
    pub version: u32,
}

impl Receipt {
    /// The id of the first record of a kind.
    #[must_use]
    pub fn id<I: Id + std::str::FromStr>(&self, kind: &str) -> Option<I> {
        self.records.iter().find(|put| put.kind == kind)?.key.parse().ok()
    }

    pub(crate) fn of(log_id: LedgerId, index: u64, entry: &Entry, leaf: Hash, repeated: bool) -> Result<Receipt> {
        Ok(Receipt {
            ledger: log_id,
            index,
            at: entry.at.parse().map_err(Error::fault)?,
            leaf: leaf.to_hex(),
            records: entry
                .changes
                .iter()
                .map(|c| PutRecord { kind: c.kind.clone().into_owned(), key: c.key.clone(), version: c.version })
                .collect(),
            repeated,
        })
    }
}

impl<'a> Tx<'a> {
    pub(crate) fn new(
        db: &'a Connection,
        ring: &'a KeyRing,
        organization: OrganizationId,
        definitions: &'a Definitions,
        fresh: &'a mut Fresh,
        after: &'a mut Aftermath,
        at: Timestamp,
    ) -> Self {
        Tx { db, ring, organization, definitions, fresh, at, about: None, after, puts: Vec::new() }
    }

    /// The time of the act.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// Names the person that an act at the door turned out to be about.
    pub(crate) fn name_person(&mut self, person: PersonId) {
        self.about = Some(person);
    }

    /// A new identifier, later than every one before it.
    pub(crate) fn new_id<I: Id>(&mut self) -> Result<I> {
        self.fresh.id(self.at)
    }

    /// Makes a key. Keys lie outside the ledger; what they seal does not.
    pub(crate) fn new_key(&mut self, purpose: Purpose, wrapper: Option<KeyId>) -> Result<std::sync::Arc<SealKey>> {
        let id = self.new_id()?;
        self.ring.make(self.db, purpose, wrapper, id)
    }

    /// Ends sessions of a person.
    pub(crate) fn end_sessions(&mut self, person: PersonId, which: session::Which) -> Result<usize> {
        self.after.sessions_ended = true;
        session::end(self.db, person, which, self.at)
    }

    /// Stores a new session; where its person has too many, the one that was not used for longest ends. What is left of
    /// old ones goes.
    pub(crate) fn open_session(&mut self, opening: &session::Opening<'_>) -> Result<()> {
        session::forget_old(self.db, opening.person, self.at)?;
        session::open(self.db, opening, self.at)?;
        if session::end_surplus(self.db, opening.person, self.at)? > 0 {
            self.after.sessions_ended = true;
        }
        Ok(())
    }

    /// Gives a session another token; the one before opens nothing any more.
    pub(crate) fn renew_session(&mut self, id: SessionId, token_tag: &[u8; 32]) -> Result<()> {
        self.after.sessions_ended = true;
        self.db.write("UPDATE session SET tag = ?2 WHERE id = ?1", values![&id, token_tag])
    }

    /// Makes every process look at sessions anew.
    pub(crate) fn forget_sessions(&mut self) {
        self.after.sessions_ended = true;
    }

    /// Destroys a key for good.
    pub(crate) fn destroy_key(&mut self, id: KeyId) -> Result<()> {
        self.after.key_destroyed = true;
        self.ring.destroy(self.db, id)
    }

    /// A key that must not have been destroyed.
    pub(crate) fn key(&self, id: KeyId) -> Result<std::sync::Arc<SealKey>> {
        self.ring.find(self.db, id)?.ok_or(Error::Hidden)
    }

    /// The one write: appends a version of a record, notes it for the entry, and derives the current state from it.
    pub(crate) fn put<R: Record>(&mut self, key: &impl Id, version: u32, content: &R, with: &SealKey) -> Result<()> {
        let bytes = record::seal(self.organization, with, key.bytes(), version, content)?;
        content.derive(&record::Put { db: self.db, key: key.bytes(), version, at: time::micros(self.at) })?;
        self.puts.push(Sealed {
            change: Change {
                kind: Cow::Borrowed(R::KIND),
                key: key.to_string(),
                version,
                digest: ledger::sha256(&bytes),
            },
            key: *key.bytes(),
            bytes,
        });
        Ok(())
    }

    /// A record as it was before this act; `None` where there is none, or its key was destroyed.
    pub(crate) fn current<R: Record>(&self, key: &impl Id) -> Result<Option<(u32, R)>> {
        read(self.db, self.ring, self.organization, key, None)
    }

    /// Opens a record that was read already; `None` where its key was destroyed.
    pub(crate) fn open<R: Record>(&self, key: &impl Id, version: u32, sealed: &[u8]) -> Result<Option<R>> {
        record::open(self.db, self.ring, self.organization, key.bytes(), version, sealed)
    }

    /// Ends the act: the entry first, then the records that point at it. Dying here leaves neither.
    pub(crate) fn finish(
        self,
        access: Access,
        act: &'static str,
        request: Option<(RequestId, Hash)>,
        log: &mut Log,
    ) -> Result<(Receipt, Appended)> {
        let mut changes = Vec::with_capacity(self.puts.len());
        let mut sealed = Vec::with_capacity(self.puts.len());
        for put in self.puts {
            changes.push(put.change);
            sealed.push((put.key, put.bytes));
        }
        let entry = Entry {
            at: time::stamp(self.at),
            actor: access.actor().name(),
            client: access.actor().client_name(),
            role: access.capacity().code(),
            act: Cow::Borrowed(act),
            target: self.about.map_or_else(|| access.located().name.clone(), |person| format!("person:{person}")),
            request: request.as_ref().map(|(id, _)| id.to_string()),
            body: request.as_ref().map(|(_, body)| *body),
            changes,
            shown: None,
            manifest: None,
        };
        let (index, leaf) = append(self.db, log, &entry)?;
        for (change, (key, bytes)) in entry.changes.iter().zip(&sealed) {
            self.db.write(
                "INSERT INTO record (kind, key, version, ledger, entry, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                values![&*change.kind, key, change.version, log.number, int(index)?, bytes],
            )?;
        }
        if let Some((request, _)) = &request {
            self.db.write(
                "INSERT INTO request (id, ledger, entry) VALUES (?1, ?2, ?3)",
                values![request, log.number, int(index)?],
            )?;
        }
        log.frontier.append(leaf);
        log.last = log.last.max(self.at);
        let receipt = Receipt::of(log.id, index, &entry, leaf, false)?;
        Ok((receipt, Appended { ledger: log.number, index, leaf }))
    }
}

/// Stores an entry at the end of a ledger; the caller moves the frontier once nothing can fail any more.
pub(crate) fn append(db: &Connection, log: &Log, entry: &Entry) -> Result<(u64, Hash)> {
    let bytes = entry.encode().map_err(|e| match e {
        ledger::EntryError::TooLong(_) => {
            Error::refused("", "too_many_changes", "this changes more records than one entry can name: do it in parts")
        }
        other => Error::fault(other),
    })?;
    let leaf = ledger::leaf_hash(&bytes);
    let index = log.frontier.size();
    db.write(
        "INSERT INTO entry (ledger, idx, leaf, bytes) VALUES (?1, ?2, ?3, ?4)",
        values![log.number, int(index)?, leaf.as_bytes(), &bytes],
    )?;
    Ok((index, leaf))
}

/// Reads a record: a version, or the newest. `None` where there is none, or its key was destroyed.
pub(crate) fn read<R: Record>(
    db: &Connection,
    ring: &KeyRing,
    organization: OrganizationId,
    key: &impl Id,
    version: Option<u32>,
) -> Result<Option<(u32, R)>> {
    let make = |row: &crate::backend::Row<'_>| Ok((row.number(0)?, row.blob(1)?));
    let row = match version {
        None => db.one(
            "SELECT version, sealed FROM record WHERE kind = ?1 AND key = ?2 ORDER BY version DESC LIMIT 1",
            values![R::KIND, key.bytes()],
            make,
        )?,
        Some(version) => db.one(
            "SELECT version, sealed FROM record WHERE kind = ?1 AND key = ?2 AND version = ?3",
            values![R::KIND, key.bytes(), version],
            make,
        )?,
    };
    let Some((version, sealed)) = row else { return Ok(None) };
    Ok(record::open(db, ring, organization, key.bytes(), version, &sealed)?.map(|content| (version, content)))
}
