//! Verifier keys: a name, a kind and a public key, and the text form in which they are handed around.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, ML_DSA_44, UnparsedPublicKey};

use super::NoteError;
use crate::checkpoint::Checkpoint;
use crate::{base64, cosignature, sha256};

/// The longest key name: what a subtree cosignature can carry.
pub const KEY_NAME_BYTES_MAX: usize = 255;

/// Bytes in an Ed25519 public key (RFC 8032).
const ED25519_PUBLIC_BYTES: usize = 32;

/// Bytes in an ML-DSA-44 public key (FIPS 204).
const ML_DSA_44_PUBLIC_BYTES: usize = 1312;

/// The signature types of signed-note that are spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// 0x01: Ed25519 over the note's text.
    Ed25519,
    /// 0x04: Ed25519 cosignature/v1 with a timestamp, over a checkpoint.
    Ed25519Cosignature,
    /// 0x06: ML-DSA-44 subtree/v1 with a timestamp, over a checkpoint's origin, size and root.
    MlDsa44Subtree,
}

impl KeyKind {
    /// The signature type's identifier byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Ed25519Cosignature => 0x04,
            Self::MlDsa44Subtree => 0x06,
        }
    }

    /// The algorithm, for people.
    #[must_use]
    pub const fn algorithm(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::Ed25519Cosignature => "Ed25519 cosignature/v1",
            Self::MlDsa44Subtree => "ML-DSA-44 subtree/v1",
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Ed25519),
            0x04 => Some(Self::Ed25519Cosignature),
            0x06 => Some(Self::MlDsa44Subtree),
            _ => None,
        }
    }

    const fn public_bytes(self) -> usize {
        match self {
            Self::Ed25519 | Self::Ed25519Cosignature => ED25519_PUBLIC_BYTES,
            Self::MlDsa44Subtree => ML_DSA_44_PUBLIC_BYTES,
        }
    }
}

/// A public key by which signatures on notes are checked. Written as `name+id+base64` ("vkey").
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    id: u32,
    public: Vec<u8>,
}

impl VerifierKey {
    /// A key from its parts.
    ///
    /// # Errors
    /// [`NoteError::Key`] where the name or the key's length is wrong.
    pub fn new(name: &str, kind: KeyKind, public: &[u8]) -> Result<Self, NoteError> {
        check_name(name)?;
        if public.len() != kind.public_bytes() {
            return Err(NoteError::Key("the public key has the wrong length"));
        }
        let material = [name.as_bytes(), b"\n", &[kind.byte()], public].concat();
        let id = sha256(&material).0.first_chunk().map_or(0, |id| u32::from_be_bytes(*id));
        Ok(Self { name: name.to_owned(), kind, id, public: public.to_vec() })
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`NoteError::Key`] saying what is wrong, an id that does not belong to name and key included.
    pub fn parse(vkey: &str) -> Result<Self, NoteError> {
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it has the form name+id+base64"));
        };
        let bytes = base64::decode(key).ok_or(NoteError::Key("its last part is not base64"))?;
        let (kind, public) = bytes.split_first().ok_or(NoteError::Key("it is empty"))?;
        let kind = KeyKind::of(*kind).ok_or(NoteError::Key("its signature type is not 01, 04 or 06"))?;
        let found = Self::new(name, kind, public)?;
        // Only the id's one spelling, so that a key has one text form.
        if id == format!("{:08x}", found.id) { Ok(found) } else { Err(NoteError::Key("its id is not its own")) }
    }

    /// The key's name; for a log, its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The signature type.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The first four bytes of SHA-256(name || 0x0A || type || public key).
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// The public key's own bytes.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// The key in a few words, for messages.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} ({}, key {:08x})", self.name, self.kind.algorithm(), self.id)
    }

    /// Checks a signature line's bytes over a note's text; returns the time it states, if any.
    ///
    /// # Errors
    /// [`NoteError::False`] where it does not hold, [`NoteError::Checkpoint`] where this kind of signature
    /// is over a checkpoint and the text is none.
    pub fn verify(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, NoteError> {
        let refused = || NoteError::False(self.label());
        if self.kind == KeyKind::Ed25519 {
            let key = UnparsedPublicKey::new(&ED25519, &self.public);
            return key.verify(text.as_bytes(), signature).map(|()| None).map_err(|_| refused());
        }
        let checkpoint = Checkpoint::parse(text)?;
        let (time, bare) = signature.split_first_chunk().ok_or_else(refused)?;
        let at = u64::from_be_bytes(*time);
        let held = if self.kind == KeyKind::Ed25519Cosignature {
            let message = cosignature::timed_message(at, text);
            UnparsedPublicKey::new(&ED25519, &self.public).verify(&message, bare)
        } else {
            let message = cosignature::subtree_message(&self.name, at, &checkpoint)?;
            UnparsedPublicKey::new(&ML_DSA_44, &self.public).verify(&message, bare)
        };
        if held.is_err() || at > cosignature::TIME_MAX {
            return Err(refused());
        }
        Ok((at != 0).then_some(at))
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [[self.kind.byte()].as_slice(), &self.public].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id, base64::encode(&key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({})", self.label())
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(vkey: &str) -> Result<Self, NoteError> {
        Self::parse(vkey)
    }
}

/// A key name: not empty, no space of any kind, no plus, no control character.
pub(super) fn check_name(name: &str) -> Result<(), NoteError> {
    let fits = (1..=KEY_NAME_BYTES_MAX).contains(&name.len());
    let plain = !name.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control());
    if fits && plain { Ok(()) } else { Err(NoteError::Key("its name is empty, too long, or has a space or plus")) }
}
