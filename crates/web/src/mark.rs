//! Marks: what this server gave out and gets back bears one that nobody else makes, so that it need not be remembered.

use aws_lc_rs::{hmac, rand::SystemRandom};

/// The key of a mark. It lives as long as the process.
pub(crate) fn fresh() -> hmac::Key {
    hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
        .expect("the library's source of chance never fails: it ends the process instead")
}
