//! One element of the standard with all that is in it, taken apart piece by piece.
//!
//! What is not taken when the record is made stays, and is kept as extensions: nothing is dropped.

use std::cell::OnceCell;
use std::io::BufRead;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::Event;
use trial::definition::{Extension, ExtensionKind};

use super::attributes::Attributes;
use super::capture::Capture;
use super::scope::Scope;
use super::source::{Kept, Source, Token, around};
use crate::error::ReadError;
use crate::report::Position;

/// An element.
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) position: Position,
    pub(crate) path: String,
    text: String,
    children: Vec<Node>,
    kept: Kept,
    attributes: Vec<(String, String)>,
    /// Where the element is in `record`.
    raw: (usize, usize),
    record: Rc<OnceCell<String>>,
    scope: Scope,
}

/// Things that were kept although the standard defines them, to be listed in the report.
#[derive(Default)]
pub(crate) struct Leftovers {
    pub(crate) namespace: &'static str,
    pub(crate) found: Vec<Leftover>,
}

/// One of them.
pub(crate) struct Leftover {
    pub(crate) position: Position,
    pub(crate) path: String,
    pub(crate) kind: ExtensionKind,
    pub(crate) name: String,
    pub(crate) elements: u64,
}

impl Node {
    /// Reads the element that just began, up to its end.
    pub(crate) fn read<R: BufRead>(source: &mut Source<R>, most_bytes: u64) -> Result<Self, ReadError> {
        source.record();
        let record = Rc::new(OnceCell::new());
        let mut open = vec![Self::begin(source, &record)];
        loop {
            match source.next()? {
                Token::Start => open.push(Self::begin(source, &record)),
                Token::End(kept) => {
                    let Some(mut node) = open.pop() else { continue };
                    node.kept = kept;
                    node.raw.1 = source.recorded().1;
                    if node.children.is_empty() {
                        node.text.push_str(source.text());
                    }
                    if node.bytes() > most_bytes {
                        return Err(source.limit("bytes of the definitions", most_bytes));
                    }
                    let Some(parent) = open.last_mut() else {
                        let _ = record.set(source.take_record());
                        return Ok(node);
                    };
                    parent.children.push(node);
                }
                Token::Eof => return Err(source.limit("bytes of the definitions", most_bytes)),
            }
        }
    }

    fn begin<R: BufRead>(source: &Source<R>, record: &Rc<OnceCell<String>>) -> Self {
        Self {
            name: source.name(),
            position: source.position(),
            path: source.path(),
            text: String::new(),
            children: Vec::new(),
            kept: Kept::default(),
            attributes: source.standard_attributes().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            raw: source.recorded(),
            record: Rc::clone(record),
            scope: source.scope(),
        }
    }

    /// Bytes of the element as it is written.
    pub(crate) fn bytes(&self) -> u64 {
        self.raw.1.saturating_sub(self.raw.0) as u64
    }

    /// Takes an attribute.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.attributes.iter().position(|(own, _)| own == name)?;
        Some(self.attributes.swap_remove(at).1)
    }

    /// Takes an attribute that must be there; the deviation is reported already where it is not.
    pub(crate) fn require<T: From<String>>(&mut self, name: &str) -> T {
        self.take(name).unwrap_or_default().into()
    }

    /// Takes an attribute that `parse` understands; leaves any other, to be kept as it is.
    pub(crate) fn take_as<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let at = self.attributes.iter().position(|(own, _)| own == name)?;
        let parsed = self.attributes.get(at).and_then(|(_, value)| parse(value.trim()))?;
        self.attributes.swap_remove(at);
        Some(parsed)
    }

    pub(crate) fn take_yes_no(&mut self, name: &str) -> Option<bool> {
        self.take_as(name, |value| match value {
            "Yes" => Some(true),
            "No" => Some(false),
            _ => None,
        })
    }

    pub(crate) fn take_integer(&mut self, name: &str) -> Option<i64> {
        self.take_as(name, |value| value.strip_prefix('+').unwrap_or(value).parse().ok())
    }

    /// An attribute, left where it is.
    pub(crate) fn peek(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Takes the first child of this name; others stay, to be kept as they are.
    pub(crate) fn child(&mut self, name: &str) -> Option<Node> {
        let at = self.children.iter().position(|child| child.name == name)?;
        Some(self.children.remove(at))
    }

    /// Takes all children of this name.
    pub(crate) fn all(&mut self, name: &str) -> Vec<Node> {
        let (taken, rest) = std::mem::take(&mut self.children).into_iter().partition(|child| child.name == name);
        self.children = rest;
        taken
    }

    /// Puts children back that were taken, to be kept as they are.
    pub(crate) fn put_back(&mut self, children: Vec<Node>) {
        self.children.extend(children);
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.children.iter().any(|child| child.name == name)
    }

    /// What was kept of it, and all that was not taken.
    pub(crate) fn finish(mut self, leftovers: &mut Leftovers) -> Kept {
        let mut kept = std::mem::take(&mut self.kept);
        let mut left = |kind, name: &str, xml: String, elements| {
            leftovers.found.push(Leftover {
                position: self.position,
                path: self.path.clone(),
                kind,
                name: name.to_owned(),
                elements,
            });
            let namespace = if kind == ExtensionKind::Element { leftovers.namespace } else { "" };
            kept.extensions.push(Extension {
                path: String::new(),
                kind,
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                xml,
            });
        };
        for (name, value) in std::mem::take(&mut self.attributes) {
            left(ExtensionKind::Attribute, &name, value, 0);
        }
        for child in std::mem::take(&mut self.children) {
            let (xml, elements) = child.stand_alone();
            left(ExtensionKind::Element, child.name, xml, elements);
        }
        kept
    }

    /// As [`Node::finish`], for an element without a record of its own: what was kept goes to that of its parent,
    /// under `path`.
    pub(crate) fn finish_into(self, path: &str, parent: &mut Vec<Extension>, leftovers: &mut Leftovers) {
        for mut extension in self.finish(leftovers).extensions {
            extension.path =
                if extension.path.is_empty() { path.to_owned() } else { format!("{path}/{}", extension.path) };
            parent.push(extension);
        }
    }

    /// The element as it is written, with the namespaces it needs, and how many elements it holds.
    fn stand_alone(&self) -> (String, u64) {
        let raw = self.record.get().and_then(|record| record.get(self.raw.0..self.raw.1)).unwrap_or("");
        let mut capture = Capture::new();
        let mut tag_attributes = Attributes::default();
        let mut reader = Reader::from_str(raw);
        // The text was read once without fault: it is read to the same end again.
        while let Ok(event) = reader.read_event() {
            match &event {
                Event::Start(tag) | Event::Empty(tag) => {
                    let _ = tag_attributes.read(tag, usize::MAX, usize::MAX);
                    capture.start(&tag_attributes, matches!(event, Event::Empty(_)), &self.scope);
                }
                Event::End(tag) => {
                    capture.end(tag);
                }
                Event::Eof => break,
                other => {
                    let (before, content, after) = around(other);
                    capture.other(before, content, after);
                }
            }
        }
        let elements = capture.elements;
        (capture.finish(), elements)
    }
}
