//! Makes tiles from leaf hashes as they come, all levels at once, keeping at most one unfinished tile for
//! each level. For a writer of archives and for the audit, which trusts no tile it did not make.

use super::{TILE_HEIGHT, TILE_WIDTH, Tile};
use crate::hash::Hash;
use crate::tree::complete_root;

/// The unfinished tile of each level, from the leaves up.
#[derive(Debug, Clone, Default)]
pub struct TileBuilder {
    levels: Vec<Level>,
}

#[derive(Debug, Clone, Default)]
struct Level {
    full: u64,
    hashes: Vec<Hash>,
}

impl TileBuilder {
    /// Before the first leaf.
    #[must_use]
    pub const fn new() -> Self {
        Self { levels: Vec::new() }
    }

    /// Adds a leaf; `full(tile, hashes)` is told of each tile this completes, lowest level first.
    pub fn append(&mut self, leaf: Hash, mut full: impl FnMut(Tile, &[Hash])) {
        let mut carried = leaf;
        for number in 0..=u8::MAX / TILE_HEIGHT {
            if self.levels.len() <= usize::from(number) {
                self.levels.push(Level::default());
            }
            let Some(level) = self.levels.get_mut(usize::from(number)) else { return };
            level.hashes.push(carried);
            if level.hashes.len() < usize::from(TILE_WIDTH) {
                return;
            }
            full(Tile { level: number, index: level.full, width: TILE_WIDTH }, &level.hashes);
            carried = complete_root(&level.hashes);
            level.full += 1;
            level.hashes.clear();
        }
    }

    /// The partial tiles at the right edge, lowest level first; empty ones do not exist.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        self.levels.iter().zip(0..).filter(|(level, _)| !level.hashes.is_empty()).map(|(level, number)| {
            let width = u16::try_from(level.hashes.len()).unwrap_or(TILE_WIDTH);
            (Tile { level: number, index: level.full, width }, level.hashes.as_slice())
        })
    }
}
