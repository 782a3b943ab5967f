//! The forged tile (the class of CVE-2026-56865), kept for good.
//!
//! A reader that authenticates tiles against the tree's root can skip one: with 259 leaves the root is
//! made of three subtrees in two tiles, and a reader that counts subtrees where it should count tiles
//! leaves the third tile, the one asked for, unchecked. `tlog_tiles` 0.2 does, as did Go's `x/mod` before
//! 0.40. Nothing here rests on a tile, so nothing here is fooled.

use ledger::archive::{Content, verify_archive};
use ledger::bundle::{Bundle, BundleError};
use ledger::tile::{Tile, TileReader, TileSource};
use ledger::tree::{HashReader as _, Missing, ProofError, inclusion_proof, verify_inclusion};
use ledger::{Hash, leaf_hash};
use tlog_tiles::HashReader as _;

use crate::world::{Archive, Log, entry, keys};

/// 256 + 2 + 1: three subtrees, two tiles.
const SIZE: u64 = 259;
const VICTIM: u64 = 7;

/// The archive of an honest log in which one leaf hash of a full tile was replaced.
fn forged() -> (Log, Archive, Vec<u8>) {
    let log = Log::of(SIZE);
    let mut archive = log.archive();
    let lie = entry(9999).encode().unwrap();
    let at = usize::try_from(VICTIM * 32).unwrap();
    archive.files.get_mut("tile/0/000").unwrap()[at..at + 32].copy_from_slice(&leaf_hash(&lie).0);
    (log, archive, lie)
}

struct TheirReader<'a>(&'a Archive);

impl tlog_tiles::TileReader for TheirReader<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        Ok(tiles.iter().map(|tile| self.0.files[&tile.path().replace("tile/8/", "tile/")].clone()).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

struct OurSource<'a>(&'a Archive);

impl TileSource for OurSource<'_> {
    fn hashes(&self, tile: Tile) -> Result<Vec<Hash>, Missing> {
        let path = ledger::tile::TilePath::Hashes(tile).to_string();
        let missing = Missing { level: 8 * tile.level, index: tile.index };
        self.0.files.get(&path).and_then(|bytes| tile.decode(bytes).ok()).ok_or(missing)
    }
}

#[test]
fn a_reader_that_authenticates_tiles_is_fooled() {
    let (log, archive, lie) = forged();
    let root = tlog_tiles::Hash(log.head(SIZE).root.0);
    let reader = TheirReader(&archive);
    let hashes = tlog_tiles::TileHashReader::new(SIZE, root, &reader);
    let read = hashes.read_hashes(&[tlog_tiles::stored_hash_index(0, VICTIM)]).unwrap();
    assert_eq!(read, [tlog_tiles::Hash(leaf_hash(&lie).0)], "if this fails, the oracle was repaired: rejoice");
}

#[test]
fn our_audit_names_the_forged_tile() {
    let (_, archive, _) = forged();
    let report = verify_archive(&archive, &[], &keys(), Content::Entries).unwrap();
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].code(), "tile-changed");
    assert_eq!(report.first_bad(), Some(VICTIM));
}

#[test]
fn the_lie_cannot_be_proved_from_the_forged_tile() {
    let (log, archive, lie) = forged();
    let reader = TileReader::new(OurSource(&archive), SIZE);
    assert_eq!(reader.subtree(0, VICTIM), Ok(leaf_hash(&lie)), "read as it stands, vouched for by nobody");
    let proof = inclusion_proof(&reader, VICTIM, SIZE).unwrap();
    let root = log.head(SIZE).root;
    assert_eq!(verify_inclusion(&leaf_hash(&lie), VICTIM, SIZE, &proof, &root), Err(ProofError::Root));
    let bundle = Bundle { extra: None, index: VICTIM, proof, checkpoint: String::from_utf8(log.note(SIZE)).unwrap() };
    assert_eq!(bundle.verify(&lie, &keys()), Err(BundleError::Proof(ProofError::Root)));
    // The neighbour's proof leads through the forged hash: it fails too, rather than hide the damage.
    let neighbour = inclusion_proof(&reader, VICTIM - 1, SIZE).unwrap();
    let leaf = leaf_hash(&log.entries[usize::try_from(VICTIM - 1).unwrap()]);
    assert_eq!(verify_inclusion(&leaf, VICTIM - 1, SIZE, &neighbour, &root), Err(ProofError::Root));
}
