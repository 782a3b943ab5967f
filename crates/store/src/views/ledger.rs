//! The ledgers: for whoever may see them their entries and proofs, for anyone their checkpoints and hash tiles.

use jiff::Timestamp;
use ledger::tile::Tile;
use serde::Serialize;
use trial::{ids::LedgerId, limit::PAGE_ROWS_MAX, permission::Permission};

use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    log::{self, int},
    place::Target,
    signing,
    view::{Snapshot, View},
};

/// A ledger's length, newest checkpoint and public keys.
#[derive(Debug)]
pub struct LedgerHead {
    /// Number of the ledger.
    pub ledger: u32,
}

/// What the ledger page says at its head.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerHeadShown {
    /// Which.
    pub id: LedgerId,
    /// Its number here.
    pub number: u32,
    /// C2SP tlog-checkpoint origin.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The newest checkpoint, a C2SP signed note; `None`: none was asked for yet.
    pub checkpoint: Option<String>,
    /// The keys that its checkpoints are checked with (C2SP vkey): Ed25519 and ML-DSA-44.
    pub keys: Vec<String>,
}

impl View for LedgerHead {
    const NAME: &'static str = "view.ledger";
    const NEEDS: Permission = Permission::LedgerSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = LedgerHeadShown;

    fn target(&self) -> Target {
        Target::Ledger(self.ledger)
    }

    fn read(&self, snapshot: &Snapshot<'_>, _: &Access) -> Result<LedgerHeadShown> {
        let (id, origin) = snapshot
            .db
            .one("SELECT id, origin FROM ledger WHERE number = ?1", values![self.ledger], |row| {
                Ok((row.id(0)?, row.text(1)?))
            })?
            .ok_or(Error::Hidden)?;
        Ok(LedgerHeadShown {
            id,
            number: self.ledger,
            size: log::size(snapshot.db, self.ledger)?,
            checkpoint: signing::newest(snapshot.db, self.ledger)?.map(|(_, note)| note),
            keys: signing::keys(snapshot, &origin)?,
            origin,
        })
    }

    fn count(_: &LedgerHeadShown) -> u64 {
        1
    }
}

/// A page of entries, newest first.
#[derive(Debug)]
pub struct LedgerEntries {
    /// Number of the ledger.
    pub ledger: u32,
    /// Entries before this index; `None`: from the end.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// An entry.
#[derive(Debug, Clone, Serialize)]
pub struct EntryLine {
    /// Its index.
    pub index: u64,
    /// When, in UTC.
    pub at: Timestamp,
    /// Who, by name where it is a person.
    pub who: String,
    /// Through which program or device, by name.
    pub through: Option<String>,
    /// In which role.
    pub role: String,
    /// In which role, in words.
    pub role_title: String,
    /// Which act or view.
    pub act: String,
    /// On what.
    pub target: String,
    /// How many records it changed.
    pub changes: u64,
    /// How many records a view showed.
    pub shown: Option<u64>,
    /// Its leaf hash, in hexadecimal.
    pub leaf: String,
}

impl View for LedgerEntries {
    const NAME: &'static str = "view.ledger_entries";
    const NEEDS: Permission = Permission::LedgerSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Vec<EntryLine>;

    fn target(&self) -> Target {
        Target::Ledger(self.ledger)
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Vec<EntryLine>> {
        if !(1..=PAGE_ROWS_MAX).contains(&self.limit) {
            return Err(Error::refused("limit", "out_of_bounds", format!("ask for 1 to {PAGE_ROWS_MAX} entries")));
        }
        let before = match self.before {
            Some(before) => int(before)?,
            None => i64::MAX,
        };
        let rows = snapshot.db.select(
            "SELECT idx, leaf, bytes FROM entry WHERE ledger = ?1 AND idx < ?2 ORDER BY idx DESC LIMIT ?3",
            values![self.ledger, before, self.limit],
            |row| Ok((row.size(0)?, row.bytes::<32>(1)?, row.blob(2)?)),
        )?;
        rows.into_iter()
            .map(|(index, leaf, bytes)| {
                let entry = ledger::Entry::decode(&bytes).map_err(Error::fault)?;
                let (who, through) = super::people::who(snapshot, &entry)?;
                Ok(EntryLine {
                    index,
                    at: entry.at.parse().map_err(Error::fault)?,
                    who,
                    through,
                    role_title: super::roles::titled(access, &entry.role),
                    role: entry.role.into_owned(),
                    act: entry.act.into_owned(),
                    target: entry.target,
                    changes: entry.changes.len() as u64,
                    shown: entry.shown.map(|shown| shown.count),
                    leaf: ledger::Hash(leaf).to_hex(),
                })
            })
            .collect()
    }

    fn count(shown: &Vec<EntryLine>) -> u64 {
        shown.len() as u64
    }
}

/// The proof of one entry: the entry, and a C2SP tlog-proof that it is in the signed tree.
#[derive(Debug)]
pub struct EntryProof {
    /// Number of the ledger.
    pub ledger: u32,
    /// Index of the entry.
    pub index: u64,
}

/// What is handed out as proof.
#[derive(Debug, Clone, Serialize)]
pub struct EntryProofShown {
    /// The entry as it was hashed.
    pub entry: String,
    /// The C2SP tlog-proof.
    pub proof: String,
    /// The keys to check it with.
    pub keys: Vec<String>,
}

impl View for EntryProof {
    const NAME: &'static str = "view.proof";
    const NEEDS: Permission = Permission::ProofSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = EntryProofShown;

