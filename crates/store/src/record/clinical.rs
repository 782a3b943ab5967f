//! Subjects, visits, forms and item groups. The item group of one form is the unit that is sealed and versioned:
//! each version holds the whole group as it then stood, so that history is a comparison of neighbours.

use serde::{Deserialize, Serialize};
use trial::{
    clinical::{EventHead, FormHead, ItemData, ItemGroupData, SubjectHead},
    form::FormState,
    ids::{FormId, ImportId, KeyId, SiteId, StudyId, SubjectId, VisitId},
};

use super::{Put, Record};
use crate::{backend::values, error::Result};

/// Clinical or identifying text as it is stored. It has no `Display`; it leaves the store only as [`Shown`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Kept(pub(crate) String);

/// What a reader sees in place of a stored value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "as", content = "value", rename_all = "snake_case")]
pub enum Shown {
    /// The value.
    Value(String),
    /// There is one, which would unblind this reader.
    Blinded,
    /// There is one, which this reader may not see.
    Withheld,
}

impl Shown {
    /// The text for a page or a file.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Shown::Value(value) => value,
            Shown::Blinded => "blinded",
            Shown::Withheld => "withheld",
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubjectRecord {
    pub study: StudyId,
    pub site: SiteId,
    pub code: Kept,
    pub key: KeyId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim<SubjectHead>>,
}

/// What a file claimed, kept as it was said, and which import brought it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(bound(serialize = "T: Default + PartialEq + Serialize", deserialize = "T: Default + Deserialize<'de>"))]
pub(crate) struct Claim<T> {
    pub import: ImportId,
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub said: Box<T>,
}

fn says_nothing<T: Default + PartialEq>(said: &T) -> bool {
    *said == T::default()
}

impl Record for SubjectRecord {
    const KIND: &'static str = "subject";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO subject (id, study, site, code, status, added, version, key)
             VALUES (?1, ?2, ?3, ?4, 'active', ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET site = excluded.site, code = excluded.code, version = excluded.version",
            values![put.key, &self.study, &self.site, self.code.0.as_str(), put.at, put.version, &self.key],
        )?;
        Ok(())
    }
}

/// Says that a subject's key was destroyed. Sealed by the study's key, since the subject's is gone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErasureRecord {
    pub study: StudyId,
    pub site: SiteId,
    pub added: i64,
    pub version: u32,
    pub key: KeyId,
    pub reason: String,
}

impl Record for ErasureRecord {
    const KIND: &'static str = "erasure";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        let db = put.db;
        db.write(
            "DELETE FROM item_group WHERE form IN
               (SELECT f.id FROM visit v JOIN form f ON f.visit = v.id WHERE v.subject = ?1)",
            values![put.key],
        )?;
        db.write("DELETE FROM form WHERE visit IN (SELECT id FROM visit WHERE subject = ?1)", values![put.key])?;
        db.write("DELETE FROM visit WHERE subject = ?1", values![put.key])?;
        db.write("DELETE FROM subject WHERE id = ?1", values![put.key])?;
        // In a rebuild the subject's own records no longer open, so everything that stays is said here.
        db.write(
            "INSERT INTO subject (id, study, site, code, status, added, version, key)
             VALUES (?1, ?2, ?3, NULL, 'erased', ?4, ?5, ?6)",
            values![put.key, &self.study, &self.site, self.added, self.version, &self.key],
        )?;
        Ok(())
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VisitRecord {
    pub subject: SubjectId,
    pub event_oid: String,
    pub repeat: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim<EventHead>>,
}

impl Record for VisitRecord {
    const KIND: &'static str = "visit";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO visit (id, subject, event_oid, repeat, version) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (subject, event_oid, repeat) DO UPDATE SET version = excluded.version",
            values![put.key, &self.subject, &self.event_oid, &self.repeat, put.version],
        )?;
        Ok(())
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormRecord {
    pub subject: SubjectId,
    pub visit: VisitId,
    pub form_oid: String,
    pub repeat: String,
    pub state: FormState,
    /// Version of the definition record, and the study version in it, that the form was last saved under.
    pub definition: u32,
    pub study_version: String,
    /// Why it was reopened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim<FormHead>>,
}

impl Record for FormRecord {
    const KIND: &'static str = "form";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO form (id, visit, subject, form_oid, repeat, state, version, revision, changed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (visit, form_oid, repeat) DO UPDATE SET state = excluded.state, version = excluded.version,
                 revision = form.revision + 1, changed = excluded.changed",
            values![
                put.key,
                &self.visit,
                &self.subject,
                &self.form_oid,
                &self.repeat,
                self.state.code(),
                put.version,
                1_i64,
                put.at
            ],
        )?;
        Ok(())
    }
}

/// One row of an item group as it stood at this version.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRecord {
    #[serde(rename = "form")]
    pub form: FormId,
    #[serde(rename = "group")]
    pub group_oid: String,
    pub repeat: String,
    /// The row was taken away, for this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
    pub items: Vec<ItemKept>,
    /// The group as a file had it, without its items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim<ItemGroupData>>,
}

/// One item of a group as it stood.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemKept {
    #[serde(rename = "i")]
    pub oid: String,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Kept>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Set in this version.
    #[serde(rename = "new", default, skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
    /// Why it was changed in this version.
    #[serde(rename = "why", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Kept>,
    /// Why the value is kept although a soft check speaks against it.
    #[serde(rename = "kept", default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Kept>,
    /// The checks that fired when it was set, by their message.
    #[serde(rename = "fired", default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// What a file said of it beside the value.
    #[serde(rename = "claim", default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim<ItemData>>,
}

impl Record for GroupRecord {
    const KIND: &'static str = "item_group";

    fn derive(&self, put: &Put<'_>) -> Result<()> {
        put.db.write(
            "INSERT INTO item_group (id, form, group_oid, repeat, version, removed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (form, group_oid, repeat) DO UPDATE SET version = excluded.version, removed = excluded.removed",
            values![put.key, &self.form, &self.group_oid, &self.repeat, put.version, self.removed.is_some()],
        )?;
        put.db.write(
            "UPDATE form SET revision = revision + 1, changed = ?2 WHERE id = ?1",
            values![&self.form, put.at],
        )?;
        Ok(())
    }
}
