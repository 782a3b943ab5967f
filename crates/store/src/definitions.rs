//! Published study definitions, opened once and kept: they never change under their version.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use trial::{
    definition::{Indexed, ItemClass, ItemOid, Study, VersionOid},
    ids::{OrganizationId, StudyId},
};

use crate::{
    backend::{Connection, values},
    error::{Error, Result},
    key::KeyRing,
    record::DefinitionRecord,
    tx,
};

/// Definitions kept open.
const DEFINITIONS_MAX: usize = 64;

/// A published definition: everything the file defined, looked up by identifier.
#[derive(Debug)]
pub struct Defined {
    /// Version of the definition record.
    pub number: u32,
    /// The studies of the file: the study itself first, then those of its sites where a file has them.
    pub studies: Vec<Study>,
    /// What reading the file reported.
    pub report: serde_json::Value,
    current: Arc<Indexed>,
    versions: HashMap<VersionOid, Arc<Indexed>>,
    /// Items that not everybody sees.
    classes: HashMap<ItemOid, ItemClass>,
}

impl Defined {
    fn new(number: u32, studies: Vec<Study>, report: serde_json::Value) -> Result<Self> {
        let mut versions = HashMap::new();
        for study in studies.iter().rev() {
            for version in &study.versions {
                if let Some(indexed) = Indexed::find(&studies, &study.oid, &version.oid) {
                    versions.insert(version.oid.clone(), Arc::new(indexed));
                }
            }
        }
        let current = current_version(&studies)
            .and_then(|oid| versions.get(oid))
            .map(Arc::clone)
            .ok_or_else(|| Error::fault("a published definition holds no version"))?;
        let classes = classes(&studies);
        Ok(Defined { number, studies, report, current, versions, classes })
    }

    /// The study version that new data are collected with.
    #[must_use]
    pub fn current(&self) -> &Arc<Indexed> {
        &self.current
    }

    /// Who may see values of an item: the most closed that any version says, so that a new version opens nothing old. An
    /// item that no version knows came from a file, and whoever sees the form sees it.
    #[must_use]
    pub fn class(&self, item: &str) -> ItemClass {
        self.classes.get(item).copied().unwrap_or(ItemClass::Plain)
    }

    /// The study version of this identifier, or the current one.
    #[must_use]
    pub fn version(&self, oid: &str) -> &Arc<Indexed> {
        self.versions.get(oid).unwrap_or(&self.current)
    }
}

fn classes(studies: &[Study]) -> HashMap<ItemOid, ItemClass> {
    let mut classes: HashMap<ItemOid, ItemClass> = HashMap::new();
    for item in studies.iter().flat_map(|study| &study.versions).flat_map(|version| &version.items) {
        let class = item.class();
        if class != ItemClass::Plain {
            let known = classes.entry(item.oid.clone()).or_insert(class);
            *known = class.max(*known);
        }
    }
    classes
}

/// The version that new data are collected with: the last of the file's first study that has one.
#[must_use]
pub fn current_version(studies: &[Study]) -> Option<&VersionOid> {
    studies.iter().find_map(|study| study.versions.last()).map(|version| &version.oid)
}

pub(crate) fn not_defined() -> Error {
    Error::refused("study", "not_defined", "this study has no definition yet: import one (ODM) first")
}

/// The definitions that are open.
#[derive(Default)]
pub(crate) struct Definitions(Mutex<HashMap<(StudyId, u32), Arc<Defined>>>);

impl Definitions {
    /// The newest published definition of a study; `None` where none is.
    pub(crate) fn newest(
        &self,
        db: &Connection,
        ring: &KeyRing,
        organization: OrganizationId,
        study: StudyId,
    ) -> Result<Option<Arc<Defined>>> {
        let number = db
            .one("SELECT definition FROM study WHERE id = ?1", values![&study], |row| row.number(0))?
            .ok_or(Error::Hidden)?;
        self.numbered(db, ring, organization, study, number)
    }

    /// The published definition of this number; `None` for 0.
    pub(crate) fn numbered(
        &self,
        db: &Connection,
        ring: &KeyRing,
        organization: OrganizationId,
        study: StudyId,
        number: u32,
    ) -> Result<Option<Arc<Defined>>> {
        if number == 0 {
            return Ok(None);
        }
        if let Some(found) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(study, number)) {
            return Ok(Some(Arc::clone(found)));
        }
        let Some((_, record)) = tx::read::<DefinitionRecord>(db, ring, organization, &study, Some(number))? else {
            return Err(Error::fault("a published definition does not open"));
        };
        let defined = Arc::new(Defined::new(number, record.studies, record.report)?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= DEFINITIONS_MAX {
            kept.clear();
        }
        kept.insert((study, number), Arc::clone(&defined));
        Ok(Some(defined))
    }

    /// As [`Definitions::newest`], refused where none is published.
    pub(crate) fn published(
        &self,
        db: &Connection,
        ring: &KeyRing,
        organization: OrganizationId,
        study: StudyId,
    ) -> Result<Arc<Defined>> {
        self.newest(db, ring, organization, study)?.ok_or_else(not_defined)
    }

    /// Forgets what is kept: a transaction that was undone may have published it.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
