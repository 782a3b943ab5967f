//! Founding an organization.

use serde::Serialize;
use trial::{access::Scope, ids::PersonId, limit, permission::Permission, role::Role, roles::Roles};

use crate::{
    act::Act,
    actor::Access,
    acts::{AddPerson, GiveGrant, agreement, grant, person},
    assurance::Freshness,
    error::{Error, Result},
    key::Purpose,
    place::Target,
    record::{LedgerKeys, OrganizationRecord},
    tx::Tx,
};

/// Founds the organization: its ledger, and the keys that sign it.
#[derive(Debug, Serialize)]
pub struct FoundOrganization {
    /// Its name.
    pub name: String,
    /// Prefix of its ledgers' origins, a schema-less URL such as `probity.example.org/ledger`.
    pub origin: String,
    /// Why people may sign in without a second factor; `None`: they may not.
    pub without_second_factor: Option<String>,
}

impl Act for FoundOrganization {
    const NAME: &'static str = "organization.found";
    const NEEDS: Permission = Permission::OrganizationFound;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Installation
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &Access) -> Result<()> {
        let name = limit::text("name", &self.name, limit::NAME_BYTES_MAX)?;
        if tx.current::<OrganizationRecord>(&tx.organization)?.is_some() {
            return Err(Error::Conflict { message: "this organization is founded already".into(), current: None });
        }
        let why = self.without_second_factor.as_deref();
        let without_second_factor =
            why.map(|why| limit::text("without_second_factor", why, limit::REASON_BYTES_MAX)).transpose()?;
        let ledger = tx.new_id()?;
        let organization = tx.organization;
        let top = std::sync::Arc::clone(tx.ring.top());
        let record =
            OrganizationRecord { name, ledger, origin: format!("{}/{ledger}", self.origin), without_second_factor };
        tx.put(&organization, 1, &record, &top)?;
        // A ledger under a name that no signature can bear could never be checked.
        if let Err(problem) = ledger::signing::Ed25519Signer::from_seed(&record.origin, &[0; 32]) {
            return Err(Error::refused(
                "origin",
                "not_a_name",
                format!("{problem}: give a name such as probity.example.org/ledger"),
            ));
        }
        if self.origin.is_empty() {
            return Err(Error::refused(
                "origin",
                "empty",
                "give the ledgers a name such as probity.example.org/ledger",
            ));
        }
        agreement::first_agreements(tx)?;
        let secret = tx.new_key(Purpose::Secret, None)?;
        let mut keys = LedgerKeys { ed25519: [0; 32], ml_dsa_44: [0; 32] };
        aws_lc_rs::rand::fill(&mut keys.ed25519).map_err(Error::fault)?;
        aws_lc_rs::rand::fill(&mut keys.ml_dsa_44).map_err(Error::fault)?;
        tx.put(&organization, 1, &keys, &secret)
    }
}

/// Adds the first administrator. The operator may do this once; from then on the organization is its own people's.
#[derive(Debug, Serialize)]
pub struct AppointFirst {
    /// Who.
    pub person: AddPerson,
}

impl Act for AppointFirst {
    const NAME: &'static str = "organization.appoint_first";
    const NEEDS: Permission = Permission::OrganizationFound;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Installation
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &Access) -> Result<()> {
        if tx.db.one("SELECT 1 FROM person LIMIT 1", &[], |_| Ok(()))?.is_some() {
            return Err(Error::Conflict {
                message: "this organization has people already: they add others".into(),
                current: None,
            });
        }
        let person: PersonId = tx.new_id()?;
        person::add(tx, person, &self.person, None)?;
        let role = GiveGrant {
            person,
            role: Role::OrganizationAdministrator,
            scope: Scope::Organization,
            from: None,
            until: None,
            reason: None,
        };
        grant::give(tx, &Roles::default(), &role, None).map(drop)
    }
}
