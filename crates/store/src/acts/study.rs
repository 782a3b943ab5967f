//! Studies: registered in the organization's ledger, defined and given sites in their own.

use std::sync::Arc;

use serde::Serialize;
use trial::{
    clinical::Chunk,
    definition::{self, Gravity, Study},
    ids::{LedgerId, SiteId, StudyId},
    limit,
    permission::Permission,
};

use crate::{
    act::Act,
    actor::Access,
    assurance::Freshness,
    backend::values,
    definitions::current_version,
    error::{Error, Refusal, Result},
    key::Purpose,
    place::Target,
    record::{DefinitionRecord, OrganizationRecord, SiteRecord, StudyRecord},
    tx::Tx,
};

/// Bytes of one sealed definition. The largest library known to us is a tenth of it.
const DEFINITION_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Reasons for a refusal that are told at once.
const REFUSALS_MAX: usize = 50;

/// Registers a study: its key, and a ledger of its own.
#[derive(Debug, Serialize)]
pub struct RegisterStudy {
    /// ODM StudyOID.
    pub oid: String,
    /// Its short name.
    pub name: String,
}

impl Act for RegisterStudy {
    const NAME: &'static str = "study.register";
    const NEEDS: Permission = Permission::StudyRegister;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Organization
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &Access) -> Result<()> {
        let oid = limit::text("oid", &self.oid, limit::OID_BYTES_MAX)?;
        let name = limit::text("name", &self.name, limit::NAME_BYTES_MAX)?;
        if tx.db.one("SELECT 1 FROM study WHERE oid = ?1", values![&oid], |_| Ok(()))?.is_some() {
            return Err(Error::refused(
                "oid",
                "taken",
                format!("a study with the identifier {oid} is registered already"),
            ));
        }
        let (_, organization) = tx.current::<OrganizationRecord>(&tx.organization)?.ok_or(Error::Hidden)?;
        let id: StudyId = tx.new_id()?;
        let ledger: LedgerId = tx.new_id()?;
        let key = tx.new_key(Purpose::Study, None)?;
        let prefix = organization.origin.rsplit_once('/').map_or(organization.origin.as_str(), |(prefix, _)| prefix);
        let record = StudyRecord { oid, name, ledger, origin: format!("{prefix}/{ledger}"), key: key.id(), live: None };
        tx.put(&id, 1, &record, &key)
    }
}

/// Publishes a definition. New data are collected with it; what was collected keeps the version it was collected with.
#[derive(Debug, Serialize)]
pub struct PublishDefinition {
    /// Of which study.
    pub study: StudyId,
    /// What the file defined.
    pub studies: Vec<Study>,
    /// Users, sites and signature meanings that came with it.
    pub beside: Vec<Chunk>,
    /// SHA-256 of the file, in hexadecimal.
    pub file_digest: String,
    /// What reading it reported.
    pub report: serde_json::Value,
}

impl Act for PublishDefinition {
    const NAME: &'static str = "study.publish";
    const NEEDS: Permission = Permission::StudyBuild;
    const FRESH: Freshness = Freshness::Strong;

    fn target(&self) -> Target {
        Target::Study(self.study)
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &Access) -> Result<()> {
        if current_version(&self.studies).is_none() {
            return Err(Error::refused(
                "study",
                "no_version",
                "this file defines no study version (MetaDataVersion): choose one that does",
            ));
        }
        refuse_broken(&self.studies)?;
        let (version, key) = tx
            .db
            .one("SELECT definition, key FROM study WHERE id = ?1", values![&self.study], |row| {
                Ok((row.number(0)?, row.id(1)?))
            })?
            .ok_or(Error::Hidden)?;
        let record = DefinitionRecord {
            studies: self.studies.clone(),
            beside: self.beside.clone(),
            file_digest: self.file_digest.clone(),
            report: self.report.clone(),
        };
        let bytes = serde_json::to_vec(&record).map_err(Error::fault)?.len();
        if bytes > DEFINITION_BYTES_MAX {
            return Err(Error::refused(
                "study",
                "too_large",
                format!(
                    "this definition takes {bytes} bytes, more than {DEFINITION_BYTES_MAX}: leave out what the study does not use"
                ),
            ));
        }
        let key = tx.key(key)?;
        tx.put(&self.study, version.saturating_add(1), &record, &key)
    }
}

/// Dangling references and identifiers used twice refuse a definition; what harms nothing is in the report.
fn refuse_broken(studies: &[Study]) -> Result<()> {
    let refusals: Vec<Refusal> = definition::check_all(studies)
        .into_iter()
        .filter(|problem| problem.gravity == Gravity::Refused)
        .take(REFUSALS_MAX)
        .map(|problem| Refusal { field: problem.place, code: "broken_definition", message: problem.message })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(Error::Refused(refusals)) }
}

/// Adds a site.
#[derive(Debug, Serialize)]
pub struct AddSite {
    /// To which study.
    pub study: StudyId,
    /// ODM LocationOID: how files name the site.
    pub oid: String,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

impl Act for AddSite {
    const NAME: &'static str = "site.add";
    const NEEDS: Permission = Permission::SiteAdd;
    const FRESH: Freshness = Freshness::Session;

    fn target(&self) -> Target {
        Target::Study(self.study)
    }

    fn apply(&self, tx: &mut Tx<'_>, _: &Access) -> Result<()> {
        let country = self.country.as_deref().map(str::trim).filter(|country| !country.is_empty());
        if country.is_some_and(|country| country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase())) {
            return Err(Error::refused("country", "not_a_country", "type the two letters of the country, such as NO"));
        }
        add_site(tx, self.study, &self.oid, &self.name, country).map(drop)
    }
}

/// Adds a site whose identifier must be new in its study.
pub(crate) fn add_site(
    tx: &mut Tx<'_>,
    study: StudyId,
    oid: &str,
    name: &str,
    country: Option<&str>,
) -> Result<SiteId> {
    let oid = limit::text("oid", oid, limit::OID_BYTES_MAX)?;
    let name = limit::text("name", name, limit::NAME_BYTES_MAX)?;
    if tx.db.one("SELECT 1 FROM site WHERE study = ?1 AND oid = ?2", values![&study, &oid], |_| Ok(()))?.is_some() {
        return Err(Error::refused("oid", "taken", format!("this study has a site with the identifier {oid} already")));
    }
    let key =
        tx.db.one("SELECT key FROM study WHERE id = ?1", values![&study], |row| row.id(0))?.ok_or(Error::Hidden)?;
    let key = Arc::clone(&tx.key(key)?);
    let id: SiteId = tx.new_id()?;
    tx.put(&id, 1, &SiteRecord { study, oid, name, country: country.map(str::to_owned) }, &key)?;
    Ok(id)
}
