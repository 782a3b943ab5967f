//! Passkeys (W3C Web Authentication Level 3), as a relying party checks them: discoverable, their user verified, so that
//! one alone is two factors. Where an authenticator comes from is not asked (attestation “none”). Nothing here knows HTTP.

mod cbor;
mod key;

use jiff::Timestamp;
use serde::Deserialize;
use trial::ids::{Id as _, OrganizationId, PasskeyId, PersonId};

use self::cbor::Item;
pub use self::key::ALGORITHMS;
pub(crate) use self::key::PublicKey;
use crate::{
    backend::{Connection, values},
    error::{Error, Result},
    time,
};

/// The domain of the keyed hash by which a passkey is found.
pub(crate) const CREDENTIAL: &str = "passkey";
/// Passkeys of one person.
pub const PASSKEYS_MAX: usize = 10;
/// Bytes of a credential id (WebAuthn 4).
const CREDENTIAL_BYTES_MAX: usize = 1023;
/// Bytes of anything that a browser sends of a passkey.
const SENT_BYTES_MAX: usize = 16 * 1024;

/// Flags of authenticator data (WebAuthn 6.1).
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// What a passkey must have been asked, and by whom.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// The random bytes that were sent. Whoever made them lets each be answered once.
    pub bytes: Vec<u8>,
    /// The relying party: this server's host name.
    pub host: String,
    /// The origin of our pages: scheme, host and port.
    pub origin: String,
}

/// A passkey that was just made, as the browser tells it.
#[derive(Debug, Clone)]
pub struct Made {
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `attestationObject`.
    pub attestation: Vec<u8>,
}

/// A passkey that was used, as the browser tells it.
#[derive(Debug, Clone)]
pub struct Used {
    /// The credential's id.
    pub credential: Vec<u8>,
    /// `clientDataJSON`.
    pub client_data: Vec<u8>,
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The user handle, which discoverable credentials give.
    pub user: Vec<u8>,
}

/// What registering gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    pub id: Vec<u8>,
    pub key: PublicKey,
    pub counter: u32,
    /// Whether its authenticator keeps copies elsewhere.
    pub copied: bool,
}

/// The user handle of a person: says nothing of who they are, and where to find them.
#[must_use]
pub fn user_handle(organization: OrganizationId, person: PersonId) -> [u8; 32] {
    let mut handle = [0; 32];
    let (front, back) = handle.split_at_mut(16);
    front.copy_from_slice(organization.bytes());
    back.copy_from_slice(person.bytes());
    handle
}

/// The organization and the person that a user handle names.
#[must_use]
pub fn user_of(handle: &[u8]) -> Option<(OrganizationId, PersonId)> {
    let (organization, person) = handle.split_at_checked(16)?;
    Some((OrganizationId::from_bytes(organization.try_into().ok()?), PersonId::from_bytes(person.try_into().ok()?)))
}

impl Made {
    /// Checks a new passkey (WebAuthn 7.1).
    pub(crate) fn check(&self, challenge: &Challenge) -> Result<Credential> {
        self.credential(challenge).ok_or_else(|| {
            Error::refused(
                "passkey",
                "not_made",
                "this passkey could not be taken: begin again, with a device that asks for your finger, face or PIN",
            )
        })
    }

    fn credential(&self, challenge: &Challenge) -> Option<Credential> {
        if self.client_data.len() > SENT_BYTES_MAX || self.attestation.len() > SENT_BYTES_MAX {
            return None;
        }
        client_data_says(&self.client_data, "webauthn.create", challenge).then_some(())?;
        let (attestation, rest) = Item::first(&self.attestation)?;
        // The statement is not looked at: who made the authenticator was not asked.
        let data = attestation.named("authData")?.bytes().filter(|_| rest.is_empty())?;
        let (head, rest) = Head::read(data, challenge)?;
        (head.flags & HAS_CREDENTIAL != 0).then_some(())?;
        let (_aaguid, rest) = rest.split_at_checked(16)?;
        let (length, rest) = rest.split_at_checked(2)?;
        let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
        let (id, rest) = rest.split_at_checked(length).filter(|_| (1..=CREDENTIAL_BYTES_MAX).contains(&length))?;
        let (key, rest) = Item::first(rest)?;
        head.ends_with(rest).then_some(())?;
        let copied = head.flags & BACKED_UP != 0;
        Some(Credential { id: id.to_vec(), key: PublicKey::read(&key)?, counter: head.counter, copied })
    }
}

