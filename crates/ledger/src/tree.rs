//! The Merkle tree of RFC 6962 over leaf hashes: incremental append, and the reader behind proofs.
//!
//! A tree of any size is a row of complete subtrees, one for each bit of its size. The [`Frontier`] holds
//! only their roots, so an append costs one hash on average and the logarithm at worst, whatever the
//! tree's size. Anything older is fetched through a [`HashReader`]; what a reader returns is not trusted
//! here: a proof made from false hashes is a proof that does not verify.

mod check;
mod prove;

use crate::hash::{EMPTY_ROOT, Hash, node_hash};

pub use check::{verify_consistency, verify_inclusion};
pub use prove::{consistency_proof, inclusion_proof, root_at};

/// The most leaves a tree may have; keeps every index and size in range of a signed 64-bit column.
pub const LEAVES_MAX: u64 = 1 << 62;

/// A hash that a reader does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the hash of subtree {index} at level {level} is missing")]
pub struct Missing {
    /// Height of the subtree: it spans 2^level leaves.
    pub level: u8,
    /// Its number, counted from the left at that level.
    pub index: u64,
}

/// A proof that cannot be made, or that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf asked for is not in a tree of this size.
    #[error("leaf {index} is not in a tree of {size}")]
    OutsideTree {
        /// The leaf's index.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("a tree of {new} cannot continue one of {old}")]
    Shrunk {
        /// Size of the older tree.
        old: u64,
        /// Size of the newer tree.
        new: u64,
    },
    /// The proof has another number of hashes than the sizes ask for.
    #[error("the proof has {found} hashes where {expected} are needed")]
    Length {
        /// How many it should have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// The proof leads to another root than the one given.
    #[error("the proof leads to another root")]
    Root,
    /// A hash needed to make the proof is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
}

/// Where the hashes of complete subtrees come from: stored leaf hashes and tiles, or memory.
pub trait HashReader {
    /// The root of the complete subtree of 2^`level` leaves that begins at leaf `index` * 2^`level`.
    ///
    /// # Errors
    /// [`Missing`] where it is not stored or not complete yet.
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Missing>;
}

impl<R: HashReader + ?Sized> HashReader for &R {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Missing> {
        (**self).subtree(level, index)
    }
}

/// Leaf hashes held in memory; every subtree is hashed from them anew.
#[derive(Debug, Clone, Copy)]
pub struct Leaves<'a>(pub &'a [Hash]);

impl HashReader for Leaves<'_> {
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Missing> {
        let span = || {
            let count = 1_usize.checked_shl(u32::from(level))?;
            let start = usize::try_from(index).ok()?.checked_mul(count)?;
            self.0.get(start..start.checked_add(count)?)
        };
        span().map(complete_root).ok_or(Missing { level, index })
    }
}

/// What an append needs to know of all leaves before it: how many, and the roots of the complete
/// subtrees they form, largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, roots: Vec::new() }
    }

    /// The state after `size` leaves, from hashes stored earlier; reads one per bit of `size`.
    ///
    /// # Errors
    /// [`Missing`] where the reader lacks one.
    pub fn from_hashes(size: u64, reader: &impl HashReader) -> Result<Self, Missing> {
        let roots = subtrees(0, size).map(|(level, index)| reader.subtree(level, index)).collect::<Result<_, _>>()?;
        Ok(Self { size, roots })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.append_with(leaf, |_, _, _| ());
    }

    /// Adds a leaf and tells `completed(level, index, root)` of every subtree of two leaves or more that
    /// it completes, smallest first; a store keeps those of level 8, 16, … beside their tiles.
    pub fn append_with(&mut self, leaf: Hash, mut completed: impl FnMut(u8, u64, Hash)) {
        let mut root = leaf;
        let mut before = self.size;
        let mut level = 0;
        while before & 1 == 1 {
            // A set bit of the size is a complete subtree on the stack: the two become one.
            let Some(left) = self.roots.pop() else { break };
            root = node_hash(&left, &root);
            before >>= 1;
            level += 1;
            completed(level, before, root);
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// The root over all leaves; [`EMPTY_ROOT`] where there are none.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.roots.iter().copied().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
    }
}

/// The complete subtrees that leaves `start..end` fall into, from left to right, as (level, index).
/// `start` must be a multiple of the largest power of two within the range, as every split of RFC 6962 is.
fn subtrees(start: u64, end: u64) -> impl Iterator<Item = (u8, u64)> {
    let mut at = start;
    std::iter::from_fn(move || {
        let level = end.checked_sub(at)?.checked_ilog2()?;
        let index = at >> level;
        at += 1 << level;
        Some((u8::try_from(level).unwrap_or(u8::MAX), index))
    })
}

/// The root over a power of two of hashes, such as those of a full tile or of an aligned part of one.
#[must_use]
pub fn complete_root(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier { size: 0, roots: Vec::with_capacity(16) };
    hashes.iter().for_each(|hash| frontier.append(*hash));
    frontier.root()
}
