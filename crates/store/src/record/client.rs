//! Programs and devices that work in a person's name.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trial::{
    access::Scope,
    client::Kind,
    ids::PersonId,
    permission::{Permission, Permissions},
};

use super::{Put, Record, access::columns};
use crate::{assurance::Factor, backend::values, error::Result, time};

/// One of them. Its token is told once, and only a hash of it is kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientRecord {
    pub person: PersonId,
    /// As its person calls it.
    pub name: String,
    pub kind: Kind,
    pub scope: Scope,
    pub permissions: Permissions,
    pub from: Timestamp,
    pub until: Timestamp,
    /// SHA-256 of its token.
    pub tag: [u8; 32],
    /// SHA-256 of the certificate that it has to show.
    pub certificate: Option<[u8; 32]>,
    /// The strongest factor that its person had shown when they registered it.
    pub proved: Factor,
    /// Who ended it before its time.
    pub ended_by: Option<PersonId>,
}

impl Record for ClientRecord {
    const KIND: &'static str = "client";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        let (study, _, site) = columns(&self.scope);
        let permissions: Vec<&str> = self.permissions.each().map(Permission::code).collect();
        put.db.write(
            "INSERT INTO client (id, person, tag, permissions, study, site, certificate, starts, ends, proved, ended, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (id) DO UPDATE SET ends = excluded.ends, ended = excluded.ended, version = excluded.version",
            values![
                put.key,
                &self.person,
                &self.tag,
                &*permissions.join(" "),
                study,
                site,
                self.certificate.as_ref(),
                time::micros(self.from),
                time::micros(self.until),
                self.proved.code(),
                self.ended_by.is_some(),
                put.version
            ],
        )?;
        Ok(())
    }
}
