//! An authenticator as a device has one: makes a passkey for a host and uses it, as W3C Web Authentication Level 3 writes it.
//! It does whatever it is told to, so that a server's refusals can be tried.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{Failure, Result};

/// Flags of authenticator data (6.1): somebody was there, and was verified.
pub const THERE: u8 = 0b101;
const HAS_CREDENTIAL: u8 = 1 << 6;

/// A passkey on a device.
pub struct Authenticator {
    key: Key,
    /// The credential's id.
    pub credential: Vec<u8>,
    /// The host that it is for.
    pub host: String,
    /// The origin of the page that asks.
    pub origin: String,
    /// Flags that it sets.
    pub flags: u8,
    /// How often it was used; 0 stays 0.
    pub counter: u32,
}

enum Key {
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
}

/// What a browser gives of a use.
pub struct Used {
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl Authenticator {
    /// A new passkey of ES256, for the host of an origin.
    ///
    /// # Errors
    /// Where the machine gives no randomness.
    pub fn new(origin: &str) -> Result<Self> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
        Self::with(origin, Key::Es256(Box::new(key)))
    }

    /// As [`Authenticator::new`], of EdDSA.
    ///
    /// # Errors
    /// Where the machine gives no randomness.
    pub fn ed25519(origin: &str) -> Result<Self> {
        let key = Ed25519KeyPair::generate().map_err(failed)?;
        Self::with(origin, Key::EdDsa(Box::new(key)))
    }

    fn with(origin: &str, key: Key) -> Result<Self> {
        let mut credential = vec![0; 32];
        aws_lc_rs::rand::fill(&mut credential).map_err(failed)?;
        let host = origin.split_once("://").map_or(origin, |(_, host)| host).split(':').next().unwrap_or_default();
        Ok(Authenticator { key, credential, host: host.into(), origin: origin.into(), flags: THERE, counter: 0 })
    }

    /// What a browser gives of making it: `clientDataJSON` and `attestationObject`.
    #[must_use]
    pub fn made(&self, challenge: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut data = self.head(self.flags | HAS_CREDENTIAL);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&u16::try_from(self.credential.len()).unwrap_or(u16::MAX).to_be_bytes());
        data.extend_from_slice(&self.credential);
        data.extend_from_slice(&self.cose());
        let mut attestation = vec![0xa3];
        text(&mut attestation, "fmt");
        text(&mut attestation, "none");
        text(&mut attestation, "attStmt");
        attestation.push(0xa0);
        text(&mut attestation, "authData");
        bytes(&mut attestation, &data);
        (self.client_data("webauthn.create", challenge), attestation)
    }

    /// Uses it.
    ///
    /// # Errors
    /// Where it cannot sign.
    pub fn used(&mut self, challenge: &[u8]) -> Result<Used> {
        if self.counter > 0 {
            self.counter = self.counter.saturating_add(1);
        }
        let (client_data, authenticator_data) = (self.client_data("webauthn.get", challenge), self.head(self.flags));
        let signed = [authenticator_data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = match &self.key {
            Key::Es256(key) => key.sign(&SystemRandom::new(), &signed).map_err(failed)?.as_ref().to_vec(),
            Key::EdDsa(key) => key.sign(&signed).as_ref().to_vec(),
        };
        Ok(Used { client_data, authenticator_data, signature })
    }

    fn client_data(&self, kind: &str, challenge: &[u8]) -> Vec<u8> {
        let (challenge, origin) = (URL_SAFE_NO_PAD.encode(challenge), &self.origin);
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false,"other":[1]}}"#)
            .into_bytes()
    }

    fn head(&self, flags: u8) -> Vec<u8> {
        let mut head = digest(&SHA256, self.host.as_bytes()).as_ref().to_vec();
        head.push(flags);
        head.extend_from_slice(&self.counter.to_be_bytes());
        head
    }

    /// The public key as COSE has it (RFC 9053).
    fn cose(&self) -> Vec<u8> {
        match &self.key {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = point.get(1..).unwrap_or_default().split_at(32);
                let mut cose = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21];
                bytes(&mut cose, x);
                cose.push(0x22);
                bytes(&mut cose, y);
                cose
            }
            Key::EdDsa(key) => {
                let mut cose = vec![0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21];
                bytes(&mut cose, key.public_key().as_ref());
                cose
            }
        }
    }
}

/// A CBOR text of fewer than 24 bytes.
fn text(out: &mut Vec<u8>, text: &str) {
    out.push(0x60 | u8::try_from(text.len()).unwrap_or_default());
    out.extend_from_slice(text.as_bytes());
}

/// CBOR bytes.
fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    match u8::try_from(bytes.len()) {
        Ok(length) => out.extend_from_slice(&[0x58, length]),
        Err(_) => {
            out.push(0x59);
            out.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(bytes);
}

fn failed<E>(_: E) -> Failure {
    Failure::new("the machine gives no randomness")
}
