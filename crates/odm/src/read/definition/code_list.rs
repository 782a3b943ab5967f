//! Code lists.

use trial::definition::{CodeList, CodeListContent, CodeListItem, DataType, EnumeratedItem, ExternalCodeList};

use super::text::{aliases, child_text};
use crate::read::Records;
use crate::schema::Edition;
use crate::xml::Node;

pub(super) fn code_list(records: &mut Records, mut node: Node) -> CodeList {
    let mut kept = Vec::new();
    let content = if let Some(mut external) = node.child("ExternalCodeList") {
        let list = ExternalCodeList {
            dictionary: external.take("Dictionary"),
            version: external.take("Version"),
            href: external.take("href"),
            reference: external.take("ref"),
        };
        external.finish_into("ExternalCodeList", &mut kept, &mut records.leftovers);
        CodeListContent::External(list)
    } else if node.has("EnumeratedItem") && !node.has("CodeListItem") {
        CodeListContent::Enumerated(node.all("EnumeratedItem").into_iter().map(|of| enumerated(records, of)).collect())
    } else {
        coded(records, &mut node)
    };
    let list = CodeList {
        oid: node.require("OID"),
        name: node.require("Name"),
        data_type: node.take_as("DataType", DataType::from_odm).unwrap_or_default(),
        sas_format_name: node.take("SASFormatName"),
        description: child_text(records, &mut node, "Description", &mut kept),
        content,
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(list, node, kept)
}

/// In ODM 2.0 a list of items without decodes is what 1.3 calls enumerated, and one without items is external.
fn coded(records: &mut Records, node: &mut Node) -> CodeListContent {
    let items = node.all("CodeListItem");
    if records.edition == Edition::V2_0 && items.is_empty() {
        return CodeListContent::External(ExternalCodeList::default());
    }
    let speak_for_themselves = items.iter().all(|item| !item.has("Decode") && !item.has("Description"));
    if records.edition == Edition::V2_0 && speak_for_themselves {
        return CodeListContent::Enumerated(items.into_iter().map(|of| enumerated(records, of)).collect());
    }
    CodeListContent::Coded(items.into_iter().map(|of| code_list_item(records, of)).collect())
}

fn code_list_item(records: &mut Records, mut node: Node) -> CodeListItem {
    let mut kept = Vec::new();
    let item = CodeListItem {
        coded_value: node.require("CodedValue"),
        rank: node.take("Rank"),
        order_number: node.take_integer("OrderNumber"),
        decode: child_text(records, &mut node, "Decode", &mut kept),
        description: child_text(records, &mut node, "Description", &mut kept),
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(item, node, kept)
}

fn enumerated(records: &mut Records, mut node: Node) -> EnumeratedItem {
    let mut kept = Vec::new();
    let item = EnumeratedItem {
        coded_value: node.require("CodedValue"),
        rank: node.take("Rank"),
        order_number: node.take_integer("OrderNumber"),
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(item, node, kept)
}
