//! Proofs at every small size, and under random damage: a proof that was touched does not hold.

use ledger::tree::{
    Leaves, Missing, ProofError, consistency_proof, inclusion_proof, root_at, verify_consistency, verify_inclusion,
};
use ledger::{EMPTY_ROOT, Frontier, Hash, leaf_hash};
use proptest::prelude::*;

const SIZE_MAX: u64 = 300;

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// The roots of all sizes from 0 up, by appending.
fn roots(leaves: &[Hash]) -> Vec<Hash> {
    let mut frontier = Frontier::new();
    let mut roots = vec![frontier.root()];
    for leaf in leaves {
        frontier.append(*leaf);
        roots.push(frontier.root());
    }
    roots
}

#[test]
fn every_leaf_of_every_size_is_shown_to_be_in_it() {
    let leaves = leaves(SIZE_MAX);
    let roots = roots(&leaves);
    for size in (1..=70).chain([127, 128, 129, 255, 256, 257, SIZE_MAX]) {
        for index in 0..size {
            let proof = inclusion_proof(&Leaves(&leaves), index, size).unwrap();
            verify_inclusion(&leaves[index as usize], index, size, &proof, &roots[size as usize]).unwrap();
        }
    }
}

#[test]
fn every_size_is_shown_to_continue_every_smaller_one() {
    let leaves = leaves(SIZE_MAX);
    let roots = roots(&leaves);
    for new in (0..=70).chain([127, 128, 129, 255, 256, 257, SIZE_MAX]) {
        for old in 0..=new {
            let proof = consistency_proof(&Leaves(&leaves), old, new).unwrap();
            verify_consistency(old, new, &roots[old as usize], &roots[new as usize], &proof).unwrap();
        }
    }
}

#[test]
fn appending_and_reading_give_the_same_root_and_frontier() {
    let leaves = leaves(SIZE_MAX);
    let mut grown = Frontier::new();
    for size in 0..=SIZE_MAX {
        assert_eq!(root_at(&Leaves(&leaves), size), Ok(grown.root()));
        assert_eq!(Frontier::from_hashes(size, &Leaves(&leaves)), Ok(grown.clone()));
        if let Some(leaf) = leaves.get(size as usize) {
            grown.append(*leaf);
        }
    }
}

#[test]
fn what_cannot_be_proved_is_refused_with_its_reason() {
    let leaves = leaves(5);
    let tree = Leaves(&leaves);
    let root = root_at(&tree, 5).unwrap();
    assert_eq!(inclusion_proof(&tree, 5, 5), Err(ProofError::OutsideTree { index: 5, size: 5 }));
    assert_eq!(inclusion_proof(&tree, 0, 0), Err(ProofError::OutsideTree { index: 0, size: 0 }));
    assert_eq!(consistency_proof(&tree, 6, 5), Err(ProofError::Shrunk { old: 6, new: 5 }));
    assert!(matches!(inclusion_proof(&tree, 0, 9), Err(ProofError::Missing(Missing { .. }))));
    assert_eq!(verify_inclusion(&leaves[0], 5, 5, &[], &root), Err(ProofError::OutsideTree { index: 5, size: 5 }));
    assert_eq!(verify_consistency(6, 5, &root, &root, &[]), Err(ProofError::Shrunk { old: 6, new: 5 }));
    assert_eq!(verify_consistency(0, 5, &root, &root, &[]), Err(ProofError::Root), "nothing has one root only");
    assert_eq!(verify_consistency(0, 5, &EMPTY_ROOT, &root, &[]), Ok(()));
    let long = ProofError::Length { expected: 0, found: 1 };
    assert_eq!(verify_consistency(0, 5, &EMPTY_ROOT, &root, &[root]), Err(long));
    assert_eq!(verify_consistency(5, 5, &root, &root, &[root]), Err(long));
    assert_eq!(verify_consistency(5, 5, &EMPTY_ROOT, &root, &[]), Err(ProofError::Root));
}

