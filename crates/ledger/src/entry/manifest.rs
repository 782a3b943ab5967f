//! The list of changes of an act over very many records: kept beside the ledger, named in the entry by
//! its count and digest. Line by line the same objects that an entry's `changes` would hold.

use super::{Change, EntryError, parse, write};
use crate::hash::{Hash, sha256};

/// What an entry says of its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// How many changes it lists.
    pub count: u64,
    /// SHA-256 of its bytes, as [`Manifest::encode`] writes them.
    pub digest: Hash,
}

impl Manifest {
    /// The manifest's bytes: one change a line, each line ended by a newline.
    ///
    /// # Errors
    /// [`EntryError::Code`] where a change breaks its rule.
    pub fn encode(changes: &[Change]) -> Result<Vec<u8>, EntryError> {
        let mut out = Vec::with_capacity(256 * changes.len());
        for each in changes {
            write::change(&mut out, each)?;
            out.push(b'\n');
        }
        Ok(out)
    }

    /// Names a manifest's bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        Self { count: lines as u64, digest: sha256(bytes) }
    }

    /// Reads the changes back, after checking that these are the bytes this names.
    ///
    /// # Errors
    /// [`EntryError::Malformed`] where count or digest differ or a line is not a change.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Change>, EntryError> {
        if Self::of(bytes) != *self {
            return Err(EntryError::Malformed { offset: 0, expected: "the manifest that the entry names" });
        }
        let mut offset = 0;
        let mut changes = Vec::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(object) = line.strip_suffix(b"\n") else {
                return Err(EntryError::Malformed { offset: bytes.len(), expected: "a newline" });
            };
            changes.push(parse::change(object).map_err(|error| error.moved(offset))?);
            offset += line.len();
        }
        Ok(changes)
    }
}

impl EntryError {
    /// The same error, said of a text that begins `by` bytes earlier.
    fn moved(self, by: usize) -> Self {
        match self {
            Self::Malformed { offset, expected } => Self::Malformed { offset: offset + by, expected },
            other => other,
        }
    }
}
