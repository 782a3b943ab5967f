//! Which prefix stands for which namespace.

use std::rc::Rc;

use super::{XML_NAMESPACE, XSI_NAMESPACE};

/// The namespaces declared so far, innermost last. Cheap to keep: it is copied only where one is declared.
#[derive(Clone, Debug)]
pub(super) struct Scope(Rc<Vec<(String, String)>>);

impl Scope {
    pub(super) fn new() -> Self {
        Self(Rc::new(vec![("xml".to_owned(), XML_NAMESPACE.to_owned())]))
    }

    /// The namespace of a prefix; `""` is the default namespace's prefix, and the namespace where there is none.
    pub(super) fn namespace(&self, prefix: &str) -> Option<&str> {
        let found =
            self.0.iter().rev().find(|(declared, _)| declared == prefix).map(|(_, namespace)| namespace.as_str());
        if prefix.is_empty() { Some(found.unwrap_or("")) } else { found.filter(|namespace| !namespace.is_empty()) }
    }

    pub(super) fn declare(&mut self, prefix: &str, namespace: &str) {
        let all = Rc::make_mut(&mut self.0);
        all.retain(|(declared, _)| declared != prefix);
        all.push((prefix.to_owned(), namespace.to_owned()));
    }
}

/// The prefix that an attribute declares, where it declares one: `xmlns:p` is `p`, `xmlns` is `""`.
pub(super) fn declared_prefix(attribute: &str) -> Option<&str> {
    if !attribute.starts_with('x') {
        None
    } else if attribute == "xmlns" {
        Some("")
    } else {
        attribute.strip_prefix("xmlns:")
    }
}

/// A name's prefix (`""` where it has none) and local part.
pub(super) fn split(name: &str) -> (&str, &str) {
    let colon = name.bytes().position(|b| b == b':');
    colon.and_then(|at| Some((name.get(..at)?, name.get(at + 1..)?))).unwrap_or(("", name))
}

/// Attributes that speak to schema processors, not to readers of the data.
pub(super) fn is_schema_hint(namespace: &str, name: &str) -> bool {
    namespace == XSI_NAMESPACE && matches!(name, "schemaLocation" | "noNamespaceSchemaLocation")
}
