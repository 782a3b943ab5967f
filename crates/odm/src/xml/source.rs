//! A pull reader that knows where it is, what may stand there, and keeps what does not belong.
//!
//! It hands over the elements of the standard only. Elements and attributes of other namespaces, elements the
//! standard does not know and text where there should be none are kept beside the element that holds them, and
//! come with its end. It refuses document types and entities, and never holds more than one token of the file,
//! one extension element, and what is kept of the elements that are open.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, Event};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trial::definition::{Extension, ExtensionKind};

use super::INSTRUCTION;
use super::attributes::{Attributes, TagFault, reference};
use super::capture::Capture;
use super::metered::{Exceeded, Metered};
use super::scope::{Scope, declared_prefix, is_schema_hint, split};
use super::writer::first_forbidden;
use crate::error::ReadError;
use crate::limits::{Limits, Mode};
use crate::report::{Deviation, DeviationCode, Found, Position, Report};
use crate::schema::{Edition, ElementId, Schema, Step};

/// What the reader met.
pub(crate) enum Token {
    /// An element of the standard begins; its attributes can be asked for until the next token.
    Start,
    /// The innermost element ends. What was kept of it; its text can be asked for until the next token.
    End(Kept),
    /// The document is over.
    Eof,
}

/// What was kept beside an element.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Kept {
    pub(crate) extensions: Vec<Extension>,
    /// Fields of a record that the standard has no place for, written by us.
    pub(crate) fields: Option<Box<Map<String, Value>>>,
    /// Whether an extension came as an element, not in an instruction of ours.
    pub(crate) foreign: bool,
}

impl Kept {
    pub(crate) fn is_empty(&self) -> bool {
        self.extensions.is_empty() && self.fields.is_none()
    }

    /// Takes a field that was written beside the standard's.
    pub(crate) fn take_flag(&mut self, name: &str) -> bool {
        let Some(fields) = &mut self.fields else { return false };
        let flag = fields.remove(name).is_some();
        if fields.is_empty() {
            self.fields = None;
        }
        flag
    }
}

/// The content of an instruction of ours.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Instruction {
    /// Something that other software wrote.
    Extension(Extension),
    /// Fields of the record.
    Keep(Map<String, Value>),
}

/// An open element.
struct Open {
    id: ElementId,
    step: Step,
    kept: Kept,
    /// The namespaces outside it, where it declares some.
    outer_scope: Option<Scope>,
    /// A child that was reported as misplaced, so that its siblings are not.
    misplaced: Option<ElementId>,
}

/// The reader.
pub(crate) struct Source<R: BufRead> {
    reader: Reader<Metered<R>>,
    buffer: Vec<u8>,
    mode: Mode,
    limits: Limits,
    schema: &'static Schema,
    edition: Option<Edition>,
    open: Vec<Open>,
    attributes: Attributes,
    text: String,
    scope: Scope,
    /// Elements without a prefix are the standard's.
    default_is_standard: bool,
    /// The element that just began is empty: its end comes next.
    ends_at_once: bool,
    line: u64,
    line_start: u64,
    position: Position,
    tee: Option<String>,
    tee_mark: usize,
    pub(crate) report: Report,
}

impl<R: BufRead> Source<R> {
    pub(crate) fn new(input: R, mode: Mode, limits: &Limits) -> Result<Self, ReadError> {
        let mut input = Metered::new(input, limits.total_bytes, limits.token_bytes);
        refuse_other_formats(input.fill_buf()?)?;
        Ok(Self {
            reader: Reader::from_reader(input),
            buffer: Vec::with_capacity(4096),
            mode,
            limits: limits.clone(),
            schema: Edition::V1_3.schema(),
            edition: None,
            open: Vec::new(),
            attributes: Attributes::default(),
            text: String::new(),
            scope: Scope::new(),
            default_is_standard: false,
            ends_at_once: false,
            line: 1,
            line_start: 0,
            position: Position { line: 1, column: 1 },
            tee: None,
            tee_mark: 0,
            report: Report::default(),
        })
    }

    pub(crate) fn edition(&self) -> Edition {
        self.edition.unwrap_or(Edition::V1_3)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// How many elements are open.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The name of the innermost open element.
    pub(crate) fn name(&self) -> &'static str {
        self.open.last().map_or("", |open| self.schema.rule(open.id).name)
    }

