//! A pull reader that knows where it is, what may stand there, and keeps what does not belong.
//!
//! It hands over the elements of the standard only. Elements and attributes of other namespaces, elements the
//! standard does not know and text where there should be none are kept beside the element that holds them, and
//! come with its end. It refuses document types and entities, and never holds more than one token of the file,
//! one extension element, and what is kept of the elements that are open.

mod elements;
mod keep;
mod pieces;

use std::io::BufRead;

use quick_xml::Reader;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trial::definition::{Extension, ExtensionKind};

pub(super) use self::pieces::around;
use super::attributes::Attributes;
use super::metered::Metered;
use super::scope::Scope;
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
    /// The child before: mostly the next is another of its kind.
    last: Option<ElementId>,
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
