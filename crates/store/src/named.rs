//! Entries in batches, with the records that they name asked for beforehand: an audit and a replay look up each record of
//! an organization, and over a network one question at a time would wait for each answer.

use ledger::Entry;
use trial::ids::{Id as _, KeyId};

use crate::{
    backend::{Ahead, Connection, Row, values},
    error::Result,
};

/// Finds one record by its kind, key and version: ledger, entry, sealed content.
pub(crate) const RECORD: &str =
    "SELECT ledger, entry, sealed FROM record WHERE kind = ?1 AND key = ?2 AND version = ?3";

/// Records asked for at once.
const RECORDS_MAX: usize = 512;
/// Entries held at once: each is at most 64 KiB.
const ENTRIES_MAX: usize = 64;

/// An entry as it is stored; `entry` is `None` where its bytes are none.
pub(crate) struct Stored {
    pub index: u64,
    pub leaf: Vec<u8>,
    pub bytes: Vec<u8>,
    pub entry: Option<Entry>,
}

impl Stored {
    /// From columns idx, leaf, bytes.
    pub(crate) fn read(row: &Row<'_>) -> Result<Stored> {
        let (index, leaf, bytes) = (row.size(0)?, row.blob(1)?, row.blob(2)?);
        let entry = Entry::decode(&bytes).ok();
        Ok(Stored { index, leaf, bytes, entry })
    }

    fn names(&self) -> impl Iterator<Item = Ahead> {
        let changes = self.entry.iter().flat_map(|entry| &entry.changes);
        changes.filter_map(|change| {
            let key: KeyId = change.key.parse().ok()?;
            Some(Ahead::new(key.bytes(), RECORD, values![&*change.kind, &key, change.version]))
        })
    }
}

/// Entries that wait until there are enough of them to ask.
pub(crate) struct Batch<'a> {
    db: &'a Connection,
    waiting: Vec<Stored>,
    ahead: Vec<Ahead>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(db: &'a Connection) -> Self {
        Batch { db, waiting: Vec::new(), ahead: Vec::new() }
    }

    /// Takes the next entry; hands out a whole batch when it is full. Whoever gets it asks [`RECORD`] for each record it
    /// names, with [`Connection::one`] or [`Connection::select`], before the next is pushed.
    pub(crate) fn push(&mut self, stored: Stored) -> Result<Vec<Stored>> {
        self.ahead.extend(stored.names());
        self.waiting.push(stored);
        if self.waiting.len() < ENTRIES_MAX && self.ahead.len() < RECORDS_MAX { Ok(Vec::new()) } else { self.rest() }
    }

    /// What waits at the end.
    pub(crate) fn rest(&mut self) -> Result<Vec<Stored>> {
        // What the batch before asked twice over, nobody took: it goes, so that nothing piles up.
        self.db.wrote(None);
        self.db.ahead(std::mem::take(&mut self.ahead))?;
        Ok(std::mem::take(&mut self.waiting))
    }
}
