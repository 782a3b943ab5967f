//! The audit of an organization: every ledger against its checkpoints (and those kept elsewhere), every record
//! against its entry, every sealed value against its key. What is wrong is named; nothing is mended.

use std::{collections::BTreeSet, fmt};

use ledger::{
    Hash,
    note::VerifierKey,
    tile::{TILE_HEIGHT, Tile, TileSource},
    tree::{Missing, complete_root},
    verify::{Audit, Finding},
};
use serde::Serialize;
use trial::ids::KeyId;

use crate::{
    backend::{Connection, values},
    error::Result,
    key::Cell,
    log,
    named::{Batch, RECORD, Stored},
    organization::Organization,
    record::{self, ErasureRecord, Record},
    signing::Signers,
    view::Snapshot,
};

/// Findings that are listed; beyond that they are counted.
const FINDINGS_MAX: usize = 1_000;

/// What an audit found.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// Ledgers checked.
    pub ledgers: Vec<LedgerVerified>,
    /// Record versions whose digest is the one in their entry.
    pub records: u64,
    /// Sealed values that opened under their key.
    pub opened: u64,
    /// Sealed values whose key was destroyed by an erasure.
    pub erased: u64,
    /// What is wrong; empty where all holds.
    pub findings: Vec<String>,
    /// Findings beyond those listed.
    pub further: u64,
}

/// One ledger.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerVerified {
    /// Its origin.
    pub origin: String,
    /// Its entries.
    pub entries: u64,
    /// The root they lead to, in hexadecimal.
    pub root: String,
    /// How many entries at the end no checkpoint covered when the audit began; where all holds, it ends with signing them.
    pub uncovered: u64,
}

impl Verified {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, finding: impl fmt::Display) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding.to_string());
        } else {
            self.further = self.further.saturating_add(1);
        }
    }
}

impl Organization {
    /// Verifies everything, with the keys. `seen` are checkpoints kept elsewhere, of any of its ledgers.
    ///
    /// # Errors
    /// Faults only: what is wrong with the data is in the answer.
    pub fn verify(&self, seen: &[Vec<u8>]) -> Result<Verified> {
        let verified = self.reading(|snapshot| verify(snapshot, seen))?;
        if verified.holds() {
            // Only now: what was not audited is not signed.
            for (number, ..) in self.ledgers()? {
                self.checkpoint_of(number)?;
            }
        }
        Ok(verified)
    }
}

pub(crate) fn verify(snapshot: &Snapshot<'_>, seen: &[Vec<u8>]) -> Result<Verified> {
    let mut verified =
        Verified { ledgers: Vec::new(), records: 0, opened: 0, erased: 0, findings: Vec::new(), further: 0 };
    let ledgers = snapshot
        .db
        .select("SELECT number, origin FROM ledger ORDER BY number", &[], |row| Ok((row.number(0)?, row.text(1)?)))?;
    let mut used = 0_usize;
    for (number, origin) in &ledgers {
        let mine: Vec<Vec<u8>> =
            seen.iter().filter(|note| origin_of(note).as_deref() == Some(origin)).cloned().collect();
        used = used.saturating_add(mine.len());
        let keys = match Signers::open(snapshot.db, snapshot.ring, snapshot.organization, origin) {
            Ok(signers) => signers.public(),
            Err(error) => {
                verified.find(format!("{origin}: the signing keys do not open ({error})"));
                continue;
            }
        };
        one_ledger(snapshot.db, *number, origin, &mine, &keys, &mut verified)?;
    }
    if used < seen.len() {
        verified.find(format!(
            "{} of the checkpoints kept elsewhere are of no ledger here: the ledger is gone, or the checkpoint is another installation's",
            seen.len().saturating_sub(used)
        ));
    }
    records(snapshot, &mut verified)?;
    Ok(verified)
}

fn origin_of(note: &[u8]) -> Option<String> {
    std::str::from_utf8(note).ok()?.lines().next().map(str::to_owned)
}

