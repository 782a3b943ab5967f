//! The tamper-evident record: what one entry says, the Merkle tree over all entries, the tiles it is
//! published in, the checkpoints that are signed over it, and the checks an outsider runs.
//!
//! Everything here is pure: bytes in, bytes or a verdict out. The crate does no I/O, reads no clock,
//! draws no chance, stores no private key, and depends on nothing else of Probity's, so that an
//! inspector's tool can link it alone.
//!
//! Formats are public ones, so that other people's tools can check ours:
//!
//! | module | what | source |
//! | --- | --- | --- |
//! | [`entry`] | one leaf: who did what to which records | `docs/ledger.md` |
//! | [`hash`] | SHA-256 and its two prefixes | RFC 6962, section 2.1 |
//! | [`tree`] | append, root, inclusion and consistency proofs | RFC 6962 section 2.1, RFC 9162 section 2.1 |
//! | [`tile`] | the tree and the entries as static files | C2SP tlog-tiles |
//! | [`note`], [`signing`] | signed text and its keys | C2SP signed-note |
//! | [`checkpoint`], [`cosignature`] | the signed tree head | C2SP tlog-checkpoint, tlog-cosignature |
//! | [`bundle`] | the offline proof of one entry | C2SP tlog-proof |
//! | [`verify`], [`archive`] | the audit of a whole ledger | |
//!
//! ```
//! use ledger::bundle::Bundle;
//! use ledger::signing::{Ed25519Signer, MlDsa44Signer, Signer as _};
//! use ledger::tree::{Leaves, inclusion_proof};
//! use ledger::{Checkpoint, Frontier, leaf_hash};
//!
//! let entries = ["first", "second", "third"];
//! let leaves = entries.map(|entry| leaf_hash(entry.as_bytes()));
//! let mut tree = Frontier::new();
//! leaves.iter().for_each(|leaf| tree.append(*leaf));
//!
//! let origin = "probity.example/ledger/1";
//! let (ed25519, ml_dsa) = (Ed25519Signer::from_seed(origin, &[1; 32])?, MlDsa44Signer::from_seed(origin, &[2; 32])?);
//! let head = Checkpoint { origin: origin.into(), size: tree.size(), root: tree.root() };
//! let checkpoint = head.sign_at(&[&ed25519, &ml_dsa], 1_795_302_355)?;
//!
//! // What an outsider gets: the entry, the bundle, and the two public keys.
//! let proof = inclusion_proof(&Leaves(&leaves), 1, tree.size())?;
//! let bundle = Bundle { extra: None, index: 1, proof, checkpoint }.encode();
//! let keys = [ed25519.key().clone(), ml_dsa.key().clone()];
//! assert_eq!(Bundle::parse(bundle.as_bytes())?.verify(b"second", &keys)?.checkpoint, head);
//! assert!(Bundle::parse(bundle.as_bytes())?.verify(b"Second", &keys).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod archive;
mod base64;
pub mod bundle;
pub mod checkpoint;
pub mod cosignature;
pub mod entry;
pub mod hash;
pub mod note;
pub mod signing;
pub mod tile;
pub mod tree;
pub mod verify;

pub use checkpoint::Checkpoint;
pub use entry::{Change, Entry, EntryError, Manifest, Shown};
pub use hash::{EMPTY_ROOT, Hash, leaf_hash, node_hash, sha256};
pub use note::VerifierKey;
pub use tree::{Frontier, HashReader};
