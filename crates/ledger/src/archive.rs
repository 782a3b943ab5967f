//! A ledger archive and its audit: `checkpoint`, `tile/entries/…` and `tile/…` as C2SP tlog-tiles lays
//! them out, in a directory, a zip or anything else that answers a path with bytes.
//!
//! Entries are what is checked; tiles are compared with them and believed in nothing.

mod writer;

use std::cell::RefCell;

use crate::checkpoint::Checkpoint;
use crate::hash::{HASH_BYTES, Hash};
use crate::note::{Note, VerifierKey};
use crate::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, TilePath, TileSource, decode_entries};
use crate::tree::Missing;
use crate::verify::{Audit, Finding, Report};

pub use writer::{ArchiveFile, ArchiveWriter};

/// The path of the signed checkpoint.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// Where an archive's files come from. The paths asked for are relative, made of the characters of
/// tlog-tiles only.
pub trait ArchiveReader {
    /// What can go wrong in reading, apart from a file not being there.
    type Error;

    /// The bytes of the file, or `None` where there is none.
    ///
    /// # Errors
    /// Where it is there but cannot be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// How an archive's entries are to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Content {
    /// Each is an [`Entry`](crate::Entry); anything else is a finding.
    #[default]
    Entries,
    /// Opaque bytes, for a log that is not Probity's.
    Opaque,
}

/// Audits an archive against its own checkpoint and any checkpoints seen earlier.
///
/// # Errors
/// The reader's own, unchanged; what is wrong with the archive is in the report.
pub fn verify_archive<R: ArchiveReader>(
    reader: &R,
    seen: &[Vec<u8>],
    keys: &[VerifierKey],
    content: Content,
) -> Result<Report, R::Error> {
    let note = reader.read(CHECKPOINT_PATH)?.unwrap_or_default();
    let tiles = Files { reader, failed: RefCell::new(None) };
    let mut audit = Audit::new(&note, seen, keys).with_tiles(&tiles, true);
    if content == Content::Opaque {
        audit = audit.opaque();
    }
    // Even where the signatures do not hold, its size says how far to read; reading stops at the first
    // bundle that is not there, so a false size costs nothing.
    let size = Note::parse(&note).and_then(|note| Checkpoint::parse(note.text())).map_or(0, |head| head.size);
    for index in 0..size.div_ceil(u64::from(TILE_WIDTH)) {
        if !read_bundle(reader, &mut audit, index, size)? {
            audit.break_off();
            break;
        }
    }
    let report = audit.finish();
    tiles.failed.into_inner().map_or(Ok(report), Err)
}

/// Hands a bundle's entries to the audit; false where they cannot be had, which is then noted.
fn read_bundle<R: ArchiveReader>(reader: &R, audit: &mut Audit<'_>, index: u64, size: u64) -> Result<bool, R::Error> {
    let first = index * u64::from(TILE_WIDTH);
    let Some(Tile { width, .. }) = Tile::at(0, index, size) else { return Ok(false) };
    let Some((bytes, stored)) = read_either(reader, width, |width| TilePath::Entries { index, width })? else {
        audit.note(Finding::EntriesMissing { indexes: first..first + u64::from(width) });
        return Ok(false);
    };
    match decode_entries(&bytes, stored) {
        Ok(entries) => {
            for (entry, n) in entries.into_iter().take(usize::from(width)).zip(first..) {
                audit.entry(n, entry, None);
            }
            Ok(true)
        }
        Err(reason) => {
            audit.note(Finding::FileMalformed { path: TilePath::Entries { index, width: stored }, reason });
            Ok(false)
        }
    }
}

/// The file of this width, or the full one that may have taken its place since; with the width it has.
fn read_either<R: ArchiveReader>(
    reader: &R,
    width: u16,
    path: impl Fn(u16) -> TilePath,
) -> Result<Option<(Vec<u8>, u16)>, R::Error> {
    if let Some(bytes) = reader.read(&path(width).to_string())? {
        return Ok(Some((bytes, width)));
    }
    if width == TILE_WIDTH {
        return Ok(None);
    }
    Ok(reader.read(&path(TILE_WIDTH).to_string())?.map(|bytes| (bytes, TILE_WIDTH)))
}

/// An archive's tiles; a failure to read one is kept, for the audit itself has no I/O to fail.
struct Files<'r, R: ArchiveReader> {
    reader: &'r R,
    failed: RefCell<Option<R::Error>>,
}

impl<R: ArchiveReader> TileSource for Files<'_, R> {
    fn hashes(&self, tile: Tile) -> Result<Vec<Hash>, Missing> {
        let missing = Missing {
            level: TILE_HEIGHT.saturating_mul(tile.level),
            index: tile.index.saturating_mul(u64::from(TILE_WIDTH)),
        };
        let wanted = usize::from(tile.width);
        match read_either(self.reader, tile.width, |width| TilePath::Hashes(Tile { width, ..tile })) {
            Ok(found) => {
                let (bytes, width) = found.ok_or(missing)?;
                // A tile of a wrong length is short of at least one hash, so that the audit names it.
                let whole = bytes.len() == usize::from(width) * HASH_BYTES;
                let readable = if whole { wanted } else { wanted.saturating_sub(1) };
                Ok(bytes.chunks_exact(HASH_BYTES).take(readable).flat_map(Hash::from_slice).collect())
            }
            Err(error) => {
                self.failed.borrow_mut().get_or_insert(error);
                Err(missing)
            }
        }
    }
}
