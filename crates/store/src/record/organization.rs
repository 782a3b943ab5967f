//! The organization itself, the keys that sign its ledgers, and grants.

use serde::{Deserialize, Serialize};
use trial::{
    access::{Grant, Scope},
    ids::{LedgerId, PersonId},
};

use super::{Put, Record};
use crate::{backend::values, error::Result, time};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationRecord {
    pub name: String,
    pub ledger: LedgerId,
    pub origin: String,
    /// Whether people need a second factor to sign in.
    pub second_factor: bool,
}

impl Record for OrganizationRecord {
    const KIND: &'static str = "organization";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        if put.version == 1 {
            put.db.write(
                "INSERT INTO ledger (number, id, study, origin) VALUES (1, ?1, NULL, ?2)",
                values![&self.ledger, &self.origin],
            )?;
        }
        Ok(())
    }
}

/// Seeds of the two keys that sign this organization's checkpoints.
#[derive(Serialize, Deserialize, zeroize::ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub(crate) struct LedgerKeys {
    pub ed25519: [u8; 32],
    pub ml_dsa_44: [u8; 32],
}

impl Record for LedgerKeys {
    const KIND: &'static str = "ledger_keys";

    fn derive(&self, _: &Put<'_>) -> Result<()> {
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantRecord {
    pub grant: Grant,
    /// `None`: given by the operator when the organization was founded.
    pub given_by: Option<PersonId>,
    /// Why, in the giver's words.
    pub reason: Option<String>,
}

impl Record for GrantRecord {
    const KIND: &'static str = "grant";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        let grant = &self.grant;
        let (study, site) = match &grant.scope {
            Scope::Organization => (None, None),
            Scope::Study { study } => (Some(study), None),
            Scope::Site { study, site } => (Some(study), Some(site)),
        };
        put.db.write(
            "INSERT INTO role_grant (id, person, role, study, site, starts, ends, given_by, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET ends = excluded.ends, version = excluded.version",
            values![
                &grant.id,
                &grant.person,
                grant.role.code(),
                study,
                site,
                time::micros(grant.from),
                grant.until.map(time::micros),
                self.given_by.as_ref(),
                put.version
            ],
        )?;
        Ok(())
    }
}
