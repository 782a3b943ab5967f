//! Conditions, methods, expressions, presentations.

use trial::definition::{
    ConditionDef, Extension, FormalExpression, ImputationMethod, MethodDef, MethodType, Presentation,
};

use super::text::{aliases, child_text};
use crate::read::Records;
use crate::xml::Node;

pub(super) fn condition(records: &mut Records, mut node: Node) -> ConditionDef {
    let mut kept = Vec::new();
    let condition = ConditionDef {
        oid: node.require("OID"),
        name: node.require("Name"),
        description: child_text(records, &mut node, "Description", &mut kept),
        expressions: expressions(records, &mut node, &mut kept),
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(condition, node, kept)
}

pub(super) fn method(records: &mut Records, mut node: Node) -> MethodDef {
    let mut kept = Vec::new();
    let method = MethodDef {
        oid: node.require("OID"),
        name: node.require("Name"),
        method_type: node.take_as("Type", |of| MethodType::ALL.into_iter().find(|known| known.as_odm() == of)),
        description: child_text(records, &mut node, "Description", &mut kept),
        expressions: expressions(records, &mut node, &mut kept),
        aliases: aliases(records, &mut node, &mut kept),
        extensions: Vec::new(),
    };
    records.complete(method, node, kept)
}

/// Takes the expressions; in ODM 2.0 the text is in a Code within, or in a library named within, which is kept.
pub(super) fn expressions(records: &mut Records, node: &mut Node, kept: &mut Vec<Extension>) -> Vec<FormalExpression> {
    let mut expressions = Vec::new();
    for (at, mut of) in node.all("FormalExpression").into_iter().enumerate() {
        let path = format!("FormalExpression[{}]", at + 1);
        let text = match of.child("Code") {
            Some(mut code) => {
                let text = code.take_text();
                code.finish_into(&format!("{path}/Code"), kept, &mut records.leftovers);
                text
            }
            None => of.take_text(),
        };
        expressions.push(FormalExpression { context: of.take("Context"), text });
        of.finish_into(&path, kept, &mut records.leftovers);
    }
    expressions
}

pub(super) fn imputation_method(records: &mut Records, mut node: Node) -> ImputationMethod {
    let method = ImputationMethod { oid: node.require("OID"), text: node.take_text(), extensions: Vec::new() };
    records.complete(method, node, Vec::new())
}

pub(super) fn presentation(records: &mut Records, mut node: Node) -> Presentation {
    let presentation = Presentation {
        oid: node.require("OID"),
        language: node.take("xml:lang"),
        text: node.take_text(),
        extensions: Vec::new(),
    };
    records.complete(presentation, node, Vec::new())
}
