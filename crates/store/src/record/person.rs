//! People and their credentials. Names and addresses are sealed by the person's own key; credentials by a key apart.

use serde::{Deserialize, Serialize};
use trial::ids::{KeyId, PersonId};

use super::{Put, Record, factor::SECOND_FACTOR};
use crate::{backend::values, error::Result, password::About};

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonRecord {
    pub name: String,
    pub email: String,
    pub sign_in: String,
    pub sign_in_tag: [u8; 32],
    pub active: bool,
    /// The enrolment link that was made last. Whether it still waits is in the table.
    pub enrolment: Option<PendingEnrolment>,
    pub key: KeyId,
    pub secret_key: KeyId,
}

/// An enrolment link that waits for its person.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PendingEnrolment {
    /// Hash of its one-time token.
    pub tag: [u8; 32],
    /// When it ends, in microseconds since 1970.
    pub end: i64,
    /// Who made it; `None`: it came with the founding.
    pub by: Option<PersonId>,
    /// A keyed hash of the code with which another administrator released it.
    pub release: Option<[u8; 32]>,
}

impl PersonRecord {
    /// What others know of this person.
    pub(crate) fn about<'a>(&'a self, organization: &'a str) -> About<'a> {
        About { sign_in: &self.sign_in, name: &self.name, email: &self.email, organization }
    }
}

impl Record for PersonRecord {
    const KIND: &'static str = "person";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        let pending = self.enrolment.as_ref();
        let (tag, end) = (pending.map(|pending| &pending.tag), pending.map(|pending| pending.end));
        put.db.write(
            "INSERT INTO person (id, sign_in_tag, active, enrolled, code, second_factor, enrolment_tag, enrolment_end,
                                 version, credential, key, secret_key)
             VALUES (?1, ?2, ?3, 0, 0, 0, ?4, ?5, ?6, 0, ?7, ?8)
             ON CONFLICT (id) DO UPDATE SET sign_in_tag = excluded.sign_in_tag, active = excluded.active,
                 enrolment_tag = excluded.enrolment_tag, enrolment_end = excluded.enrolment_end, version = excluded.version",
            values![
                put.key,
                &self.sign_in_tag,
                self.active,
                tag,
                end,
                put.version,
                &self.key,
                &self.secret_key
            ],
        )?;
        Ok(())
    }
}

/// What proves a person: an Argon2id verifier (PHC string), the secret of an authenticator app, and recovery codes.
#[derive(Clone, Serialize, Deserialize, zeroize::ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialRecord {
    pub password: String,
    /// RFC 6238 secret, and whether a code from it has been shown.
    pub totp: Option<Vec<u8>>,
    /// Others may know the password: the next sign-in asks for a new one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub renew: bool,
    /// When this password was chosen, in microseconds since 1970.
    #[serde(default)]
    pub chosen: i64,
    /// Verifiers of the passwords before it, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<String>,
    /// Keyed hashes of the recovery codes that are left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery: Vec<[u8; 32]>,
    /// Who they are at an OpenID provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[zeroize(skip)]
    pub linked: Option<LinkedAccount>,
}

/// An account at an OpenID provider whose sign-in stands for this person's password.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkedAccount {
    /// `iss` and `sub` of its ID tokens (OpenID Connect Core 1.0, 2): together they are never another's.
    pub issuer: String,
    pub subject: String,
    /// A keyed hash of both, to find it by.
    pub tag: [u8; 32],
    /// Microseconds since 1970.
    pub since: i64,
}

/// Former passwords that are kept, so that they do not come back: as many as a policy may ask for.
pub(crate) const FORMER_MAX: usize = 24;

impl CredentialRecord {
    /// Another password, chosen at `at` (microseconds since 1970).
    pub(crate) fn choose(&mut self, verifier: &str, at: i64) {
        let old = std::mem::replace(&mut self.password, verifier.to_owned());
        self.former.insert(0, old);
        self.former.truncate(FORMER_MAX);
        self.chosen = at;
        self.renew = false;
    }

    /// The same with something changed.
    pub(crate) fn but(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut new = self.clone();
        change(&mut new);
        new
    }
}

impl Record for CredentialRecord {
    const KIND: &'static str = "credential";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        // Setting a credential uses up the enrolment.
        put.db.write(
            "UPDATE person SET enrolled = 1, code = ?2, credential = ?3, provider_tag = ?4, enrolment_tag = NULL,
                 enrolment_end = NULL
             WHERE id = ?1",
            values![put.key, self.totp.is_some(), put.version, self.linked.as_ref().map(|account| &account.tag)],
        )?;
        put.db.write(SECOND_FACTOR, values![put.key])?;
        Ok(())
    }
}
