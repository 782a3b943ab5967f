//! Writes XML: elements opened and closed in order, everything escaped so that a reader gets it back exactly.

use std::io::{self, Write};

use serde::Serialize;

use super::INSTRUCTION;

/// Writes XML with two spaces of indent.
pub(crate) struct Writer<W> {
    out: W,
    open: Vec<&'static str>,
    /// The start tag is not closed yet: attributes may follow.
    in_tag: bool,
    /// The innermost element holds elements: its end tag goes on a line of its own.
    broken: bool,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        Ok(Self { out, open: Vec::new(), in_tag: false, broken: true })
    }

    /// Begins an element; attributes follow.
    pub(crate) fn start(&mut self, name: &'static str) -> io::Result<()> {
        self.close_tag()?;
        self.new_line(self.open.len())?;
        self.out.write_all(b"<")?;
        self.out.write_all(name.as_bytes())?;
        self.open.push(name);
        self.in_tag = true;
        self.broken = false;
        Ok(())
    }

    /// Adds an attribute to the element just begun.
    pub(crate) fn attribute(&mut self, name: &str, value: &str) -> io::Result<()> {
        self.out.write_all(b" ")?;
        self.out.write_all(name.as_bytes())?;
        self.out.write_all(b"=\"")?;
        self.escaped(value, true)?;
        self.out.write_all(b"\"")
    }

    /// Adds an attribute where there is a value.
    pub(crate) fn optional(&mut self, name: &str, value: Option<&str>) -> io::Result<()> {
        match value {
            Some(value) => self.attribute(name, value),
            None => Ok(()),
        }
    }

    /// Adds text to the element just begun, which must then hold nothing else.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        self.close_tag()?;
        self.escaped(text, false)
    }

    /// Ends the innermost element.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        let Some(name) = self.open.pop() else {
            return Ok(());
        };
        if self.in_tag {
            self.in_tag = false;
            self.out.write_all(b"/>")?;
        } else {
            if self.broken {
                self.new_line(self.open.len())?;
            }
            self.out.write_all(b"</")?;
            self.out.write_all(name.as_bytes())?;
            self.out.write_all(b">")?;
        }
        self.broken = true;
        Ok(())
    }

    /// An element with text and nothing else.
    pub(crate) fn leaf(&mut self, name: &'static str, text: &str) -> io::Result<()> {
        self.start(name)?;
        self.text(text)?;
        self.end()
    }

    /// A processing instruction of ours. Its text is JSON in ASCII, so that no reader changes a byte of it.
    /// `inline` keeps white space out of an element that holds text.
    pub(crate) fn instruction(&mut self, what: &impl Serialize, inline: bool) -> io::Result<()> {
        let json = serde_json::to_string(what).map_err(io::Error::other)?;
        self.close_tag()?;
        if !inline {
            self.new_line(self.open.len())?;
            self.broken = true;
        }
        write!(self.out, "<?{INSTRUCTION} ")?;
        // `>` only occurs within JSON strings, where an escape says the same; it could end the instruction.
        for character in json.chars() {
            match character {
                '>' => self.out.write_all(b"\\u003e")?,
                ' '..='~' => self.out.write_all(&[character as u8])?,
                other => {
                    for unit in other.encode_utf16(&mut [0; 2]) {
                        write!(self.out, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        self.out.write_all(b"?>")
    }

    pub(crate) fn finish(mut self) -> io::Result<W> {
        while !self.open.is_empty() {
            self.end()?;
        }
        self.out.write_all(b"\n")?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn close_tag(&mut self) -> io::Result<()> {
        if self.in_tag {
            self.in_tag = false;
            self.out.write_all(b">")?;
        }
        Ok(())
    }

    fn new_line(&mut self, depth: usize) -> io::Result<()> {
        const INDENT: &[u8] = b"\n                                ";
        let width = (1 + depth * 2).min(INDENT.len());
        self.out.write_all(INDENT.get(..width).unwrap_or(b"\n"))
    }

    fn escaped(&mut self, text: &str, in_attribute: bool) -> io::Result<()> {
        if let Some(character) = first_forbidden(text) {
            let message = format!("XML cannot carry the character U+{:04X}", u32::from(character));
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let bytes = text.as_bytes();
        let mut from = 0;
        for (at, byte) in bytes.iter().enumerate() {
            let escape: &[u8] = match byte {
                b'&' => b"&amp;",
                b'<' => b"&lt;",
                b'>' => b"&gt;",
                b'"' if in_attribute => b"&quot;",
                b'\r' => b"&#13;",
                b'\n' if in_attribute => b"&#10;",
                b'\t' if in_attribute => b"&#9;",
                _ => continue,
            };
            self.out.write_all(bytes.get(from..at).unwrap_or(&[]))?;
            self.out.write_all(escape)?;
            from = at + 1;
        }
        self.out.write_all(bytes.get(from..).unwrap_or(&[]))
    }
}

/// Whether XML 1.0 can carry a character (section 2.2).
pub(super) fn is_allowed(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The first character of a text that XML cannot carry.
pub(super) fn first_forbidden(text: &str) -> Option<char> {
    // Without a branch for each byte, so that many are looked at together. U+FFFE and U+FFFF begin with 0xEF.
    let suspicious = text
        .bytes()
        .fold(false, |found, b| found | (b < 0x20) & (b != b'\n') & (b != b'\t') & (b != b'\r') | (b == 0xef));
    if !suspicious {
        return None;
    }
    text.chars().find(|c| !is_allowed(*c))
}
