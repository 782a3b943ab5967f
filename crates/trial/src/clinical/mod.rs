//! Clinical data on its way from or to another system, as CDISC ODM has it (ClinicalData, AdminData).
//!
//! These are claims about what was collected elsewhere: values are the raw texts of the file, audit records
//! are the other system's. They become values of ours only through [`crate::value::ItemValue::parse`], and
//! its audit records never become our ledger's.
//!
//! This module refuses to hold a whole file: a [`Chunk`] is one subject, one form or one list of bounded size.

mod admin;
mod chunk;
mod data;
mod evidence;

pub use admin::{
    Address, AdminData, Location, LocationType, LocationVersion, SignatureDef, SignatureMethodology, User, UserType,
};
pub use chunk::{Chunk, Context, EventChunk, FormChunk, GroupChunk, Part, SubjectChunk};
pub use data::{EventHead, FormHead, ItemData, ItemElement, ItemGroupData, SubjectHead, TransactionType};
pub use evidence::{
    Annotation, Association, AuditOrigin, AuditRecord, CommentSource, EditPoint, Flag, FlagCode, KeySet, Signature,
};
