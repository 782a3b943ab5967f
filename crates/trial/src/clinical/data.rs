//! Subjects, visits, forms, item groups and item values as another system holds them.

use serde::{Deserialize, Serialize};

use super::{Annotation, AuditRecord, Signature};
use crate::definition::{
    ArchiveLayoutOid, EventOid, Extension, FormOid, ItemGroupOid, ItemOid, LocationOid, UnitOid, UserOid,
};

/// A subject without its visits (ODM: SubjectData).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubjectHead {
    /// The subject's key in the other system.
    pub key: String,
    /// What to do with it, in a transactional file.
    pub transaction: Option<TransactionType>,
    /// Its investigator.
    pub investigator: Option<UserOid>,
    /// Its site.
    pub site: Option<LocationOid>,
    /// Its audit records: the standard has at most one, vendors have more.
    pub audit: Vec<AuditRecord>,
    /// Its signature.
    pub signature: Option<Signature>,
    /// Its annotations.
    pub annotations: Vec<Annotation>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A visit without its forms (ODM: StudyEventData).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventHead {
    /// Which visit.
    pub event: EventOid,
    /// Which of several (ODM: StudyEventRepeatKey).
    pub repeat: Option<String>,
    /// What to do with it, in a transactional file.
    pub transaction: Option<TransactionType>,
    /// Its audit records.
    pub audit: Vec<AuditRecord>,
    /// Its signature.
    pub signature: Option<Signature>,
    /// Its annotations.
    pub annotations: Vec<Annotation>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A form without its item groups (ODM: FormData).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormHead {
    /// Which form.
    pub form: FormOid,
    /// Which of several (ODM: FormRepeatKey).
    pub repeat: Option<String>,
    /// What to do with it, in a transactional file.
    pub transaction: Option<TransactionType>,
    /// How it looked on paper.
    pub archive_layout: Option<ArchiveLayoutOid>,
    /// Its audit records.
    pub audit: Vec<AuditRecord>,
    /// Its signature.
    pub signature: Option<Signature>,
    /// Its annotations.
    pub annotations: Vec<Annotation>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A row of an item group (ODM: ItemGroupData).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemGroupData {
    /// Which item group.
    pub group: ItemGroupOid,
    /// Which row (ODM: ItemGroupRepeatKey).
    pub repeat: Option<String>,
    /// The item group, and its row, that holds this one (ODM 2.0 only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<(ItemGroupOid, Option<String>)>,
    /// What to do with it, in a transactional file.
    pub transaction: Option<TransactionType>,
    /// Its values, in the order of the file.
    pub items: Vec<ItemData>,
    /// Its audit records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audit: Vec<AuditRecord>,
    /// Its signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// Its annotations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
    /// Kept beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Extension>,
}

/// A value (ODM: ItemData and its typed forms).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemData {
    /// Which item.
    pub item: ItemOid,
    /// The value as written; absent where the file gives none.
    pub value: Option<String>,
    /// Whether the file says that there is no value (ODM: IsNull).
    pub is_null: bool,
    /// Which element it came in.
    pub element: ItemElement,
    /// The unit of the value.
    pub unit: Option<UnitOid>,
    /// What to do with it, in a transactional file.
    pub transaction: Option<TransactionType>,
    /// Its audit records: the standard has at most one, vendors have more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audit: Vec<AuditRecord>,
    /// Names its audit record among those at the end of the clinical data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_id: Option<String>,
    /// Its signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Box<Signature>>,
    /// Names its signature among those at the end of the clinical data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_id: Option<String>,
    /// Its annotations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
    /// Names its annotation among those at the end of the clinical data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotation_id: Option<String>,
    /// Kept beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Extension>,
}

/// Which element a value came in: `ItemData`, or one that names the data type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ItemElement {
    /// `ItemData`, the value in its attribute.
    #[default]
    Untyped,
    /// `ItemDataAny`.
    Any,
    /// `ItemDataString` and so on: the element of this data type.
    Typed(crate::definition::DataType),
}

/// What to do with a record, in a transactional file (ODM: TransactionType).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TransactionType {
    /// Add it.
    Insert,
    /// Change it.
    Update,
    /// Take it away.
    Remove,
    /// Add or change it.
    Upsert,
    /// Nothing: it only holds others.
    Context,
}

impl TransactionType {
    /// All.
    pub const ALL: [Self; 5] = [Self::Insert, Self::Update, Self::Remove, Self::Upsert, Self::Context];

    /// As ODM writes it.
    pub fn as_odm(self) -> &'static str {
        match self {
            Self::Insert => "Insert",
            Self::Update => "Update",
            Self::Remove => "Remove",
            Self::Upsert => "Upsert",
            Self::Context => "Context",
        }
    }
}
