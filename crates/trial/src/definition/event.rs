//! Visits: the protocol's list of them and their definitions (ODM: Protocol, StudyEventDef).

use serde::{Deserialize, Serialize};

use super::{Alias, ConditionOid, EventOid, Extension, FormRef, Text};

/// Which visits a study has, in order (ODM: Protocol).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Protocol {
    /// What the protocol is about.
    pub description: Text,
    /// The visits, in the order of the file; `order_number` may say otherwise.
    pub events: Vec<EventRef>,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A visit's place in the protocol (ODM: StudyEventRef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventRef {
    /// The visit.
    pub event: EventOid,
    /// Its place among the others.
    pub order_number: Option<i64>,
    /// Whether a subject must have it.
    pub mandatory: bool,
    /// When this condition holds, it need not take place.
    pub collection_exception: Option<ConditionOid>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// A visit (ODM: StudyEventDef).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventDef {
    /// Its identifier.
    pub oid: EventOid,
    /// Its name.
    pub name: String,
    /// Whether a subject may have it several times.
    pub repeating: bool,
    /// Scheduled, unscheduled or common.
    pub event_type: EventType,
    /// Its category, free text.
    pub category: Option<String>,
    /// What it is about.
    pub description: Text,
    /// Its forms.
    pub forms: Vec<FormRef>,
    /// Other names.
    pub aliases: Vec<Alias>,
    /// Kept beside it.
    pub extensions: Vec<Extension>,
}

/// How a visit comes about (ODM: EventType).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// Expected at a planned time.
    #[default]
    Scheduled,
    /// Takes place when needed.
    Unscheduled,
    /// A collection of forms that are not tied to a time.
    Common,
}
