//! Four Rust implementations that are not ours, over the same trees, tiles and notes.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use ledger::note::{Note, VerifierKey};
use ledger::tile::{TILE_HEIGHT, TilePath, completed_tiles, tiles_of};
use ledger::tree::{Leaves, consistency_proof, inclusion_proof, root_at, verify_consistency, verify_inclusion};
use ledger::{Checkpoint, Hash, leaf_hash};
use sha2::Sha256;
use signed_note::{Signer as _, StandardSigner, StandardVerifier, VerifierList};

use crate::world::{Log, ORIGIN, keys};

const SIZE: u64 = 300;

fn concatenated(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn parted(bytes: &[u8]) -> Vec<Hash> {
    bytes.chunks(32).map(|hash| Hash::from_slice(hash).unwrap()).collect()
}

#[test]
fn ct_merkle_has_the_same_roots_and_takes_and_gives_the_same_proofs() {
    let log = Log::opaque(SIZE);
    let leaves = log.leaves();
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut roots: Vec<RootHash<Sha256>> = Vec::new();
    for (n, entry) in log.entries.iter().enumerate() {
        theirs.push(entry.clone());
        roots.push(theirs.root());
        let ours = root_at(&Leaves(&leaves), n as u64 + 1).unwrap();
        assert_eq!(theirs.root().as_bytes().as_slice(), ours.as_bytes());
        if n % 17 != 0 && !(250..260).contains(&n) {
            continue;
        }
        let size = n as u64 + 1;
        for index in (0..size).step_by(5).chain([size - 1]) {
            let proof = inclusion_proof(&Leaves(&leaves), index, size).unwrap();
            let given = InclusionProof::try_from_bytes(concatenated(&proof)).unwrap();
            theirs.root().verify_inclusion(&log.entries[index as usize], index, &given).unwrap();
            let taken = parted(theirs.prove_inclusion(index as usize).as_bytes());
            verify_inclusion(&leaves[index as usize], index, size, &taken, &ours).unwrap();
        }
        for old in (1..size).step_by(7) {
            let proof = consistency_proof(&Leaves(&leaves), old, size).unwrap();
            let given = ConsistencyProof::try_from_bytes(concatenated(&proof)).unwrap();
            let old_root = &roots[old as usize - 1];
            theirs.root().verify_consistency(old_root, &given).unwrap();
            let taken = parted(theirs.prove_consistency((size - old) as usize).as_bytes());
            let our_old = Hash::from_slice(old_root.as_bytes()).unwrap();
            verify_consistency(old, size, &our_old, &ours, &taken).unwrap();
        }
    }
}

#[test]
fn sigstore_takes_the_same_proofs_and_refuses_the_same_damage() {
    let log = Log::opaque(SIZE);
    let leaves = log.leaves();
    let root = |size| root_at(&Leaves(&leaves), size).unwrap();
    for size in [1, 2, 3, 100, 255, 256, 257, SIZE] {
        for index in (0..size).step_by(9) {
            let proof = inclusion_proof(&Leaves(&leaves), index, size).unwrap();
            let leaf = sigstore_merkle::hash_leaf(&log.entries[index as usize]);
            let mut given: Vec<_> = proof.iter().map(|hash| hash.0.into()).collect();
            let check = |given: &[_]| {
                sigstore_merkle::verify_inclusion_proof(&leaf, index, size, given, &root(size).0.into()).is_ok()
            };
            assert!(check(&given));
            if let Some(last) = given.last_mut() {
                *last = [0; 32].into();
                assert!(!check(&given));
            }
        }
        for old in (1..size).step_by(9) {
            let proof = consistency_proof(&Leaves(&leaves), old, size).unwrap();
            let given: Vec<_> = proof.iter().map(|hash| hash.0.into()).collect();
            let (old_root, new_root) = (root(old).0.into(), root(size).0.into());
            sigstore_merkle::verify_consistency_proof(old, size, &given, &old_root, &new_root).unwrap();
        }
    }
}

/// Stored hashes in `tlog_tiles`' own order.
struct Stored(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

#[test]
fn tlog_tiles_has_the_same_roots_proofs_tiles_and_paths() {
    const LARGE: u64 = 65_800;
    let log = Log::opaque(LARGE);
    let leaves = log.leaves();
    let mut stored = Stored(Vec::new());
    for (n, entry) in log.entries.iter().enumerate() {
        let added = tlog_tiles::stored_hashes(n as u64, entry, &stored).unwrap();
        stored.0.extend(added);
    }
    for size in [1, 255, 256, 257, 511, 1000, 65_535, 65_536, 65_537, LARGE] {
        let root = root_at(&Leaves(&leaves), size).unwrap();
        assert_eq!(tlog_tiles::tree_hash(size, &stored).unwrap().0, root.0, "root at {size}");
        for index in [0, 1, size / 3, size - 1].into_iter().filter(|index| *index < size) {
            let theirs = tlog_tiles::prove_record(size, index, &stored).unwrap();
            let ours = inclusion_proof(&Leaves(&leaves), index, size).unwrap();
            assert_eq!(theirs.iter().map(|hash| Hash(hash.0)).collect::<Vec<_>>(), ours);
        }
        for old in [1, size / 2, size - 1].into_iter().filter(|old| (1..size).contains(old)) {
            let theirs = tlog_tiles::prove_tree(size, old, &stored).unwrap();
            let ours = consistency_proof(&Leaves(&leaves), old, size).unwrap();
            assert_eq!(theirs.iter().map(|hash| Hash(hash.0)).collect::<Vec<_>>(), ours);
        }
        let theirs: Vec<String> = tlog_tiles::Tile::new_tiles(TILE_HEIGHT, 0, size)
            .iter()
            .map(|tile| tile.path().replace("tile/8/", "tile/"))
            .collect();
        let ours: Vec<String> = tiles_of(size).map(|tile| TilePath::Hashes(tile).to_string()).collect();
        assert_eq!(theirs, ours);
        for tile in tiles_of(size).filter(|tile| !tile.is_full() || tile.level > 0 || tile.index % 64 == 0) {
            let their = tlog_tiles::Tile::new(TILE_HEIGHT, tile.level, tile.index, tile.width.into(), false);
            assert_eq!(their.read_data(&stored).unwrap(), tile.read(&Leaves(&leaves)).unwrap(), "{tile:?}");
        }
    }
    let full = |old, new| {
        let tiles = tlog_tiles::Tile::new_tiles(TILE_HEIGHT, old, new);
        tiles.iter().filter(|tile| tile.width() == 256).map(tlog_tiles::Tile::path).collect::<Vec<_>>()
    };
    let ours: Vec<String> = completed_tiles(300, LARGE)
        .map(|tile| TilePath::Hashes(tile).to_string().replace("tile/", "tile/8/"))
        .collect();
    assert_eq!(full(300, LARGE), ours);
}

#[test]
fn tlog_tiles_reads_the_same_checkpoint() {
    let head = Log::of(5).head(5);
    let theirs = tlog_tiles::Checkpoint::from_bytes(head.text().as_bytes());
    let theirs = theirs.unwrap();
    assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (ORIGIN, 5, head.root.0));
    assert_eq!(theirs.to_bytes(), head.text().into_bytes());
}

#[test]
fn signed_note_verifies_our_checkpoint_and_we_verify_theirs() {
    let log = Log::of(5);
    let vkey = keys()[0].to_string();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
    let ours = log.note(5);
    let theirs = signed_note::Note::from_bytes(&ours).unwrap();
    let (verified, unverified) = theirs.verify(&known).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 1), "Ed25519 is known to them, ML-DSA is not");
    assert_eq!(theirs.to_bytes(), ours);

    let mut changed = ours;
    changed[0] ^= 1;
    assert!(signed_note::Note::from_bytes(&changed).unwrap().verify(&known).is_err());

    let signer =
        StandardSigner::new("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").unwrap();
    let head = Checkpoint { origin: "PeterNeumann".into(), size: 1, root: leaf_hash(b"x") };
    let mut note = signed_note::Note::new(head.text().as_bytes(), &[]).unwrap();
    note.add_sigs(&[&signer]).unwrap();
    let key = VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    assert_eq!((signer.name(), signer.key_id()), (key.name(), key.id()));
    assert_eq!(Checkpoint::open(&note.to_bytes(), &[key]), Ok(head));
    assert!(Note::parse(&note.to_bytes()).is_ok());
}
