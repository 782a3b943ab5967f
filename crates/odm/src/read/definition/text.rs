//! Texts in several languages, and other names.

use trial::definition::{Alias, Extension, Text, Translation};

use crate::read::Records;
use crate::xml::Node;

/// The text of an element that holds translations; empty where there is no such element. What is kept of it goes
/// to `kept`, under `path`.
pub(crate) fn text(records: &mut Records, node: Option<Node>, path: &str, kept: &mut Vec<Extension>) -> Text {
    let Some(mut node) = node else { return Text::default() };
    let mut translations = Vec::new();
    for (at, mut translation) in node.all("TranslatedText").into_iter().enumerate() {
        // 2.0 says of each text what it is; plain text is what every text of 1.3 is.
        translation.take_as("Type", |of| (of == "text/plain").then_some(()));
        translations.push(Translation { language: translation.take("xml:lang"), text: translation.take_text() });
        let path = format!("{path}/TranslatedText[{}]", at + 1);
        translation.finish_into(&path, kept, &mut records.leftovers);
    }
    node.finish_into(path, kept, &mut records.leftovers);
    Text(translations)
}

/// Takes a text child.
pub(super) fn child_text(records: &mut Records, node: &mut Node, name: &str, kept: &mut Vec<Extension>) -> Text {
    let child = node.child(name);
    text(records, child, name, kept)
}

/// Takes the other names.
pub(super) fn aliases(records: &mut Records, node: &mut Node, kept: &mut Vec<Extension>) -> Vec<Alias> {
    let mut aliases = Vec::new();
    for (at, mut alias) in node.all("Alias").into_iter().enumerate() {
        aliases.push(Alias { context: alias.require("Context"), name: alias.require("Name") });
        alias.finish_into(&format!("Alias[{}]", at + 1), kept, &mut records.leftovers);
    }
    aliases
}

/// Takes the text of a child that holds text and nothing else.
pub(super) fn leaf(records: &mut Records, node: &mut Node, name: &str, kept: &mut Vec<Extension>) -> Option<String> {
    let mut child = node.child(name)?;
    let text = child.take_text();
    child.finish_into(name, kept, &mut records.leftovers);
    Some(text)
}

/// Takes the attributes of a child that holds nothing else.
pub(super) fn reference(
    records: &mut Records,
    node: &mut Node,
    name: &str,
    attribute: &str,
    kept: &mut Vec<Extension>,
) -> Option<String> {
    let mut child = node.child(name)?;
    let oid = child.take(attribute);
    child.finish_into(name, kept, &mut records.leftovers);
    oid
}