    fn target(&self) -> Target {
        Target::Entry(self.ledger, self.index)
    }

    fn read(&self, snapshot: &Snapshot<'_>, _: &Access) -> Result<EntryProofShown> {
        let (bytes, _) = log::entry(snapshot.db, self.ledger, self.index)?;
        let newest = signing::newest(snapshot.db, self.ledger)?;
        let signed = newest.as_ref().map(|(size, _)| *size);
        let (size, note) = newest.filter(|(size, _)| self.index < *size).ok_or_else(|| Error::Conflict {
            message: "no checkpoint covers this entry yet: ask for the ledger's checkpoint, then for the proof again"
                .into(),
            current: signed,
        })?;
        let reader = log::Stored { db: snapshot.db, ledger: self.ledger };
        let hashes = ledger::tree::inclusion_proof(&reader, self.index, size).map_err(Error::fault)?;
        let bundle = ledger::bundle::Bundle { extra: None, index: self.index, proof: hashes, checkpoint: note };
        let origin = signing::origin(snapshot.db, self.ledger)?;
        Ok(EntryProofShown {
            entry: String::from_utf8(bytes).map_err(Error::fault)?,
            proof: bundle.encode(),
            keys: signing::keys(snapshot, &origin)?,
        })
    }

    fn count(_: &EntryProofShown) -> u64 {
        1
    }
}

/// A bundle of entries as C2SP tlog-tiles has it. Entries hold ids and codes, so this needs a permission.
#[derive(Debug)]
pub struct EntryBundle {
    /// Number of the ledger.
    pub ledger: u32,
    /// Index of the bundle.
    pub index: u64,
    /// How many entries, 1 to 256.
    pub width: u16,
}

impl View for EntryBundle {
    const NAME: &'static str = "view.entry_bundle";
    const NEEDS: Permission = Permission::LedgerSee;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Vec<u8>;

    fn target(&self) -> Target {
        Target::Ledger(self.ledger)
    }

    fn read(&self, snapshot: &Snapshot<'_>, _: &Access) -> Result<Vec<u8>> {
        let first = self.index.checked_mul(256).ok_or(Error::Hidden)?;
        let entries = snapshot.db.select(
            "SELECT bytes FROM entry WHERE ledger = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx",
            values![self.ledger, int(first)?, int(first.saturating_add(u64::from(self.width)))?],
            |row| row.blob(0),
        )?;
        if entries.len() != usize::from(self.width) || entries.is_empty() {
            return Err(Error::Hidden);
        }
        ledger::tile::encode_entries(&entries).map_err(Error::fault)
    }

    fn count(shown: &Vec<u8>) -> u64 {
        shown.len() as u64
    }
}

/// The newest checkpoint. For anyone: it holds a size, a hash and signatures.
#[derive(Debug)]
pub struct Checkpoint {
    /// Which ledger, by its public id.
    pub ledger: LedgerId,
}

impl View for Checkpoint {
    const NAME: &'static str = "view.checkpoint";
    const NEEDS: Permission = Permission::LedgerWitness;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = String;

    fn target(&self) -> Target {
        Target::Door
    }

    fn read(&self, snapshot: &Snapshot<'_>, _: &Access) -> Result<String> {
        let number = number(snapshot, self.ledger)?;
        signing::newest(snapshot.db, number)?.map(|(_, note)| note).ok_or(Error::Hidden)
    }

    fn count(_: &String) -> u64 {
        1
    }
}

/// A hash tile (C2SP tlog-tiles). For anyone: it holds hashes.
#[derive(Debug)]
pub struct LedgerTile {
    /// Which ledger, by its public id.
    pub ledger: LedgerId,
    /// Which tile.
    pub tile: Tile,
}

impl View for LedgerTile {
    const NAME: &'static str = "view.tile";
    const NEEDS: Permission = Permission::LedgerWitness;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Vec<u8>;

    fn target(&self) -> Target {
        Target::Door
    }

    fn read(&self, snapshot: &Snapshot<'_>, _: &Access) -> Result<Vec<u8>> {
        log::tile(snapshot.db, number(snapshot, self.ledger)?, self.tile)
    }

    fn count(_: &Vec<u8>) -> u64 {
        1
    }
}

fn number(snapshot: &Snapshot<'_>, ledger: LedgerId) -> Result<u32> {
    snapshot
        .db
        .one("SELECT number FROM ledger WHERE id = ?1", values![&ledger], |row| row.number(0))?
        .ok_or(Error::Hidden)
}
