//! Tiles: the tree cut into pieces of 8 levels, 256 hashes at most, and the entries in bundles of 256,
//! as C2SP tlog-tiles lays them out as static files.
//!
//! Pure arithmetic and encoding: which tiles a tree of a given size has, which became full between two
//! sizes, what they are called and what is in them. A full tile never changes; a partial one is never
//! stored, but made on demand from leaf hashes and the roots of the full tiles below it.

mod builder;
mod entries;
mod path;
mod reader;

pub use builder::TileBuilder;
pub use entries::{decode_entries, encode_entries};
pub use path::TilePath;
pub use reader::{TileReader, TileSource};

use crate::hash::{HASH_BYTES, Hash};
use crate::tree::{HashReader, Missing};

/// Levels of the tree in one tile.
pub const TILE_HEIGHT: u8 = 8;

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// Tile levels that a tree of at most 2^62 leaves can have.
pub const TILE_LEVELS: u8 = 8;

/// One tile: `width` hashes from the left of the 256 places that tile `index` of `level` has. Each hash
/// is the root over 256^level leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// 0 for leaf hashes; each level above is the roots of full tiles below.
    pub level: u8,
    /// Its number within the level, counted from the left.
    pub index: u64,
    /// How many hashes: 256 for a full tile, 1 to 255 for a partial one.
    pub width: u16,
}

/// Bytes or a path that are not what tlog-tiles prescribes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not the path of a tile or entry bundle.
    #[error("not a tile path: {0:?}")]
    Path(String),
    /// A tile whose bytes are not 32 for each hash of its width.
    #[error("a tile of {expected} bytes has {found}")]
    Bytes {
        /// 32 times the width.
        expected: usize,
        /// What was there.
        found: usize,
    },
    /// An entry too long for a bundle's 16-bit length.
    #[error("an entry of {0} bytes does not fit a bundle")]
    EntryTooLong(usize),
    /// A bundle that ends within an entry, or holds another number of entries than its width.
    #[error("an entry bundle of {expected} entries breaks off or goes on at byte {offset}")]
    Bundle {
        /// How many entries it should hold.
        expected: u16,
        /// Where the mismatch shows.
        offset: usize,
    },
}

impl Tile {
    /// Tile `index` of `level` as a tree of `size` leaves has it, or `None` where it would be empty.
    #[must_use]
    pub fn at(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = hashes_at(level, size);
        let before = index.checked_mul(u64::from(TILE_WIDTH))?;
        let width = hashes.checked_sub(before)?.min(u64::from(TILE_WIDTH));
        (width > 0).then_some(Self { level, index, width: u16::try_from(width).unwrap_or(TILE_WIDTH) })
    }

    /// Whether it has all its 256 hashes and will never change.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Whether a tree of `size` leaves has at least these hashes.
    #[must_use]
    pub fn is_within(&self, size: u64) -> bool {
        Self::at(self.level, self.index, size).is_some_and(|tile| tile.width >= self.width)
    }

    /// Where this tile's own root belongs once it is full: level and index of the subtree it spans.
    #[must_use]
    pub const fn subtree(&self) -> (u8, u64) {
        (TILE_HEIGHT.saturating_mul(self.level.saturating_add(1)), self.index)
    }

    /// The tile's bytes, every hash fetched from the reader.
    ///
    /// # Errors
    /// [`Missing`] where the reader lacks one.
    pub fn read(&self, reader: &impl HashReader) -> Result<Vec<u8>, Missing> {
        let level = TILE_HEIGHT.saturating_mul(self.level);
        let first = self.index.saturating_mul(u64::from(TILE_WIDTH));
        let mut bytes = Vec::with_capacity(usize::from(self.width) * HASH_BYTES);
        for place in 0..u64::from(self.width) {
            bytes.extend_from_slice(reader.subtree(level, first.saturating_add(place))?.as_bytes());
        }
        Ok(bytes)
    }

    /// The hashes in a tile's bytes.
    ///
    /// # Errors
    /// [`TileError::Bytes`] where they are not as many as its width.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
        let expected = usize::from(self.width) * HASH_BYTES;
        let wrong = TileError::Bytes { expected, found: bytes.len() };
        if bytes.len() != expected {
            return Err(wrong);
        }
        bytes.chunks_exact(HASH_BYTES).map(|hash| Hash::from_slice(hash).map_err(|_| wrong.clone())).collect()
    }
}

/// A tile's bytes from its hashes.
#[must_use]
pub fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The tiles that became full when the tree grew from `old_size` to `new_size`, lowest level first, so
/// that each can be made from the ones before it.
pub fn completed_tiles(old_size: u64, new_size: u64) -> impl Iterator<Item = Tile> {
    (0..TILE_LEVELS).flat_map(move |level| {
        let full = |size| hashes_at(level, size) / u64::from(TILE_WIDTH);
        (full(old_size)..full(new_size)).map(move |index| Tile { level, index, width: TILE_WIDTH })
    })
}

/// All tiles of a tree of `size` leaves, partial ones included, lowest level first.
pub fn tiles_of(size: u64) -> impl Iterator<Item = Tile> {
    (0..TILE_LEVELS).flat_map(move |level| {
        let count = hashes_at(level, size).div_ceil(u64::from(TILE_WIDTH));
        (0..count).filter_map(move |index| Tile::at(level, index, size))
    })
}

/// How many hashes the level has in a tree of `size` leaves: floor(size / 256^level).
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}
