//! Makes inclusion and consistency proofs (RFC 6962, sections 2.1.1 and 2.1.2) from stored hashes.

use super::{HashReader, ProofError, subtrees};
use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// The hashes that lead from leaf `index` to the root of the tree of `size` leaves, the leaf's sibling
/// first.
///
/// # Errors
/// [`ProofError::OutsideTree`] where there is no such leaf, [`ProofError::Missing`] where a hash is not
/// stored.
pub fn inclusion_proof(reader: &impl HashReader, index: u64, size: u64) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::OutsideTree { index, size });
    }
    let (mut start, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            proof.push(range_root(reader, middle, end)?);
            end = middle;
        } else {
            proof.push(range_root(reader, start, middle)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that show the tree of `new` leaves to begin with the very tree of `old` leaves. Empty where
/// `old` is 0 or equals `new`.
///
/// # Errors
/// [`ProofError::Shrunk`] where `old` is larger, [`ProofError::Missing`] where a hash is not stored.
pub fn consistency_proof(reader: &impl HashReader, old: u64, new: u64) -> Result<Vec<Hash>, ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0, new);
    let mut proof = Vec::new();
    // Down to the subtree that ends where the old tree ended, noting the sibling at each turn.
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            proof.push(range_root(reader, middle, end)?);
            end = middle;
        } else {
            proof.push(range_root(reader, start, middle)?);
            start = middle;
        }
    }
    // That subtree is the whole old tree where it begins at the first leaf; its root is then known.
    if start != 0 {
        proof.push(range_root(reader, start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The root over the first `size` leaves.
///
/// # Errors
/// [`ProofError::Missing`] where a hash is not stored.
pub fn root_at(reader: &impl HashReader, size: u64) -> Result<Hash, ProofError> {
    if size == 0 { Ok(EMPTY_ROOT) } else { range_root(reader, 0, size) }
}

fn range_root(reader: &impl HashReader, start: u64, end: u64) -> Result<Hash, ProofError> {
    let mut roots = Vec::new();
    for (level, index) in subtrees(start, end) {
        roots.push(reader.subtree(level, index)?);
    }
    Ok(roots.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT))
}

/// The largest power of two smaller than `count`, which is at least 2 (RFC 6962's k).
const fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}
