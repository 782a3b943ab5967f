//! What an append, a proof and an entry cost, at trees of 10, 10^4 and 10^6 entries.
//!
//! `cargo run --release -p ledger --example append`. The cost of an append may grow no more than the
//! logarithm of the tree's size.

use std::hint::black_box;
use std::io::{self, Write as _};
use std::time::Instant;

use ledger::entry::Change;
use ledger::signing::{Ed25519Signer, MlDsa44Signer, Signer as _};
use ledger::tile::{Tile, TileReader, TileSource, encode_hashes};
use ledger::tree::{Leaves, Missing, complete_root, inclusion_proof, verify_inclusion};
use ledger::{Checkpoint, Entry, Frontier, Hash, leaf_hash, node_hash, sha256};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let entry = entry();
    let bytes = entry.encode().map_err(io::Error::other)?;
    writeln!(out, "an entry with one change: {} bytes", bytes.len())?;
    writeln!(out, "  encode        {:>9.3} us", micros(20_000, || entry.encode()))?;
    writeln!(out, "  decode        {:>9.3} us", micros(20_000, || Entry::decode(&bytes)))?;
    writeln!(out, "  leaf hash     {:>9.3} us", micros(20_000, || leaf_hash(&bytes)))?;
    let hash = sha256(b"");
    writeln!(out, "  node hash     {:>9.3} us", micros(20_000, || node_hash(&hash, &hash)))?;

    writeln!(out, "tree of           append  entry+leaf+append   root   proof made   checked   (us)")?;
    for size in [10_u64, 10_000, 1_000_000] {
        let mut frontier = Frontier::new();
        let leaves: Vec<Hash> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        leaves.iter().for_each(|leaf| frontier.append(*leaf));
        let append = appends(&frontier, |tree| tree.append(hash));
        let whole = appends(&frontier, |tree| tree.append(entry.leaf_hash().unwrap_or(hash)));
        let root = micros(10_000, || frontier.root());
        let rows = Rows::of(&leaves);
        let at = size / 3;
        let prove = micros(200, || inclusion_proof(&TileReader::new(&rows, size), at, size));
        let proof = inclusion_proof(&Leaves(&leaves), at, size).map_err(io::Error::other)?;
        let leaf = leaf_hash(&at.to_be_bytes());
        let check = micros(5000, || verify_inclusion(&leaf, at, size, &proof, &frontier.root()));
        writeln!(out, "{size:>9} {append:>14.3} {whole:>18.3} {root:>7.3} {prove:>12.3} {check:>9.3}")?;
    }

    let head = Checkpoint { origin: "probity.example/ledger/1".into(), size: 1_000_000, root: hash };
    let ed25519 = Ed25519Signer::from_seed(&head.origin, &[1; 32]).map_err(io::Error::other)?;
    let ml_dsa = MlDsa44Signer::from_seed(&head.origin, &[2; 32]).map_err(io::Error::other)?;
    let keys = [ed25519.key().clone(), ml_dsa.key().clone()];
    let note = head.sign(&[&ed25519, &ml_dsa]).map_err(io::Error::other)?;
    writeln!(out, "a checkpoint with both signatures: {} bytes", note.len())?;
    writeln!(out, "  sign          {:>9.3} us", micros(200, || head.sign(&[&ed25519, &ml_dsa])))?;
    writeln!(out, "  open          {:>9.3} us", micros(200, || Checkpoint::open(note.as_bytes(), &keys)))?;
    let tile = encode_hashes(&vec![hash; 256]);
    writeln!(out, "a full tile: {} bytes", tile.len())?;
    writeln!(out, "  its root      {:>9.3} us", micros(500, || complete_root(&vec![hash; 256])))
}

fn entry() -> Entry {
    Entry {
        at: "2026-11-21T23:05:55.123456Z".into(),
        actor: "person:0197a1b2-0000-7000-8000-000000000001".into(),
        client: None,
        role: "coordinator".into(),
        act: "form.save".into(),
        target: "form:0197a1b2-0000-7000-8000-000000000002".into(),
        request: Some("0197a1b2-0000-7000-8000-000000000003".into()),
        body: Some(sha256(b"body")),
        changes: vec![Change {
            kind: "item_group".into(),
            key: "0197a1b2-0000-7000-8000-000000000004".into(),
            version: 3,
            digest: sha256(b"sealed"),
        }],
        shown: None,
        manifest: None,
    }
}

/// Batches of which the fastest counts: what else the machine does can only make a batch slower.
const BATCHES: u32 = 10;

/// Microseconds each, of `times` runs in a batch.
fn micros<T>(times: u32, mut run: impl FnMut() -> T) -> f64 {
    best(times, || {
        for _ in 0..times {
            black_box(run());
        }
    })
}

/// Microseconds an append to this tree, over 4096 in a row: enough to meet every carry in proportion.
fn appends(tree: &Frontier, mut append: impl FnMut(&mut Frontier)) -> f64 {
    const EACH: u32 = 4096;
    best(EACH, || {
        let mut tree = tree.clone();
        (0..EACH).for_each(|_| append(&mut tree));
        black_box(tree);
    })
}

fn best(times: u32, mut batch: impl FnMut()) -> f64 {
    let batches = (0..BATCHES).map(|_| {
        let start = Instant::now();
        batch();
        start.elapsed()
    });
    batches.min().unwrap_or_default().as_secs_f64() * 1e6 / f64::from(times)
}

/// Leaf hashes and the roots of full tiles, as a store keeps them.
struct Rows {
    levels: Vec<Vec<Hash>>,
}

impl Rows {
    fn of(leaves: &[Hash]) -> Self {
        let mut levels = vec![leaves.to_vec()];
        while let Some(below) = levels.last().filter(|below| below.len() >= 256) {
            levels.push(below.chunks_exact(256).map(complete_root).collect());
        }
        Self { levels }
    }
}

impl TileSource for Rows {
    fn hashes(&self, tile: Tile) -> Result<Vec<Hash>, Missing> {
        let missing = Missing { level: tile.level, index: tile.index };
        let start = usize::try_from(tile.index * 256).map_err(|_| missing)?;
        let level = self.levels.get(usize::from(tile.level)).ok_or(missing)?;
        level.get(start..start + usize::from(tile.width)).map(<[Hash]>::to_vec).ok_or(missing)
    }
}
