//! Proof bundles (C2SP tlog-proof): that one entry is in the log, for someone who has only the entry, the
//! bundle and the log's public keys. File extension: `.tlog-proof`.
//!
//! The extra line is carried and handed back, never believed: nothing signs it.

use std::fmt;

use crate::base64;
use crate::checkpoint::Checkpoint;
use crate::hash::{Hash, leaf_hash};
use crate::note::{NOTE_BYTES_MAX, NoteError, VerifierKey};
use crate::tree::{LEAVES_MAX, ProofError, verify_inclusion};

/// The longest extra data that is read or written.
pub const EXTRA_BYTES_MAX: usize = 64 * 1024;

/// The longest proof: one hash for each level of the largest tree.
pub const PROOF_HASHES_MAX: usize = 63;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The proof of one entry, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Opaque data for the reader's convenience; unauthenticated.
    pub extra: Option<Vec<u8>>,
    /// The entry's index, from 0.
    pub index: u64,
    /// The inclusion proof, the leaf's sibling first.
    pub proof: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// What a bundle has proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The entry's index in the log.
    pub index: u64,
    /// The checkpoint whose tree holds it, its signatures checked.
    pub checkpoint: Checkpoint,
}

/// A bundle that is malformed or proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not a tlog-proof.
    #[error("not a proof bundle: {0}")]
    Malformed(&'static str),
    /// The checkpoint in it is refused.
    #[error("the bundle's checkpoint: {0}")]
    Checkpoint(#[from] NoteError),
    /// The checkpoint is genuine, but this entry is not shown to be in it.
    #[error("the entry is not the one that was logged, or the bundle was changed: {0}")]
    Proof(#[from] ProofError),
}

impl Bundle {
    /// The bundle as text.
    #[must_use]
    pub fn encode(&self) -> String {
        self.to_string()
    }

    /// Reads a bundle; nothing in it is to be believed before [`Bundle::verify`].
    ///
    /// # Errors
    /// [`BundleError::Malformed`] saying which part departs from the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > NOTE_BYTES_MAX + 2 * EXTRA_BYTES_MAX {
            return Err(BundleError::Malformed("too long"));
        }
        let text = str::from_utf8(bytes).map_err(|_| BundleError::Malformed("not UTF-8"))?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(BundleError::Malformed("no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(BundleError::Malformed("it does not begin with c2sp.org/tlog-proof@v1"));
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => Some(parse_extra(line)?),
            None => None,
        };
        let index = lines.next().and_then(parse_index).ok_or(BundleError::Malformed("the index line"))?;
        let proof: Vec<Hash> = lines
            .map(|line| Hash::from_base64(line).map_err(|_| BundleError::Malformed("a line of the inclusion proof")))
            .collect::<Result<_, _>>()?;
        if proof.len() > PROOF_HASHES_MAX {
            return Err(BundleError::Malformed("the inclusion proof is too long"));
        }
        Ok(Self { extra, index, proof, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that `entry` is at this index in the log these keys belong to. Every key given must have
    /// signed; give both of the log's. The checkpoint is verified before the proof is looked at.
    ///
    /// # Errors
    /// [`BundleError`] saying what failed.
    pub fn verify(&self, entry: &[u8], keys: &[VerifierKey]) -> Result<Proved, BundleError> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), keys)?;
        verify_inclusion(&leaf_hash(entry), self.index, checkpoint.size, &self.proof, &checkpoint.root)?;
        Ok(Proved { index: self.index, checkpoint })
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", base64::encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.proof {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

fn parse_extra(line: &str) -> Result<Vec<u8>, BundleError> {
    let data = line.strip_prefix("extra ").and_then(base64::decode);
    data.filter(|data| data.len() <= EXTRA_BYTES_MAX).ok_or(BundleError::Malformed("the extra line"))
}

fn parse_index(line: &str) -> Option<u64> {
    let digits = line.strip_prefix("index ")?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|index| plain && *index < LEAVES_MAX)
}
