//! Subjects, visits, forms, item groups and item values as another system holds them.

use serde::{Deserialize, Serialize};

use super::{Annotation, AuditRecord, Signature};
use crate::definition::{
    ArchiveLayoutOid, EventOid, Extension, FormOid, ItemGroupOid, ItemOid, LocationOid, UnitOid, UserOid,
};

/// What says nothing is not written: most of these fields are empty in most files, and there are millions of them.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A subject without its visits (ODM: SubjectData).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubjectHead {
    /// The subject's key in the other system.
    #[serde(skip_serializing_if = "is_default")]
    pub key: String,
    /// What to do with it, in a transactional file.
    #[serde(skip_serializing_if = "is_default")]
    pub transaction: Option<TransactionType>,
    /// Its investigator.
    #[serde(skip_serializing_if = "is_default")]
    pub investigator: Option<UserOid>,
    /// Its site.
    #[serde(skip_serializing_if = "is_default")]
    pub site: Option<LocationOid>,
    /// Its audit records: the standard has at most one, vendors have more.
    #[serde(skip_serializing_if = "is_default")]
    pub audit: Vec<AuditRecord>,
    /// Its signature.
    #[serde(skip_serializing_if = "is_default")]
    pub signature: Option<Signature>,
    /// Its annotations.
    #[serde(skip_serializing_if = "is_default")]
    pub annotations: Vec<Annotation>,
    /// Kept beside it.
    #[serde(skip_serializing_if = "is_default")]
    pub extensions: Vec<Extension>,
}

/// A visit without its forms (ODM: StudyEventData).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventHead {
    /// Which visit.
    #[serde(skip_serializing_if = "is_default")]
    pub event: EventOid,
    /// Which of several (ODM: StudyEventRepeatKey).
    #[serde(skip_serializing_if = "is_default")]
    pub repeat: Option<String>,
    /// What to do with it, in a transactional file.
    #[serde(skip_serializing_if = "is_default")]
    pub transaction: Option<TransactionType>,
    /// Its audit records.
    #[serde(skip_serializing_if = "is_default")]
    pub audit: Vec<AuditRecord>,
    /// Its signature.
    #[serde(skip_serializing_if = "is_default")]
    pub signature: Option<Signature>,
    /// Its annotations.
    #[serde(skip_serializing_if = "is_default")]
    pub annotations: Vec<Annotation>,
    /// Kept beside it.
    #[serde(skip_serializing_if = "is_default")]
    pub extensions: Vec<Extension>,
}

/// A form without its item groups (ODM: FormData).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormHead {
    /// Which form.
    #[serde(skip_serializing_if = "is_default")]
    pub form: FormOid,
    /// Which of several (ODM: FormRepeatKey).
    #[serde(skip_serializing_if = "is_default")]
    pub repeat: Option<String>,
    /// What to do with it, in a transactional file.
    #[serde(skip_serializing_if = "is_default")]
    pub transaction: Option<TransactionType>,
    /// How it looked on paper.
    #[serde(skip_serializing_if = "is_default")]
    pub archive_layout: Option<ArchiveLayoutOid>,
    /// Its audit records.
    #[serde(skip_serializing_if = "is_default")]
    pub audit: Vec<AuditRecord>,
    /// Its signature.
    #[serde(skip_serializing_if = "is_default")]
    pub signature: Option<Signature>,
    /// Its annotations.
    #[serde(skip_serializing_if = "is_default")]
    pub annotations: Vec<Annotation>,
    /// Kept beside it.
    #[serde(skip_serializing_if = "is_default")]
    pub extensions: Vec<Extension>,
}

/// A row of an item group (ODM: ItemGroupData).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemGroupData {
    /// Which item group.
    #[serde(skip_serializing_if = "is_default")]
    pub group: ItemGroupOid,
    /// Which row (ODM: ItemGroupRepeatKey).
    #[serde(skip_serializing_if = "is_default")]
    pub repeat: Option<String>,
    /// The item group, and its row, that holds this one (ODM 2.0 only).
    #[serde(skip_serializing_if = "is_default")]
    pub within: Option<(ItemGroupOid, Option<String>)>,
    /// What to do with it, in a transactional file.
    #[serde(skip_serializing_if = "is_default")]
    pub transaction: Option<TransactionType>,
    /// Its values, in the order of the file.
    #[serde(skip_serializing_if = "is_default")]
    pub items: Vec<ItemData>,
    /// Its audit records.
    #[serde(skip_serializing_if = "is_default")]
    pub audit: Vec<AuditRecord>,
    /// Its signature.
    #[serde(skip_serializing_if = "is_default")]
    pub signature: Option<Signature>,
    /// Its annotations.
    #[serde(skip_serializing_if = "is_default")]
    pub annotations: Vec<Annotation>,
    /// Kept beside it.
    #[serde(skip_serializing_if = "is_default")]
    pub extensions: Vec<Extension>,
}

/// A value (ODM: ItemData and its typed forms).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemData {
    /// Which item.
    #[serde(skip_serializing_if = "is_default")]
    pub item: ItemOid,
    /// The value as written; absent where the file gives none.
    #[serde(skip_serializing_if = "is_default")]
    pub value: Option<String>,
    /// Whether the file says that there is no value (ODM: IsNull).
    #[serde(skip_serializing_if = "is_default")]
    pub is_null: bool,
    /// Which element it came in.
    #[serde(skip_serializing_if = "is_default")]
    pub element: ItemElement,
    /// The unit of the value.
    #[serde(skip_serializing_if = "is_default")]
    pub unit: Option<UnitOid>,
    /// What to do with it, in a transactional file.
    #[serde(skip_serializing_if = "is_default")]
    pub transaction: Option<TransactionType>,
    /// Its audit records: the standard has at most one, vendors have more.
    #[serde(skip_serializing_if = "is_default")]
    pub audit: Vec<AuditRecord>,
    /// Names its audit record among those at the end of the clinical data.
    #[serde(skip_serializing_if = "is_default")]
    pub audit_id: Option<String>,
    /// Its signature.
    #[serde(skip_serializing_if = "is_default")]
    pub signature: Option<Box<Signature>>,
    /// Names its signature among those at the end of the clinical data.
    #[serde(skip_serializing_if = "is_default")]
    pub signature_id: Option<String>,
    /// Its annotations.
    #[serde(skip_serializing_if = "is_default")]
    pub annotations: Vec<Annotation>,
    /// Names its annotation among those at the end of the clinical data.
    #[serde(skip_serializing_if = "is_default")]
    pub annotation_id: Option<String>,
    /// Kept beside it.
    #[serde(skip_serializing_if = "is_default")]
    pub extensions: Vec<Extension>,
}

impl ItemGroupData {
    /// What is said of the row itself: all but its values.
    #[must_use]
    pub fn head(&self) -> Self {
        Self {
            group: self.group.clone(),
            repeat: self.repeat.clone(),
            within: self.within.clone(),
            transaction: self.transaction,
            items: Vec::new(),
            audit: self.audit.clone(),
            signature: self.signature.clone(),
            annotations: self.annotations.clone(),
            extensions: self.extensions.clone(),
        }
    }
}

impl ItemData {
    /// What is said beside which item has which value in which unit.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            item: ItemOid::default(),
            value: None,
            is_null: self.is_null,
            element: self.element,
            unit: None,
            transaction: self.transaction,
            audit: self.audit.clone(),
            audit_id: self.audit_id.clone(),
            signature: self.signature.clone(),
            signature_id: self.signature_id.clone(),
            annotations: self.annotations.clone(),
            annotation_id: self.annotation_id.clone(),
            extensions: self.extensions.clone(),
        }
    }
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
