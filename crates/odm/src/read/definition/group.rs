//! Forms and item groups. ODM 2.0 has item groups only, which may hold others: one of type Form, or one that a
//! visit refers to, is a form here, and the groups within it follow the group that holds them.

use std::collections::{HashMap, HashSet};

use trial::definition::{
    ArchiveLayout, FormDef, FormOid, ItemGroupDef, ItemGroupOid, ItemGroupRef, ItemRef, StudyVersion, limit,
};

use super::text::{aliases, child_text};
use crate::read::Records;
use crate::xml::Node;

/// What a form's own items are put into where ODM 2.0 has them directly in the form: a group with this ending.
pub(crate) const OWN_ITEMS: &str = ".OWN-ITEMS";

pub(super) fn form(records: &mut Records, mut node: Node) -> FormDef {
    let mut kept = Vec::new();
    let form = FormDef {
        oid: node.require("OID"),
        name: node.require("Name"),
        repeating: node.take_yes_no("Repeating").unwrap_or_default(),
        description: child_text(records, &mut node, "Description", &mut kept),
        groups: node.all("ItemGroupRef").into_iter().map(|of| group_ref(records, of)).collect(),
        archive_layouts: node.all("ArchiveLayout").into_iter().map(|of| archive_layout(records, of)).collect(),
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(form, node, kept)
}

fn archive_layout(records: &mut Records, mut node: Node) -> ArchiveLayout {
    let layout = ArchiveLayout {
        oid: node.require("OID"),
        pdf_file_name: node.require("PdfFileName"),
        presentation: node.take("PresentationOID").map(Into::into),
        extensions: Vec::new(),
    };
    records.complete(layout, node, Vec::new())
}

fn group_ref(records: &mut Records, mut node: Node) -> ItemGroupRef {
    let reference = ItemGroupRef {
        group: node.require("ItemGroupOID"),
        order_number: node.take_integer("OrderNumber"),
        mandatory: node.take_yes_no("Mandatory").unwrap_or_default(),
        collection_exception: node.take("CollectionExceptionConditionOID").map(Into::into),
        within: None,
        extensions: Vec::new(),
    };
    records.complete(reference, node, Vec::new())
}

pub(super) fn group(records: &mut Records, mut node: Node) -> ItemGroupDef {
    let mut kept = Vec::new();
    let group = ItemGroupDef {
        oid: node.require("OID"),
        name: node.require("Name"),
        repeating: node.take_yes_no("Repeating").unwrap_or_default(),
        is_reference_data: node.take_yes_no("IsReferenceData"),
        sas_dataset_name: node.take("SASDatasetName"),
        domain: node.take("Domain"),
        origin: node.take("Origin"),
        role: node.take("Role"),
        purpose: node.take("Purpose"),
        comment: node.take("Comment"),
        description: child_text(records, &mut node, "Description", &mut kept),
        items: node.all("ItemRef").into_iter().map(|of| item_ref(records, of)).collect(),
        groups: Vec::new(),
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(group, node, kept)
}

fn item_ref(records: &mut Records, mut node: Node) -> ItemRef {
    let reference = ItemRef {
        item: node.require("ItemOID"),
        order_number: node.take_integer("OrderNumber"),
        mandatory: node.take_yes_no("Mandatory").unwrap_or_default(),
        key_sequence: node.take_integer("KeySequence"),
        method: node.take("MethodOID").map(Into::into),
        imputation_method: node.take("ImputationMethodOID").map(Into::into),
        role: node.take("Role"),
        role_code_list: node.take("RoleCodeListOID").map(Into::into),
        collection_exception: node.take("CollectionExceptionConditionOID").map(Into::into),
        extensions: Vec::new(),
    };
    records.complete(reference, node, Vec::new())
}

/// The item groups of a version of ODM 2.0, until it is known which are forms.
#[derive(Default)]
pub(super) struct Nested {
    groups: Vec<(ItemGroupDef, bool)>,
}

/// Reads an item group of ODM 2.0.
pub(super) fn group_2_0(records: &mut Records, mut node: Node, version: &mut StudyVersion, nested: &mut Nested) {
    let _ = &version;
    let mut kept = Vec::new();
    let is_form = node.take_as("Type", |of| (of == "Form").then_some(())).is_some();
    // Simple, dynamic or static: all repeat; the word is kept where it says more than that.
    let repeating = match node.peek("Repeating") {
        Some("No") => node.take("Repeating").is_none(),
        Some("Simple") => node.take("Repeating").is_some(),
        Some(_) => true,
        None => false,
    };
    let items = node.all("ItemRef").into_iter().map(|of| item_ref(records, of)).collect();
    let groups = node.all("ItemGroupRef").into_iter().map(|of| group_ref(records, of)).collect();
    let group = ItemGroupDef {
        oid: node.require("OID"),
        name: node.require("Name"),
        repeating,
        is_reference_data: node.take_yes_no("IsReferenceData"),
        sas_dataset_name: node.take("DatasetName"),
        domain: node.take("Domain"),
        purpose: node.take("Purpose"),
        description: child_text(records, &mut node, "Description", &mut kept),
        items,
        groups,
        aliases: aliases(records, &mut node, &mut kept),
        ..ItemGroupDef::default()
    };
    nested.groups.push((records.complete(group, node, kept), is_form));
}

impl Nested {
    /// Makes forms of those groups that are forms, and places the others in them.
    pub(super) fn place(self, version: &mut StudyVersion) {
        if self.groups.is_empty() {
            return;
        }
        let in_visits: HashSet<FormOid> =
            version.events.iter().flat_map(|event| event.forms.iter().map(|of| of.form.clone())).collect();
        let within: HashMap<ItemGroupOid, Vec<ItemGroupRef>> =
            self.groups.iter().map(|(group, _)| (group.oid.clone(), group.groups.clone())).collect();
        for (group, is_form) in self.groups {
            if is_form || in_visits.contains(group.oid.as_str()) {
                place_form(group, &within, version);
            } else {
                version.groups.push(group);
            }
        }
    }
}

fn place_form(group: ItemGroupDef, within: &HashMap<ItemGroupOid, Vec<ItemGroupRef>>, version: &mut StudyVersion) {
    let mut form = FormDef {
        oid: group.oid.as_str().into(),
        name: group.name.clone(),
        repeating: group.repeating,
        description: group.description,
        groups: Vec::new(),
        archive_layouts: Vec::new(),
        aliases: group.aliases,
        extensions: group.extensions,
    };
    if !group.items.is_empty() {
        let own = ItemGroupOid::from(format!("{}{OWN_ITEMS}", group.oid));
        form.groups.push(ItemGroupRef { group: own.clone(), mandatory: true, ..ItemGroupRef::default() });
        version.groups.push(ItemGroupDef {
            oid: own,
            name: group.name,
            sas_dataset_name: group.sas_dataset_name,
            domain: group.domain,
            purpose: group.purpose,
            is_reference_data: group.is_reference_data,
            items: group.items,
            ..ItemGroupDef::default()
        });
    }
    for reference in group.groups {
        flatten(reference, within, limit::NESTING_MAX, &mut form.groups);
    }
    version.forms.push(form);
}

/// Adds a reference, and after it those of the groups within; a circle ends at the limit and is then reported.
fn flatten(
    reference: ItemGroupRef,
    within: &HashMap<ItemGroupOid, Vec<ItemGroupRef>>,
    levels: usize,
    into: &mut Vec<ItemGroupRef>,
) {
    let holder = reference.group.clone();
    into.push(reference);
    let Some(inner) = within.get(&holder).filter(|_| levels > 0 && into.len() < limit::REFERENCES_MAX) else {
        return;
    };
    for of in inner {
        let reference = ItemGroupRef { within: Some(holder.clone()), order_number: None, ..of.clone() };
        flatten(reference, within, levels - 1, into);
    }
}
