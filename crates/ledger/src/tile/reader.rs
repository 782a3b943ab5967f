//! A [`HashReader`] over tiles, so that proofs can be made from what a store or an archive keeps.
//!
//! It refuses to vouch for what it reads: tiles are not authenticated here, and no verdict of this crate
//! rests on one. (Readers that take a tile for authentic because its parent matches have accepted forged
//! ones: the CVE-2026-56865 class.) A proof from a false tile fails in the hands of whoever checks it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{TILE_HEIGHT, TILE_WIDTH, Tile};
use crate::hash::Hash;
use crate::tree::{HashReader, Missing, complete_root};

/// Where a tile's hashes are kept.
pub trait TileSource {
    /// The hashes of this tile, exactly as many as its width.
    ///
    /// Level 0 is the leaf hashes; level L + 1 the roots of the full tiles of level L. A store may keep
    /// these as rows and answer any width; an archive answers from its files.
    ///
    /// # Errors
    /// [`Missing`] where one is not kept.
    fn hashes(&self, tile: Tile) -> Result<Vec<Hash>, Missing>;
}

impl<S: TileSource + ?Sized> TileSource for &S {
    fn hashes(&self, tile: Tile) -> Result<Vec<Hash>, Missing> {
        (**self).hashes(tile)
    }
}

/// Reads subtrees of a tree of a fixed size from its tiles, each tile fetched once.
pub struct TileReader<S> {
    source: S,
    size: u64,
    fetched: RefCell<BTreeMap<Tile, Vec<Hash>>>,
}

impl<S: TileSource> TileReader<S> {
    /// A reader of the tree that had `size` leaves.
    pub const fn new(source: S, size: u64) -> Self {
        Self { source, size, fetched: RefCell::new(BTreeMap::new()) }
    }

    fn complete(&self, level: u8, index: u64) -> Option<Hash> {
        let within = level % TILE_HEIGHT;
        let first = index.checked_shl(u32::from(within)).filter(|first| first >> within == index)?;
        let width = u64::from(TILE_WIDTH);
        let tile = Tile::at(level / TILE_HEIGHT, first / width, self.size)?;
        let from = usize::try_from(first % width).ok()?;
        let mut fetched = self.fetched.borrow_mut();
        let hashes = match fetched.entry(tile) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let hashes = self.source.hashes(tile).ok()?;
                place.insert(hashes)
            }
        };
        hashes.get(from..from + (1 << within)).map(complete_root)
    }
}

impl<S: TileSource> HashReader for TileReader<S> {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Missing> {
        self.complete(level, index).ok_or(Missing { level, index })
    }
}
