//! The store: the only crate that speaks SQL and holds keys.
//!
//! Stored data is changed only by an [`Act`] and read only by a [`View`]. Both find where the record lies from stored
//! rows, decide, and proceed in one transaction; an act commits only by consuming its access proof and appending its
//! entry to a ledger. Everything is synchronous: an act cannot be half-cancelled by a closed connection.
//!
//! It refuses a way in or out beside its two doors, and a setting that turns encryption off.

mod act;
mod actor;
pub mod acts;
mod assurance;
mod backend;
mod client;
mod configuration;
mod core;
mod definitions;
mod dormant;
mod drill;
mod enrolment;
mod error;
mod fresh;
mod home;
mod installation;
mod key;
mod log;
mod named;
pub mod operator_file;
mod organization;
mod own_account;
mod passkey;
mod password;
mod place;
mod provider;
mod readers;
mod rebuild;
mod record;
mod recovery;
mod relocate;
mod root_change;
mod rules;
mod same;
mod server_file;
mod session;
mod shared;
mod sign_in;
mod signing;
mod spool;
mod throttle;
mod time;
mod totp;
mod tx;
mod verify;
mod view;
pub mod views;
mod writer;

pub use act::Act;
pub use actor::{Access, Actor};
pub use acts::spent_enrolment;
pub use assurance::{Factor, Freshness, STEP_UP};
pub use backend::PostgresCertificate;
pub use client::TOKEN_PREFIX;
pub use definitions::{Defined, current_version};
pub use drill::{Harm, Part};
pub use enrolment::{EnrolledWith, Enrolment, Entering, GivenProof, NewCredentials, NewFactor};
pub use error::{Error, Refusal, Result};
pub use installation::{FirstAdministrator, Installation};
pub use key::{RootKeyPlace, TokenKey};
pub use organization::Organization;
pub use own_account::Confirmation;
pub use passkey::{ALGORITHMS, Challenge, Made, PASSKEYS_MAX, Used, unknown as unknown_passkey, user_handle, user_of};
pub use password::AT_ONCE as PASSWORDS_AT_ONCE;
pub use place::Target;
pub use provider::{Proved, Provider};
pub use rebuild::Rebuilt;
pub use record::{AgreementKind, RequestState, SecurityEvent, Shown};
pub use recovery::RECOVERY_CODES;
pub use relocate::Moved;
pub use same::same;
pub use session::{IDLE, LIFETIME, Presence, SESSIONS_MAX, SessionShown, SignedIn};
pub use sign_in::{Attempt, SignIn, refuse_stranger, too_fast};
pub use spool::Spool;
pub use throttle::{FREE_FAILURES, WAIT_MAX, wait};
pub use time::{Clock, instant, micros, stamp};
pub use totp::{TOTP_SECRET_BYTES, code_at};
pub use tx::{PutRecord, Receipt, Tx};
pub use verify::{LedgerVerified, Verified};
pub use view::{Snapshot, View};

/// The SHA-256 of a token, as acts that store one take it.
#[must_use]
pub fn token_tag(token: &str) -> [u8; 32] {
    session::tag(token)
}

/// A new secret token: 32 random bytes, base64url without padding (RFC 4648 5).
///
/// # Errors
/// A fault where the machine gives no randomness.
pub fn fresh_token() -> Result<String> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(&mut *bytes).map_err(Error::fault)?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes))
}

/// A new second-factor secret.
///
/// # Errors
/// A fault where the machine gives no randomness.
pub fn fresh_totp_secret() -> Result<[u8; TOTP_SECRET_BYTES]> {
    let mut secret = [0; TOTP_SECRET_BYTES];
    aws_lc_rs::rand::fill(&mut secret).map_err(Error::fault)?;
    Ok(secret)
}

#[cfg(doctest)]
#[doc = include_str!("../tests/refused/doors.md")]
mod refused {}
