//! Visits, forms and item groups.

use std::io::{self, Write};

use trial::definition::{
    ArchiveLayout, ConditionOid, EventDef, EventRef, EventType, Extension, FormDef, FormRef, ItemGroupDef,
    ItemGroupRef, ItemRef, Protocol,
};

use crate::schema::is_sas_name;
use crate::write::keep::{Keep, aliases, instructions, translated, yes_no};
use crate::xml::Writer;

pub(super) fn protocol<W: Write>(xml: &mut Writer<W>, protocol: &Protocol) -> io::Result<()> {
    let mut keep = Keep::default();
    let description = keep.text("description", &protocol.description);
    let events =
        keep.references("events", &protocol.events, |of: &EventRef| of.event.as_str(), |of| [of.order_number, None]);
    let names = keep.aliases(&protocol.aliases);
    xml.start("Protocol")?;
    instructions(xml, keep, &protocol.extensions, false)?;
    translated(xml, "Description", &description)?;
    for (of, [order, _]) in events {
        let target = ("StudyEventRef", "StudyEventOID", of.event.as_str());
        let rest = (order, of.mandatory, of.collection_exception.as_ref());
        reference(xml, target, rest, Keep::default(), &of.extensions)?;
    }
    aliases(xml, &names)?;
    xml.end()
}

pub(super) fn event<W: Write>(xml: &mut Writer<W>, event: &EventDef) -> io::Result<()> {
    let mut keep = Keep::default();
    let name = keep.non_empty("name", &event.name);
    let description = keep.text("description", &event.description);
    let forms = keep.references("forms", &event.forms, |of: &FormRef| of.form.as_str(), |of| [of.order_number, None]);
    let names = keep.aliases(&event.aliases);
    xml.start("StudyEventDef")?;
    xml.attribute("OID", keep.non_empty("oid", event.oid.as_str()))?;
    xml.attribute("Name", name)?;
    xml.attribute("Repeating", yes_no(event.repeating))?;
    let event_type = match event.event_type {
        EventType::Scheduled => "Scheduled",
        EventType::Unscheduled => "Unscheduled",
        EventType::Common => "Common",
    };
    xml.attribute("Type", event_type)?;
    xml.optional("Category", event.category.as_deref())?;
    instructions(xml, keep, &event.extensions, false)?;
    translated(xml, "Description", &description)?;
    for (of, [order, _]) in forms {
        let rest = (order, of.mandatory, of.collection_exception.as_ref());
        reference(xml, ("FormRef", "FormOID", of.form.as_str()), rest, Keep::default(), &of.extensions)?;
    }
    aliases(xml, &names)?;
    xml.end()
}

pub(super) fn form<W: Write>(xml: &mut Writer<W>, form: &FormDef) -> io::Result<()> {
    let mut keep = Keep::default();
    let name = keep.non_empty("name", &form.name);
    let description = keep.text("description", &form.description);
    let groups =
        keep.references("groups", &form.groups, |of: &ItemGroupRef| of.group.as_str(), |of| [of.order_number, None]);
    let names = keep.aliases(&form.aliases);
    xml.start("FormDef")?;
    xml.attribute("OID", keep.non_empty("oid", form.oid.as_str()))?;
    xml.attribute("Name", name)?;
    xml.attribute("Repeating", yes_no(form.repeating))?;
    instructions(xml, keep, &form.extensions, false)?;
    translated(xml, "Description", &description)?;
    for (of, [order, _]) in groups {
        let mut keep = Keep::default();
        if of.within.is_some() {
            keep.field("within", &of.within);
        }
        let target = ("ItemGroupRef", "ItemGroupOID", of.group.as_str());
        reference(xml, target, (order, of.mandatory, of.collection_exception.as_ref()), keep, &of.extensions)?;
    }
    form.archive_layouts.iter().try_for_each(|of| archive_layout(xml, of))?;
    aliases(xml, &names)?;
    xml.end()
}

