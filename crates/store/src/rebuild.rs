//! Rebuild: the ledger and the sealed contents, replayed into a fresh database, give every table again. That is what
//! makes a backup, a move to another database and an archive one mechanism, and it shows that nothing is derived from
//! anything else.

use std::path::Path;

use serde::Serialize;

use crate::{
    backend::{Connection, values},
    error::{Error, Result},
    named::{Batch, RECORD, Stored},
    organization::Organization,
    record, time,
    view::Snapshot,
};

/// Tables that a rebuild does not carry over: sessions and throttles are lost without loss.
const OPERATIONAL: &[&str] = &["session", "throttle", "code_step", "passkey_use", "client_use", "turn"];
/// Tables of the migration library itself.
const MIGRATIONS: &str = "refinery_schema_history";
/// Entries replayed in one transaction.
const REPLAYED_AT_ONCE: u64 = 256;
/// Differences that are listed.
const DIFFERENCES_MAX: usize = 100;

/// What a rebuild came to.
#[derive(Debug, Clone, Serialize)]
pub struct Rebuilt {
    /// Entries replayed.
    pub entries: u64,
    /// Records replayed.
    pub records: u64,
    /// Each table compared, with its rows.
    pub tables: Vec<(String, u64)>,
    /// Where the rebuilt database differs from the live one; empty where they are equal.
    pub differences: Vec<String>,
}

