//! Single sign-on: the organization's OpenID provider, and one's own account there.

use std::sync::Arc;

use serde::Serialize;
use trial::{access::Scope, limit, permission::Permission, policy::Setting};

use crate::{
    act::Act,
    actor::Access,
    acts::{
        factor::changed,
        person::set_credential,
        security_event::{self, Happened},
    },
    assurance::Freshness,
    backend::values,
    error::{Error, Result},
    place::Target,
    provider::{Proved, Provider},
    record::{CredentialRecord, LinkedAccount, ProviderRecord, SecurityEvent},
    time,
    tx::Tx,
};

/// An issuer, a client's id or its secret, in bytes.
pub const PROVIDER_BYTES_MAX: usize = 512;
/// `sub`, in characters of ASCII (OpenID Connect Core 1.0, 2).
const SUBJECT_BYTES_MAX: usize = 255;

/// Names the provider by whose sign-in people may sign in, in place of the one before. Links to accounts at another
/// issuer open nothing as long as it is not named again.
#[derive(Serialize)]
pub struct SetProvider {
    /// As people know it.
    pub name: String,
    /// Its issuer identifier: one of those that are allowed.
    pub issuer: String,
    /// Those that the server's operator allows: no organization makes the server ask an address of its choice.
    pub allowed: Vec<String>,
    /// How it knows this installation.
    pub client_id: String,
    /// By which this installation proves itself to it; `None`: as before.
    pub client_secret: Option<String>,
}

impl Act for SetProvider {
    const NAME: &'static str = "provider.set";
    const NEEDS: Permission = Permission::PolicySet;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Scope(Scope::Organization)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        if !self.allowed.contains(&self.issuer) {
            let why = if self.allowed.is_empty() {
                "the operator of this server allows no provider: ask them to start it with --identity-provider"
            } else {
                "choose one of the providers that the operator of this server allows"
            };
            return Err(Error::refused("issuer", "not_allowed", why));
        }
        let before = tx.current::<ProviderRecord>(&tx.organization)?.and_then(|(_, record)| record.provider);
        let secret = match (&self.client_secret, &before) {
            (Some(secret), _) => secret.clone(),
            (None, Some(before)) if before.issuer == self.issuer => before.client_secret.clone(),
            (None, _) => return Err(Error::refused("client_secret", "needed", "paste the secret of this client")),
        };
        let provider = Provider {
            name: limit::text("name", &self.name, limit::NAME_BYTES_MAX)?,
            issuer: limit::text("issuer", &self.issuer, PROVIDER_BYTES_MAX)?,
            client_id: limit::text("client_id", &self.client_id, PROVIDER_BYTES_MAX)?,
            client_secret: limit::text("client_secret", &secret, PROVIDER_BYTES_MAX)?,
        };
        put(tx, access, Some(provider))
    }
}

/// Ends single sign-on: nobody signs in by a provider any more.
#[derive(Debug, Serialize)]
pub struct EndProvider {}

impl Act for EndProvider {
    const NAME: &'static str = "provider.end";
    const NEEDS: Permission = Permission::PolicySet;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Scope(Scope::Organization)
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let found = tx.current::<ProviderRecord>(&tx.organization)?;
        if found.is_none_or(|(_, record)| record.provider.is_none()) {
            return Err(Error::Conflict { message: "there is none".into(), current: None });
        }
        put(tx, access, None)
    }
}

fn put(tx: &mut Tx<'_>, access: &Access, provider: Option<Provider>) -> Result<()> {
    let organization = tx.organization;
    let version = tx.current::<ProviderRecord>(&organization)?.map_or(0, |(version, _)| version);
    let top = Arc::clone(tx.ring.top());
    tx.put(&organization, version.saturating_add(1), &ProviderRecord { provider, by: access.person()? }, &top)
}

/// Links one's own account at the organization's provider, in place of one that was linked before.
#[derive(Debug, Serialize)]
pub struct LinkProvider {
    /// `iss` of the ID token that proved it.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
}

impl Act for LinkProvider {
    const NAME: &'static str = "account.link_provider";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        let provider = tx.current::<ProviderRecord>(&tx.organization)?.and_then(|(_, record)| record.provider);
        if provider.is_none_or(|provider| provider.issuer != self.issuer) {
            return Err(Error::refused("provider", "changed", "this is not your organization’s provider any more"));
        }
        let subject = limit::text("subject", &self.subject, SUBJECT_BYTES_MAX)?;
        let tag = Proved { issuer: self.issuer.clone(), subject: subject.clone() }.tag(tx.ring);
        let other = "SELECT 1 FROM person WHERE provider_tag = ?1 AND id <> ?2";
        if tx.db.one(other, values![&tag, &person], |_| Ok(()))?.is_some() {
            return Err(Error::refused("provider", "taken", "somebody else’s account here is linked to it already"));
        }
        let account = LinkedAccount { issuer: self.issuer.clone(), subject, tag, since: time::micros(tx.at()) };
        changed(tx, access, None)?;
        let (_, old) = tx.current::<CredentialRecord>(&person)?.ok_or(Error::Hidden)?;
        set_credential(tx, person, |_| old.but(|credential| credential.linked = Some(account)))?;
        security_event::note(tx, person, Happened::told(SecurityEvent::ProviderLinked))
    }
}

/// Ends the link to one's own account at a provider.
#[derive(Debug, Serialize)]
pub struct UnlinkProvider {}

impl Act for UnlinkProvider {
    const NAME: &'static str = "account.unlink_provider";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Own
    }

    fn apply(&self, tx: &mut Tx<'_>, access: &Access) -> Result<()> {
        let person = access.person()?;
        let (_, old) = tx.current::<CredentialRecord>(&person)?.ok_or(Error::Hidden)?;
        if old.linked.is_none() {
            return Err(Error::Conflict { message: "nothing is linked".into(), current: None });
        }
        if access.own_policy()?.is_on(Setting::ProviderAlone) {
            return Err(Error::refused(
                "provider",
                "alone",
                "where you work, whoever linked an account signs in by it alone: ask an administrator to change that setting first",
            ));
        }
        changed(tx, access, None)?;
        set_credential(tx, person, |_| old.but(|credential| credential.linked = None))?;
        security_event::note(tx, person, Happened::told(SecurityEvent::ProviderUnlinked))
    }
}
