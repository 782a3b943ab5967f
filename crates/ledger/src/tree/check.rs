//! Checks inclusion and consistency proofs by the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
//! The number of hashes is checked first, so a proof with one too many or too few never verifies.

use super::ProofError;
use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// Checks that the leaf is at `index` in the tree of `size` leaves with this root.
///
/// # Errors
/// [`ProofError`] saying why it is not shown.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutsideTree { index, size });
    }
    check_length(proof, inclusion_length(index, size))?;
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A right edge without a sibling is its own parent: go up until it is a right child.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    same(&hash, root)
}

/// Checks that the tree of `new_size` leaves begins with the very tree of `old_size` leaves.
///
/// # Errors
/// [`ProofError`] saying why it is not shown.
pub fn verify_consistency(
    old_size: u64,
    new_size: u64,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::Shrunk { old: old_size, new: new_size });
    }
    if old_size == 0 {
        check_length(proof, 0)?;
        return same(old_root, &EMPTY_ROOT);
    }
    if old_size == new_size {
        check_length(proof, 0)?;
        return same(old_root, new_root);
    }
    check_length(proof, consistency_length(old_size, new_size))?;
    // A whole old tree that is one complete subtree is left out of the proof: it begins with that root.
    let (first, rest) = if old_size.is_power_of_two() { (old_root, proof) } else { split_first(proof)? };
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (*first, *first);
    for sibling in rest {
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    same(&old, old_root)?;
    same(&new, new_root)
}

/// How many hashes an inclusion proof has: one per level within the complete part below the leaf's and
/// the last leaf's common ancestor, then one per left sibling above it.
const fn inclusion_length(index: u64, size: u64) -> usize {
    let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
    let border = if inner == u64::BITS { 0 } else { (index >> inner).count_ones() };
    (inner + border) as usize
}

/// The proof runs as an inclusion proof of the old tree's last complete subtree, with that subtree's root
/// before it unless it is the whole old tree.
const fn consistency_length(old_size: u64, new_size: u64) -> usize {
    let level = old_size.trailing_zeros();
    let above = inclusion_length((old_size - 1) >> level, ((new_size - 1) >> level) + 1);
    above + !old_size.is_power_of_two() as usize
}

const fn check_length(proof: &[Hash], expected: usize) -> Result<(), ProofError> {
    if proof.len() == expected { Ok(()) } else { Err(ProofError::Length { expected, found: proof.len() }) }
}

fn split_first(proof: &[Hash]) -> Result<(&Hash, &[Hash]), ProofError> {
    proof.split_first().ok_or(ProofError::Length { expected: 1, found: 0 })
}

fn same(found: &Hash, expected: &Hash) -> Result<(), ProofError> {
    if found == expected { Ok(()) } else { Err(ProofError::Root) }
}