impl Rebuilt {
    /// Whether every table is equal.
    #[must_use]
    pub fn equal(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Organization {
    /// Rebuilds into a new file beside the data and compares it with the live database, table by table. The file is
    /// encrypted under the same key; `progress` is told of entries done.
    ///
    /// # Errors
    /// Refused where the file exists; faults.
    pub fn rebuild(&self, into: &Path, mut progress: impl FnMut(u64)) -> Result<Rebuilt> {
        if into.exists() {
            return Err(Error::refused(
                "into",
                "exists",
                format!("{} exists already: name a file that does not", into.display()),
            ));
        }
        let fresh = self.location().beside(into).create()?;
        self.reading(|snapshot| {
            let (entries, records) = replay(snapshot, &fresh, &mut |done| {
                progress(done);
                Ok(())
            })?;
            let (tables, differences) = compare(snapshot.db, &fresh)?;
            Ok(Rebuilt { entries, records, tables, differences })
        })
    }
}

/// Replays what `to` does not have yet, in transactions of their own, so that what was broken off can go on. `progress` is
/// told of entries done, and may stop it.
pub(crate) fn replay(
    from: &Snapshot<'_>,
    to: &Connection,
    progress: &mut impl FnMut(u64) -> Result<()>,
) -> Result<(u64, u64)> {
    to.begin(Vec::new())?;
    // Keys come first: they lie outside the ledger, and records open with them.
    from.db.each("SELECT id, purpose, wrapper, wrapped FROM wrapped_key", &[], |row| {
        to.write(
            "INSERT INTO wrapped_key (id, purpose, wrapper, wrapped) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET wrapped = excluded.wrapped",
            values![&row.blob(0)?, &row.text(1)?, row.maybe_blob(2)?.as_ref(), row.maybe_blob(3)?.as_ref()],
        )
    })?;
    let (mut entries, mut records) = (0_u64, 0_u64);
    let ledgers = from.db.select("SELECT number FROM ledger ORDER BY number", &[], |row| row.number(0))?;
    for number in ledgers {
        let there = crate::log::int(crate::log::size(to, number)?)?;
        entries = entries.saturating_add(there.unsigned_abs());
        let mut one = |stored: &Stored| -> Result<()> {
            records = records.saturating_add(one_entry(from, to, number, stored)?);
            entries = entries.saturating_add(1);
            if entries.is_multiple_of(REPLAYED_AT_ONCE) {
                to.commit()?;
                progress(entries)?;
                to.begin(Vec::new())?;
            }
            Ok(())
        };
        let rest = "SELECT idx, leaf, bytes FROM entry WHERE ledger = ?1 AND idx >= ?2 ORDER BY idx";
        let mut batch = Batch::new(from.db);
        from.db
            .each(rest, values![number, there], |row| batch.push(Stored::read(row)?)?.iter().try_for_each(&mut one))?;
        batch.rest()?.iter().try_for_each(&mut one)?;
        tiles_and_checkpoints(from.db, to, number)?;
    }
    to.commit()?;
    progress(entries)?;
    Ok((entries, records))
}

fn one_entry(from: &Snapshot<'_>, to: &Connection, number: u32, stored: &Stored) -> Result<u64> {
    let unreadable =
        || Error::fault(format!("entry {} of ledger {number} is none: run `probity verify`", stored.index));
    let entry = stored.entry.as_ref().ok_or_else(unreadable)?;
    let index = crate::log::int(stored.index)?;
    let at = time::micros(entry.at.parse().map_err(Error::fault)?);
    let mut rows = Vec::with_capacity(entry.changes.len());
    for change in &entry.changes {
        let key: trial::ids::KeyId = change.key.parse().map_err(Error::fault)?;
        let key = *trial::ids::Id::bytes(&key);
        let sealed = from
            .db
            .one(RECORD, values![&*change.kind, &key, change.version], |row| row.blob(2))?
            .ok_or_else(|| Error::fault(format!("{} {} is gone: run `probity verify`", change.kind, change.key)))?;
        rows.push(record::Row {
            kind: change.kind.clone().into_owned(),
            key,
            version: change.version,
            ledger: number,
            entry: stored.index,
            sealed,
        });
    }
    // Derived rows first, as an act does: the first entry of a ledger brings the ledger's own row.
    for row in &rows {
        record::derive(to, from.ring, from.organization, row, at)?;
    }
    let leaf = ledger::leaf_hash(&stored.bytes);
    to.write(
        "INSERT INTO entry (ledger, idx, leaf, bytes) VALUES (?1, ?2, ?3, ?4)",
        values![number, index, leaf.as_bytes(), &stored.bytes],
    )?;
    for row in &rows {
        to.write(
            "INSERT INTO record (kind, key, version, ledger, entry, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            values![&row.kind, &row.key, row.version, number, index, &row.sealed],
        )?;
    }
    if let Some(request) = &entry.request {
        let request: trial::ids::RequestId = request.parse().map_err(Error::fault)?;
        to.write("INSERT INTO request (id, ledger, entry) VALUES (?1, ?2, ?3)", values![&request, number, index])?;
    }
    Ok(rows.len() as u64)
}

/// Tiles are made anew from the entries; checkpoints are signatures, and carried over.
fn tiles_and_checkpoints(from: &Connection, to: &Connection, number: u32) -> Result<()> {
    let mut log = crate::log::Log::fresh(to, number)?;
    log.write_tiles(to)?;
    from.each("SELECT size, note FROM checkpoint WHERE ledger = ?1", values![number], |row| {
        to.write(
            "INSERT INTO checkpoint (ledger, size, note) VALUES (?1, ?2, ?3) ON CONFLICT (ledger, size) DO NOTHING",
            values![number, row.int(0)?, &row.blob(1)?],
        )
    })
}

/// Tables with their rows, and what differs between them, in words.
type Compared = (Vec<(String, u64)>, Vec<String>);

/// Every table but the operational ones, row by row in a fixed order.
fn compare(live: &Connection, rebuilt: &Connection) -> Result<Compared> {
    let (tables, others) = (live.tables()?, rebuilt.tables()?);
    let mut differences = Vec::new();
    if tables != others {
        differences.push("the two have different tables".to_owned());
    }
    let mut counts = Vec::new();
    for (table, columns) in &tables {
        if OPERATIONAL.contains(&table.as_str()) || table == MIGRATIONS {
            continue;
        }
        let order: Vec<String> = (1..=columns.len()).map(|n| format!("{n} NULLS FIRST")).collect();
        let sql = format!("SELECT {} FROM {table} ORDER BY {}", columns.join(", "), order.join(", "));
        let digest = |db: &Connection| -> Result<(u64, Vec<ledger::Hash>)> {
            let (mut rows, mut hashes) = (0, Vec::new());
            db.each(&sql, &[], |row| {
                let mut text = String::new();
                for column in 0..columns.len() {
                    text.push_str(&row.shape(column)?);
                    text.push('\n');
                }
                hashes.push(ledger::sha256(text.as_bytes()));
                rows += 1;
                Ok(())
            })?;
            Ok((rows, hashes))
        };
        let ((rows, ours), (_, theirs)) = (digest(live)?, digest(rebuilt)?);
        counts.push((table.clone(), rows));
        if ours.len() != theirs.len() {
            differences.push(format!("{table}: {} rows, rebuilt {}", ours.len(), theirs.len()));
        }
        let unequal = ours.iter().zip(&theirs).filter(|(a, b)| a != b).count();
        if unequal > 0 && differences.len() < DIFFERENCES_MAX {
            differences.push(format!("{table}: {unequal} rows differ"));
        }
    }
    Ok((counts, differences))
}
