//! SHA-256 as RFC 6962 uses it: leaves and inner nodes are hashed with different first bytes, so that
//! neither can be passed off as the other. No other hash function is spoken here.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256, digest};

use crate::base64;

/// Bytes in a hash.
pub const HASH_BYTES: usize = 32;

/// The root of a tree without leaves: SHA-256 of nothing (RFC 6962, section 2.1).
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

const LEAF_PREFIX: u8 = 0x00;
const NODE_PREFIX: u8 = 0x01;

/// A SHA-256 digest: of a leaf, of an inner node, or of some sealed content.
///
/// Written as 64 lower-case hexadecimal digits; the C2SP formats write it in base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; HASH_BYTES]);

/// Text that is not a hash in the spelling asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 hash")]
pub struct HashError;

/// SHA-256 of `bytes`, without a prefix.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash {
    of(digest(&SHA256, bytes).as_ref())
}

/// The hash of an entry as a leaf: SHA-256(0x00 || entry), RFC 6962 section 2.1.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[LEAF_PREFIX]);
    context.update(entry);
    of(context.finish().as_ref())
}

/// The hash of an inner node: SHA-256(0x01 || left || right), RFC 6962 section 2.1.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [NODE_PREFIX; 1 + 2 * HASH_BYTES];
    let (_, children) = bytes.split_at_mut(1);
    let (first, second) = children.split_at_mut(HASH_BYTES);
    first.copy_from_slice(&left.0);
    second.copy_from_slice(&right.0);
    sha256(&bytes)
}

impl Hash {
    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// Exactly 32 bytes as a hash.
    ///
    /// # Errors
    /// [`HashError`] for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, HashError> {
        bytes.try_into().map(Self).map_err(|_| HashError)
    }

    /// 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.hex_digits().into_iter().map(char::from).collect()
    }

    /// Reads 64 lower-case hexadecimal digits; upper case is refused, so that a hash has one spelling.
    ///
    /// # Errors
    /// [`HashError`] for anything else.
    pub fn from_hex(text: &[u8]) -> Result<Self, HashError> {
        if text.len() != 2 * HASH_BYTES {
            return Err(HashError);
        }
        let mut hash = [0; HASH_BYTES];
        for (byte, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
            let &[high, low] = pair else {
                return Err(HashError);
            };
            *byte = nibble(high)? << 4 | nibble(low)?;
        }
        Ok(Self(hash))
    }

    /// Standard base64 with padding (RFC 4648, section 4), as checkpoints and proofs write it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        base64::encode(&self.0)
    }

    /// Reads the canonical base64 of 32 bytes.
    ///
    /// # Errors
    /// [`HashError`] for anything else.
    pub fn from_base64(text: &str) -> Result<Self, HashError> {
        Self::from_slice(&base64::decode(text).ok_or(HashError)?)
    }

    /// The 64 digits; the entry encoder's inner loop, hence without growing a buffer byte by byte.
    pub(crate) fn hex_digits(&self) -> [u8; 2 * HASH_BYTES] {
        let mut digits = [0; 2 * HASH_BYTES];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        digits
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        Self::from_hex(text.as_bytes())
    }
}

impl From<[u8; HASH_BYTES]> for Hash {
    fn from(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }
}

fn of(digest: &[u8]) -> Hash {
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(digest);
    Hash(hash)
}

const fn digit(value: u8) -> u8 {
    value + if value < 10 { b'0' } else { b'a' - 10 }
}

fn nibble(digit: u8) -> Result<u8, HashError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(HashError),
    }
}
