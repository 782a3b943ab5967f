//! What the writing thread works with: decide, do, append, all in one transaction that many acts share.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use ledger::{Entry, Hash};
use trial::{
    ids::{Id as _, RequestId},
    permission::Permission,
};

use crate::{
    act::Act,
    actor::{Access, Actor, Present},
    assurance::Freshness,
    backend::{Ahead, Connection, Location, Since, values},
    error::{Error, Result},
    fresh::Fresh,
    log::{self, Log},
    place::{ORGANIZATION_LEDGER, Target},
    shared::Shared,
    time,
    tx::{self, Aftermath, Receipt, Tx},
};

/// Finds what a request did.
pub(crate) const REQUEST: &str = "SELECT ledger, entry FROM request WHERE id = ?1";

/// One connection that writes, and the state of the ledgers it appends to.
pub(crate) struct Core {
    pub(crate) db: Connection,
    location: Location,
    pub(crate) shared: Arc<Shared>,
    logs: BTreeMap<u32, Log>,
    present: Present,
    fresh: Fresh,
    after: Aftermath,
    /// What the row that writers take said when this one last committed, and what it says now.
    known: Since,
    turn: Option<Since>,
    /// The first entry of the group, by which a commit that nobody confirmed is found again.
    first: Option<Appended>,
    /// An act could be neither kept nor undone: nothing of the group may become durable.
    spoiled: bool,
}

impl Core {
    pub(crate) fn new(db: Connection, location: Location, shared: Arc<Shared>) -> Self {
        Core {
            db,
            location,
            shared,
            logs: BTreeMap::new(),
            present: Present::default(),
            fresh: Fresh::default(),
            after: Aftermath::default(),
            known: Since::default(),
            turn: None,
            first: None,
            spoiled: false,
        }
    }

    /// Begins a group. Where others wrote since the last one, their entries are taken in first.
    pub(crate) fn begin(&mut self, ahead: Vec<Ahead>) -> Result<()> {
        self.first = None;
        self.turn = self.db.begin(ahead)?;
        if let Some(turn) = self.turn {
            self.shared.heed(turn.forget);
            if turn.count != self.known.count.saturating_add(1) {
                for log in self.logs.values_mut() {
                    log.catch_up(&self.db)?;
                }
            }
        }
        Ok(())
    }

    /// A new connection in place of one that is lost.
    pub(crate) fn reconnect(&mut self) -> Result<()> {
        self.db = self.location.writer()?;
        Ok(())
    }

    /// The first entry of the group in hand.
    pub(crate) fn first_appended(&self) -> Option<Appended> {
        self.first
    }

    /// Whether an entry that was on its way when the connection went is stored. It waits for its turn, so that the
    /// transaction that carried it has ended by then.
    pub(crate) fn stands(&self, first: Appended) -> Result<bool> {
        self.db.begin(Vec::new())?;
        let leaf = self.db.one(
            "SELECT leaf FROM entry WHERE ledger = ?1 AND idx = ?2",
            values![first.ledger, log::int(first.index)?],
            |row| row.bytes(0).map(Hash),
        );
        self.db.rollback();
        Ok(leaf? == Some(first.leaf))
    }

    /// Does an act, or finds that this request had done it.
    pub(crate) fn perform<A: Act>(
        &mut self,
        actor: &Actor,
        act: &A,
        request: RequestId,
        body: Hash,
    ) -> Result<Receipt> {
        self.shared.writable()?;
        let now = self.shared.clock.now();
        if let Some(receipt) = self.repeated::<A>(actor, request, body)? {
            return Ok(receipt);
        }
        let access = self.decide(actor, act.target(), (A::NEEDS, A::FRESH), now)?;
        let number = access.located().ledger;
        let at = self.next_instant(number, now)?;
        self.db.savepoint()?;
        let shared = Arc::clone(&self.shared);
        let mut tx = Tx::new(
            &self.db,
            &shared.ring,
            shared.organization,
            &shared.definitions,
            &mut self.fresh,
            &mut self.after,
            at,
        );
        let done = act.apply(&mut tx, &access).and_then(|()| {
            let log = match self.logs.entry(number) {
                std::collections::btree_map::Entry::Occupied(found) => found.into_mut(),
                std::collections::btree_map::Entry::Vacant(gap) => gap.insert(Log::open(&self.db, number)?),
            };
            tx.finish(access, A::NAME, Some((request, body)), log)
        });
        match done {
            Ok((receipt, appended)) => {
                self.release()?;
                match act.changes_only() {
                    Some(about) => self.db.wrote(Some(&[about, *request.bytes()])),
                    None => self.db.wrote(None),
                }
                self.first.get_or_insert(appended);
                Ok(receipt)
            }
            Err(error) => {
                self.undo()?;
                Err(error)
            }
        }
    }

    /// Appends the entry of a view: who looked at what, how much, and a digest of what was shown.
    pub(crate) fn note(&mut self, note: &Looked) -> Result<()> {
        self.shared.writable()?;
        let number = note.ledger;
        let log = self.log(number)?;
        let entry = Entry {
            at: time::stamp(note.at.max(log.last)),
            actor: note.actor.clone(),
            client: note.client.clone(),
            role: note.role.clone(),
            act: note.view.into(),
            target: note.target.clone(),
            request: None,
            body: None,
            changes: Vec::new(),
            shown: Some(ledger::Shown { count: note.count, digest: note.digest }),
            manifest: None,
        };
        self.db.savepoint()?;
        let log = match self.logs.get_mut(&number) {
            Some(log) => log,
            None => return Err(Error::fault("the ledger went away")),
        };
        match tx::append(&self.db, log, &entry) {
            Ok((index, leaf)) => {
                self.db.release().inspect_err(|_| self.spoiled = true)?;
                log.frontier.append(leaf);
                log.last = log.last.max(note.at);
                self.first.get_or_insert(Appended { ledger: number, index, leaf });
                Ok(())
            }
            Err(error) => {
                self.undo()?;
                Err(error)
            }
        }
    }