/// The root does not commit to the size: only the number of hashes does.
#[test]
fn a_proof_too_short_or_too_long_fails_even_where_the_hashes_would_fit() {
    let leaves = leaves(8);
    let root = root_at(&Leaves(&leaves), 8).unwrap();
    let length = |expected, found| Err(ProofError::Length { expected, found });
    assert_eq!(verify_consistency(4, 8, &root, &root, &[]), length(1, 0));
    assert_eq!(verify_consistency(3, 8, &root, &root, &[root]), length(4, 1));
    assert_eq!(verify_inclusion(&root, 0, 2, &[], &root), length(1, 0));
    let proof = inclusion_proof(&Leaves(&leaves), 5, 8).unwrap();
    assert_eq!(verify_inclusion(&leaves[5], 5, 16, &proof, &root), length(4, 3));
}

/// One way to damage a proof.
#[derive(Debug, Clone)]
enum Damage {
    Flip { hash: prop::sample::Index, bit: u8 },
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index),
    Append,
    Swap(prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        3 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(hash, bit)| Damage::Flip { hash, bit }),
        1 => any::<prop::sample::Index>().prop_map(Damage::Drop),
        1 => any::<prop::sample::Index>().prop_map(Damage::Repeat),
        1 => Just(Damage::Append),
        1 => any::<prop::sample::Index>().prop_map(Damage::Swap),
    ]
}

/// The damaged proof; none where this damage does nothing to it.
fn damaged(proof: &[Hash], damage: &Damage) -> Option<Vec<Hash>> {
    let mut hashes = proof.to_vec();
    match damage {
        Damage::Append => hashes.push(EMPTY_ROOT),
        _ if hashes.is_empty() => return None,
        Damage::Flip { hash, bit } => {
            let n = hash.index(hashes.len());
            hashes[n].0[usize::from(bit / 8)] ^= 1 << (bit % 8);
        }
        Damage::Drop(hash) => drop(hashes.remove(hash.index(proof.len()))),
        Damage::Repeat(hash) => hashes.insert(hash.index(proof.len()), proof[hash.index(proof.len())]),
        Damage::Swap(hash) => {
            let n = hash.index(hashes.len());
            hashes.swap(n, 0);
        }
    }
    (hashes != proof).then_some(hashes)
}

proptest! {
    #[test]
    fn a_damaged_inclusion_proof_fails(size in 1..=SIZE_MAX, at in any::<prop::sample::Index>(), damage in damage()) {
        let leaves = leaves(size);
        let root = root_at(&Leaves(&leaves), size).unwrap();
        let index = at.index(leaves.len()) as u64;
        let leaf = leaves[index as usize];
        let proof = inclusion_proof(&Leaves(&leaves), index, size).unwrap();
        prop_assert_eq!(verify_inclusion(&leaf, index, size, &proof, &root), Ok(()));
        if let Some(bad) = damaged(&proof, &damage) {
            prop_assert!(verify_inclusion(&leaf, index, size, &bad, &root).is_err());
        }
        for other in (0..size).filter(|other| *other != index) {
            prop_assert!(verify_inclusion(&leaf, other, size, &proof, &root).is_err(), "also at {}", other);
            prop_assert!(verify_inclusion(&leaves[other as usize], index, size, &proof, &root).is_err());
        }
    }

    #[test]
    fn a_damaged_consistency_proof_fails(
        new in 2..=SIZE_MAX, at in any::<prop::sample::Index>(), damage in damage(), changed in any::<prop::sample::Index>()
    ) {
        let mut leaves = leaves(new);
        let old = at.index(leaves.len() - 1) as u64 + 1;
        let (old_root, new_root) = (root_at(&Leaves(&leaves), old).unwrap(), root_at(&Leaves(&leaves), new).unwrap());
        let proof = consistency_proof(&Leaves(&leaves), old, new).unwrap();
        prop_assert_eq!(verify_consistency(old, new, &old_root, &new_root, &proof), Ok(()));
        if let Some(bad) = damaged(&proof, &damage) {
            prop_assert!(verify_consistency(old, new, &old_root, &new_root, &bad).is_err());
        }
        // A rewritten past has no proof: not even the one its own tree would give.
        leaves[changed.index(old as usize)].0[0] ^= 1;
        let rewritten = root_at(&Leaves(&leaves), new).unwrap();
        let forged = consistency_proof(&Leaves(&leaves), old, new).unwrap();
        prop_assert!(verify_consistency(old, new, &old_root, &rewritten, &forged).is_err());
        prop_assert!(verify_consistency(old, new, &old_root, &rewritten, &proof).is_err());
    }
}
