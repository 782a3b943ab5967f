//! One leaf of the ledger: who, in which role, did or looked at what, when, and the digests of the
//! sealed contents that came of it.
//!
//! An entry is one line of JSON with a fixed order of keys and one spelling per value, so that any tool
//! reads it and every entry has exactly one encoding. Its strings are codes and ids from a small
//! character set: free text, names and values cannot get in, nor anything JSON would have to escape.
//! What a record holds is not here, only the digest of its sealed content; the entry therefore outlives
//! the erasure of what it names.

mod code;
mod manifest;
mod parse;
mod write;

use std::borrow::Cow;

use crate::hash::{Hash, leaf_hash};

pub use code::{CODE_BYTES_MAX, KEY_BYTES_MAX};
pub use manifest::Manifest;

/// The longest encoding of an entry: what a tlog-tiles entry bundle's 16-bit length can say.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// The format's version, the first thing an entry says.
pub const ENTRY_VERSION: u32 = 1;

/// One leaf: an act or a view that happened, as it is hashed into the tree.
///
/// At most one of `changes`, `shown` and `manifest` is present: an act names its changes, an act over
/// very many records names a manifest of them, a view names what it showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, as RFC 3339 in UTC with exactly six decimals: `2026-11-21T23:05:55.123456Z`.
    pub at: String,
    /// Who: `person:<uuid>`, or a code such as `system`.
    pub actor: String,
    /// Through which program or device that was registered in their name: `client:<uuid>`.
    pub client: Option<String>,
    /// In which role.
    pub role: Cow<'static, str>,
    /// Which act or view: `form.save`.
    pub act: Cow<'static, str>,
    /// On what: `form:<uuid>`.
    pub target: String,
    /// The request's id, by which a retry is recognized.
    pub request: Option<String>,
    /// SHA-256 of the request's body.
    pub body: Option<Hash>,
    /// The records this act put, in the order it put them.
    pub changes: Vec<Change>,
    /// What a view showed.
    pub shown: Option<Shown>,
    /// In place of `changes` where they are too many for one entry.
    pub manifest: Option<Manifest>,
}

/// One version of one record that an act put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The kind of record: `item_group`.
    pub kind: Cow<'static, str>,
    /// The record's key within its kind.
    pub key: String,
    /// Which version of it this is.
    pub version: u32,
    /// SHA-256 of the version's sealed content.
    pub digest: Hash,
}

/// What a view showed: how many records, and a digest over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// How many records.
    pub count: u64,
    /// A digest over their digests; how it is formed is the view's own business.
    pub digest: Hash,
}

/// An entry that cannot be written, or bytes that are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A code or key is empty, too long, or has a character outside `A-Z a-z 0-9 _ . : -`.
    #[error("entry field {field} is not a code of 1 to {max} characters from A-Z a-z 0-9 _ . : -")]
    Code {
        /// Which field.
        field: &'static str,
        /// How long it may be.
        max: usize,
    },
    /// `at` is not a UTC time with six decimals.
    #[error("entry time is not of the form 2026-11-21T23:05:55.123456Z")]
    Time,
    /// More than one of `changes`, `shown` and `manifest`.
    #[error("entry has more than one of changes, shown and manifest")]
    Mixed,
    /// The encoding would not fit [`ENTRY_BYTES_MAX`]; name a manifest instead.
    #[error("entry takes {0} bytes, more than {ENTRY_BYTES_MAX}")]
    TooLong(usize),
    /// Bytes that are not the one canonical encoding of an entry.
    #[error("not a canonical entry: byte {offset}: expected {expected}")]
    Malformed {
        /// Where reading stopped.
        offset: usize,
        /// What should have been there.
        expected: &'static str,
    },
}

impl Entry {
    /// The one encoding of this entry.
    ///
    /// # Errors
    /// [`EntryError`] where a field breaks its rule or the whole would be too long.
    pub fn encode(&self) -> Result<Vec<u8>, EntryError> {
        write::entry(self)
    }

    /// Reads an entry; refuses every spelling but the one [`Entry::encode`] writes, so that
    /// `encode(decode(b)) == b` for all bytes it accepts.
    ///
    /// # Errors
    /// [`EntryError`] saying where and what was expected.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        parse::entry(bytes)
    }

    /// The leaf hash of this entry's encoding.
    ///
    /// # Errors
    /// As [`Entry::encode`].
    pub fn leaf_hash(&self) -> Result<Hash, EntryError> {
        self.encode().map(|bytes| leaf_hash(&bytes))
    }
}
