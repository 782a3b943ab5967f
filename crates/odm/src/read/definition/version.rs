//! Studies and their versions.

use std::io::BufRead;

use trial::definition::{Extension, MeasurementUnit, Study, StudyVersion, VersionRef};

use super::text::{aliases, child_text, leaf, text};
use super::{code_list, event, group, item, rule};
use crate::error::ReadError;
use crate::read::Records;
use crate::read::record::restore;
use crate::schema::Edition;
use crate::xml::{Node, Source, Token};

/// Reads the Study that just began.
pub(in crate::read) fn study<R: BufRead>(source: &mut Source<R>, bytes_left: &mut u64) -> Result<Study, ReadError> {
    let mut records = Records::new(source.edition());
    let attribute = |name: &str| source.attribute(name).unwrap_or("").to_owned();
    let mut study = Study { oid: attribute("OID").into(), ..Study::default() };
    if source.edition() == Edition::V2_0 {
        study.name = attribute("StudyName");
        study.protocol_name = attribute("ProtocolName");
        for name in ["VersionID", "VersionName", "Status"] {
            source.keep_attribute(name);
        }
    }
    let mut within = Vec::new();
    let depth = source.depth();
    loop {
        match source.next()? {
            Token::Start => match source.name() {
                "GlobalVariables" => {
                    let mut node = read_node(source, bytes_left)?;
                    let mut variables = Vec::new();
                    let mut take = |name| leaf(&mut records, &mut node, name, &mut variables).unwrap_or_default();
                    study.name = take("StudyName");
                    study.description = take("StudyDescription");
                    study.protocol_name = take("ProtocolName");
                    under("GlobalVariables", variables, &mut within);
                    node.finish_into("GlobalVariables", &mut within, &mut records.leftovers);
                }
                "Description" => {
                    let node = read_node(source, bytes_left)?;
                    let description = text(&mut records, Some(node), "Description", &mut within);
                    study.description = description.in_language("en").to_owned();
                }
                "BasicDefinitions" => {
                    let mut node = read_node(source, bytes_left)?;
                    study.units = node.all("MeasurementUnit").into_iter().map(|of| unit(&mut records, of)).collect();
                    node.finish_into("BasicDefinitions", &mut within, &mut records.leftovers);
                }
                "MetaDataVersion" => study.versions.push(version(source, bytes_left)?),
                _ => source.keep_element()?,
            },
            Token::End(mut kept) if source.depth() < depth => {
                kept.extensions.extend(within);
                list(source, records);
                return Ok(restore(study, kept));
            }
            Token::End(_) | Token::Eof => {}
        }
    }
}

fn unit(records: &mut Records, mut node: Node) -> MeasurementUnit {
    let mut kept = Vec::new();
    let unit = MeasurementUnit {
        oid: node.require("OID"),
        name: node.require("Name"),
        symbol: child_text(records, &mut node, "Symbol", &mut kept),
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(unit, node, kept)
}

fn version<R: BufRead>(source: &mut Source<R>, bytes_left: &mut u64) -> Result<StudyVersion, ReadError> {
    let mut records = Records::new(source.edition());
    let attribute = |name: &str| source.attribute(name).map(str::to_owned);
    let mut version = StudyVersion {
        oid: attribute("OID").unwrap_or_default().into(),
        name: attribute("Name").unwrap_or_default(),
        description: attribute("Description").filter(|_| source.edition() == Edition::V1_3),
        ..StudyVersion::default()
    };
    source.keep_attribute("CommentOID");
    let mut within = Vec::new();
    let mut nested = group::Nested::default();
    let depth = source.depth();
    loop {
        match source.next()? {
            Token::Start if matches!(source.name(), "Description" | "Include" | "Protocol") => {
                let node = read_node(source, bytes_left)?;
                head(&mut records, node, &mut version, &mut within);
            }
            Token::Start if is_definition(source.name()) => {
                let node = read_node(source, bytes_left)?;
                definition(&mut records, node, &mut version, &mut nested);
            }
            Token::Start => source.keep_element()?,
            Token::End(mut kept) if source.depth() < depth => {
                kept.extensions.extend(within);
                nested.place(&mut version);
                list(source, records);
                return Ok(restore(version, kept));
            }
            Token::End(_) | Token::Eof => {}
        }
    }
}

fn head(records: &mut Records, mut node: Node, version: &mut StudyVersion, within: &mut Vec<Extension>) {
    match node.name {
        "Include" => {
            version.include =
                Some(VersionRef { study: node.require("StudyOID"), version: node.require("MetaDataVersionOID") });
            node.finish_into("Include", within, &mut records.leftovers);
        }
        "Protocol" => version.protocol = Some(event::protocol(records, node)),
        _ => {
            // 2.0: a text in several languages, of which a version of 1.3 has one. The others are kept.
            let mut translations = node.all("TranslatedText");
            if !translations.is_empty() {
                let mut first = translations.remove(0);
                version.description = Some(first.take_text());
                first.take_as("Type", |of| (of == "text/plain").then_some(()));
                first.finish_into("Description/TranslatedText", within, &mut records.leftovers);
            }
            node.put_back(translations);
            node.finish_into("Description", within, &mut records.leftovers);
        }
    }
}

fn is_definition(name: &str) -> bool {
    matches!(
        name,
        "StudyEventDef"
            | "FormDef"
            | "ItemGroupDef"
            | "ItemDef"
            | "CodeList"
            | "ImputationMethod"
            | "Presentation"
            | "ConditionDef"
            | "MethodDef"
    )
}

fn definition(records: &mut Records, node: Node, version: &mut StudyVersion, nested: &mut group::Nested) {
    match node.name {
        "StudyEventDef" => version.events.push(event::event(records, node)),
        "FormDef" => version.forms.push(group::form(records, node)),
        "ItemGroupDef" if records.edition == Edition::V2_0 => group::group_2_0(records, node, version, nested),
        "ItemGroupDef" => version.groups.push(group::group(records, node)),
        "ItemDef" => version.items.push(item::item(records, node)),
        "CodeList" => version.code_lists.push(code_list::code_list(records, node)),
        "ImputationMethod" => version.imputation_methods.push(rule::imputation_method(records, node)),
        "Presentation" => version.presentations.push(rule::presentation(records, node)),
        "ConditionDef" => version.conditions.push(rule::condition(records, node)),
        _ => version.methods.push(rule::method(records, node)),
    }
}

fn read_node<R: BufRead>(source: &mut Source<R>, bytes_left: &mut u64) -> Result<Node, ReadError> {
    let node = Node::read(source, *bytes_left)?;
    *bytes_left -= node.bytes();
    Ok(node)
}

/// Puts what was kept under a path.
fn under(path: &str, kept: Vec<Extension>, into: &mut Vec<Extension>) {
    into.extend(kept.into_iter().map(|mut extension| {
        extension.path = if extension.path.is_empty() { path.to_owned() } else { format!("{path}/{}", extension.path) };
        extension
    }));
}

/// Lists in the report what the records left.
pub(in crate::read) fn list<R: BufRead>(source: &mut Source<R>, records: Records) {
    let namespace = records.leftovers.namespace;
    for left in records.leftovers.found {
        let namespace = if left.kind == trial::definition::ExtensionKind::Element { namespace } else { "" };
        source.list_at(left.position, &left.path, left.kind, namespace, &left.name, left.elements);
    }
}
