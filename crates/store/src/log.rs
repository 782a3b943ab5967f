//! The ledgers as the database holds them: leaf hashes beside entries, whole tiles, checkpoints; and in memory,
//! per ledger, only what the next append needs.

use jiff::Timestamp;
use ledger::{
    Hash,
    tile::{Tile, completed_tiles},
    tree::{Frontier, HashReader, Missing, complete_root},
};
use trial::ids::LedgerId;

use crate::{
    backend::{Connection, values},
    error::{Error, Result},
};

/// A ledger, ready to append.
pub(crate) struct Log {
    pub number: u32,
    pub id: LedgerId,
    pub origin: String,
    pub frontier: Frontier,
    /// Entries for which whole tiles are written.
    tiled: u64,
    /// Time never runs backwards within a ledger.
    pub last: Timestamp,
}

impl Log {
    /// Reads the state from what is stored, and checks it against the newest checkpoint: a ledger that does not
    /// continue what was signed is not appended to.
    pub(crate) fn open(db: &Connection, number: u32) -> Result<Log> {
        let (id, origin) = db
            .one("SELECT id, origin FROM ledger WHERE number = ?1", values![number], |row| {
                Ok((row.id(0)?, row.text(1)?))
            })?
            .ok_or_else(|| Error::fault(format!("ledger {number} does not exist")))?;
        let size = size(db, number)?;
        let reader = Stored { db, ledger: number };
        let frontier = Frontier::from_hashes(size, &reader).map_err(|missing| broken(number, &missing))?;
        if let Some((signed_size, root)) = newest_checkpoint(db, number)? {
            let now = if signed_size == size {
                frontier.root()
            } else {
                Frontier::from_hashes(signed_size, &reader).map_err(|missing| broken(number, &missing))?.root()
            };
            if now != root {
                return Err(Error::fault(format!(
                    "ledger {number} differs from its own checkpoint at {signed_size}: run `probity verify`"
                )));
            }
        }
        let last = match size.checked_sub(1) {
            None => Timestamp::UNIX_EPOCH,
            Some(index) => entry(db, number, index)?.1.at.parse().map_err(Error::fault)?,
        };
        Ok(Log { number, id, origin, frontier, tiled: size, last })
    }

    /// A ledger whose entries are all there and whose tiles may not be yet: for a rebuild.
    pub(crate) fn fresh(db: &Connection, number: u32) -> Result<Log> {
        let (id, origin) = db
            .one("SELECT id, origin FROM ledger WHERE number = ?1", values![number], |row| {
                Ok((row.id(0)?, row.text(1)?))
            })?
            .ok_or_else(|| Error::fault(format!("ledger {number} does not exist")))?;
        let mut frontier = Frontier::new();
        db.each("SELECT leaf FROM entry WHERE ledger = ?1 ORDER BY idx", values![number], |row| {
            frontier.append(Hash(row.bytes(0)?));
            Ok(())
        })?;
        let whole = "SELECT count(*) FROM tile WHERE ledger = ?1 AND level = 0";
        let tiles = db.one(whole, values![number], |row| row.size(0))?.unwrap_or(0);
        let tiled = tiles.saturating_mul(1 << ledger::tile::TILE_HEIGHT);
        Ok(Log { number, id, origin, frontier, tiled, last: Timestamp::UNIX_EPOCH })
    }

    /// Takes in what others appended: each wrote the tiles that its own entries completed.
    pub(crate) fn catch_up(&mut self, db: &Connection) -> Result<()> {
        let from = int(self.frontier.size())?;
        let mut last = None;
        db.each(
            "SELECT leaf, bytes FROM entry WHERE ledger = ?1 AND idx >= ?2 ORDER BY idx",
            values![self.number, from],
            |row| {
                self.frontier.append(Hash(row.bytes(0)?));
                last = Some(row.blob(1)?);
                Ok(())
            },
        )?;
        if let Some(bytes) = last {
            let entry = ledger::Entry::decode(&bytes).map_err(Error::fault)?;
            self.last = self.last.max(entry.at.parse().map_err(Error::fault)?);
        }
        self.tiled = self.frontier.size();
        Ok(())
    }

