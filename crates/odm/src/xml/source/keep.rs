//! What does not belong to the standard, or not where it stands: kept beside the element that holds it.

use std::io::BufRead;

use quick_xml::events::Event;
use trial::definition::{Extension, ExtensionKind};

use super::{Instruction, Kept, Source, around};
use crate::error::ReadError;
use crate::report::DeviationCode;
use crate::xml::INSTRUCTION;
use crate::xml::attributes::reference;
use crate::xml::capture::Capture;
use crate::xml::scope::{Scope, is_schema_hint, split};

impl<R: BufRead> Source<R> {
    /// Keeps an attribute of the element that just began, whose value cannot be taken over.
    pub(crate) fn keep_attribute(&mut self, name: &str) {
        let Some(value) = self.attributes.get(name) else { return };
        let extension = Extension {
            path: String::new(),
            kind: ExtensionKind::Attribute,
            namespace: String::new(),
            name: name.to_owned(),
            xml: value.to_owned(),
        };
        self.list(&self.path(), ExtensionKind::Attribute, "", name, 1);
        if let Some(open) = self.open.last_mut() {
            open.kept.extensions.push(extension);
        }
    }

    /// Keeps what was kept of a child that has no record of its own beside the innermost open element.
    pub(crate) fn keep_under(&mut self, child: &str, kept: Kept) {
        if let Some(open) = self.open.last_mut() {
            open.kept.foreign |= kept.foreign;
            open.kept.extensions.extend(kept.extensions.into_iter().map(|mut of| {
                of.path = if of.path.is_empty() { child.to_owned() } else { format!("{child}/{}", of.path) };
                of
            }));
        }
    }

    /// Takes the element that just began as it is written, keeps it beside its parent and lists it.
    pub(crate) fn keep_element(&mut self) -> Result<(), ReadError> {
        let path = self.path();
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned();
        let name = self.name();
        let position = self.position;
        let capture = self.capture(self.ends_at_once)?;
        let elements = capture.elements;
        let namespace = self.edition().namespace();
        self.list_at(position, &parent, ExtensionKind::Element, namespace, name, elements);
        // The element was opened when it began: close it without a word.
        let scope = self.open.pop().and_then(|open| open.outer_scope);
        self.ends_at_once = false;
        self.leave_scope(scope);
        self.push_element(namespace.to_owned(), name.to_owned(), capture.finish());
        Ok(())
    }

    pub(super) fn keep_odd_attribute(&mut self, full_name: &str, value: String) -> Result<(), ReadError> {
        let (prefix, name) = split(full_name);
        let namespace = if prefix.is_empty() { Some("") } else { self.scope.namespace(prefix) };
        let Some(namespace) = namespace.map(str::to_owned) else {
            let message = format!("the prefix {prefix} stands for no namespace");
            return Err(ReadError::Malformed { position: self.position, message });
        };
        if is_schema_hint(&namespace, name) {
            return Ok(());
        }
        if namespace.is_empty() || namespace == self.edition().namespace() {
            let message = format!("the standard has no attribute {name} of {}", self.name());
            self.deviation(DeviationCode::UnknownAttribute, message)?;
        }
        self.list(&self.path(), ExtensionKind::Attribute, &namespace, name, 0);
        let extension = Extension {
            path: String::new(),
            kind: ExtensionKind::Attribute,
            namespace,
            name: name.to_owned(),
            xml: value,
        };
        if let Some(open) = self.open.last_mut() {
            open.kept.extensions.push(extension);
        }
        Ok(())
    }

    /// Keeps an element that is not the standard's, whole, beside the element that holds it.
    pub(super) fn keep_foreign(
        &mut self,
        namespace: String,
        name: String,
        empty: bool,
        outer_scope: Option<Scope>,
    ) -> Result<(), ReadError> {
        let position = self.position;
        let capture = self.capture(empty)?;
        self.leave_scope(outer_scope);
        self.list_at(position, &self.path(), ExtensionKind::Element, &namespace, &name, capture.elements);
        self.push_element(namespace, name, capture.finish());
        Ok(())
    }

