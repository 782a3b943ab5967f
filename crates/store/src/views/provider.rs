//! The organization's OpenID provider, for whoever sets it.

use serde::Serialize;
use trial::{access::Scope, permission::Permission};

use crate::{
    actor::Access,
    assurance::Freshness,
    backend::values,
    error::Result,
    place::Target,
    provider,
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
        let linked = "SELECT count(*) FROM person WHERE identity_tag IS NOT NULL AND active = 1";
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