/// The ledger's entries against its checkpoints, and the records against its entries.
fn one_ledger(
    db: &Connection,
    number: u32,
    origin: &str,
    seen: &[Vec<u8>],
    keys: &[VerifierKey],
    verified: &mut Verified,
) -> Result<()> {
    // Every checkpoint this store ever signed is one that somebody may hold.
    let mut signed =
        db.select("SELECT note FROM checkpoint WHERE ledger = ?1 ORDER BY size", values![number], |row| row.blob(0))?;
    let newest = signed.pop();
    let mut all: Vec<Vec<u8>> = signed;
    all.extend(seen.iter().cloned());
    let tiles = KeptTiles { db, ledger: number };
    let audit = match newest {
        Some(newest) => Audit::new(&newest, &all, keys),
        None => Audit::unsigned(&all, keys),
    };
    let mut audit = audit.with_tiles(&tiles, false);
    let mut named = 0_u64;
    let mut batch = Batch::new(db);
    let mut check = |stored: &Stored, verified: &mut Verified| -> Result<()> {
        let (index, entry) = (stored.index, stored.entry.as_ref());
        let leaf = Hash::from_slice(&stored.leaf).inspect_err(|_| {
            verified.find(format!("{origin}: what lies beside entry {index} is no hash of it [row-malformed]"));
        });
        audit.entry(index, &stored.bytes, leaf.ok());
        let mut mine = BTreeSet::new();
        for change in entry.iter().flat_map(|entry| &entry.changes) {
            let there = record_of(db, number, origin, index, change, verified)?;
            // An entry that names a record twice has one all the same.
            if there && mine.insert((&change.kind, &change.key, change.version)) {
                named = named.saturating_add(1);
            }
        }
        Ok(())
    };
    db.each("SELECT idx, leaf, bytes FROM entry WHERE ledger = ?1 ORDER BY idx", values![number], |row| {
        let Some(stored) = readable(Stored::read(row), "an entry", verified) else { return Ok(()) };
        batch.push(stored)?.iter().try_for_each(|stored| check(stored, verified))
    })?;
    batch.rest()?.iter().try_for_each(|stored| check(stored, verified))?;
    unnamed(db, number, origin, named, verified)?;
    let report = audit.finish();
    tiles.roots(|level, index| {
        verified.find(format!(
            "{origin}: the root beside tile {index} of level {level} is not that of its hashes [tile-root]"
        ));
    })?;
    for finding in &report.findings {
        verified.find(format!("{origin}: {}", said(finding)));
    }
    verified.further = verified.further.saturating_add(report.further_findings);
    verified.ledgers.push(LedgerVerified {
        origin: origin.to_owned(),
        entries: report.entries,
        root: report.root.to_hex(),
        uncovered: report.uncovered,
    });
    Ok(())
}

/// Whole tiles as they are stored. They are compared with what the entries lead to; no verdict rests on them.
struct KeptTiles<'a> {
    db: &'a Connection,
    ledger: u32,
}

impl KeptTiles<'_> {
    /// Tells of every tile whose root, on which the next append would build, is not that of its hashes.
    fn roots(&self, mut wrong: impl FnMut(i64, i64)) -> Result<()> {
        let sql = "SELECT level, idx, hashes, root FROM tile WHERE ledger = ?1 ORDER BY level, idx";
        self.db.each(sql, values![self.ledger], |row| {
            let root = hashes(&row.blob(2)?).map(|hashes| complete_root(&hashes));
            if root != Hash::from_slice(&row.blob(3)?).ok() {
                wrong(row.int(0)?, row.int(1)?);
            }
            Ok(())
        })
    }
}

impl TileSource for KeptTiles<'_> {
    fn hashes(&self, tile: Tile) -> std::result::Result<Vec<Hash>, Missing> {
        let missing = Missing { level: tile.level.saturating_mul(TILE_HEIGHT), index: tile.index };
        let index = i64::try_from(tile.index).map_err(|_| missing)?;
        let sql = "SELECT hashes FROM tile WHERE ledger = ?1 AND level = ?2 AND idx = ?3";
        let bytes = self.db.one(sql, values![self.ledger, u32::from(tile.level), index], |row| row.blob(0));
        bytes.ok().flatten().and_then(|bytes| hashes(&bytes)).ok_or(missing)
    }
}

fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    bytes.chunks(32).map(|hash| Hash::from_slice(hash).ok()).collect()
}

fn said(finding: &Finding) -> String {
    format!("{finding} [{}]", finding.code())
}

/// What a row says, or a finding where its columns are not of their types: the database was changed by hand.
fn readable<T>(read: Result<T>, what: &str, verified: &mut Verified) -> Option<T> {
    read.inspect_err(|error| verified.find(format!("{what} cannot be read ({error}) [row-malformed]"))).ok()
}

