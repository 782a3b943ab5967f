//! A study and its versions (ODM: Study, MetaDataVersion).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{
    CodeList, ConditionDef, EventDef, EventOid, EventRef, EventType, Extension, FormDef, FormOid, FormRef,
    ImputationMethod, ItemDef, ItemGroupDef, MethodDef, Presentation, Protocol, StudyOid, Text, UnitOid, VersionOid,
};

/// A study (ODM: Study). In a file of several sites each site may be a study that includes the main one's version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Study {
    /// Its identifier.
    pub oid: StudyOid,
    /// Its short name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The sponsor's name for its protocol.
    pub protocol_name: String,
    /// The measurement units of all its versions.
    pub units: Vec<MeasurementUnit>,
    /// Its versions, in the order of the file.
    pub versions: Vec<StudyVersion>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A unit of measurement (ODM: MeasurementUnit).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MeasurementUnit {
    /// Its identifier.
    pub oid: UnitOid,
    /// Its name.
    pub name: String,
    /// As it is shown.
    pub symbol: Text,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// One version of a study's definition (ODM: MetaDataVersion).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StudyVersion {
    /// Its identifier.
    pub oid: VersionOid,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// The version whose definitions it takes over, where it has none of its own under an OID (ODM: Include).
    pub include: Option<VersionRef>,
    /// Which visits there are; absent where the version says nothing of it.
    pub protocol: Option<Protocol>,
    /// The visits.
    pub events: Vec<EventDef>,
    /// The forms.
    pub forms: Vec<FormDef>,
    /// The item groups.
    pub groups: Vec<ItemGroupDef>,
    /// The items.
    pub items: Vec<ItemDef>,
    /// The code lists.
    pub code_lists: Vec<CodeList>,
    /// The imputation methods (deprecated in 1.3.2).
    pub imputation_methods: Vec<ImputationMethod>,
    /// The presentations.
    pub presentations: Vec<Presentation>,
    /// The conditions.
    pub conditions: Vec<ConditionDef>,
    /// The methods.
    pub methods: Vec<MethodDef>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// The OID of the visit that [`StudyVersion::place_forms`] adds, and under which the `odm` crate writes forms that
/// stand outside a visit.
pub const UNPLACED_FORMS: &str = "PROBITY.UNPLACED-FORMS";

impl StudyVersion {
    /// Adds a visit of type common for the forms that no visit has, so that they can be filled in.
    /// REDCap's projects without events and CDASH libraries have only such forms. `None`, and no change, where
    /// every form has a visit or there is none.
    pub fn place_forms(&mut self) -> Option<EventOid> {
        let placed: HashSet<&FormOid> =
            self.events.iter().flat_map(|event| event.forms.iter().map(|of| &of.form)).collect();
        let unplaced: Vec<FormRef> = self
            .forms
            .iter()
            .filter(|form| !placed.contains(&form.oid))
            .map(|form| FormRef { form: form.oid.clone(), ..FormRef::default() })
            .collect();
        if unplaced.is_empty() || self.events.iter().any(|event| event.oid == UNPLACED_FORMS) {
            return None;
        }
        let oid = EventOid::from(UNPLACED_FORMS);
        self.events.push(EventDef {
            oid: oid.clone(),
            name: "Forms without a visit".to_owned(),
            event_type: EventType::Common,
            forms: unplaced,
            ..EventDef::default()
        });
        let protocol = self.protocol.get_or_insert_default();
        protocol.events.push(EventRef { event: oid.clone(), ..EventRef::default() });
        Some(oid)
    }
}

/// Names a version of a study (ODM: Include, MetaDataVersionRef).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct VersionRef {
    /// The study.
    pub study: StudyOid,
    /// Its version.
    pub version: VersionOid,
}

/// Another name, in some context (ODM: Alias).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Alias {
    /// Where the name is used: a standard, a piece of software.
    pub context: String,
    /// The name there.
    pub name: String,
}
