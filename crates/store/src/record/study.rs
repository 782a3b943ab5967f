//! A study, its published definition, its sites, and imports into it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trial::{
    definition::Study,
    ids::{Id, ImportId, KeyId, LedgerId, PersonId, StudyId},
    profile::RuleProfile,
};

use super::{Put, Record};
use crate::{backend::values, error::Result};

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StudyRecord {
    pub oid: String,
    pub name: String,
    pub ledger: LedgerId,
    pub origin: String,
    pub key: KeyId,
    /// Since when it is live, and under which rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

/// That a study is live.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Live {
    pub profiles: BTreeSet<RuleProfile>,
    pub by: PersonId,
    pub at: Timestamp,
}

impl Record for StudyRecord {
    const KIND: &'static str = "study";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        if put.version == 1 {
            put.db.write(
                "INSERT INTO ledger (number, id, study, origin) SELECT max(number) + 1, ?1, ?2, ?3 FROM ledger",
                values![&self.ledger, put.key, &self.origin],
            )?;
        }
        put.db.write(
            "INSERT INTO study (id, ledger, oid, name, version, definition, key, live)
             SELECT ?1, number, ?2, ?3, ?4, 0, ?5, ?6 FROM ledger WHERE id = ?7
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version, live = excluded.live",
            values![
                put.key,
                &self.oid,
                &self.name,
                put.version,
                &self.key,
                i64::from(self.live.is_some()),
                &self.ledger
            ],
        )?;
        Ok(())
    }
}

/// A published definition: every version of the study that the file told, and what the file was.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefinitionRecord {
    pub studies: Vec<Study>,
    /// Users, sites and signature meanings that came with it.
    pub beside: Vec<trial::clinical::Chunk>,
    /// SHA-256 of the file, in hexadecimal.
    pub file_digest: String,
    /// What reading it reported, as the page shows it.
    pub report: serde_json::Value,
}

impl Record for DefinitionRecord {
    const KIND: &'static str = "definition";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write("UPDATE study SET definition = ?2 WHERE id = ?1", values![put.key, put.version])?;
        Ok(())
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteRecord {
    pub study: StudyId,
    pub oid: String,
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

impl Record for SiteRecord {
    const KIND: &'static str = "site";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO site (id, study, oid, name, country, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, country = excluded.country, version = excluded.version",
            values![put.key, &self.study, &self.oid, &self.name, self.country.as_ref(), put.version],
        )?;
        Ok(())
    }
}

/// An import of clinical data: opened before its first value, completed after its last.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportRecord {
    pub study: StudyId,
    /// Who brought it.
    pub by: PersonId,
    /// SHA-256 of the file, in hexadecimal.
    pub file_digest: String,
    pub file_name: String,
    pub file_bytes: u64,
    /// What it says it was written by.
    pub source_system: String,
    pub complete: bool,
    /// What reading it reported, as the page shows it.
    pub report: serde_json::Value,
}

impl Record for ImportRecord {
    const KIND: &'static str = "import";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        let digest = ledger::Hash::from_hex(self.file_digest.as_bytes()).map_err(crate::error::Error::fault)?;
        put.db.write(
            "INSERT INTO import (id, study, person, digest, state, opened, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, version = excluded.version",
            values![
                put.key,
                &self.study,
                &self.by,
                digest.as_bytes(),
                if self.complete { "complete" } else { "open" },
                put.at,
                put.version
            ],
        )?;
        Ok(())
    }
}

/// What a file of clinical data told beside subjects' forms: users, locations, extensions. Version n is part n.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportPart {
    pub import: ImportId,
    pub part: trial::clinical::Chunk,
}

impl Record for ImportPart {
    const KIND: &'static str = "import_part";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        debug_assert_eq!(self.import.bytes(), put.key, "parts are kept under their import's id");
        Ok(())
    }
}