fn archive_layout<W: Write>(xml: &mut Writer<W>, layout: &ArchiveLayout) -> io::Result<()> {
    let mut keep = Keep::default();
    xml.start("ArchiveLayout")?;
    xml.attribute("OID", keep.non_empty("oid", layout.oid.as_str()))?;
    xml.attribute("PdfFileName", &layout.pdf_file_name)?;
    xml.optional("PresentationOID", layout.presentation.as_ref().map(|of| of.as_str()))?;
    instructions(xml, keep, &layout.extensions, false)?;
    xml.end()
}

pub(super) fn group<W: Write>(xml: &mut Writer<W>, group: &ItemGroupDef) -> io::Result<()> {
    let mut keep = Keep::default();
    let name = keep.non_empty("name", &group.name);
    let description = keep.text("description", &group.description);
    let dataset = keep.fitting("sas_dataset_name", group.sas_dataset_name.as_deref(), is_sas_name);
    let role = keep.fitting("role", group.role.as_deref(), |of| !of.is_empty());
    let items = keep.references(
        "items",
        &group.items,
        |of: &ItemRef| of.item.as_str(),
        |of| [of.order_number, of.key_sequence],
    );
    let names = keep.aliases(&group.aliases);
    if !group.groups.is_empty() {
        keep.field("groups", &group.groups);
    }
    xml.start("ItemGroupDef")?;
    xml.attribute("OID", keep.non_empty("oid", group.oid.as_str()))?;
    xml.attribute("Name", name)?;
    xml.attribute("Repeating", yes_no(group.repeating))?;
    xml.optional("IsReferenceData", group.is_reference_data.map(yes_no))?;
    xml.optional("SASDatasetName", dataset)?;
    xml.optional("Domain", group.domain.as_deref())?;
    xml.optional("Origin", group.origin.as_deref())?;
    xml.optional("Role", role)?;
    xml.optional("Purpose", group.purpose.as_deref())?;
    xml.optional("Comment", group.comment.as_deref())?;
    instructions(xml, keep, &group.extensions, false)?;
    translated(xml, "Description", &description)?;
    for (of, [order, key]) in items {
        item_ref(xml, of, order, key)?;
    }
    aliases(xml, &names)?;
    xml.end()
}

fn item_ref<W: Write>(xml: &mut Writer<W>, of: &ItemRef, order: Option<i64>, key: Option<i64>) -> io::Result<()> {
    xml.start("ItemRef")?;
    xml.attribute("ItemOID", of.item.as_str())?;
    xml.optional("OrderNumber", order.map(|of| of.to_string()).as_deref())?;
    xml.attribute("Mandatory", yes_no(of.mandatory))?;
    xml.optional("KeySequence", key.map(|of| of.to_string()).as_deref())?;
    xml.optional("MethodOID", of.method.as_ref().map(|of| of.as_str()))?;
    xml.optional("ImputationMethodOID", of.imputation_method.as_ref().map(|of| of.as_str()))?;
    xml.optional("Role", of.role.as_deref())?;
    xml.optional("RoleCodeListOID", of.role_code_list.as_ref().map(|of| of.as_str()))?;
    xml.optional("CollectionExceptionConditionOID", of.collection_exception.as_ref().map(|of| of.as_str()))?;
    instructions(xml, Keep::default(), &of.extensions, false)?;
    xml.end()
}

/// A reference: its element, the attribute that names its target, the target; then what it says of it.
fn reference<W: Write>(
    xml: &mut Writer<W>,
    (element, attribute, target): (&'static str, &str, &str),
    (order, mandatory, condition): (Option<i64>, bool, Option<&ConditionOid>),
    keep: Keep,
    extensions: &[Extension],
) -> io::Result<()> {
    xml.start(element)?;
    xml.attribute(attribute, target)?;
    xml.optional("OrderNumber", order.map(|of| of.to_string()).as_deref())?;
    xml.attribute("Mandatory", yes_no(mandatory))?;
    xml.optional("CollectionExceptionConditionOID", condition.map(|of| of.as_str()))?;
    instructions(xml, keep, extensions, false)?;
    xml.end()
}
