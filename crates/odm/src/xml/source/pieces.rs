//! Pieces of XML, one after the other: where they are, and what is wrong with those that cannot be read.

use std::io::BufRead;

use quick_xml::events::{BytesDecl, Event};

use super::{Source, Token};
use crate::error::ReadError;
use crate::report::Position;
use crate::xml::INSTRUCTION;
use crate::xml::attributes::{TagFault, reference};
use crate::xml::metered::Exceeded;
use crate::xml::writer::first_forbidden;

impl<R: BufRead> Source<R> {
    /// Reads one piece of XML and counts its lines.
    pub(super) fn read<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<Event<'b>, ReadError> {
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
        if may_need_care(content.as_bytes()) {
            let readable = !matches!(event, Event::Comment(_) | Event::Decl(_));
            self.care(content, from + before, readable)?;
        }
        self.copy_to_tee(&event);
        Ok(event)
    }

    /// Counts the lines of a piece that begins at `from`, and looks for what XML cannot carry.
    fn care(&mut self, content: &str, from: u64, readable: bool) -> Result<(), ReadError> {
        let breaks = content.bytes().filter(|b| *b == b'\n').count();
        if breaks > 0 {
            self.line += breaks as u64;
            self.line_start = from + content.rfind('\n').unwrap_or(0) as u64 + 1;
        }
        match first_forbidden(content).filter(|_| readable) {
            None => Ok(()),
            Some(forbidden) => {
                let message = format!("the character U+{:04X} is not allowed", u32::from(forbidden));
                Err(ReadError::Malformed { position: self.position, message })
            }
        }
    }

    pub(super) fn copy_to_tee(&mut self, event: &Event<'_>) {
        let Some(tee) = &mut self.tee else { return };
        self.tee_mark = tee.len();
        let (before, content, after) = around(event);
        tee.push_str(before);
        tee.push_str(content);
        tee.push_str(after);
    }

    /// Deals with a piece of XML; `None` where it is no token for the caller.
    pub(super) fn meet(&mut self, event: Event<'_>) -> Result<Option<Token>, ReadError> {
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

    /// Whether the innermost open element may hold text.
    pub(super) fn takes_text(&self) -> bool {
        self.open.last().is_some_and(|open| self.schema.rule(open.id).text.is_some())
    }

    pub(super) fn take_text(&mut self, text: &str) -> Result<(), ReadError> {
        if self.text.len() + text.len() > self.limits.token_bytes {
            return Err(self.limit("bytes of one text", self.limits.token_bytes as u64));
        }
        self.text.push_str(text);
        Ok(())
    }

    pub(super) fn meet_declaration(&mut self, declaration: &BytesDecl<'_>) -> Result<(), ReadError> {
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

    pub(super) fn meet_end_of_file(&mut self) -> Result<Token, ReadError> {
        if !self.open.is_empty() {
            return Err(self.cut_off());
        }
        if self.edition.is_none() {
            return Err(ReadError::NotOdm { position: self.position, found: "nothing".to_owned() });
        }
        self.report.byte_count = self.reader.buffer_position();
        Ok(Token::Eof)
    }

    pub(super) fn cut_off(&self) -> ReadError {
        let message = format!("the file ends within {}: it was cut off", self.name());
        ReadError::Malformed { position: self.position, message }
    }

    pub(super) fn forbidden(&self, what: String) -> ReadError {
        ReadError::Forbidden { position: self.position, what }
    }

    pub(super) fn fault(&self, fault: TagFault) -> ReadError {
        match fault {
            TagFault::Malformed(message) => ReadError::Malformed { position: self.position, message },
            TagFault::Entity(name) => self.forbidden(format!("the entity &{name};")),
            TagFault::TooMany => self.limit("attributes of one element", self.limits.attributes as u64),
            TagFault::ValueTooLong => self.limit("bytes of one attribute", self.limits.attribute_bytes as u64),
        }
    }

    /// What a failure of the XML reader means.
    pub(super) fn broken(&mut self, error: quick_xml::Error) -> ReadError {
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

/// Whether a text may hold a line break, or a character that XML cannot carry: most tags hold neither. Without a branch
/// for each byte, so that many are looked at together; U+FFFE and U+FFFF begin with 0xEF.
fn may_need_care(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |found, b| found | u8::from(*b < 0x20) | u8::from(*b == 0xef)) != 0
}

/// What stands before a piece of XML, the piece, and what stands after.
pub(in crate::xml) fn around<'a>(event: &'a Event<'_>) -> (&'static str, &'a str, &'static str) {
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
