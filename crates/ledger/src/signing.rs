//! Makes signatures. Where a private key lives is the caller's business: this module takes a seed, keeps
//! the key inside the crypto library for as long as the signer lives, writes none and reads none.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};

use crate::note::{KeyKind, NoteError, VerifierKey};

/// Bytes in the seed of either kind of key.
pub const SEED_BYTES: usize = 32;

/// Something that signs under a verifier key's name: a key in memory, a token, a remote module.
pub trait Signer {
    /// The public half.
    fn key(&self) -> &VerifierKey;

    /// The bare signature over exactly these bytes; what the bytes are is the note format's business.
    ///
    /// # Errors
    /// [`NoteError::Signing`] where the key cannot be used.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NoteError>;
}

/// An Ed25519 key (RFC 8032), for a log's own signature or for cosignatures.
pub struct Ed25519Signer {
    key: VerifierKey,
    pair: Ed25519KeyPair,
}

/// An ML-DSA-44 key (FIPS 204), for subtree/v1 signatures.
pub struct MlDsa44Signer {
    key: VerifierKey,
    pair: PqdsaKeyPair,
}

impl Ed25519Signer {
    /// A log's key: signature type 0x01, over the note's text. `name` is the log's origin.
    ///
    /// # Errors
    /// [`NoteError::Key`] for a name that cannot be a key's.
    pub fn from_seed(name: &str, seed: &[u8; SEED_BYTES]) -> Result<Self, NoteError> {
        Self::new(name, KeyKind::Ed25519, seed)
    }

    /// A cosigner's key: signature type 0x04. It must not be a log's own key: the message does not name
    /// the cosigner (tlog-cosignature, "Ed25519 signed message").
    ///
    /// # Errors
    /// [`NoteError::Key`] for a name that cannot be a key's.
    pub fn cosigner(name: &str, seed: &[u8; SEED_BYTES]) -> Result<Self, NoteError> {
        Self::new(name, KeyKind::Ed25519Cosignature, seed)
    }

    fn new(name: &str, kind: KeyKind, seed: &[u8; SEED_BYTES]) -> Result<Self, NoteError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key("its seed was refused"))?;
        Ok(Self { key: VerifierKey::new(name, kind, pair.public_key().as_ref())?, pair })
    }
}

impl Signer for Ed25519Signer {
    fn key(&self) -> &VerifierKey {
        &self.key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NoteError> {
        let signature = self.pair.try_sign(message).map_err(|_| NoteError::Signing(self.key.label()))?;
        Ok(signature.as_ref().to_vec())
    }
}

impl MlDsa44Signer {
    /// A log's or a cosigner's key: signature type 0x06. For a log, `name` is its origin.
    ///
    /// # Errors
    /// [`NoteError::Key`] for a name that cannot be a key's.
    pub fn from_seed(name: &str, seed: &[u8; SEED_BYTES]) -> Result<Self, NoteError> {
        let pair =
            PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed).map_err(|_| NoteError::Key("its seed was refused"))?;
        Ok(Self { key: VerifierKey::new(name, KeyKind::MlDsa44Subtree, pair.public_key().as_ref())?, pair })
    }
}

impl Signer for MlDsa44Signer {
    fn key(&self) -> &VerifierKey {
        &self.key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NoteError> {
        let refused = || NoteError::Signing(self.key.label());
        let mut signature = vec![0; self.pair.algorithm().signature_len()];
        let length = self.pair.sign(message, &mut signature).map_err(|_| refused())?;
        if length == signature.len() { Ok(signature) } else { Err(refused()) }
    }
}
