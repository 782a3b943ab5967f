//! Elements of the standard: which they are, whether they may stand where they do, and their attributes.

use std::io::BufRead;

use super::{Kept, Open, Source, Token};
use crate::error::ReadError;
use crate::report::DeviationCode;
use crate::schema::{Edition, ElementId, Step};
use crate::xml::scope::{Scope, declared_prefix, split};

impl<R: BufRead> Source<R> {
    pub(super) fn start(&mut self, tag: &str, empty: bool) -> Result<Option<Token>, ReadError> {
        self.attributes
            .read(tag, self.limits.attributes, self.limits.attribute_bytes)
            .map_err(|fault| self.fault(fault))?;
        if self.open.len() >= self.limits.depth {
            return Err(self.limit("elements within elements", self.limits.depth as u64));
        }
        let outer_scope = self.declare();
        let (prefix, name) = split(self.attributes.element());
        let is_standard = prefix.is_empty() && self.default_is_standard && !self.open.is_empty();
        if !is_standard {
            let Some(namespace) = self.scope.namespace(prefix) else {
                let message = format!("the prefix {prefix} stands for no namespace");
                return Err(ReadError::Malformed { position: self.position, message });
            };
            let (namespace, name) = (namespace.to_owned(), name.to_owned());
            if self.edition.is_none() {
                self.begin_document(&namespace, &name)?;
            } else if self.open.is_empty() {
                let message = "there is something after the end of the document".to_owned();
                return Err(ReadError::Malformed { position: self.position, message });
            } else if namespace != self.edition().namespace() {
                self.keep_foreign(namespace, name, empty, outer_scope)?;
                return Ok(None);
            }
        }
        let (_, name) = split(self.attributes.element());
        let Some(id) = self.recognize(name) else {
            let (namespace, name) = (self.edition().namespace().to_owned(), name.to_owned());
            self.deviation(DeviationCode::UnknownElement, format!("the standard has no element {name}"))?;
            self.keep_foreign(namespace, name, empty, outer_scope)?;
            return Ok(None);
        };
        self.place(id)?;
        self.open.push(Open {
            id,
            step: Step::default(),
            kept: Kept::default(),
            outer_scope,
            misplaced: None,
            last: None,
        });
        self.check_attributes(id)?;
        self.text.clear();
        self.ends_at_once = empty;
        Ok(Some(Token::Start))
    }

    /// Takes up the namespaces that a tag declares; the scope before, where there are any.
    pub(super) fn declare(&mut self) -> Option<Scope> {
        let mut outer = None;
        for (name, value) in self.attributes.iter() {
            if let Some(prefix) = declared_prefix(name) {
                outer.get_or_insert_with(|| self.scope.clone());
                self.scope.declare(prefix, value);
            }
        }
        if outer.is_some() {
            self.default_is_standard = self.scope.namespace("") == Some(self.edition().namespace());
        }
        outer
    }

    /// Goes back to the namespaces outside an element.
    pub(super) fn leave_scope(&mut self, outer: Option<Scope>) {
        if let Some(scope) = outer {
            self.scope = scope;
            self.default_is_standard = self.scope.namespace("") == Some(self.edition().namespace());
        }
    }

    pub(super) fn begin_document(&mut self, namespace: &str, name: &str) -> Result<(), ReadError> {
        match Edition::of_namespace(namespace) {
            Some(edition) if name == "ODM" => {
                self.edition = Some(edition);
                self.schema = edition.schema();
                self.default_is_standard = self.scope.namespace("") == Some(namespace);
                Ok(())
            }
            _ => {
                let of =
                    if namespace.is_empty() { "no namespace".to_owned() } else { format!("namespace {namespace}") };
                Err(ReadError::NotOdm { position: self.position, found: format!("{name} of {of}") })
            }
        }
    }

    /// An element's rule: nearly always one of those that may come next.
    pub(super) fn recognize(&self, name: &str) -> Option<ElementId> {
        if let Some(open) = self.open.last() {
            if let Some(same) = open.last.filter(|last| self.schema.rule(*last).name == name) {
                return Some(same);
            }
            let rule = self.schema.rule(open.id);
            if let Some(id) = rule.next_named(open.step, name, self.schema) {
                return Some(id);
            }
        }
        self.schema.id(name)
    }

    /// Moves the parent's content on to its new child.
    pub(super) fn place(&mut self, id: ElementId) -> Result<(), ReadError> {
        let Some(parent) = self.open.last_mut() else { return Ok(()) };
        parent.last = Some(id);
        if let Some(step) = self.schema.rule(parent.id).step(parent.step, id) {
            parent.step = step;
            return Ok(());
        }
        if parent.misplaced == Some(id) {
            return Ok(());
        }
        parent.misplaced = Some(id);
        let (parent_id, step) = (parent.id, parent.step);
        let expected = self.schema.expected(parent_id, step);
        let expected = if expected.is_empty() { "its end".to_owned() } else { expected.join(", ") };
        let (name, parent) = (self.schema.rule(id).name, self.schema.rule(parent_id).name);
        self.deviation(
            DeviationCode::MisplacedElement,
            format!("{name} is not allowed here; {parent} may go on with {expected}"),
        )
    }

    pub(super) fn end(&mut self) -> Result<Token, ReadError> {
        let Some(open) = self.open.last() else { return Err(self.cut_off()) };
        let rule = self.schema.rule(open.id);
        if !rule.may_end(open.step) && open.misplaced.is_none() {
            let expected = self.schema.expected(open.id, open.step).join(" or ");
            let message = format!("{} ends without {expected}", rule.name);
            self.deviation(DeviationCode::MissingElement, message)?;
        }
        if let Some(simple) = &rule.text
            && !simple.fits(&self.text)
        {
            let message = format!("the text of {} must be {}", rule.name, simple.wanted());
            self.deviation(DeviationCode::BadText, message)?;
        }
        let Some(open) = self.open.pop() else { return Err(self.cut_off()) };
        self.leave_scope(open.outer_scope);
        Ok(Token::End(open.kept))
    }

    /// Checks the attributes of the element that just began and keeps those that are not the standard's.
    pub(super) fn check_attributes(&mut self, id: ElementId) -> Result<(), ReadError> {
        let rule = self.schema.rule(id);
        let mut met = 0u32;
        let mut odd: Vec<(String, String)> = Vec::new();
        let mut bad: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in self.attributes.iter() {
            match rule.attributes.iter().position(|of| of.name == name) {
                Some(at) => {
                    met |= 1 << at;
                    if let Some(of) = rule.attributes.get(at).filter(|of| !of.simple.fits(value)) {
                        bad.push((of.name, of.simple.wanted()));
                    }
                }
                None if declared_prefix(name).is_some() => {}
                None => odd.push((name.to_owned(), value.to_owned())),
            }
        }
        let missing = rule.required & !met;
        if missing == 0 && odd.is_empty() && bad.is_empty() {
            return Ok(());
        }
        for (name, wanted) in bad {
            let message = format!("attribute {name} of {} must be {wanted}", rule.name);
            self.deviation(DeviationCode::BadAttribute, message)?;
        }
        for (at, of) in rule.attributes.iter().enumerate().filter(|(at, _)| missing & (1 << at) != 0) {
            debug_assert!(at < 32, "no element has more than 32 attributes");
            let message = format!("attribute {} of {} is missing", of.name, rule.name);
            self.deviation(DeviationCode::MissingAttribute, message)?;
        }
        for (name, value) in odd {
            self.keep_odd_attribute(&name, value)?;
        }
        Ok(())
    }
}
