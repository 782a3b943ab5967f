//! Lays a ledger out as an archive, file by file, from its entries in order. What is kept in memory is one
//! entry bundle and the unfinished tile of each level, however long the ledger.

use super::CHECKPOINT_PATH;
use crate::hash::leaf_hash;
use crate::tile::{TILE_WIDTH, Tile, TileBuilder, TileError, TilePath, encode_entries, encode_hashes};

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveFile {
    /// Its path within the archive.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// An archive being written.
#[derive(Debug, Clone, Default)]
pub struct ArchiveWriter {
    tiles: TileBuilder,
    bundle: Vec<u8>,
    in_bundle: u16,
    bundles: u64,
}

impl ArchiveWriter {
    /// Before the first entry.
    #[must_use]
    pub const fn new() -> Self {
        Self { tiles: TileBuilder::new(), bundle: Vec::new(), in_bundle: 0, bundles: 0 }
    }

    /// Takes the next entry; returns the files that are complete with it, most often none.
    ///
    /// # Errors
    /// [`TileError::EntryTooLong`] for an entry that does not fit a bundle.
    pub fn entry(&mut self, entry: &[u8]) -> Result<Vec<ArchiveFile>, TileError> {
        self.bundle.append(&mut encode_entries([entry])?);
        self.in_bundle += 1;
        let mut files = Vec::new();
        if self.in_bundle == TILE_WIDTH {
            files.push(self.take_bundle());
        }
        self.tiles.append(leaf_hash(entry), |tile, hashes| files.push(tile_file(tile, encode_hashes(hashes))));
        Ok(files)
    }

    /// The files at the right edge, and the signed checkpoint, which must be over exactly these entries for
    /// the archive to hold.
    #[must_use]
    pub fn finish(mut self, checkpoint: &[u8]) -> Vec<ArchiveFile> {
        let mut files = Vec::new();
        if self.in_bundle > 0 {
            files.push(self.take_bundle());
        }
        files.extend(self.tiles.partial().map(|(tile, hashes)| tile_file(tile, encode_hashes(hashes))));
        // Last: an archive that broke off on the way has no checkpoint and is taken for none.
        files.push(ArchiveFile { path: CHECKPOINT_PATH.to_owned(), bytes: checkpoint.to_vec() });
        files
    }

    fn take_bundle(&mut self) -> ArchiveFile {
        let path = TilePath::Entries { index: self.bundles, width: self.in_bundle };
        self.bundles += 1;
        self.in_bundle = 0;
        ArchiveFile { path: path.to_string(), bytes: std::mem::take(&mut self.bundle) }
    }
}

fn tile_file(tile: Tile, bytes: Vec<u8>) -> ArchiveFile {
    ArchiveFile { path: TilePath::Hashes(tile).to_string(), bytes }
}