    /// Writes the tiles that became whole since the last call.
    pub(crate) fn write_tiles(&mut self, db: &Connection) -> Result<()> {
        let size = self.frontier.size();
        let reader = Stored { db, ledger: self.number };
        for tile in completed_tiles(self.tiled, size) {
            let hashes = tile.read(&reader).map_err(|missing| broken(self.number, &missing))?;
            let leaves: Vec<Hash> =
                hashes.chunks_exact(32).map(Hash::from_slice).collect::<Result<_, _>>().map_err(Error::fault)?;
            let root = complete_root(&leaves);
            db.write(
                "INSERT INTO tile (ledger, level, idx, hashes, root) VALUES (?1, ?2, ?3, ?4, ?5)",
                values![self.number, i64::from(tile.level), int(tile.index)?, &hashes, root.as_bytes()],
            )?;
        }
        self.tiled = size;
        Ok(())
    }
}

/// Hashes as they are stored.
pub(crate) struct Stored<'a> {
    pub db: &'a Connection,
    pub ledger: u32,
}

impl Stored<'_> {
    /// `count` neighbouring hashes of tile level `level` (the roots of 256^level leaves each).
    fn hashes(&self, level: u8, first: u64, count: u64) -> Result<Vec<Hash>> {
        let (first, end) = (int(first)?, int(first.saturating_add(count))?);
        let sql = if level == 0 {
            "SELECT leaf FROM entry WHERE ledger = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx"
        } else {
            "SELECT root FROM tile WHERE ledger = ?1 AND idx >= ?2 AND idx < ?3 AND level = ?4 ORDER BY idx"
        };
        let below = i64::from(level.saturating_sub(1));
        let all = values![self.ledger, first, end, below];
        let values = if level == 0 { all.split_at(3).0 } else { all };
        self.db.select(sql, values, |row| row.bytes(0).map(Hash))
    }
}

impl HashReader for Stored<'_> {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Missing> {
        let missing = Missing { level, index };
        let within = level % ledger::tile::TILE_HEIGHT;
        let count = 1_u64 << within;
        let hashes = self.hashes(level / ledger::tile::TILE_HEIGHT, index << within, count).map_err(|_| missing)?;
        if hashes.len() as u64 == count { Ok(complete_root(&hashes)) } else { Err(missing) }
    }
}

/// How many entries a ledger has.
pub(crate) fn size(db: &Connection, number: u32) -> Result<u64> {
    let last = db.one("SELECT max(idx) FROM entry WHERE ledger = ?1", values![number], |row| row.maybe_int(0))?;
    Ok(last.flatten().map_or(0, |last| last.unsigned_abs().saturating_add(1)))
}

/// One entry: its bytes as stored, and read.
pub(crate) fn entry(db: &Connection, number: u32, index: u64) -> Result<(Vec<u8>, ledger::Entry)> {
    let bytes = db
        .one("SELECT bytes FROM entry WHERE ledger = ?1 AND idx = ?2", values![number, int(index)?], |row| row.blob(0))?
        .ok_or(Error::Hidden)?;
    let entry = ledger::Entry::decode(&bytes).map_err(Error::fault)?;
    Ok((bytes, entry))
}

/// A tile's bytes, whole or as wide as asked, if the ledger reaches that far.
pub(crate) fn tile(db: &Connection, number: u32, tile: Tile) -> Result<Vec<u8>> {
    if !tile.is_within(size(db, number)?) {
        return Err(Error::Hidden);
    }
    if tile.is_full() {
        let stored = db.one(
            "SELECT hashes FROM tile WHERE ledger = ?1 AND level = ?2 AND idx = ?3",
            values![number, i64::from(tile.level), int(tile.index)?],
            |row| row.blob(0),
        )?;
        if let Some(hashes) = stored {
            return Ok(hashes);
        }
    }
    tile.read(&Stored { db, ledger: number }).map_err(|missing| broken(number, &missing))
}

/// Size and root of the newest signed checkpoint. Its signatures are checked by `verify`, not here.
fn newest_checkpoint(db: &Connection, number: u32) -> Result<Option<(u64, Hash)>> {
    let note =
        db.one("SELECT note FROM checkpoint WHERE ledger = ?1 ORDER BY size DESC LIMIT 1", values![number], |row| {
            row.blob(0)
        })?;
    let Some(note) = note else { return Ok(None) };
    let text = String::from_utf8(note).map_err(Error::fault)?;
    let body = ledger::note::Note::parse(text.as_bytes()).map_err(Error::fault)?;
    let checkpoint = ledger::checkpoint::Checkpoint::parse(body.text()).map_err(Error::fault)?;
    Ok(Some((checkpoint.size, checkpoint.root)))
}

pub(crate) fn int(n: u64) -> Result<i64> {
    i64::try_from(n).map_err(|_| Error::Hidden)
}

fn broken(number: u32, missing: &Missing) -> Error {
    Error::fault(format!("ledger {number} lacks a hash ({missing}): run `probity verify`"))
}
