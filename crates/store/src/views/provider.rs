//! The organization's OpenID provider: for whoever sets it, and for whoever signs in by it.

use jiff::Timestamp;
use serde::Serialize;
use trial::{access::Scope, permission::Permission};

use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    error::Result,
    place::Target,
    provider,
    record::CredentialRecord,
    time,
    view::{Snapshot, View},
};

/// The provider by whose sign-in people may sign in.
#[derive(Debug)]
pub struct ShowProvider {}

/// A provider, without its secret.
#[derive(Debug, Clone, Serialize)]
pub struct ProviderShown {
    /// As people know it.
    pub name: String,
    /// Its issuer identifier.
    pub issuer: String,
    /// How it knows this installation.
    pub client_id: String,
    /// How many people have linked an account.
    pub linked: u64,
}

impl View for ShowProvider {
    const NAME: &'static str = "view.provider";
    const NEEDS: Permission = Permission::PolicySet;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Option<ProviderShown>;

    fn target(&self) -> Target {
        Target::Scope(Scope::Organization)
    }

    fn read(&self, snapshot: &Snapshot<'_>, _: &Access) -> Result<Option<ProviderShown>> {
        let Some(provider) = provider::current(snapshot)? else { return Ok(None) };
        let linked = "SELECT count(*) FROM person WHERE provider_tag IS NOT NULL AND active = 1";
        Ok(Some(ProviderShown {
            name: provider.name.clone(),
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            linked: snapshot.db.one(linked, values![], |row| row.size(0))?.unwrap_or(0),
        }))
    }

    fn count(shown: &Option<ProviderShown>) -> u64 {
        u64::from(shown.is_some())
    }
}

/// The provider by whose sign-in one may sign in oneself.
#[derive(Debug)]
pub struct MyProvider {}

/// What one has to know of it.
#[derive(Debug, Clone, Serialize)]
pub struct MyProviderShown {
    /// As people know it.
    pub name: String,
    /// Since when one's account there is linked; `None`: it is not.
    pub linked: Option<Timestamp>,
}

impl View for MyProvider {
    const NAME: &'static str = "view.my_provider";
    const NEEDS: Permission = Permission::OwnAccount;
    const FRESH: Freshness = Freshness::Session;
    const RECORDED: bool = false;
    type Shown = Option<MyProviderShown>;

    fn target(&self) -> Target {
        Target::Own
    }

    fn read(&self, snapshot: &Snapshot<'_>, access: &Access) -> Result<Option<MyProviderShown>> {
        let Some(provider) = provider::current(snapshot)? else { return Ok(None) };
        let credential = snapshot.current::<CredentialRecord>(&access.person()?)?;
        let account = credential.as_ref().and_then(|(_, credential)| credential.linked.as_ref());
        let account = account.filter(|account| account.issuer == provider.issuer);
        let linked = account.map(|account| time::instant(account.since));
        Ok(Some(MyProviderShown { name: provider.name.clone(), linked }))
    }

    fn count(shown: &Option<MyProviderShown>) -> u64 {
        u64::from(shown.is_some())
    }
}
