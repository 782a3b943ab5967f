//! Makes records of elements: what was kept beside an element is put into its record.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use trial::clinical::{
    AdminData, Annotation, Association, AuditRecord, EventHead, Flag, FormHead, ItemData, ItemGroupData, KeySet,
    Location, Signature, SignatureDef, SubjectHead, User,
};
use trial::definition::{
    ArchiveLayout, CodeList, CodeListItem, ConditionDef, EnumeratedItem, EventDef, EventRef, Extension, ExtensionKind,
    FormDef, FormRef, ImputationMethod, ItemDef, ItemGroupDef, ItemGroupRef, ItemRef, MeasurementUnit, MethodDef,
    Presentation, Protocol, RangeCheck, Study, StudyVersion,
};

use super::FileInfo;
use crate::schema::Edition;
use crate::xml::{Kept, Leftovers, Node};

/// A record that extensions are kept beside.
pub(crate) trait Keeps: Serialize + DeserializeOwned {
    fn extensions(&mut self) -> &mut Vec<Extension>;
}

macro_rules! keeps {
    ($($record:ty),+ $(,)?) => {$(
        impl Keeps for $record {
            fn extensions(&mut self) -> &mut Vec<Extension> {
                &mut self.extensions
            }
        }
    )+};
}

keeps!(
    AdminData,
    Annotation,
    ArchiveLayout,
    Association,
    AuditRecord,
    CodeList,
    CodeListItem,
    ConditionDef,
    EnumeratedItem,
    EventDef,
    EventHead,
    EventRef,
    FileInfo,
    Flag,
    FormDef,
    FormHead,
    FormRef,
    ImputationMethod,
    ItemData,
    ItemDef,
    ItemGroupData,
    ItemGroupDef,
    ItemGroupRef,
    ItemRef,
    KeySet,
    Location,
    MeasurementUnit,
    MethodDef,
    Presentation,
    Protocol,
    RangeCheck,
    Signature,
    SignatureDef,
    Study,
    StudyVersion,
    SubjectHead,
    User,
);

/// What the making of records goes by, and what it leaves to be listed.
pub(crate) struct Records {
    pub(crate) edition: Edition,
    pub(crate) leftovers: Leftovers,
}

impl Records {
    pub(crate) fn new(edition: Edition) -> Self {
        Self { edition, leftovers: Leftovers { namespace: edition.namespace(), found: Vec::new() } }
    }

    /// Completes a record with all that was not taken of its element. `extra` was kept of elements within.
    pub(crate) fn complete<T: Keeps>(&mut self, record: T, node: Node, extra: Vec<Extension>) -> T {
        let mut kept = node.finish(&mut self.leftovers);
        kept.extensions.extend(extra);
        restore(record, kept)
    }
}

/// Puts what was kept beside an element into its record: extensions, and fields that a file of ours carries
/// because the standard has no place for them.
pub(crate) fn restore<T: Keeps>(mut record: T, kept: Kept) -> T {
    if let Some(fields) = kept.fields {
        match merged(&record, &fields) {
            Some(whole) => record = whole,
            // Not ours, or meddled with: kept as it was written.
            None => record.extensions().push(Extension {
                path: String::new(),
                kind: ExtensionKind::Text,
                namespace: String::new(),
                name: "keep".to_owned(),
                xml: Value::Object(*fields).to_string(),
            }),
        }
    }
    if record.extensions().is_empty() {
        *record.extensions() = kept.extensions;
    } else {
        record.extensions().extend(kept.extensions);
    }
    record
}

fn merged<T: Keeps>(record: &T, fields: &Map<String, Value>) -> Option<T> {
    let mut whole = serde_json::to_value(record).ok()?;
    let object = whole.as_object_mut()?;
    for (name, value) in fields {
        object.insert(name.clone(), value.clone());
    }
    serde_json::from_value(whole).ok()
}
