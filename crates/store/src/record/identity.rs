//! That somebody's identity was checked. Sealed by their own key, like their name.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trial::{identity::Way, ids::PersonId};

use super::{Put, Record, access::rules_changed};
use crate::{
    backend::{Connection, values},
    error::Result,
};

/// Who checked it, when, and how (21 CFR 11.100 (b)). Its key is the person's; checked again is its next version.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityRecord {
    pub way: Way,
    pub note: Option<String>,
    pub by: PersonId,
    pub at: Timestamp,
}

impl IdentityRecord {
    /// Whether there is one. No table is derived from it: that it was put is all that is decided from.
    pub(crate) fn is_there(db: &Connection, person: PersonId) -> Result<bool> {
        let found = "SELECT 1 FROM record WHERE kind = ?1 AND key = ?2 LIMIT 1";
        Ok(db.one(found, values![Self::KIND, &person], |_| Ok(()))?.is_some())
    }
}

impl Record for IdentityRecord {
    const KIND: &'static str = "identity";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        rules_changed(put.db)
    }
}
