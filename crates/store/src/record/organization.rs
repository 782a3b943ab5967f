//! The organization itself, and the keys that sign its ledgers.

use serde::{Deserialize, Serialize};
use trial::ids::{LedgerId, PersonId};

use super::{Put, Record};
use crate::{backend::values, error::Result, provider::Provider};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationRecord {
    pub name: String,
    pub ledger: LedgerId,
    pub origin: String,
    /// Why people may sign in without a second factor; `None`: they may not.
    pub without_second_factor: Option<String>,
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

/// By whose sign-in people may sign in.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderRecord {
    /// None: by nobody's any more.
    pub provider: Option<Provider>,
    /// Who set it.
    pub by: PersonId,
}

impl Record for ProviderRecord {
    const KIND: &'static str = "provider";

    fn derive(&self, _: &Put<'_>) -> Result<()> {
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
