//! What another system says of who did what, when and why: audit records, signatures, annotations.

use serde::{Deserialize, Serialize};

use crate::definition::{
    CodeListOid, EventOid, Extension, FormOid, ItemGroupOid, ItemOid, LocationOid, SignatureDefOid, StudyOid, UserOid,
    VersionOid,
};

/// Who did something, where, when and why (ODM: AuditRecord).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditRecord {
    /// Its identifier in the file.
    pub id: Option<String>,
    /// Where in the data's life it happened.
    pub edit_point: Option<EditPoint>,
    /// Whether a method computed the value (2.0: UsedMethod).
    pub used_imputation_method: Option<bool>,
    /// Who.
    pub user: Option<UserOid>,
    /// Where.
    pub location: Option<LocationOid>,
    /// When, as written; ISO 8601.
    pub at: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Which source document or system.
    pub source_id: Option<String>,
    /// How it came about.
    pub origin: AuditOrigin,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// Where an [`AuditRecord`] was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum AuditOrigin {
    /// An ODM AuditRecord.
    #[default]
    Standard,
    /// Taken from a vendor's extension, which is kept beside it.
    Extension {
        /// What was done, in the vendor's words.
        act: String,
        /// The value before, where given.
        old: Option<String>,
        /// The value after, where given.
        new: Option<String>,
    },
}

/// Where in the data's life something happened (ODM: EditPoint).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EditPoint {
    /// At monitoring.
    Monitoring,
    /// At data management.
    DataManagement,
    /// In the database's audit.
    DBAudit,
}

/// A signature (ODM: Signature).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Signature {
    /// Its identifier in the file.
    pub id: Option<String>,
    /// Who signed.
    pub user: Option<UserOid>,
    /// Where.
    pub location: Option<LocationOid>,
    /// With what meaning.
    pub definition: Option<SignatureDefOid>,
    /// When, as written; ISO 8601.
    pub at: Option<String>,
    /// What binds it to the data.
    pub crypto_binding_manifest: Option<String>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A comment with flags (ODM: Annotation).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Annotation {
    /// Its identifier in the file.
    pub id: Option<String>,
    /// Its place among the others.
    pub sequence: i64,
    /// What to do with it, in a transactional file.
    pub transaction: Option<super::TransactionType>,
    /// The comment.
    pub comment: Option<String>,
    /// Who wrote the comment.
    pub comment_source: Option<CommentSource>,
    /// The flags.
    pub flags: Vec<Flag>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// Who wrote a comment (ODM: SponsorOrSite).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CommentSource {
    /// The sponsor.
    Sponsor,
    /// The site.
    Site,
}

/// A coded remark (ODM: Flag).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flag {
    /// Its value.
    pub value: FlagCode,
    /// What kind of flag it is.
    pub flag_type: Option<FlagCode>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A code of a code list (ODM: FlagValue, FlagType).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlagCode {
    /// The code list.
    pub code_list: CodeListOid,
    /// The code.
    pub code: String,
}

/// Two records that belong together, and why (ODM: Association).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Association {
    /// The study.
    pub study: StudyOid,
    /// Its version.
    pub version: VersionOid,
    /// The records; the standard has exactly two.
    pub keys: Vec<KeySet>,
    /// Why they belong together.
    pub annotation: Annotation,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// Names a record (ODM: KeySet).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeySet {
    /// The study.
    pub study: StudyOid,
    /// The subject.
    pub subject: Option<String>,
    /// The visit.
    pub event: Option<EventOid>,
    /// Which of several.
    pub event_repeat: Option<String>,
    /// The form.
    pub form: Option<FormOid>,
    /// Which of several.
    pub form_repeat: Option<String>,
    /// The item group.
    pub group: Option<ItemGroupOid>,
    /// Which row.
    pub group_repeat: Option<String>,
    /// The item.
    pub item: Option<ItemOid>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}
