//! Keys and sealing.
//!
//! ```text
//! root key (a file, or on a token) ── wraps ──> organization key ── wraps ──> study key ── wraps ──> subject keys
//!                                        ├────────── wraps ──> person keys, secret keys
//!                                        └────────── wraps ──> database key (opens the SQLCipher file, or the schema's role)
//! ```
//! A destroyed key cannot be had again, and what it sealed cannot be read: that is how a person is erased.
//! No setting turns any of this off.

mod files;
mod place;
mod ring;
mod root;
mod seal;
mod token;

pub use place::{RootKeyPlace, TokenKey};

pub(crate) use files::{KeyFile, rename, replace, write_new};
pub(crate) use ring::{KeyRing, Purpose};
pub(crate) use root::RootKey;
pub(crate) use seal::{Cell, SealKey, sealed_key_id};
