//! People and their credentials. Names and addresses are sealed by the person's own key; credentials by a key apart.

use serde::{Deserialize, Serialize};
use trial::ids::KeyId;

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
    /// Hash of the one-time enrolment token, and when it ends (microseconds since 1970).
    pub enrolment: Option<([u8; 32], i64)>,
    pub key: KeyId,
    pub secret_key: KeyId,
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
        let (tag, end) = self.enrolment.as_ref().map_or((None, None), |(tag, end)| (Some(tag), Some(*end)));
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
    /// Keyed hashes of the recovery codes that are left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery: Vec<[u8; 32]>,
}

impl CredentialRecord {
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
            "UPDATE person SET enrolled = 1, code = ?2, credential = ?3, enrolment_tag = NULL, enrolment_end = NULL
             WHERE id = ?1",
            values![put.key, self.totp.is_some(), put.version],
        )?;
        put.db.write(SECOND_FACTOR, values![put.key])?;
        Ok(())
    }
}