    /// An attribute of the element that just began.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)
    }

    /// All attributes of the element that just began that are the standard's, valid or not.
    pub(crate) fn standard_attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let rule = self.open.last().map(|open| self.schema.rule(open.id));
        self.attributes
            .iter()
            .filter(move |(name, _)| rule.is_some_and(|rule| rule.attributes.iter().any(|of| of.name == *name)))
    }

    /// The text of the element that just ended.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What was kept so far of the open element at `depth` (1 is the root).
    pub(crate) fn take_kept(&mut self, depth: usize) -> Kept {
        let open = depth.checked_sub(1).and_then(|at| self.open.get_mut(at));
        open.map(|open| std::mem::take(&mut open.kept)).unwrap_or_default()
    }

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

    /// The path of the innermost open element.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            path.push('/');
            path.push_str(self.schema.rule(open.id).name);
        }
        path
    }

    /// The namespaces in scope, for [`Source::stand_alone`].
    pub(super) fn scope(&self) -> Scope {
        self.scope.clone()
    }

    /// Goes on past the end of the element that just began, keeping nothing of what the standard defines.
    pub(crate) fn skip(&mut self) -> Result<Kept, ReadError> {
        let depth = self.depth();
        loop {
            if let Token::End(kept) = self.next()?
                && self.depth() < depth
            {
                return Ok(kept);
            }
        }
    }

    /// The text of the element that just began, up to its end.
    pub(crate) fn read_text(&mut self) -> Result<(String, Kept), ReadError> {
        let kept = self.skip()?;
        Ok((self.text.clone(), kept))
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

    /// Starts recording what is read, as it is written, from the element that just began.
    pub(super) fn record(&mut self) {
        let mut tee = String::with_capacity(256);
        self.tee_mark = 0;
        tee.push('<');
        tee.push_str(self.attributes.raw());
        tee.push_str(if self.ends_at_once { "/>" } else { ">" });
        self.tee = Some(tee);
    }

    /// Where the last token begins and ends in what is recorded.
    pub(super) fn recorded(&self) -> (usize, usize) {
        (self.tee_mark, self.tee.as_ref().map_or(0, String::len))
    }

    /// Ends the recording.
    pub(super) fn take_record(&mut self) -> String {
        self.tee.take().unwrap_or_default()
    }

    /// A deviation at the last token.
    pub(crate) fn deviation(&mut self, code: DeviationCode, message: String) -> Result<(), ReadError> {
        self.deviation_at(self.position, self.path(), code, message)
    }

    pub(crate) fn deviation_at(
        &mut self,
        position: Position,
        path: String,
        code: DeviationCode,
        message: String,
    ) -> Result<(), ReadError> {
        let deviation = Deviation { position, path, code, message };
        if self.mode == Mode::Strict {
            return Err(ReadError::Deviation(Box::new(deviation)));
        }
        self.report.deviation(deviation, self.limits.report_entries);
        Ok(())
    }

    pub(crate) fn limit(&self, what: &'static str, limit: u64) -> ReadError {
        ReadError::Limit { position: self.position, what, limit }
    }

    /// Lists something kept below the element at `path`.
    pub(crate) fn list(&mut self, path: &str, kind: ExtensionKind, namespace: &str, name: &str, elements: u64) {
        self.list_at(self.position, path, kind, namespace, name, elements);
    }

    pub(crate) fn list_at(
        &mut self,
        position: Position,
        path: &str,
        kind: ExtensionKind,
        namespace: &str,
        name: &str,
        elements: u64,
    ) {
        let elements = if kind == ExtensionKind::Element { elements } else { 0 };
        self.report.extension(Found { position, path, kind, namespace, name, elements }, self.limits.report_entries);
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Token, ReadError> {
        if self.ends_at_once {
            self.ends_at_once = false;
            self.tee_mark = self.tee.as_ref().map_or(0, String::len);
            return self.end();
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let token = loop {
            buffer.clear();
            let event = self.read(&mut buffer)?;
            if let Some(token) = self.meet(event)? {
                break token;
            }
        };
        self.buffer = buffer;
        Ok(token)
    }

    /// Reads one piece of XML and counts its lines.
    fn read<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<Event<'b>, ReadError> {
        let from = self.reader.buffer_position();
        self.reader.get_mut().begin_token();
        self.position = Position { line: self.line, column: from.saturating_sub(self.line_start) + 1 };
        let event = match self.reader.read_event_into(buffer) {
            Ok(event) => event,
            Err(error) => return Err(self.broken(error)),
        };
        let (before, content): (u64, &str) = match &event {
            Event::Start(of) | Event::Empty(of) => (1, of),
            Event::End(of) => (2, of),
            Event::Text(of) => (0, of),
            Event::CData(of) => (9, of),
            Event::Comment(of) => (4, of),
            Event::PI(of) => (2, of),
            Event::Decl(of) => (2, of),
            Event::DocType(_) | Event::GeneralRef(_) | Event::Eof => (0, ""),
        };
        if content.len() > self.limits.token_bytes {
            return Err(self.limit("bytes of one tag or text", self.limits.token_bytes as u64));
        }
        let breaks = content.bytes().filter(|b| *b == b'\n').count();
        if breaks > 0 {
            self.line += breaks as u64;
            let last = content.rfind('\n').unwrap_or(0);
            self.line_start = from + before + last as u64 + 1;
        }
        let readable = !matches!(event, Event::Comment(_) | Event::Decl(_));
        if readable && let Some(forbidden) = first_forbidden(content) {
            let message = format!("the character U+{:04X} is not allowed", u32::from(forbidden));
            return Err(ReadError::Malformed { position: self.position, message });
        }
        self.copy_to_tee(&event);
        Ok(event)
    }

    fn copy_to_tee(&mut self, event: &Event<'_>) {
        let Some(tee) = &mut self.tee else { return };
        self.tee_mark = tee.len();
        let (before, content, after) = around(event);
        tee.push_str(before);
        tee.push_str(content);
        tee.push_str(after);
    }

    /// Deals with a piece of XML; `None` where it is no token for the caller.
    fn meet(&mut self, event: Event<'_>) -> Result<Option<Token>, ReadError> {
        match event {
            Event::Start(tag) => self.start(&tag, false),
            Event::Empty(tag) => self.start(&tag, true),
            Event::End(_) => self.end().map(Some),
            Event::Text(text) if self.takes_text() => self.take_text(&text.xml10_content()).map(|()| None),
            Event::CData(text) if self.takes_text() => self.take_text(&text.xml10_content()).map(|()| None),
            Event::Text(text) => self.meet_stray_text(&text).map(|()| None),
            Event::CData(text) => self.meet_stray_text(&text).map(|()| None),
            Event::GeneralRef(name) => {
                let character = reference(&name).map_err(|fault| self.fault(fault))?;
                let mut bytes = [0; 4];
                let text = character.encode_utf8(&mut bytes);
                let taken = if self.takes_text() { self.take_text(text) } else { self.meet_stray_text(text) };
                taken.map(|()| None)
            }
            Event::PI(instruction) => {
                if instruction.target() == INSTRUCTION {
                    self.meet_instruction(instruction.content())?;
                }
                Ok(None)
            }
            Event::Decl(declaration) => self.meet_declaration(&declaration).map(|()| None),
            Event::DocType(_) => Err(self.forbidden("a document type declaration (DOCTYPE)".to_owned())),
            Event::Comment(_) => Ok(None),
            Event::Eof => self.meet_end_of_file().map(Some),
        }
    }

    fn start(&mut self, tag: &str, empty: bool) -> Result<Option<Token>, ReadError> {
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
        self.open.push(Open { id, step: Step::default(), kept: Kept::default(), outer_scope, misplaced: None });
        self.check_attributes(id)?;
        self.text.clear();
        self.ends_at_once = empty;
        Ok(Some(Token::Start))
    }

    /// Takes up the namespaces that a tag declares; the scope before, where there are any.
    fn declare(&mut self) -> Option<Scope> {
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
    fn leave_scope(&mut self, outer: Option<Scope>) {
        if let Some(scope) = outer {
            self.scope = scope;
            self.default_is_standard = self.scope.namespace("") == Some(self.edition().namespace());
        }
    }

    fn begin_document(&mut self, namespace: &str, name: &str) -> Result<(), ReadError> {
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
    fn recognize(&self, name: &str) -> Option<ElementId> {
        if let Some(open) = self.open.last() {
            let rule = self.schema.rule(open.id);
            if let Some(id) = rule.next_named(open.step, name, self.schema) {
                return Some(id);
            }
        }
        self.schema.id(name)
    }

    /// Moves the parent's content on to its new child.
    fn place(&mut self, id: ElementId) -> Result<(), ReadError> {
        let Some(parent) = self.open.last_mut() else { return Ok(()) };
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

    /// Checks the attributes of the element that just began and keeps those that are not the standard's.
    fn check_attributes(&mut self, id: ElementId) -> Result<(), ReadError> {
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

    fn keep_odd_attribute(&mut self, full_name: &str, value: String) -> Result<(), ReadError> {
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
    fn keep_foreign(
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

    fn push_element(&mut self, namespace: String, name: String, xml: String) {
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
    fn capture(&mut self, empty: bool) -> Result<Capture, ReadError> {
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

    fn end(&mut self) -> Result<Token, ReadError> {
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

    /// Whether the innermost open element may hold text.
    fn takes_text(&self) -> bool {
        self.open.last().is_some_and(|open| self.schema.rule(open.id).text.is_some())
    }

    fn take_text(&mut self, text: &str) -> Result<(), ReadError> {
        if self.text.len() + text.len() > self.limits.token_bytes {
            return Err(self.limit("bytes of one text", self.limits.token_bytes as u64));
        }
        self.text.push_str(text);
        Ok(())
    }

    /// Meets text where only elements are allowed: white space is nothing, anything else is kept.
    fn meet_stray_text(&mut self, text: &str) -> Result<(), ReadError> {
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

    fn meet_instruction(&mut self, content: &str) -> Result<(), ReadError> {
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

    fn meet_declaration(&mut self, declaration: &BytesDecl<'_>) -> Result<(), ReadError> {
        let encoding = match declaration.encoding() {
            Some(Ok(encoding)) => encoding.into_owned(),
            Some(Err(error)) => {
                return Err(ReadError::Malformed { position: self.position, message: error.to_string() });
            }
            None => return Ok(()),
        };
        let known = ["utf-8", "utf8", "us-ascii", "ascii"];
        if known.iter().any(|of| encoding.eq_ignore_ascii_case(of)) {
            Ok(())
        } else {
            Err(ReadError::Encoding { encoding })
        }
    }

    fn meet_end_of_file(&mut self) -> Result<Token, ReadError> {
        if !self.open.is_empty() {
            return Err(self.cut_off());
        }
        if self.edition.is_none() {
            return Err(ReadError::NotOdm { position: self.position, found: "nothing".to_owned() });
        }
        self.report.byte_count = self.reader.buffer_position();
        Ok(Token::Eof)
    }

    fn cut_off(&self) -> ReadError {
        let message = format!("the file ends within {}: it was cut off", self.name());
        ReadError::Malformed { position: self.position, message }
    }

    fn forbidden(&self, what: String) -> ReadError {
        ReadError::Forbidden { position: self.position, what }
    }

    fn fault(&self, fault: TagFault) -> ReadError {
        match fault {
            TagFault::Malformed(message) => ReadError::Malformed { position: self.position, message },
            TagFault::Entity(name) => self.forbidden(format!("the entity &{name};")),
            TagFault::TooMany => self.limit("attributes of one element", self.limits.attributes as u64),
            TagFault::ValueTooLong => self.limit("bytes of one attribute", self.limits.attribute_bytes as u64),
        }
    }

    /// What a failure of the XML reader means.
    fn broken(&mut self, error: quick_xml::Error) -> ReadError {
        match self.reader.get_mut().exceeded() {
            Some(Exceeded::Total) => return self.limit("bytes of the file", self.limits.total_bytes),
            Some(Exceeded::Token) => return self.limit("bytes of one tag or text", self.limits.token_bytes as u64),
            None => {}
        }
        match error {
            quick_xml::Error::Io(error) => ReadError::Io(std::io::Error::new(error.kind(), error.to_string())),
            quick_xml::Error::Encoding(_) => {
                ReadError::Encoding { encoding: "something other than it says".to_owned() }
            }
            quick_xml::Error::Syntax(error) => {
                let message = if self.open.is_empty() {
                    error.to_string()
                } else {
                    format!("{error}: within {} it is broken or was cut off", self.name())
                };
                ReadError::Malformed { position: self.position, message }
            }
            error => ReadError::Malformed { position: self.position, message: error.to_string() },
        }
    }
}

/// What stands before a piece of XML, the piece, and what stands after.
pub(super) fn around<'a>(event: &'a Event<'_>) -> (&'static str, &'a str, &'static str) {
    match event {
        Event::Start(of) => ("<", of, ">"),
        Event::Empty(of) => ("<", of, "/>"),
        Event::End(of) => ("</", of, ">"),
        Event::Text(of) => ("", of, ""),
        Event::CData(of) => ("<![CDATA[", of, "]]>"),
        Event::Comment(of) => ("<!--", of, "-->"),
        Event::PI(of) => ("<?", of, "?>"),
        Event::GeneralRef(of) => ("&", of, ";"),
        Event::Decl(_) | Event::DocType(_) | Event::Eof => ("", "", ""),
    }
}

/// A path without the counts of repeated elements.
fn without_counts(path: &str) -> String {
    path.split('/').map(|part| part.split('[').next().unwrap_or(part)).collect::<Vec<_>>().join("/")
}

/// Says what a file is that cannot be read as UTF-8 text.
fn refuse_other_formats(start: &[u8]) -> Result<(), ReadError> {
    let encoding = match start {
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0, b'<', ..] | [b'<', 0, ..] => "UTF-16",
        [0x4c, 0x6f, 0xa7, 0x94, ..] => "EBCDIC",
        [0x1f, 0x8b, ..] => "a gzip file",
        [b'P', b'K', 3 | 5, ..] => "a zip file",
        _ => return Ok(()),
    };
    Err(ReadError::Encoding { encoding: encoding.to_owned() })
}
