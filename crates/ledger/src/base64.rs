//! The one base64 the C2SP formats use: RFC 4648 section 4, padded, and only its canonical spelling.
//!
//! A decoder that took trailing bits or missing padding would let a byte of a proof change unnoticed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Encodes bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes the canonical spelling only; anything else is `None`.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