    /// Undoes the act in hand. Where a full disk made the database undo everything, there is nothing left to undo, and
    /// the act's own error is what its caller should hear.
    fn undo(&mut self) -> Result<()> {
        if self.db.in_transaction() { self.db.undo().inspect_err(|_| self.spoiled = true) } else { Ok(()) }
    }

    fn release(&mut self) -> Result<()> {
        self.db.release().inspect_err(|_| self.spoiled = true)
    }

    /// The time of the next entry of a ledger: now, or the last entry's where the clock was set back. Whole
    /// microseconds, as the entry writes it: what is derived from it must come out the same in a rebuild.
    fn next_instant(&mut self, number: u32, now: Timestamp) -> Result<Timestamp> {
        // The founding act brings the ledger itself.
        let last = if self.is_there(number)? { self.log(number)?.last } else { Timestamp::UNIX_EPOCH };
        Ok(time::instant(time::micros(now.max(last))))
    }

    fn is_there(&self, number: u32) -> Result<bool> {
        Ok(self.logs.contains_key(&number)
            || self.db.one("SELECT 1 FROM ledger WHERE number = ?1", values![number], |_| Ok(()))?.is_some())
    }

    /// The state of a ledger, read when first needed.
    pub(crate) fn log(&mut self, number: u32) -> Result<&mut Log> {
        match self.logs.entry(number) {
            std::collections::btree_map::Entry::Occupied(found) => Ok(found.into_mut()),
            std::collections::btree_map::Entry::Vacant(gap) => Ok(gap.insert(Log::open(&self.db, number)?)),
        }
    }

    /// Writes what the group's entries completed, then makes all of it durable.
    pub(crate) fn commit(&mut self) -> Result<()> {
        if self.spoiled {
            return Err(Error::fault("an act could be neither kept nor undone"));
        }
        for log in self.logs.values_mut() {
            log.write_tiles(&self.db)?;
        }
        let forget = self.after.sessions_ended || self.after.key_destroyed;
        if let (Some(turn), true) = (&mut self.turn, forget) {
            turn.forget = turn.forget.saturating_add(1);
            self.db.write("UPDATE turn SET forget = ?1", values![turn.forget])?;
        }
        self.db.commit()?;
        if let Some(turn) = self.turn {
            self.known = turn;
            self.shared.heeded(turn.forget);
        }
        let after = std::mem::take(&mut self.after);
        if after.sessions_ended {
            self.shared.sessions.forget();
        }
        if after.key_destroyed {
            // The act is durable; should this fail, the next erasure or start tries again.
            self.db.empty_log().unwrap_or_else(|error| tracing::warn!(%error, "the write-ahead log was not emptied"));
        }
        Ok(())
    }

    /// Forgets the group: nothing of it is stored, so nothing of it may stay in memory.
    pub(crate) fn abandon(&mut self) {
        self.db.rollback();
        self.spoiled = false;
        self.after = Aftermath::default();
        self.logs.clear();
        self.present.forget();
        self.shared.ring.forget();
        self.shared.definitions.forget();
        self.shared.sessions.forget();
        self.shared.rules.forget();
    }

    /// Decides. Who was looked up already is not looked up again while nothing changed in the organization's
    /// ledger, which tells of every person, grant and ended session.
    fn decide(
        &mut self,
        actor: &Actor,
        target: Target,
        needs: (Permission, Freshness),
        now: Timestamp,
    ) -> Result<Access> {
        // The founding act brings the ledger itself.
        let size = if self.is_there(ORGANIZATION_LEDGER)? { self.log(ORGANIZATION_LEDGER)?.frontier.size() } else { 0 };
        self.present.heed(size);
        Access::decide_knowing(&self.db, &self.shared, &mut self.present, actor, target, needs, now)
    }

    fn repeated<A: Act>(&self, actor: &Actor, request: RequestId, body: Hash) -> Result<Option<Receipt>> {
        let found = self.db.one(REQUEST, values![&request], |row| Ok((row.number(0)?, row.size(1)?)))?;
        let Some((number, index)) = found else { return Ok(None) };
        let (bytes, entry) = log::entry(&self.db, number, index)?;
        if entry.actor != actor.name() || entry.act != A::NAME || entry.body != Some(body) {
            return Err(Error::Conflict {
                message:
                    "this request id was used for another request: nothing was stored. Send this one under a new id"
                        .into(),
                current: None,
            });
        }
        let id = self
            .db
            .one("SELECT id FROM ledger WHERE number = ?1", values![number], |row| row.id(0))?
            .ok_or(Error::Hidden)?;
        Receipt::of(id, index, &entry, ledger::leaf_hash(&bytes), true).map(Some)
    }
}

/// Where an entry was appended, and its hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appended {
    pub ledger: u32,
    pub index: u64,
    pub leaf: Hash,
}

/// What the entry of a view says.
pub(crate) struct Looked {
    pub view: &'static str,
    pub actor: String,
    pub client: Option<String>,
    pub role: Cow<'static, str>,
    pub target: String,
    pub ledger: u32,
    pub at: Timestamp,
    pub count: u64,
    pub digest: Hash,
}
