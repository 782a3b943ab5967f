//! The definition of a study as CDISC ODM 1.3.2 has it: what is collected, on which form, at which visit.
//!
//! A [`Study`] holds its [`StudyVersion`]s (ODM: `MetaDataVersion`). Every record keeps what a vendor or
//! a later ODM version added to it as [`Extension`]s, so that nothing that was read is lost. A definition
//! is plain data: it can be stored as JSON, compared, and looked up through [`Indexed`].
//!
//! This module refuses to read or write files (the `odm` crate does), and it never repairs a definition:
//! [`check`] says what is wrong and leaves the definition as it was.

mod check;
mod code_list;
mod event;
mod extension;
mod form;
mod group;
mod index;
mod item;
mod oid;
mod rule;
mod study;
mod text;

pub use check::{Gravity, Problem, ProblemCode, check, check_all};
pub use code_list::{CodeList, CodeListContent, CodeListItem, EnumeratedItem, ExternalCodeList};
pub use event::{EventDef, EventRef, EventType, Protocol};
pub use extension::{Extension, ExtensionKind};
pub use form::{ArchiveLayout, FormDef, FormRef};
pub use group::{ItemGroupDef, ItemGroupRef, ItemRef};
pub use index::Indexed;
pub use item::{
    CheckRule, Comparator, DataType, ExternalQuestion, ITEM_CLASS, ItemClass, ItemDef, RangeCheck, Severity,
};
pub use oid::*;
pub use rule::{ConditionDef, FormalExpression, ImputationMethod, MethodDef, MethodType, Presentation};
pub use study::{Alias, MeasurementUnit, Study, StudyVersion, UNPLACED_FORMS, VersionRef};
pub use text::{Text, Translation};

/// Limits of a definition, checked by [`check`].
pub mod limit {
    /// Definitions of one kind (items, say) in one version.
    pub const DEFINITIONS_MAX: usize = 100_000;
    /// References held by one definition: items of a group, groups of a form.
    pub const REFERENCES_MAX: usize = 10_000;
    /// Entries of one code list.
    pub const CODE_LIST_ENTRIES_MAX: usize = 100_000;
    /// Bytes of one OID.
    pub const OID_BYTES_MAX: usize = 512;
    /// Bytes of one name.
    pub const NAME_BYTES_MAX: usize = 4_096;
    /// Bytes of one text in one language: a question, a description, a formal expression.
    pub const TEXT_BYTES_MAX: usize = 256 * 1024;
    /// Versions of one study.
    pub const VERSIONS_MAX: usize = 1_000;
    /// Item groups within item groups (ODM 2.0).
    pub const NESTING_MAX: usize = 16;
}
