//! A drill: what somebody who holds the keys could do to the data, done to a copy, to see whether the audit finds it.
//! The copy is a new file, made by insertion only, with one thing wrong in it. Nothing here can touch the original.

use std::path::Path;

use trial::ids::LedgerId;

use crate::{
    backend::{Connection, values},
    error::{Error, Result},
    organization::Organization,
    verify::{self, Verified},
    view::Snapshot,
};

/// What is wrong with the copy.
#[derive(Clone, Copy)]
pub enum Harm<'a> {
    /// Nothing: the audit must then find nothing.
    None,
    /// One byte of the newest item group's sealed content is another.
    ChangeByte(Part),
    /// The newest item group's record is gone.
    RemoveRecord,
    /// The sealed contents of the two newest item groups are exchanged.
    ExchangeValues,
    /// An entry in the middle of its ledger is gone, with its records.
    DropEntry,
    /// The last entry of that ledger is gone, with its records and every checkpoint over it.
    CutTail,
    /// The newest item group's sealed content is one of another organization.
    Foreign(&'a Organization),
}

/// Which part of a sealed content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The nonce.
    Nonce,
    /// The encrypted text.
    Text,
    /// The tag that authenticates it.
    Tag,
}

/// A record of the copy, by kind, key and version.
struct Row {
    kind: String,
    key: Vec<u8>,
    version: u32,
    ledger: u32,
    entry: u64,
    sealed: Vec<u8>,
}

impl Organization {
    /// Makes a copy with one thing wrong at `into`, and audits it. `seen` are checkpoints kept elsewhere.
    ///
    /// # Errors
    /// Refused where `into` exists, or the organization has not two item groups and three entries to try it on.
    pub fn drill(&self, into: &Path, harm: Harm<'_>, seen: &[Vec<u8>]) -> Result<Verified> {
        if into.exists() {
            return Err(Error::refused("into", "exists", format!("{} exists already", into.display())));
        }
        for (number, ..) in self.ledgers()? {
            self.checkpoint_of(number)?;
        }
        let foreign = match harm {
            Harm::Foreign(other) => other.reading(|snapshot| newest(snapshot.db))?.pop().map(|row| row.sealed),
            _ => None,
        };
        let copy = self.location().beside(into).create()?;
        self.reading(|snapshot| {
            copy.begin(Vec::new())?;
            let mut newest = newest(snapshot.db)?;
            let (Some(last), Some(other)) = (newest.pop(), newest.pop()) else { return Err(too_little()) };
            let damage = Damage { harm, last, other, foreign };
            damage.copy(snapshot.db, &copy)?;
            copy.commit()?;
            let copied = Snapshot { db: &copy, ..*snapshot };
            verify::verify(&copied, seen)
        })
    }
}

impl Organization {
    /// Audits a copy of this organization's database as if it stood in its place.
    ///
    /// # Errors
    /// Refused where it does not open under the organization's key.
    pub fn audit_copy(&self, copy: &Path, seen: &[Vec<u8>]) -> Result<Verified> {
        let db = self.location().beside(copy).writer()?;
        self.reading(|snapshot| verify::verify(&Snapshot { db: &db, ..*snapshot }, seen))
    }
}

struct Damage<'a> {
    harm: Harm<'a>,
    last: Row,
    other: Row,
    foreign: Option<Vec<u8>>,
}

