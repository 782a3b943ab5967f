//! Signed notes (C2SP signed-note): a text that people can read, and signature lines under it.
//!
//! A note's text means nothing until [`Note::verify`] has found a signature by every key it was given.
//! Signatures by other keys are passed over, as the format demands, and vouch for nothing.

mod key;

use std::fmt;

use crate::base64;

pub use key::{KEY_NAME_BYTES_MAX, KeyKind, VerifierKey};

/// The longest note that is read: room for the log's two signatures and many witnesses.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;

/// The most signature lines that are read; the format asks for at least 16.
pub const SIGNATURES_MAX: usize = 64;

const LINE_START: &str = "\u{2014} ";

/// A signed note, its signatures not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text, with its final newline; every signature is over this or made from it.
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// The key's 32-bit id.
    pub id: u32,
    /// What follows the id: the bare signature, or a timestamp and the signature.
    pub bytes: Vec<u8>,
}

/// A signature that held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Name of the key.
    pub name: String,
    /// What kind of key made it.
    pub kind: KeyKind,
    /// The time the signer states, in seconds since 1970; none where the kind has none or it is 0.
    pub at: Option<u64>,
}

/// A note or key that is malformed, or a signature that is missing or false.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// A text that cannot be the text of a note.
    #[error("a note's text must be non-empty UTF-8 without control characters, ending in a newline")]
    Text,
    /// Not a verifier key in its text form.
    #[error("not a verifier key: {0}")]
    Key(&'static str),
    /// No key was given, so nothing could be verified.
    #[error("no verifier key was given")]
    NoKeys,
    /// The note lacks a signature by a key that must have signed it.
    #[error("no signature by {0}")]
    Unsigned(String),
    /// A signature by a known key does not hold.
    #[error("the signature by {0} is false")]
    False(String),
    /// A signer could not sign.
    #[error("could not sign as {0}")]
    Signing(String),
    /// The text is not a checkpoint, which the key's kind of signature is made over.
    #[error("the note is not a checkpoint: {0}")]
    Checkpoint(&'static str),
    /// The checkpoint is of another log than the keys given.
    #[error("the checkpoint is of {origin}, and none of the keys given is of that name")]
    Origin {
        /// The log the checkpoint names.
        origin: String,
    },
}

impl Note {
    /// A note without signatures yet.
    ///
    /// # Errors
    /// [`NoteError::Text`] where it cannot be a note's text.
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        let plain = text.chars().all(|c| c == '\n' || c >= ' ');
        let ends = text.ends_with('\n') && text.len() > 1;
        if plain && ends { Ok(Self { text, signatures: Vec::new() }) } else { Err(NoteError::Text) }
    }

    /// Reads a note; nothing in it is to be believed before [`Note::verify`].
    ///
    /// # Errors
    /// [`NoteError::Malformed`] saying how it departs from the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Malformed("too long"));
        }
        let whole = str::from_utf8(bytes).map_err(|_| NoteError::Malformed("not UTF-8"))?;
        // The last empty line parts the text from the signatures; the text keeps its own newline.
        let split = whole.rfind("\n\n").ok_or(NoteError::Malformed("no empty line before signatures"))?;
        let (text, rest) = whole.split_at(split + 1);
        let lines = rest.strip_prefix('\n').unwrap_or_default();
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed("no newline at the end"))?;
        let mut note = Self::new(text).map_err(|_| NoteError::Malformed("the text"))?;
        for line in lines.split('\n') {
            if note.signatures.len() == SIGNATURES_MAX {
                return Err(NoteError::Malformed("too many signatures"));
            }
            note.signatures.push(Signature::parse(line)?);
        }
        Ok(note)
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, as they stand.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature line; for cosigners, and for signatures made elsewhere.
    pub fn push(&mut self, signature: Signature) {
        self.signatures.push(signature);
    }

    /// Requires a true signature by **every** key given, and that none of their signatures is false.
    ///
    /// # Errors
    /// [`NoteError::NoKeys`], [`NoteError::Unsigned`] or [`NoteError::False`].
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Vec<Verified>, NoteError> {
        if keys.is_empty() {
            return Err(NoteError::NoKeys);
        }
        keys.iter().map(|key| self.verify_one(key)).collect()
    }

    /// Requires a true signature by this key.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`] where it did not sign, [`NoteError::False`] where any line of its is false.
    pub fn verify_one(&self, key: &VerifierKey) -> Result<Verified, NoteError> {
        let mut first = None;
        for line in self.signatures.iter().filter(|line| line.id == key.id() && line.name == key.name()) {
            let at = key.verify(&self.text, &line.bytes)?;
            first.get_or_insert(Verified { name: line.name.clone(), kind: key.kind(), at });
        }
        first.ok_or_else(|| NoteError::Unsigned(key.label()))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.to_be_bytes().as_slice(), &self.bytes].concat();
        write!(f, "{LINE_START}{} {}", self.name, base64::encode(&bytes))
    }
}

impl Signature {
    /// Reads one signature line, without its newline.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] where it is not one.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let line = line.strip_prefix(LINE_START).ok_or(NoteError::Malformed("a signature line"))?;
        let (name, signature) = line.split_once(' ').ok_or(NoteError::Malformed("a signature line"))?;
        key::check_name(name).map_err(|_| NoteError::Malformed("a key name"))?;
        let bytes = base64::decode(signature).ok_or(NoteError::Malformed("a signature's base64"))?;
        let (id, rest) = bytes.split_first_chunk().ok_or(NoteError::Malformed("a signature without key id"))?;
        if rest.is_empty() {
            return Err(NoteError::Malformed("an empty signature"));
        }
        Ok(Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: rest.to_vec() })
    }
}
