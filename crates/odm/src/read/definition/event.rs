//! Visits.

use trial::definition::{EventDef, EventRef, EventType, FormRef, Protocol};

use super::text::{aliases, child_text};
use crate::read::Records;
use crate::schema::Edition;
use crate::xml::Node;

pub(super) fn protocol(records: &mut Records, mut node: Node) -> Protocol {
    let mut kept = Vec::new();
    let protocol = Protocol {
        description: child_text(records, &mut node, "Description", &mut kept),
        events: node.all("StudyEventRef").into_iter().map(|of| event_ref(records, of)).collect(),
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(protocol, node, kept)
}

fn event_ref(records: &mut Records, mut node: Node) -> EventRef {
    let reference = EventRef {
        event: node.require("StudyEventOID"),
        order_number: node.take_integer("OrderNumber"),
        mandatory: node.take_yes_no("Mandatory").unwrap_or_default(),
        collection_exception: node.take("CollectionExceptionConditionOID").map(Into::into),
        extensions: Vec::new(),
    };
    records.complete(reference, node, Vec::new())
}

pub(super) fn event(records: &mut Records, mut node: Node) -> EventDef {
    let mut kept = Vec::new();
    let form_refs = if records.edition == Edition::V2_0 { "ItemGroupRef" } else { "FormRef" };
    let event = EventDef {
        oid: node.require("OID"),
        name: node.require("Name"),
        repeating: node.take_yes_no("Repeating").unwrap_or_default(),
        event_type: node.take_as("Type", event_type).unwrap_or_default(),
        category: node.take("Category"),
        description: child_text(records, &mut node, "Description", &mut kept),
        forms: node.all(form_refs).into_iter().map(|of| form_ref(records, of)).collect(),
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(event, node, kept)
}

fn event_type(text: &str) -> Option<EventType> {
    match text {
        "Scheduled" => Some(EventType::Scheduled),
        "Unscheduled" => Some(EventType::Unscheduled),
        "Common" => Some(EventType::Common),
        _ => None,
    }
}

fn form_ref(records: &mut Records, mut node: Node) -> FormRef {
    let oid = if records.edition == Edition::V2_0 { "ItemGroupOID" } else { "FormOID" };
    let reference = FormRef {
        form: node.require(oid),
        order_number: node.take_integer("OrderNumber"),
        mandatory: node.take_yes_no("Mandatory").unwrap_or_default(),
        collection_exception: node.take("CollectionExceptionConditionOID").map(Into::into),
        extensions: Vec::new(),
    };
    records.complete(reference, node, Vec::new())
}
