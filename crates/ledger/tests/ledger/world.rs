//! A ledger to test on: entries that could be real, the log's two keys, and the log as an archive.

use std::collections::BTreeMap;
use std::convert::Infallible;

use ledger::archive::ArchiveReader;
use ledger::bundle::Bundle;
use ledger::entry::Change;
use ledger::note::VerifierKey;
use ledger::signing::{Ed25519Signer, MlDsa44Signer, Signer};
use ledger::tile::{TilePath, TileReader, TileSource, encode_entries, encode_hashes, tiles_of};
use ledger::tree::{Leaves, Missing, inclusion_proof, root_at};
use ledger::{Checkpoint, Entry, Hash, leaf_hash, sha256};

pub const ORIGIN: &str = "probity.example/ledger/0197a1";
pub const SIGNED_AT: u64 = 1_795_302_355;

/// The log's own two keys.
pub fn signers(origin: &str) -> (Ed25519Signer, MlDsa44Signer) {
    (Ed25519Signer::from_seed(origin, &[7; 32]).unwrap(), MlDsa44Signer::from_seed(origin, &[9; 32]).unwrap())
}

pub fn keys() -> Vec<VerifierKey> {
    let (ed25519, ml_dsa) = signers(ORIGIN);
    vec![ed25519.key().clone(), ml_dsa.key().clone()]
}

/// An entry like those a study writes.
pub fn entry(n: u64) -> Entry {
    Entry {
        at: format!("2026-11-21T{:02}:{:02}:{:02}.{:06}Z", n / 3600 % 24, n / 60 % 60, n % 60, n % 1_000_000),
        actor: format!("person:00000000-0000-4000-8000-{:012}", n % 7),
        client: None,
        role: "coordinator".into(),
        act: "form.save".into(),
        target: format!("form:00000000-0000-4000-8000-{n:012}"),
        request: Some(format!("00000000-0000-4000-8000-{:012}", n + 1)),
        body: Some(sha256(&n.to_be_bytes())),
        changes: vec![Change {
            kind: "item_group".into(),
            key: format!("00000000-0000-4000-8000-{n:012}"),
            version: u32::try_from(n % 5).unwrap() + 1,
            digest: sha256(format!("sealed {n}").as_bytes()),
        }],
        shown: None,
        manifest: None,
    }
}

/// A whole log in memory.
#[derive(Clone)]
pub struct Log {
    pub entries: Vec<Vec<u8>>,
}

impl Log {
    pub fn of(size: u64) -> Self {
        Self { entries: (0..size).map(|n| entry(n).encode().unwrap()).collect() }
    }

    /// Short opaque entries, where the tree's size matters and what is in it does not.
    pub fn opaque(size: u64) -> Self {
        Self { entries: (0..size).map(|n| n.to_be_bytes().to_vec()).collect() }
    }

    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn leaves(&self) -> Vec<Hash> {
        self.entries.iter().map(|entry| leaf_hash(entry)).collect()
    }

    pub fn head(&self, size: u64) -> Checkpoint {
        let leaves = self.leaves();
        Checkpoint { origin: ORIGIN.into(), size, root: root_at(&Leaves(&leaves), size).unwrap() }
    }

    /// The signed checkpoint at an earlier size.
    pub fn note(&self, size: u64) -> Vec<u8> {
        let (ed25519, ml_dsa) = signers(ORIGIN);
        self.head(size).sign_at(&[&ed25519, &ml_dsa], SIGNED_AT).unwrap().into_bytes()
    }

    pub fn bundle(&self, index: u64) -> Bundle {
        let leaves = self.leaves();
        Bundle {
            extra: None,
            index,
            proof: inclusion_proof(&Leaves(&leaves), index, self.size()).unwrap(),
            checkpoint: String::from_utf8(self.note(self.size())).unwrap(),
        }
    }

    pub fn archive(&self) -> Archive {
        let leaves = self.leaves();
        let mut files = BTreeMap::from([("checkpoint".to_owned(), self.note(self.size()))]);
        for tile in tiles_of(self.size()) {
            files.insert(TilePath::Hashes(tile).to_string(), tile.read(&Leaves(&leaves)).unwrap());
        }
        for (bundle, index) in self.entries.chunks(256).zip(0..) {
            let path = TilePath::Entries { index, width: u16::try_from(bundle.len()).unwrap() };
            files.insert(path.to_string(), encode_entries(bundle).unwrap());
        }
        Archive { files }
    }
}

/// An archive's files in memory.
#[derive(Clone)]
pub struct Archive {
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Archive {
    /// Writes it out as a folder.
    pub fn write(&self, folder: &std::path::Path) {
        for (path, bytes) in &self.files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

impl ArchiveReader for Archive {
    type Error = Infallible;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.files.get(path).cloned())
    }
}

/// What a store keeps: every leaf hash, and the root and bytes of each full tile.
#[derive(Default)]
pub struct Rows {
    pub leaves: Vec<Hash>,
    pub roots: BTreeMap<(u8, u64), Hash>,
}

impl Rows {
    /// Appends leaves as a store would: the frontier tells which tiles became full, and their roots.
    pub fn append(&mut self, frontier: &mut ledger::Frontier, leaf: Hash) {
        self.leaves.push(leaf);
        let roots = &mut self.roots;
        frontier.append_with(leaf, |level, index, root| {
            if level % 8 == 0 {
                roots.insert((level / 8, index), root);
            }
        });
    }

    pub fn reader(&self, size: u64) -> TileReader<&Self> {
        TileReader::new(self, size)
    }
}

impl TileSource for Rows {
    fn hashes(&self, tile: ledger::tile::Tile) -> Result<Vec<Hash>, Missing> {
        let first = tile.index * 256;
        (first..first + u64::from(tile.width))
            .map(|index| {
                let missing = Missing { level: 8 * tile.level, index };
                match tile.level {
                    0 => self.leaves.get(usize::try_from(index).unwrap()).copied(),
                    level => self.roots.get(&(level, index)).copied(),
                }
                .ok_or(missing)
            })
            .collect()
    }
}

/// A tile's bytes from the rows.
pub fn tile_bytes(rows: &Rows, tile: ledger::tile::Tile) -> Vec<u8> {
    encode_hashes(&rows.hashes(tile).unwrap())
}

/// A fresh empty folder under the target directory.
pub fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
