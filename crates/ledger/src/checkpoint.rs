//! Checkpoints (C2SP tlog-checkpoint): a log's name, its size and its root, in three lines, signed.
//!
//! Extension lines are refused: not every signature type covers them, and this log writes none.

use crate::cosignature;
use crate::hash::Hash;
use crate::note::{KEY_NAME_BYTES_MAX, Note, NoteError, VerifierKey};
use crate::signing::Signer;
use crate::tree::LEAVES_MAX;

/// A log's tree head: what a checkpoint says, apart from who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's identity, a schema-less URL; also the name of its keys.
    pub origin: String,
    /// How many entries the log has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The three lines.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads the three lines. Who signed them, if anyone, is not known here: prefer [`Checkpoint::open`].
    ///
    /// # Errors
    /// [`NoteError::Checkpoint`] saying which line is wrong.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Checkpoint("it has fewer than three lines"));
        };
        if (lines.next(), lines.next()) != (Some(""), None) {
            return Err(NoteError::Checkpoint("it has extension lines or no newline at its end"));
        }
        if !(1..=KEY_NAME_BYTES_MAX).contains(&origin.len()) || origin.chars().any(char::is_control) {
            return Err(NoteError::Checkpoint("its origin is empty, too long or not text"));
        }
        let plain = size.bytes().all(|b| b.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        let size = size.parse().ok().filter(|size| plain && *size <= LEAVES_MAX);
        let size = size.ok_or(NoteError::Checkpoint("its size is not a number"))?;
        let root = Hash::from_base64(root).map_err(|_| NoteError::Checkpoint("its root is not a hash"))?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// The signed note, its ML-DSA-44 signature without a time. See [`Checkpoint::sign_at`].
    ///
    /// # Errors
    /// As [`Checkpoint::sign_at`]; also for a cosigner's Ed25519 key, which must state a time.
    pub fn sign(&self, signers: &[&dyn Signer]) -> Result<String, NoteError> {
        self.sign_at(signers, 0)
    }

    /// The signed note, timestamped signatures stating `at` (seconds since 1970).
    ///
    /// # Errors
    /// [`NoteError::Checkpoint`] where it would not read back, [`NoteError::Signing`] where a key fails.
    pub fn sign_at(&self, signers: &[&dyn Signer], at: u64) -> Result<String, NoteError> {
        // Never sign what nobody could open.
        Self::parse(&self.text())?;
        let mut note = Note::new(self.text())?;
        for signer in signers {
            note.push(cosignature::sign(self, *signer, at)?);
        }
        Ok(note.to_string())
    }

    /// Reads a signed checkpoint, requiring a true signature by **every** key given and that one of them
    /// bears the log's name, so that a checkpoint of another log under the same key is refused.
    ///
    /// # Errors
    /// [`NoteError`] saying what is missing, false or malformed.
    pub fn open(note: &[u8], keys: &[VerifierKey]) -> Result<Self, NoteError> {
        let note = Note::parse(note)?;
        note.verify(keys)?;
        let checkpoint = Self::parse(note.text())?;
        if keys.iter().any(|key| key.name() == checkpoint.origin) {
            Ok(checkpoint)
        } else {
            Err(NoteError::Origin { origin: checkpoint.origin })
        }
    }
}
