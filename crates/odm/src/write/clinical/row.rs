//! Rows of item groups and their values.

use std::io::{self, Write};

use trial::clinical::{ItemData, ItemElement, ItemGroupData, TransactionType};
use trial::definition::DataType;

use super::{annotations, proof};
use crate::schema::{SimpleType, is_ncname};
use crate::write::evidence::{first_audit, reference, whole_signature};
use crate::write::keep::{Keep, instructions};
use crate::xml::Writer;

pub(super) fn row<W: Write>(xml: &mut Writer<W>, row: &ItemGroupData) -> io::Result<()> {
    let mut keep = Keep::default();
    let audit = first_audit(&mut keep, &row.audit);
    let signed = whole_signature(&mut keep, row.signature.as_ref());
    let repeat = keep.fitting("repeat", row.repeat.as_deref(), |of| !of.is_empty());
    if row.within.is_some() {
        keep.field("within", &row.within);
    }
    xml.start("ItemGroupData")?;
    xml.attribute("ItemGroupOID", keep.non_empty("group", row.group.as_str()))?;
    xml.optional("ItemGroupRepeatKey", repeat)?;
    xml.optional("TransactionType", row.transaction.map(TransactionType::as_odm))?;
    instructions(xml, keep, &row.extensions, false)?;
    proof(xml, audit, signed)?;
    annotations(xml, &row.annotations)?;
    // The schema has typed values or untyped ones in a row, not both.
    if !row.items.is_empty() && row.items.iter().all(can_be_typed) {
        row.items.iter().try_for_each(|item| typed(xml, item))?;
    } else {
        row.items.iter().try_for_each(|item| untyped(xml, item))?;
    }
    xml.end()
}

/// Whether a value came in a typed element and the schema takes it there.
fn can_be_typed(item: &ItemData) -> bool {
    let fits = match (item.element, &item.value) {
        (ItemElement::Untyped, _) => false,
        (ItemElement::Any, value) => item.is_null == value.is_none(),
        (ItemElement::Typed(DataType::Decimal), _) => false,
        (ItemElement::Typed(_), _) if item.is_null => false,
        (ItemElement::Typed(of), Some(value)) => SimpleType::Data(of).fits(value),
        (ItemElement::Typed(_), None) => false,
    };
    let ids = [&item.audit_id, &item.signature_id, &item.annotation_id];
    fits && item.audit.is_empty()
        && item.signature.is_none()
        && item.annotations.is_empty()
        && ids.iter().all(|id| id.as_deref().is_none_or(is_ncname))
        && item.unit.as_ref().is_none_or(|unit| !unit.as_str().is_empty())
}

fn typed<W: Write>(xml: &mut Writer<W>, item: &ItemData) -> io::Result<()> {
    let mut keep = Keep::default();
    xml.start(element(item.element))?;
    xml.attribute("ItemOID", keep.non_empty("item", item.item.as_str()))?;
    xml.optional("TransactionType", item.transaction.map(TransactionType::as_odm))?;
    xml.optional("IsNull", item.is_null.then_some("Yes"))?;
    xml.optional("AuditRecordID", item.audit_id.as_deref())?;
    xml.optional("SignatureID", item.signature_id.as_deref())?;
    xml.optional("AnnotationID", item.annotation_id.as_deref())?;
    xml.optional("MeasurementUnitOID", item.unit.as_ref().map(|of| of.as_str()))?;
    instructions(xml, keep, &item.extensions, true)?;
    if let Some(value) = &item.value {
        xml.text(value)?;
    }
    xml.end()
}

fn untyped<W: Write>(xml: &mut Writer<W>, item: &ItemData) -> io::Result<()> {
    let mut keep = Keep::default();
    let audit = first_audit(&mut keep, &item.audit);
    let signed = whole_signature(&mut keep, item.signature.as_deref());
    let unit = keep.fitting("unit", item.unit.as_ref().map(AsRef::as_ref), |of| !of.is_empty());
    if item.element != ItemElement::Untyped {
        keep.field("element", &item.element);
    }
    for (name, id) in
        [("audit_id", &item.audit_id), ("signature_id", &item.signature_id), ("annotation_id", &item.annotation_id)]
    {
        if id.is_some() {
            keep.field(name, id);
        }
    }
    xml.start("ItemData")?;
    xml.attribute("ItemOID", keep.non_empty("item", item.item.as_str()))?;
    xml.optional("TransactionType", item.transaction.map(TransactionType::as_odm))?;
    xml.optional("Value", item.value.as_deref())?;
    xml.optional("IsNull", item.is_null.then_some("Yes"))?;
    instructions(xml, keep, &item.extensions, false)?;
    proof(xml, audit, signed)?;
    if let Some(unit) = unit {
        reference(xml, "MeasurementUnitRef", "MeasurementUnitOID", unit)?;
    }
    annotations(xml, &item.annotations)?;
    xml.end()
}

fn element(of: ItemElement) -> &'static str {
    match of {
        ItemElement::Untyped => "ItemData",
        ItemElement::Any => "ItemDataAny",
        ItemElement::Typed(data_type) => match data_type {
            DataType::Text | DataType::String => "ItemDataString",
            DataType::Integer => "ItemDataInteger",
            DataType::Float | DataType::Decimal => "ItemDataFloat",
            DataType::Date => "ItemDataDate",
            DataType::Time => "ItemDataTime",
            DataType::Datetime => "ItemDataDatetime",
            DataType::Boolean => "ItemDataBoolean",
            DataType::Double => "ItemDataDouble",
            DataType::HexBinary => "ItemDataHexBinary",
            DataType::Base64Binary => "ItemDataBase64Binary",
            DataType::HexFloat => "ItemDataHexFloat",
            DataType::Base64Float => "ItemDataBase64Float",
            DataType::PartialDate => "ItemDataPartialDate",
            DataType::PartialTime => "ItemDataPartialTime",
            DataType::PartialDatetime => "ItemDataPartialDatetime",
            DataType::DurationDatetime => "ItemDataDurationDatetime",
            DataType::IntervalDatetime => "ItemDataIntervalDatetime",
            DataType::IncompleteDatetime => "ItemDataIncompleteDatetime",
            DataType::IncompleteDate => "ItemDataIncompleteDate",
            DataType::IncompleteTime => "ItemDataIncompleteTime",
            DataType::Uri => "ItemDataURI",
        },
    }
}