impl Used {
    /// Checks a use of a passkey (WebAuthn 7.2): what its counter says, or `None` where it is no proof.
    pub(crate) fn check(&self, key: &PublicKey, challenge: &Challenge) -> Option<u32> {
        let sent = [&self.client_data, &self.authenticator_data, &self.signature];
        if sent.iter().any(|part| part.len() > SENT_BYTES_MAX) {
            return None;
        }
        client_data_says(&self.client_data, "webauthn.get", challenge).then_some(())?;
        let (head, rest) = Head::read(&self.authenticator_data, challenge)?;
        head.ends_with(rest).then_some(())?;
        let signed = [self.authenticator_data.as_slice(), &ledger::sha256(&self.client_data).0].concat();
        key.verifies(&signed, &self.signature).then_some(head.counter)
    }
}

/// What authenticator data begins with (WebAuthn 6.1).
struct Head {
    flags: u8,
    counter: u32,
}

impl Head {
    /// Reads it; `None` where it is for another host, or nobody was there, or was not verified.
    fn read<'a>(data: &'a [u8], challenge: &Challenge) -> Option<(Head, &'a [u8])> {
        let (host, rest) = data.split_at_checked(32)?;
        let (flags, rest) = rest.split_first()?;
        let (counter, rest) = rest.split_at_checked(4)?;
        let there = USER_PRESENT | USER_VERIFIED;
        let copies = flags & (BACKUP_ELIGIBLE | BACKED_UP);
        let holds =
            host == ledger::sha256(challenge.host.as_bytes()).0 && flags & there == there && copies != BACKED_UP;
        holds.then_some((Head { flags: *flags, counter: u32::from_be_bytes(counter.try_into().ok()?) }, rest))
    }

    /// Whether nothing follows but what the flags say.
    fn ends_with(&self, rest: &[u8]) -> bool {
        if self.flags & HAS_EXTENSIONS == 0 {
            return rest.is_empty();
        }
        matches!(Item::first(rest), Some((Item::Map(_), [])))
    }
}

/// What a browser signs (WebAuthn 5.8.1). Members that are added later are passed over, as it asks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

fn client_data_says(json: &[u8], kind: &str, challenge: &Challenge) -> bool {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let Ok(said) = serde_json::from_slice::<ClientData>(json) else { return false };
    said.r#type == kind
        && said.challenge == URL_SAFE_NO_PAD.encode(&challenge.bytes)
        && said.origin == challenge.origin
        && !said.cross_origin
        && said.top_origin.is_none()
}

/// A passkey that opens nothing here: unknown, removed, or its answer does not hold. One answer for all.
#[must_use]
pub fn unknown() -> Error {
    Error::refused("passkey", "wrong", "this passkey opens nothing here: choose another, or sign in with your password")
}

/// Notes a use, and refuses one whose counter does not go on: then there are two of that authenticator (WebAuthn 6.1.1).
/// Authenticators that do not count say 0.
pub(crate) fn spend(db: &Connection, passkey: PasskeyId, counter: u32, at: Timestamp) -> Result<()> {
    let taken = db.execute(
        "INSERT INTO passkey_use (passkey, counter, used) VALUES (?1, ?2, ?3)
         ON CONFLICT (passkey) DO UPDATE SET counter = excluded.counter, used = excluded.used
         WHERE passkey_use.counter < excluded.counter OR (passkey_use.counter = 0 AND excluded.counter = 0)",
        values![&passkey, counter, time::micros(at)],
    )?;
    if taken == 0 {
        return Err(Error::refused(
            "passkey",
            "copied",
            "this passkey was used elsewhere since: sign in another way, and remove it from your account",
        ));
    }
    Ok(())
}
