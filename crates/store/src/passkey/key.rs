//! Public keys of passkeys: COSE keys (RFC 9053) of the three algorithms that are offered, and checking a signature.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};

use super::cbor::Item;

/// The algorithms that are offered, by COSE number, the first choice first: ES256, EdDSA, RS256.
pub const ALGORITHMS: [i64; 3] = [-7, -8, -257];

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PublicKey {
    /// ECDSA on P-256 with SHA-256: the point, uncompressed.
    Es256(Vec<u8>),
    /// Ed25519.
    EdDsa(Vec<u8>),
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 bits or more.
    Rs256 { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    /// Reads a COSE key.
    pub(super) fn read(key: &Item<'_>) -> Option<Self> {
        let (kind, algorithm) = (key.at(1)?.int()?, key.at(3)?.int()?);
        let part = |at: i64| key.at(at)?.bytes();
        let sized = |at: i64, length: usize| part(at).filter(|part| part.len() == length);
        let curve = || key.at(-1)?.int();
        match (kind, algorithm) {
            (2, -7) if curve()? == 1 => Some(PublicKey::Es256([&[4], sized(-2, 32)?, sized(-3, 32)?].concat())),
            (1, -8) if curve()? == 6 => Some(PublicKey::EdDsa(sized(-2, 32)?.to_vec())),
            (3, -257) => {
                let (n, e) = (part(-1)?, part(-2)?);
                ((256..=1024).contains(&n.len()) && e.len() <= 8)
                    .then(|| PublicKey::Rs256 { n: n.to_vec(), e: e.to_vec() })
            }
            _ => None,
        }
    }

    /// Whether this is a signature over these bytes.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            PublicKey::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature).is_ok()
            }
            PublicKey::EdDsa(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok(),
            PublicKey::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }
}
