//! Items and their range checks.

use std::io::{self, Write};

use trial::definition::{CheckRule, Comparator, DataType, ItemDef, RangeCheck, Severity};

use super::expressions;
use crate::schema::is_sas_name;
use crate::write::keep::{Keep, aliases, instructions, translated};
use crate::xml::Writer;

pub(super) fn item<W: Write>(xml: &mut Writer<W>, item: &ItemDef) -> io::Result<()> {
    let mut keep = Keep::default();
    let oid = keep.non_empty("oid", item.oid.as_str());
    let name = keep.non_empty("name", &item.name);
    let data_type = match item.data_type {
        // 2.0's decimal is 1.3's float.
        DataType::Decimal => {
            keep.field("data_type", &item.data_type);
            DataType::Float
        }
        known => known,
    };
    let length = item.length.filter(|length| *length > 0);
    if length != item.length {
        keep.field("length", &item.length);
    }
    let sas = keep.fitting("sas_field_name", item.sas_field_name.as_deref(), is_sas_name);
    let sds = keep.fitting("sds_var_name", item.sds_var_name.as_deref(), is_sas_name);
    let description = keep.text("description", &item.description);
    let question = keep.text("question", &item.question);
    let names = keep.aliases(&item.aliases);
    keep_texts_of_2_0(item, &mut keep);
    xml.start("ItemDef")?;
    xml.attribute("OID", oid)?;
    xml.attribute("Name", name)?;
    xml.attribute("DataType", data_type.as_odm())?;
    xml.optional("Length", length.map(|of| of.to_string()).as_deref())?;
    xml.optional("SignificantDigits", item.significant_digits.map(|of| of.to_string()).as_deref())?;
    xml.optional("SASFieldName", sas)?;
    xml.optional("SDSVarName", sds)?;
    xml.optional("Origin", item.origin.as_deref())?;
    xml.optional("Comment", item.comment.as_deref())?;
    instructions(xml, keep, &item.extensions, false)?;
    translated(xml, "Description", &description)?;
    translated(xml, "Question", &question)?;
    if let Some(question) = &item.external_question {
        xml.start("ExternalQuestion")?;
        xml.optional("Dictionary", question.dictionary.as_deref())?;
        xml.optional("Version", question.version.as_deref())?;
        xml.optional("Code", question.code.as_deref())?;
        xml.end()?;
    }
    for unit in &item.units {
        xml.start("MeasurementUnitRef")?;
        xml.attribute("MeasurementUnitOID", unit.as_str())?;
        xml.end()?;
    }
    item.range_checks.iter().try_for_each(|of| range_check(xml, of))?;
    if let Some(list) = &item.code_list {
        xml.start("CodeListRef")?;
        xml.attribute("CodeListOID", list.as_str())?;
        xml.end()?;
    }
    item.roles.iter().try_for_each(|role| xml.leaf("Role", role))?;
    aliases(xml, &names)?;
    xml.end()
}

fn keep_texts_of_2_0(item: &ItemDef, keep: &mut Keep) {
    let texts = [
        ("prompt", &item.prompt),
        ("completion_instructions", &item.completion_instructions),
        ("definition", &item.definition),
        ("implementation_notes", &item.implementation_notes),
        ("cdisc_notes", &item.cdisc_notes),
    ];
    for (name, text) in texts {
        if !text.is_empty() {
            keep.field(name, text);
        }
    }
}

fn range_check<W: Write>(xml: &mut Writer<W>, check: &RangeCheck) -> io::Result<()> {
    let mut keep = Keep::default();
    let message = keep.text("error_message", &check.error_message);
    let is_empty = match &check.rule {
        CheckRule::Values(values) => values.is_empty(),
        CheckRule::Expressions(expressions) => expressions.is_empty(),
    };
    if is_empty {
        keep.field("rule", &check.rule);
    }
    xml.start("RangeCheck")?;
    xml.optional("Comparator", check.comparator.map(Comparator::as_odm))?;
    let severity = match check.severity {
        Severity::Soft => "Soft",
        Severity::Hard => "Hard",
    };
    xml.attribute("SoftHard", severity)?;
    instructions(xml, keep, &check.extensions, false)?;
    match &check.rule {
        // The schema wants one; that there is none is kept.
        _ if is_empty => xml.leaf("CheckValue", "")?,
        CheckRule::Values(values) => values.iter().try_for_each(|value| xml.leaf("CheckValue", value))?,
        CheckRule::Expressions(of) => expressions(xml, of)?,
    }
    if let Some(unit) = &check.unit {
        xml.start("MeasurementUnitRef")?;
        xml.attribute("MeasurementUnitOID", unit.as_str())?;
        xml.end()?;
    }
    translated(xml, "ErrorMessage", &message)?;
    xml.end()
}