    pub(super) fn push_element(&mut self, namespace: String, name: String, xml: String) {
        if let Some(open) = self.open.last_mut() {
            open.kept.foreign = true;
            open.kept.extensions.push(Extension {
                path: String::new(),
                kind: ExtensionKind::Element,
                namespace,
                name,
                xml,
            });
        }
    }

    /// Reads the element whose start tag was just read, up to its end, as it is written.
    pub(super) fn capture(&mut self, empty: bool) -> Result<Capture, ReadError> {
        let mut capture = Capture::new();
        let scope = self.scope.clone();
        capture.start(&self.attributes, empty, &scope);
        let mut buffer = Vec::new();
        let mut depth = self.open.len();
        while !capture.is_done() {
            buffer.clear();
            let event = self.read(&mut buffer)?;
            match &event {
                Event::Start(tag) | Event::Empty(tag) => {
                    self.attributes
                        .read(tag, self.limits.attributes, self.limits.attribute_bytes)
                        .map_err(|fault| self.fault(fault))?;
                    capture.start(&self.attributes, matches!(event, Event::Empty(_)), &scope);
                    depth += usize::from(matches!(event, Event::Start(_)));
                }
                Event::End(tag) => {
                    depth = depth.saturating_sub(1);
                    capture.end(tag);
                }
                Event::GeneralRef(name) => {
                    reference(name).map_err(|fault| self.fault(fault))?;
                    capture.other("&", name, ";");
                }
                Event::DocType(_) => return Err(self.forbidden("a document type declaration (DOCTYPE)".to_owned())),
                Event::Eof => return Err(self.cut_off()),
                other => {
                    let (before, content, after) = around(other);
                    capture.other(before, content, after);
                }
            }
            if depth > self.limits.depth {
                return Err(self.limit("elements within elements", self.limits.depth as u64));
            }
            if capture.bytes() > self.limits.extension_bytes {
                return Err(self.limit("bytes of one extension element", self.limits.extension_bytes as u64));
            }
        }
        Ok(capture)
    }

    /// Meets text where only elements are allowed: white space is nothing, anything else is kept.
    pub(super) fn meet_stray_text(&mut self, text: &str) -> Result<(), ReadError> {
        if text.bytes().all(|b| matches!(b, b' ' | b'\n' | b'\t' | b'\r')) {
            return Ok(());
        }
        if self.open.is_empty() {
            let message = "there is text outside the document".to_owned();
            return Err(ReadError::Malformed { position: self.position, message });
        }
        self.deviation(DeviationCode::UnexpectedText, format!("{} may not hold text", self.name()))?;
        self.list(&self.path(), ExtensionKind::Text, "", "", 0);
        if let Some(open) = self.open.last_mut() {
            open.kept.extensions.push(Extension {
                path: String::new(),
                kind: ExtensionKind::Text,
                namespace: String::new(),
                name: String::new(),
                xml: text.to_owned(),
            });
        }
        Ok(())
    }

    pub(super) fn meet_instruction(&mut self, content: &str) -> Result<(), ReadError> {
        let instruction = serde_json::from_str(content.trim()).map_err(|error| ReadError::Malformed {
            position: self.position,
            message: format!("an instruction <?{INSTRUCTION} …?> cannot be understood: {error}"),
        })?;
        match instruction {
            Instruction::Extension(extension) => {
                let mut path = self.path();
                if !extension.path.is_empty() {
                    path.push('/');
                    path.push_str(&without_counts(&extension.path));
                }
                self.list(&path, extension.kind, &extension.namespace, &extension.name, 1);
                if let Some(open) = self.open.last_mut() {
                    open.kept.extensions.push(extension);
                }
            }
            Instruction::Keep(fields) => {
                if let Some(open) = self.open.last_mut() {
                    open.kept.fields.get_or_insert_default().extend(fields);
                }
            }
        }
        Ok(())
    }
}

/// A path without the counts of repeated elements.
fn without_counts(path: &str) -> String {
    path.split('/').map(|part| part.split('[').next().unwrap_or(part)).collect::<Vec<_>>().join("/")
}
