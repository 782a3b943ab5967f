//! The vectors that the Certificate Transparency project publishes for RFC 6962 trees.

use ledger::tree::{Leaves, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};
use ledger::{EMPTY_ROOT, Frontier, Hash, leaf_hash, node_hash, sha256};

const INPUTS: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap()).collect()
}

fn root(size: usize) -> Hash {
    ROOTS[size - 1].parse().unwrap()
}

fn leaves() -> Vec<Hash> {
    INPUTS.iter().map(|input| leaf_hash(&unhex(input))).collect()
}

#[test]
fn every_root_is_the_published_one() {
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), EMPTY_ROOT);
    assert_eq!(sha256(b""), EMPTY_ROOT);
    for (n, leaf) in leaves().into_iter().enumerate() {
        frontier.append(leaf);
        assert_eq!(frontier.root(), root(n + 1), "after {} leaves", n + 1);
    }
}

#[test]
fn the_rfc_example_tree_has_the_proofs_that_the_rfc_lists() {
    // RFC 6962, section 2.1.3: seven leaves d0..d6, hashes a..k as drawn there.
    let d = leaves();
    let [a, b, c, e, f, j] = [d[0], d[1], d[2], d[4], d[5], d[6]];
    let (g, h, i) = (node_hash(&a, &b), node_hash(&c, &d[3]), node_hash(&e, &f));
    let (k, l) = (node_hash(&g, &h), node_hash(&i, &j));
    let tree = Leaves(&d[..7]);
    assert_eq!(inclusion_proof(&tree, 0, 7).unwrap(), [b, h, l]);
    assert_eq!(inclusion_proof(&tree, 3, 7).unwrap(), [c, g, l]);
    assert_eq!(inclusion_proof(&tree, 4, 7).unwrap(), [f, j, k]);
    assert_eq!(inclusion_proof(&tree, 6, 7).unwrap(), [i, k]);
    assert_eq!(consistency_proof(&tree, 3, 7).unwrap(), [c, d[3], g, l]);
    assert_eq!(consistency_proof(&tree, 4, 7).unwrap(), [l]);
    assert_eq!(consistency_proof(&tree, 6, 7).unwrap(), [i, j, k]);
}

#[test]
fn all_proofs_between_the_published_roots_hold() {
    let leaves = leaves();
    let tree = Leaves(&leaves);
    for new in 1..=8 {
        for (leaf, index) in leaves.iter().take(new).zip(0..) {
            let proof = inclusion_proof(&tree, index, new as u64).unwrap();
            verify_inclusion(leaf, index, new as u64, &proof, &root(new)).unwrap();
        }
        for old in 1..=new {
            let proof = consistency_proof(&tree, old as u64, new as u64).unwrap();
            verify_consistency(old as u64, new as u64, &root(old), &root(new), &proof).unwrap();
        }
    }
}

#[test]
fn hashes_have_one_spelling() {
    let hash = root(8);
    assert_eq!(hash.to_string().parse(), Ok(hash));
    assert_eq!(Hash::from_base64(&hash.to_base64()), Ok(hash));
    assert!(hash.to_string().to_uppercase().parse::<Hash>().is_err());
    assert!(hash.to_string()[..63].parse::<Hash>().is_err());
    // The last character of 32 bytes in base64 carries two unused bits: they must be 0.
    let spelled = hash.to_base64();
    let bent: String = spelled.chars().take(42).chain(['B', '=']).collect();
    assert!(Hash::from_base64(&bent).is_err());
    assert!(Hash::from_base64(spelled.trim_end_matches('=')).is_err());
}
