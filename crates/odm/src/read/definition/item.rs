//! Items and their range checks.

use trial::definition::{CheckRule, Comparator, DataType, Extension, ExternalQuestion, ItemDef, RangeCheck, Severity};

use super::rule::expressions;
use super::text::{aliases, child_text, reference};
use crate::read::Records;
use crate::xml::Node;

pub(super) fn item(records: &mut Records, mut node: Node) -> ItemDef {
    let mut kept = Vec::new();
    let question = node.child("ExternalQuestion").map(|of| external_question(records, of, &mut kept));
    let item = ItemDef {
        oid: node.require("OID"),
        name: node.require("Name"),
        data_type: node.take_as("DataType", DataType::from_odm).unwrap_or_default(),
        length: node.take_as("Length", |of| of.parse().ok()),
        significant_digits: node.take_as("SignificantDigits", |of| of.parse().ok()),
        sas_field_name: node.take("SASFieldName"),
        sds_var_name: node.take("SDSVarName"),
        origin: node.take("Origin"),
        comment: node.take("Comment"),
        description: child_text(records, &mut node, "Description", &mut kept),
        question: child_text(records, &mut node, "Question", &mut kept),
        external_question: question,
        prompt: child_text(records, &mut node, "Prompt", &mut kept),
        completion_instructions: child_text(records, &mut node, "CRFCompletionInstructions", &mut kept),
        definition: child_text(records, &mut node, "Definition", &mut kept),
        implementation_notes: child_text(records, &mut node, "ImplementationNotes", &mut kept),
        cdisc_notes: child_text(records, &mut node, "CDISCNotes", &mut kept),
        units: units(records, &mut node, &mut kept),
        range_checks: node.all("RangeCheck").into_iter().map(|of| range_check(records, of)).collect(),
        code_list: reference(records, &mut node, "CodeListRef", "CodeListOID", &mut kept).map(Into::into),
        roles: roles(records, &mut node, &mut kept),
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(item, node, kept)
}

fn external_question(records: &mut Records, mut node: Node, kept: &mut Vec<Extension>) -> ExternalQuestion {
    let question = ExternalQuestion {
        dictionary: node.take("Dictionary"),
        version: node.take("Version"),
        code: node.take("Code"),
    };
    node.finish_into("ExternalQuestion", kept, &mut records.leftovers);
    question
}

fn units(records: &mut Records, node: &mut Node, kept: &mut Vec<Extension>) -> Vec<trial::definition::UnitOid> {
    let mut units = Vec::new();
    for (at, mut of) in node.all("MeasurementUnitRef").into_iter().enumerate() {
        units.push(of.require("MeasurementUnitOID"));
        of.finish_into(&format!("MeasurementUnitRef[{}]", at + 1), kept, &mut records.leftovers);
    }
    units
}

fn roles(records: &mut Records, node: &mut Node, kept: &mut Vec<Extension>) -> Vec<String> {
    let mut roles = Vec::new();
    for (at, mut role) in node.all("Role").into_iter().enumerate() {
        roles.push(role.take_text());
        role.finish_into(&format!("Role[{}]", at + 1), kept, &mut records.leftovers);
    }
    roles
}

fn range_check(records: &mut Records, mut node: Node) -> RangeCheck {
    let mut kept = Vec::new();
    let rule = if node.has("FormalExpression") && !node.has("CheckValue") {
        CheckRule::Expressions(expressions(records, &mut node, &mut kept))
    } else {
        let mut values = Vec::new();
        for (at, mut value) in node.all("CheckValue").into_iter().enumerate() {
            values.push(value.take_text());
            value.finish_into(&format!("CheckValue[{}]", at + 1), &mut kept, &mut records.leftovers);
        }
        CheckRule::Values(values)
    };
    let check = RangeCheck {
        comparator: node.take_as("Comparator", |of| Comparator::ALL.into_iter().find(|known| known.as_odm() == of)),
        severity: node.take_as("SoftHard", severity).unwrap_or_default(),
        rule,
        unit: reference(records, &mut node, "MeasurementUnitRef", "MeasurementUnitOID", &mut kept).map(Into::into),
        error_message: child_text(records, &mut node, "ErrorMessage", &mut kept),
        extensions: Vec::new(),
    };
    records.complete(check, node, kept)
}

fn severity(text: &str) -> Option<Severity> {
    match text {
        "Soft" => Some(Severity::Soft),
        "Hard" => Some(Severity::Hard),
        _ => None,
    }
}
