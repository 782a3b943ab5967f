//! Takes an element out of a file as it was written, so that it can stand on its own.

use std::collections::BTreeMap;

use super::attributes::Attributes;
use super::scope::{Scope, declared_prefix, split};

/// An element on its way out: its text so far, and the prefixes it uses but does not declare.
pub(super) struct Capture {
    xml: String,
    /// Prefixes declared by the open elements, with the number of elements open at the declaration.
    declared: Vec<(usize, String)>,
    wanted: BTreeMap<String, String>,
    depth: usize,
    name_end: usize,
    /// Elements within, the first included.
    pub(super) elements: u64,
}

impl Capture {
    pub(super) fn new() -> Self {
        Self { xml: String::new(), declared: Vec::new(), wanted: BTreeMap::new(), depth: 0, name_end: 0, elements: 0 }
    }

    /// Takes a start tag, or an empty element.
    pub(super) fn start(&mut self, tag: &Attributes, empty: bool, scope: &Scope) {
        self.depth += 1;
        self.elements += 1;
        for (name, _) in tag.iter() {
            if let Some(prefix) = declared_prefix(name) {
                self.declared.push((self.depth, prefix.to_owned()));
            }
        }
        self.want(split(tag.element()).0, scope);
        for (name, _) in tag.iter() {
            let (prefix, _) = split(name);
            if !prefix.is_empty() && declared_prefix(name).is_none() {
                self.want(prefix, scope);
            }
        }
        if self.elements == 1 {
            self.name_end = 1 + tag.element().len();
        }
        self.xml.push('<');
        self.xml.push_str(tag.raw().trim_end());
        self.xml.push_str(if empty { "/>" } else { ">" });
        if empty {
            self.left();
        }
    }

    /// Takes an end tag.
    pub(super) fn end(&mut self, tag: &str) {
        self.xml.push_str("</");
        self.xml.push_str(tag);
        self.xml.push('>');
        self.left();
    }

    pub(super) fn is_done(&self) -> bool {
        self.depth == 0
    }

    /// Takes anything else, with what stands around it.
    pub(super) fn other(&mut self, before: &str, content: &str, after: &str) {
        self.xml.push_str(before);
        self.xml.push_str(content);
        self.xml.push_str(after);
    }

    pub(super) fn bytes(&self) -> usize {
        self.xml.len()
    }

    /// The element, with the namespaces it needs declared on it.
    pub(super) fn finish(mut self) -> String {
        let mut declarations = String::new();
        for (prefix, namespace) in &self.wanted {
            let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            let escaped = namespace.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            declarations.push_str(&format!(" {name}=\"{escaped}\""));
        }
        self.xml.insert_str(self.name_end, &declarations);
        self.xml
    }

    fn want(&mut self, prefix: &str, scope: &Scope) {
        if prefix == "xml" || self.declared.iter().any(|(_, declared)| declared == prefix) {
            return;
        }
        if let Some(namespace) = scope.namespace(prefix).filter(|namespace| !namespace.is_empty()) {
            self.wanted.entry(prefix.to_owned()).or_insert_with(|| namespace.to_owned());
        }
    }

    fn left(&mut self) {
        let depth = self.depth;
        self.declared.retain(|(declared_at, _)| *declared_at < depth);
        self.depth = self.depth.saturating_sub(1);
    }
}
