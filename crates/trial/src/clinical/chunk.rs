//! The pieces in which clinical data are handed over, each of bounded size.

use serde::{Deserialize, Serialize};

use super::{
    AdminData, Annotation, Association, AuditRecord, EventHead, FormHead, ItemGroupData, Signature, SubjectHead,
};
use crate::definition::{EventOid, Extension, StudyOid, VersionOid};

/// A piece of clinical data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Chunk {
    /// Users, sites and signature meanings.
    Admin(AdminData),
    /// A subject; its visits and forms follow.
    Subject(SubjectChunk),
    /// A visit; its forms follow.
    Event(EventChunk),
    /// A form with its values.
    Form(FormChunk),
    /// A row of reference data.
    Reference(GroupChunk),
    /// Audit records that values name by their identifier.
    AuditRecords {
        /// Whose they are.
        context: Context,
        /// True for those of reference data.
        reference: bool,
        /// The records.
        records: Vec<AuditRecord>,
    },
    /// Signatures that values name by their identifier.
    Signatures {
        /// Whose they are.
        context: Context,
        /// True for those of reference data.
        reference: bool,
        /// The signatures.
        signatures: Vec<Signature>,
    },
    /// Annotations that values name by their identifier.
    Annotations {
        /// Whose they are.
        context: Context,
        /// True for those of reference data.
        reference: bool,
        /// The annotations.
        annotations: Vec<Annotation>,
    },
    /// Two records that belong together.
    Association(Association),
    /// Something beside the subjects that the standard does not define.
    Extension {
        /// Whose it is; absent directly under the file's root.
        context: Option<Context>,
        /// What it is.
        extension: Extension,
    },
}

/// The study version that data were collected with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Context {
    /// The study.
    pub study: StudyOid,
    /// Its version.
    pub version: VersionOid,
}

/// When a record's head is handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// Before what it holds: what the file said up to there, keys included.
    #[default]
    Opening,
    /// After what it holds: the key again, and only what the file said after it (OpenEDC's audit records, ODM
    /// 2.0). Handed over only where there is something.
    Closing,
}

/// A subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SubjectChunk {
    /// The study version.
    pub context: Context,
    /// Before or after its visits.
    pub part: Part,
    /// The subject.
    pub subject: SubjectHead,
}

/// A visit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventChunk {
    /// The study version.
    pub context: Context,
    /// The subject.
    pub subject_key: String,
    /// Before or after its forms.
    pub part: Part,
    /// The visit.
    pub event: EventHead,
}

/// A form with its values, or a part of a very large one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FormChunk {
    /// The study version.
    pub context: Context,
    /// The subject.
    pub subject_key: String,
    /// The visit, and which of several; absent where the file holds the form outside a visit (REDCap).
    pub event: Option<(EventOid, Option<String>)>,
    /// The form. In a continuation, its keys and only what the file said since the part before.
    pub form: FormHead,
    /// Its item groups.
    pub groups: Vec<ItemGroupData>,
    /// True where this continues the form of the chunk before.
    pub continues: bool,
}

/// A row of reference data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupChunk {
    /// The study version.
    pub context: Context,
    /// The row.
    pub group: ItemGroupData,
}