impl Damage<'_> {
    fn copy(&self, from: &Connection, to: &Connection) -> Result<()> {
        let dropped = self.dropped_entry(from)?;
        let cut = matches!(self.harm, Harm::CutTail);
        from.each("SELECT number, id, study, origin FROM ledger", &[], |row| {
            to.execute(
                "INSERT INTO ledger (number, id, study, origin) VALUES (?1, ?2, ?3, ?4)",
                values![row.number(0)?, &row.id::<LedgerId>(1)?, row.maybe_blob(2)?.as_ref(), &row.text(3)?],
            )
            .map(drop)
        })?;
        from.each("SELECT id, purpose, wrapper, wrapped FROM wrapped_key", &[], |row| {
            to.execute(
                "INSERT INTO wrapped_key (id, purpose, wrapper, wrapped) VALUES (?1, ?2, ?3, ?4)",
                values![&row.blob(0)?, &row.text(1)?, row.maybe_blob(2)?.as_ref(), row.maybe_blob(3)?.as_ref()],
            )
            .map(drop)
        })?;
        from.each("SELECT ledger, idx, leaf, bytes FROM entry", &[], |row| {
            if dropped == Some((row.number(0)?, row.size(1)?)) {
                return Ok(());
            }
            to.execute(
                "INSERT INTO entry (ledger, idx, leaf, bytes) VALUES (?1, ?2, ?3, ?4)",
                values![row.number(0)?, row.int(1)?, &row.blob(2)?, &row.blob(3)?],
            )
            .map(drop)
        })?;
        from.each("SELECT ledger, size, note FROM checkpoint", &[], |row| {
            let (ledger, size) = (row.number(0)?, row.size(1)?);
            if cut && dropped.is_some_and(|(of, index)| ledger == of && size > index) {
                return Ok(());
            }
            to.execute(
                "INSERT INTO checkpoint (ledger, size, note) VALUES (?1, ?2, ?3)",
                values![row.number(0)?, row.int(1)?, &row.blob(2)?],
            )
            .map(drop)
        })?;
        from.each("SELECT kind, key, version, ledger, entry, sealed FROM record", &[], |row| {
            match self.damaged(read(row)?, dropped) {
                None => Ok(()),
                Some(row) => to
                    .execute(
                        "INSERT INTO record (kind, key, version, ledger, entry, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                        values![
                            &row.kind,
                            &row.key,
                            row.version,
                            row.ledger,
                            crate::log::int(row.entry)?,
                            &row.sealed
                        ],
                    )
                    .map(drop),
            }
        })
    }

    /// The entry that is left out.
    fn dropped_entry(&self, from: &Connection) -> Result<Option<(u32, u64)>> {
        let ledger = self.last.ledger;
        let size = crate::log::size(from, ledger)?;
        match self.harm {
            Harm::DropEntry | Harm::CutTail if size < 3 => Err(too_little()),
            Harm::DropEntry => Ok(Some((ledger, size / 2))),
            Harm::CutTail => Ok(Some((ledger, size - 1))),
            _ => Ok(None),
        }
    }

    /// A record as the copy has it; `None`: not at all.
    fn damaged(&self, mut row: Row, dropped: Option<(u32, u64)>) -> Option<Row> {
        let is = |other: &Row| (&row.kind, &row.key, row.version) == (&other.kind, &other.key, other.version);
        if dropped == Some((row.ledger, row.entry)) {
            return None;
        }
        match (is(&self.last), is(&self.other), self.harm) {
            (true, _, Harm::RemoveRecord) => return None,
            (true, _, Harm::ChangeByte(part)) => {
                let length = row.sealed.len();
                // Algorithm (1), key (16), nonce (12), text, tag (16): see `key::seal`.
                let at = match part {
                    Part::Nonce => 17,
                    Part::Text => 29,
                    Part::Tag => length.saturating_sub(1),
                };
                row.sealed.get_mut(at).map(|byte| *byte ^= 1)?;
            }
            (true, _, Harm::ExchangeValues) => row.sealed.clone_from(&self.other.sealed),
            (_, true, Harm::ExchangeValues) => row.sealed.clone_from(&self.last.sealed),
            (true, _, Harm::Foreign(_)) => row.sealed.clone_from(self.foreign.as_ref()?),
            _ => {}
        }
        Some(row)
    }
}

/// The newest two item groups.
fn newest(db: &Connection) -> Result<Vec<Row>> {
    let mut rows = db.select(
        "SELECT kind, key, version, ledger, entry, sealed FROM record WHERE kind = 'item_group' ORDER BY ledger DESC, entry DESC, key DESC LIMIT 2",
        &[],
        read,
    )?;
    rows.reverse();
    Ok(rows)
}

fn read(row: &crate::backend::Row<'_>) -> Result<Row> {
    Ok(Row {
        kind: row.text(0)?,
        key: row.blob(1)?,
        version: row.number(2)?,
        ledger: row.number(3)?,
        entry: row.size(4)?,
        sealed: row.blob(5)?,
    })
}

fn too_little() -> Error {
    Error::refused("drill", "too_little", "there is too little data here to damage: save two item groups first")
}
