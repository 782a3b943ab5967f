//! Single sign-on: an organization names its OpenID provider, and people link the account that they have there. From then
//! on a sign-in there stands for their password when a session begins, and for nothing else: second factor, step-up,
//! roles and duties are as for everybody. Only whoever is signed in links an account, so no name or mail address that a
//! provider tells opens anybody's.

use serde::{Deserialize, Serialize};
use trial::{ids::PersonId, policy::Setting};

use crate::{
    acts::OpenSession,
    assurance::Factor,
    backend::values,
    error::{Error, Result},
    key::KeyRing,
    organization::Organization,
    record::{CredentialRecord, ProviderRecord},
    session,
    sign_in::{Beside, SignIn},
    view::Snapshot,
};

/// An organization's OpenID provider (OpenID Connect Core 1.0).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, zeroize::ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// As people know it.
    pub name: String,
    /// Its issuer identifier, as its ID tokens have it.
    pub issuer: String,
    /// How it knows this installation.
    pub client_id: String,
    /// By which this installation proves itself to it.
    pub client_secret: String,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Who somebody is at a provider. Made only of an ID token that was checked.
#[derive(Debug, Clone)]
pub struct Proved {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
}

impl Proved {
    /// A keyed hash, under which their account is found.
    pub(crate) fn tag(&self, ring: &KeyRing) -> [u8; 32] {
        ring.tag("provider", &format!("{}\n{}", self.issuer, self.subject))
    }
}

impl Organization {
    /// The provider by whose sign-in people may sign in.
    ///
    /// # Errors
    /// What reading fails with.
    pub fn provider(&self) -> Result<Option<Provider>> {
        self.reading(current)
    }

    /// Signs in whoever linked this account. `token` is a fresh random secret of the caller's. Failures of passwords do not
    /// make it wait; codes that do not fit do.
    ///
    /// # Errors
    /// Refused where nobody linked it; `TooFast` while codes come too fast.
    pub fn sign_in_with_provider(
        &self,
        proved: &Proved,
        code: Option<&str>,
        client: Option<&str>,
        token: &str,
    ) -> Result<SignIn> {
        let provider = self.provider()?.filter(|provider| provider.issuer == proved.issuer);
        let known = provider.map(|_| self.linked(proved)).transpose()?.flatten();
        let Some((person, credential)) = known else {
            return Err(Error::refused(
                "provider",
                "unknown",
                "no account here is linked to the one that you signed in with: sign in with your password, and link it on \
                 the page of your account",
            ));
        };
        // Only whoever has signed in there can guess codes here, and nobody else's guesses make them wait.
        let throttle_tag = self.shared().ring.tag("throttle_provider", &person.to_string());
        if code.is_some() {
            self.wait_over(&throttle_tag)?;
        }
        let second = match self.beside(person, &credential, code, (throttle_tag, client))? {
            Beside::Shown(second) => second,
            Beside::Wanted(wanted) => return Ok(wanted),
        };
        let open = OpenSession {
            person,
            token_tag: session::tag(token),
            throttle_tag: second.is_some().then_some(throttle_tag),
            first: Some(Factor::Provider),
            second,
            renewed: None,
            client: client.map(str::to_owned),
        };
        self.open_session(open).map(SignIn::Open)
    }

    /// Refuses to begin a session otherwise than by the provider, for somebody who has to: their organization's own rules
    /// about an account there, its end among them, hold here then. Where the organization names no provider any more, nobody
    /// is kept out.
    pub(crate) fn other_than_provider(&self, person: PersonId) -> Result<()> {
        if !self.policy_of(person)?.is_on(Setting::ProviderAlone) {
            return Ok(());
        }
        let provider = self.reading(|snapshot| {
            let linked =
                snapshot.current::<CredentialRecord>(&person)?.and_then(|(_, credential)| credential.linked.clone());
            let provider = current(snapshot)?;
            Ok(provider.filter(|provider| linked.is_some_and(|account| account.issuer == provider.issuer)))
        })?;
        match provider {
            None => Ok(()),
            Some(provider) => Err(Error::refused(
                "provider",
                "alone",
                format!("where you work, whoever linked an account at {} signs in there: choose that", provider.name),
            )),
        }
    }

    fn linked(&self, proved: &Proved) -> Result<Option<(PersonId, CredentialRecord)>> {
        let tag = proved.tag(&self.shared().ring);
        self.reading(|snapshot| {
            let sql = "SELECT id FROM person WHERE provider_tag = ?1 AND active = 1 AND enrolled = 1";
            let Some(person) = snapshot.db.one(sql, values![&tag], |row| row.id::<PersonId>(0))? else {
                return Ok(None);
            };
            Ok(snapshot.current::<CredentialRecord>(&person)?.map(|(_, credential)| (person, credential)))
        })
    }
}

/// The provider as it is set now.
pub(crate) fn current(snapshot: &Snapshot<'_>) -> Result<Option<Provider>> {
    let found = snapshot.current::<ProviderRecord>(&snapshot.organization)?;
    Ok(found.and_then(|(_, record)| record.provider))
}
