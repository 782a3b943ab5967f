//! Code lists.

use std::collections::HashSet;
use std::io::{self, Write};

use trial::definition::{CodeList, CodeListContent, CodeListItem, DataType, EnumeratedItem};

use crate::schema::{is_decimal, is_sas_format};
use crate::write::keep::{Keep, NOTHING, aliases, instructions, translated};
use crate::xml::Writer;

pub(super) fn code_list<W: Write>(xml: &mut Writer<W>, list: &CodeList) -> io::Result<()> {
    let mut keep = Keep::default();
    let name = keep.non_empty("name", &list.name);
    let description = keep.text("description", &list.description);
    let format = keep.fitting("sas_format_name", list.sas_format_name.as_deref(), is_sas_format);
    let names = keep.aliases(&list.aliases);
    let data_type = match list.data_type {
        known @ (DataType::Integer | DataType::Float | DataType::Text | DataType::String) => known,
        other => {
            keep.field("data_type", &other);
            if other == DataType::Decimal { DataType::Float } else { DataType::Text }
        }
    };
    let is_whole = match &list.content {
        CodeListContent::Coded(items) => {
            !items.is_empty() && differ(items.iter().map(|of| (of.coded_value.as_str(), of.order_number)))
        }
        CodeListContent::Enumerated(items) => {
            !items.is_empty() && differ(items.iter().map(|of| (of.coded_value.as_str(), of.order_number)))
        }
        CodeListContent::External(_) => true,
    };
    if !is_whole {
        keep.field("content", &list.content);
    }
    xml.start("CodeList")?;
    xml.attribute("OID", keep.non_empty("oid", list.oid.as_str()))?;
    xml.attribute("Name", name)?;
    xml.attribute("DataType", data_type.as_odm())?;
    xml.optional("SASFormatName", format)?;
    instructions(xml, keep, &list.extensions, false)?;
    translated(xml, "Description", &description)?;
    content(xml, &list.content)?;
    aliases(xml, &names)?;
    xml.end()
}

/// Whether values differ, and order numbers where there are any.
fn differ<'a>(entries: impl Iterator<Item = (&'a str, Option<i64>)>) -> bool {
    let (mut values, mut orders) = (HashSet::new(), HashSet::new());
    for (value, order) in entries {
        if !values.insert(value) || order.is_some_and(|order| !orders.insert(order)) {
            return false;
        }
    }
    true
}

/// Writes each value once, and each order number once.
fn content<W: Write>(xml: &mut Writer<W>, content: &CodeListContent) -> io::Result<()> {
    let (mut values, mut orders) = (HashSet::new(), HashSet::new());
    match content {
        CodeListContent::Coded(items) if !items.is_empty() => {
            for item in items.iter().filter(|of| values.insert(of.coded_value.as_str())) {
                let order = item.order_number.filter(|order| orders.insert(*order));
                coded(xml, item, order)?;
            }
            Ok(())
        }
        CodeListContent::Enumerated(items) if !items.is_empty() => {
            for item in items.iter().filter(|of| values.insert(of.coded_value.as_str())) {
                let order = item.order_number.filter(|order| orders.insert(*order));
                enumerated(xml, item, order)?;
            }
            Ok(())
        }
        CodeListContent::External(list) => {
            xml.start("ExternalCodeList")?;
            xml.optional("Dictionary", list.dictionary.as_deref())?;
            xml.optional("Version", list.version.as_deref())?;
            xml.optional("href", list.href.as_deref())?;
            xml.optional("ref", list.reference.as_deref())?;
            xml.end()
        }
        // The schema wants something; that there is nothing is kept.
        CodeListContent::Coded(_) | CodeListContent::Enumerated(_) => {
            xml.start("ExternalCodeList")?;
            xml.end()
        }
    }
}

fn coded<W: Write>(xml: &mut Writer<W>, item: &CodeListItem, order: Option<i64>) -> io::Result<()> {
    let mut keep = Keep::default();
    let rank = keep.fitting("rank", item.rank.as_deref(), is_decimal);
    let instead = if item.coded_value.is_empty() { NOTHING } else { &item.coded_value };
    let decode = keep.required_text("decode", &item.decode, instead);
    let names = keep.aliases(&item.aliases);
    if !item.description.is_empty() {
        keep.field("description", &item.description);
    }
    xml.start("CodeListItem")?;
    xml.attribute("CodedValue", &item.coded_value)?;
    xml.optional("Rank", rank)?;
    xml.optional("OrderNumber", order.map(|of| of.to_string()).as_deref())?;
    instructions(xml, keep, &item.extensions, false)?;
    translated(xml, "Decode", &decode)?;
    aliases(xml, &names)?;
    xml.end()
}

fn enumerated<W: Write>(xml: &mut Writer<W>, item: &EnumeratedItem, order: Option<i64>) -> io::Result<()> {
    let mut keep = Keep::default();
    let rank = keep.fitting("rank", item.rank.as_deref(), is_decimal);
    let names = keep.aliases(&item.aliases);
    xml.start("EnumeratedItem")?;
    xml.attribute("CodedValue", &item.coded_value)?;
    xml.optional("Rank", rank)?;
    xml.optional("OrderNumber", order.map(|of| of.to_string()).as_deref())?;
    instructions(xml, keep, &item.extensions, false)?;
    aliases(xml, &names)?;
    xml.end()
}
