//! Studies and their versions.

mod code_list;
mod item;
mod structure;

use std::io::{self, Write};

use trial::definition::{
    ConditionDef, FormalExpression, ImputationMethod, MeasurementUnit, MethodDef, MethodType, Presentation, Study,
    StudyVersion,
};

use super::keep::{Keep, aliases, instructions, translated};
use crate::schema::is_language;
use crate::xml::Writer;

pub(super) fn study<W: Write>(xml: &mut Writer<W>, study: &Study) -> io::Result<()> {
    let mut keep = Keep::default();
    let oid = keep.non_empty("oid", study.oid.as_str());
    let name = keep.non_empty("name", &study.name);
    let protocol_name = keep.non_empty("protocol_name", &study.protocol_name);
    xml.start("Study")?;
    xml.attribute("OID", oid)?;
    instructions(xml, keep, &study.extensions, false)?;
    xml.start("GlobalVariables")?;
    xml.leaf("StudyName", name)?;
    xml.leaf("StudyDescription", &study.description)?;
    xml.leaf("ProtocolName", protocol_name)?;
    xml.end()?;
    if !study.units.is_empty() {
        xml.start("BasicDefinitions")?;
        for of in &study.units {
            unit(xml, of)?;
        }
        xml.end()?;
    }
    for of in &study.versions {
        version(xml, of)?;
    }
    xml.end()
}

fn unit<W: Write>(xml: &mut Writer<W>, unit: &MeasurementUnit) -> io::Result<()> {
    let mut keep = Keep::default();
    let symbol = keep.required_text("symbol", &unit.symbol, &unit.name);
    let names = keep.aliases(&unit.aliases);
    let oid = keep.non_empty("oid", unit.oid.as_str());
    xml.start("MeasurementUnit")?;
    xml.attribute("OID", oid)?;
    xml.attribute("Name", &unit.name)?;
    instructions(xml, keep, &unit.extensions, false)?;
    translated(xml, "Symbol", &symbol)?;
    aliases(xml, &names)?;
    xml.end()
}

fn version<W: Write>(xml: &mut Writer<W>, version: &StudyVersion) -> io::Result<()> {
    let mut keep = Keep::default();
    let oid = keep.non_empty("oid", version.oid.as_str());
    let name = keep.non_empty("name", &version.name);
    xml.start("MetaDataVersion")?;
    xml.attribute("OID", oid)?;
    xml.attribute("Name", name)?;
    xml.optional("Description", version.description.as_deref())?;
    instructions(xml, keep, &version.extensions, false)?;
    if let Some(include) = &version.include {
        xml.start("Include")?;
        xml.attribute("StudyOID", include.study.as_str())?;
        xml.attribute("MetaDataVersionOID", include.version.as_str())?;
        xml.end()?;
    }
    if let Some(protocol) = &version.protocol {
        structure::protocol(xml, protocol)?;
    }
    version.events.iter().try_for_each(|of| structure::event(xml, of))?;
    version.forms.iter().try_for_each(|of| structure::form(xml, of))?;
    version.groups.iter().try_for_each(|of| structure::group(xml, of))?;
    version.items.iter().try_for_each(|of| item::item(xml, of))?;
    version.code_lists.iter().try_for_each(|of| code_list::code_list(xml, of))?;
    version.imputation_methods.iter().try_for_each(|of| imputation_method(xml, of))?;
    version.presentations.iter().try_for_each(|of| presentation(xml, of))?;
    version.conditions.iter().try_for_each(|of| condition(xml, of))?;
    version.methods.iter().try_for_each(|of| method(xml, of))?;
    xml.end()
}

fn imputation_method<W: Write>(xml: &mut Writer<W>, method: &ImputationMethod) -> io::Result<()> {
    let mut keep = Keep::default();
    xml.start("ImputationMethod")?;
    xml.attribute("OID", keep.non_empty("oid", method.oid.as_str()))?;
    instructions(xml, keep, &method.extensions, true)?;
    xml.text(&method.text)?;
    xml.end()
}

fn presentation<W: Write>(xml: &mut Writer<W>, presentation: &Presentation) -> io::Result<()> {
    let mut keep = Keep::default();
    let language = keep.fitting("language", presentation.language.as_deref(), is_language);
    xml.start("Presentation")?;
    xml.attribute("OID", keep.non_empty("oid", presentation.oid.as_str()))?;
    xml.optional("xml:lang", language)?;
    instructions(xml, keep, &presentation.extensions, true)?;
    xml.text(&presentation.text)?;
    xml.end()
}

fn condition<W: Write>(xml: &mut Writer<W>, condition: &ConditionDef) -> io::Result<()> {
    let mut keep = Keep::default();
    let name = keep.non_empty("name", &condition.name);
    let description = keep.required_text("description", &condition.description, name);
    let names = keep.aliases(&condition.aliases);
    xml.start("ConditionDef")?;
    xml.attribute("OID", keep.non_empty("oid", condition.oid.as_str()))?;
    xml.attribute("Name", name)?;
    instructions(xml, keep, &condition.extensions, false)?;
    translated(xml, "Description", &description)?;
    expressions(xml, &condition.expressions)?;
    aliases(xml, &names)?;
    xml.end()
}

fn method<W: Write>(xml: &mut Writer<W>, method: &MethodDef) -> io::Result<()> {
    let mut keep = Keep::default();
    let name = keep.non_empty("name", &method.name);
    let description = keep.required_text("description", &method.description, name);
    let names = keep.aliases(&method.aliases);
    if method.method_type == Some(MethodType::Preload) {
        keep.field("method_type", &method.method_type);
    }
    xml.start("MethodDef")?;
    xml.attribute("OID", keep.non_empty("oid", method.oid.as_str()))?;
    xml.attribute("Name", name)?;
    let known = method.method_type.filter(|of| *of != MethodType::Preload);
    xml.optional("Type", known.map(MethodType::as_odm))?;
    instructions(xml, keep, &method.extensions, false)?;
    translated(xml, "Description", &description)?;
    expressions(xml, &method.expressions)?;
    aliases(xml, &names)?;
    xml.end()
}

fn expressions<W: Write>(xml: &mut Writer<W>, expressions: &[FormalExpression]) -> io::Result<()> {
    for expression in expressions {
        xml.start("FormalExpression")?;
        xml.optional("Context", expression.context.as_deref())?;
        xml.text(&expression.text)?;
        xml.end()?;
    }
    Ok(())
}
