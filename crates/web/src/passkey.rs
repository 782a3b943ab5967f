//! Passkeys as browsers speak of them: what is asked, for which host, and reading what comes back. Whether it holds is the
//! store's to say.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::hmac;
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Error, Made, Used};
use utoipa::ToSchema;

use crate::{error::Problem, mark, state::AppState};

/// How long a challenge may be answered.
const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_mins(2);
/// Answered challenges remembered, so that none is answered twice; beyond it the oldest are forgotten.
const ANSWERED_MAX: usize = 100_000;
/// Bytes of a challenge: when it was made, chance, and a mark that it is ours.
const MADE: usize = 8;
const CHANCE: usize = 16;
const MARK: usize = 24;

/// Challenges of this server. What is out need not be remembered, for each bears our mark: nobody can fill a list by asking,
/// and keep others from signing in.
pub(crate) struct Challenges {
    mark: hmac::Key,
    answered: Mutex<HashMap<Vec<u8>, Timestamp>>,
}

impl Challenges {
    /// With a mark of its own.
    pub(crate) fn new() -> Self {
        Challenges { mark: mark::fresh(), answered: Mutex::default() }
    }

    /// A new one.
    pub(crate) fn fresh(&self, now: Timestamp) -> store::Result<Vec<u8>> {
        let mut challenge = now.as_microsecond().to_be_bytes().to_vec();
        let mut chance = [0; CHANCE];
        aws_lc_rs::rand::fill(&mut chance).map_err(Error::fault)?;
        challenge.extend_from_slice(&chance);
        let mark = hmac::sign(&self.mark, &challenge);
        challenge.extend_from_slice(mark.as_ref().get(..MARK).unwrap_or_default());
        Ok(challenge)
    }

    /// Takes an answered one: `false` where it is not ours, too old, or was answered before.
    fn take(&self, challenge: &[u8], now: Timestamp) -> bool {
        let Some((said, mark)) = challenge.split_at_checked(MADE + CHANCE) else { return false };
        let ours = hmac::sign(&self.mark, said);
        if !store::same(ours.as_ref().get(..MARK).unwrap_or_default(), mark) {
            return false;
        }
        let made = said.first_chunk::<MADE>().map(|made| store::instant(i64::from_be_bytes(*made)));
        let lasts = |made: &Timestamp| now.duration_since(*made) < ANSWERED_WITHIN;
        let Some(made) = made.filter(lasts) else { return false };
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.retain(|_, made| lasts(made));
        if answered.len() >= ANSWERED_MAX {
            answered.clear();
        }
        answered.insert(challenge.to_vec(), made).is_none()
    }
}

/// The host and origin by which a browser knows this server: passkeys are for one host.
#[derive(Debug, Clone)]
pub struct Host {
    /// The host name, without its port.
    pub name: String,
    /// The address of this server, as that browser has it.
    pub origin: String,
}

impl Host {
    /// Whether passkeys work here: a browser makes none for an address in figures.
    #[must_use]
    pub fn takes_passkeys(&self) -> bool {
        self.name.parse::<std::net::IpAddr>().is_err() && !self.name.starts_with('[')
    }

    /// What a browser that answers must have been asked; `None` where that is not known any more.
    pub(crate) fn asked(&self, state: &AppState, client_data: &[u8]) -> Option<store::Challenge> {
        let said: Said = serde_json::from_slice(client_data).ok()?;
        let bytes = URL_SAFE_NO_PAD.decode(said.challenge).ok()?;
        let taken = state.challenges().take(&bytes, state.now());
        taken.then(|| store::Challenge { bytes, host: self.name.clone(), origin: self.origin.clone() })
    }
}

/// What is read of the client data before it is checked: which challenge it answers.
#[derive(Deserialize)]
struct Said {
    challenge: String,
}

impl FromRequestParts<AppState> for Host {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let text = |name| parts.headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
        // The guard has seen that we answer to it.
        let host = text(header::HOST).or_else(|| parts.uri.authority().map(axum::http::uri::Authority::as_str));
        let host = host.ok_or_else(|| Problem::malformed("the request names no host"))?;
        // Where something before us speaks TLS, only the browser knows that it does.
        let behind = text(header::ORIGIN).is_some_and(|origin| origin.strip_prefix("https://") == Some(host));
        let scheme = if state.settings().tls || behind { "https" } else { "http" };
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let name = name.map_or(host, |(name, _)| name).to_lowercase();
        Ok(Host { name, origin: format!("{scheme}://{}", host.to_lowercase()) })
    }
}

/// A challenge for a passkey.
#[derive(Serialize, ToSchema)]
pub(crate) struct Asking {
    /// To be signed within two minutes, in base64url.
    pub(crate) challenge: String,
    /// The relying party's id.
    pub(crate) host: String,
    /// Algorithms that are taken, by COSE number.
    pub(crate) algorithms: [i64; 3],
}

impl Asking {
    /// A new one.
    pub(crate) fn new(state: &AppState, host: Host) -> store::Result<Self> {
        let challenge = URL_SAFE_NO_PAD.encode(state.challenges().fresh(state.now())?);
        Ok(Asking { challenge, host: host.name, algorithms: store::ALGORITHMS })
    }
}

/// A passkey that was just made: what the browser gives, in base64url.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    /// As its owner calls it.
    pub name: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `attestationObject`.
    pub attestation: String,
}

impl NewPasskey {
    /// The bytes.
    ///
    /// # Errors
    /// Refused where it is no base64url.
    pub fn made(&self) -> store::Result<Made> {
        Ok(Made { client_data: bytes(&self.client_data)?, attestation: bytes(&self.attestation)? })
    }
}

/// A passkey that was used: what the browser gives, in base64url.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsedPasskey {
    /// `rawId`.
    pub credential: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `authenticatorData`.
    pub authenticator_data: String,
    /// `signature`.
    pub signature: String,
    /// `userHandle`.
    #[serde(default)]
    pub user: String,
}

impl UsedPasskey {
    /// The bytes.
    ///
    /// # Errors
    /// Refused where it is no base64url.
    pub fn used(&self) -> store::Result<Used> {
        Ok(Used {
            credential: bytes(&self.credential)?,
            client_data: bytes(&self.client_data)?,
            authenticator_data: bytes(&self.authenticator_data)?,
            signature: bytes(&self.signature)?,
            user: bytes(&self.user)?,
        })
    }
}

fn bytes(text: &str) -> store::Result<Vec<u8>> {
    let unreadable =
        |_| Error::refused("passkey", "format", "what the browser sent of the passkey cannot be read: try again");
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(unreadable)
}

/// Bytes as pages and programs read them.
pub(crate) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_answered_once_within_two_minutes_and_only_if_ours() -> store::Result<()> {
        let (challenges, now) = (Challenges::new(), store::instant(1_795_302_355_000_000));
        let later = |seconds| now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
        let challenge = challenges.fresh(now)?;
        assert!(challenges.take(&challenge, later(119)));
        assert!(!challenges.take(&challenge, later(119)), "twice");
        assert!(!challenges.take(&challenges.fresh(now)?, later(120)), "late");
        assert!(!challenges.take(&Challenges::new().fresh(now)?, now), "another server's");
        let mut changed = challenges.fresh(now)?;
        if let Some(byte) = changed.get_mut(9) {
            *byte ^= 1;
        }
        assert!(!challenges.take(&changed, now) && !challenges.take(&[], now));
        Ok(())
    }
}
