//! What is signed under the two timestamped signature types of C2SP tlog-cosignature, and the signature
//! line each kind of key adds to a checkpoint.
//!
//! A log's ML-DSA-44 signature has the same form as a witness's: subtree/v1 over the whole tree. It
//! commits to the signer's name, the log's origin, size and root, but not to the note's other bytes,
//! which is why [`Checkpoint`] refuses extension lines.

use crate::checkpoint::Checkpoint;
use crate::note::{KeyKind, Note, NoteError, Signature, Verified, VerifierKey};
use crate::signing::Signer;

/// The latest time a timestamp may state, in seconds since 1970.
pub const TIME_MAX: u64 = i64::MAX as u64;

const SUBTREE_LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// The message of an Ed25519 cosignature/v1 made at `at` (seconds since 1970) over a checkpoint's text.
#[must_use]
pub fn timed_message(at: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {at}\n{text}").into_bytes()
}

/// The message of an ML-DSA-44 subtree/v1 signature by `name` over a whole tree: the structure
/// `cosigned_message`, with start 0. `at` is 0 where the signer says nothing of when.
///
/// # Errors
/// [`NoteError::Checkpoint`] where a name or origin has no or more than 255 bytes.
pub fn subtree_message(name: &str, at: u64, checkpoint: &Checkpoint) -> Result<Vec<u8>, NoteError> {
    let mut message = SUBTREE_LABEL.to_vec();
    push_name(&mut message, name)?;
    message.extend_from_slice(&at.to_be_bytes());
    push_name(&mut message, &checkpoint.origin)?;
    message.extend_from_slice(&0_u64.to_be_bytes());
    message.extend_from_slice(&checkpoint.size.to_be_bytes());
    message.extend_from_slice(checkpoint.root.as_bytes());
    Ok(message)
}

/// The signature line that this signer puts under a checkpoint at `at` (seconds since 1970). A log's
/// Ed25519 line carries no time; the others do.
///
/// # Errors
/// [`NoteError::Signing`] where the signer fails, or a cosignature/v1 would have no time.
pub fn sign(checkpoint: &Checkpoint, signer: &dyn Signer, at: u64) -> Result<Signature, NoteError> {
    let key = signer.key();
    let text = checkpoint.text();
    let bytes = match key.kind() {
        KeyKind::Ed25519 => signer.sign(text.as_bytes())?,
        // A cosignature/v1 always says when; only subtree/v1 may leave it at 0.
        KeyKind::Ed25519Cosignature if at == 0 => return Err(NoteError::Signing(key.label())),
        KeyKind::Ed25519Cosignature => timed(at, signer.sign(&timed_message(at, &text))?),
        KeyKind::MlDsa44Subtree => timed(at, signer.sign(&subtree_message(key.name(), at, checkpoint)?)?),
    };
    if at > TIME_MAX {
        return Err(NoteError::Signing(key.label()));
    }
    Ok(Signature { name: key.name().to_owned(), id: key.id(), bytes })
}

/// Which of these witnesses have cosigned the note; those who have not are left out.
///
/// # Errors
/// [`NoteError::False`] where a line by one of them does not hold: such a note is to be refused whole.
pub fn witnessed(note: &Note, witnesses: &[VerifierKey]) -> Result<Vec<Verified>, NoteError> {
    let mut found = Vec::new();
    for key in witnesses {
        match note.verify_one(key) {
            Ok(verified) => found.push(verified),
            Err(NoteError::Unsigned(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn timed(at: u64, signature: Vec<u8>) -> Vec<u8> {
    [at.to_be_bytes().as_slice(), &signature].concat()
}

/// `opaque name<1..2^8-1>` of RFC 8446, section 3: a length byte and the bytes.
fn push_name(message: &mut Vec<u8>, name: &str) -> Result<(), NoteError> {
    let length = u8::try_from(name.len()).ok().filter(|length| *length > 0);
    message.push(length.ok_or(NoteError::Checkpoint("a name has 1 to 255 bytes"))?);
    message.extend_from_slice(name.as_bytes());
    Ok(())
}