/// One record that an entry names: it must be there, with this digest; says whether it is and points back.
fn record_of(
    db: &Connection,
    number: u32,
    origin: &str,
    index: u64,
    change: &ledger::entry::Change,
    verified: &mut Verified,
) -> Result<bool> {
    let (kind, key, version) = (&*change.kind, &change.key, change.version);
    let Ok(id) = key.parse::<trial::ids::KeyId>() else {
        verified.find(format!("{origin}: entry {index} names {kind} {key}, which is no record's key"));
        return Ok(false);
    };
    let read = db.one(RECORD, values![kind, &id, version], |row| {
        let read = || Ok((row.number(0)?, row.size(1)?, row.blob(2)?));
        Ok(read())
    })?;
    let Some(read) = read else {
        verified.find(format!(
            "{origin}: {kind} {key} version {version}, named by entry {index}, is gone [record-deleted]"
        ));
        return Ok(false);
    };
    let what = format!("{origin}: {kind} {key} version {version}");
    let Some((ledger, entry, sealed)) = readable(read, &what, verified) else { return Ok(false) };
    let points_back = (ledger, entry) == (number, index);
    if !points_back {
        verified.find(format!("{what} points at entry {entry}, but entry {index} names it [record-moved]"));
    }
    if ledger::sha256(&sealed) == change.digest {
        verified.records = verified.records.saturating_add(1);
    } else {
        verified.find(format!("{what} is not what entry {index} says: its content was changed [record-changed]"));
    }
    Ok(points_back)
}

/// Records that say this ledger names them, and that no entry names. Where there are as many as entries name, there is
/// none, and nothing is looked up: memory does not grow with the ledger.
fn unnamed(db: &Connection, number: u32, origin: &str, named: u64, verified: &mut Verified) -> Result<()> {
    let stored = db.one("SELECT count(*) FROM record WHERE ledger = ?1", values![number], |row| row.size(0))?;
    if stored == Some(named) {
        return Ok(());
    }
    db.each("SELECT kind, key, version, entry FROM record WHERE ledger = ?1", values![number], |row| {
        let read = || Ok((row.text(0)?, row.bytes::<16>(1)?, row.number(2)?, row.size(3)?));
        let Some((kind, key, version, index)) = readable(read(), "a record", verified) else { return Ok(()) };
        let key = hyphenated(&key);
        let is_named = log::entry(db, number, index).is_ok_and(|(_, entry)| {
            entry.changes.iter().any(|change| change.kind == kind && change.key == key && change.version == version)
        });
        if !is_named {
            verified.find(format!(
                "{origin}: {kind} {key} version {version} is stored, but entry {index} does not name it"
            ));
        }
        Ok(())
    })
}

/// Every sealed value opens in its own cell, unless its key was destroyed; and a key was destroyed by an erasure.
fn records(snapshot: &Snapshot<'_>, verified: &mut Verified) -> Result<()> {
    let destroyed = "SELECT id FROM wrapped_key WHERE wrapped IS NULL";
    let mut lost: BTreeSet<KeyId> = snapshot.db.select(destroyed, &[], |row| row.id(0))?.into_iter().collect();
    snapshot.db.each("SELECT kind, key, version, sealed FROM record", &[], |row| {
        let read = || Ok((row.text(0)?, row.bytes::<16>(1)?, row.number(2)?, row.blob(3)?));
        let Some((kind, key, version, sealed)) = readable(read(), "a record", verified) else { return Ok(()) };
        let place = || format!("{kind} {} version {version}", hyphenated(&key));
        match record::key_of(snapshot.db, snapshot.ring, &sealed) {
            Err(_) => verified.find(format!("{}: the key that sealed it is unknown [key-unknown]", place())),
            Ok(None) => verified.erased = verified.erased.saturating_add(1),
            Ok(Some(with)) => {
                let cell = Cell { organization: snapshot.organization, kind: &kind, key: &key, version };
                match with.open(cell, &sealed) {
                    Some(plain) => {
                        verified.opened = verified.opened.saturating_add(1);
                        if kind == ErasureRecord::KIND
                            && let Ok(erasure) = serde_json::from_slice::<ErasureRecord>(&plain)
                        {
                            lost.remove(&erasure.key);
                        }
                    }
                    None => verified.find(format!(
                        "{} does not open in its place: it was changed or moved there [sealed-elsewhere]",
                        place()
                    )),
                }
            }
        }
        Ok(())
    })?;
    for key in lost {
        verified.find(format!("key {key} was destroyed, and no erasure says so: what it sealed is lost [key-lost]"));
    }
    Ok(())
}

/// A key as entries write it.
fn hyphenated(key: &[u8; 16]) -> String {
    <trial::ids::KeyId as trial::ids::Id>::from_bytes(*key).to_string()
}
