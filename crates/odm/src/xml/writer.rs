//! Writes XML: elements opened and closed in order, everything escaped so that a reader gets it back exactly.

use std::io::{self, BufWriter, IntoInnerError, Write};

use serde::Serialize;

use super::INSTRUCTION;

/// Bytes handed on at once.
const BUFFER_BYTES: usize = 32 * 1024;

/// Writes XML with two spaces of indent.
pub(crate) struct Writer<W: Write> {
    /// An element is a dozen small writes; what is beneath may hash, encrypt or send each.
    out: BufWriter<W>,
    open: Vec<&'static str>,
    /// The start tag is not closed yet: attributes may follow.
    in_tag: bool,
    /// The innermost element holds elements: its end tag goes on a line of its own.
    broken: bool,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(out: W) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
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
        self.out.into_inner().map_err(IntoInnerError::into_error)
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
        let bytes = text.as_bytes();
        if !bytes.iter().any(|b| is_special(*b)) {
            return self.out.write_all(bytes);
        }
        if let Some(character) = first_forbidden(text) {
            let message = format!("XML cannot carry the character U+{:04X}", u32::from(character));
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
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

/// Whether a byte may have to be escaped, or be of a character that XML cannot carry.
fn is_special(byte: u8) -> bool {
    matches!(byte, ..0x20 | b'&' | b'<' | b'>' | b'"' | 0xef)
}

/// Whether XML 1.0 can carry a character (section 2.2).
pub(super) fn is_allowed(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// The first character of a text that XML cannot carry.
pub(super) fn first_forbidden(text: &str) -> Option<char> {
    if may_be_forbidden(text.as_bytes()) { text.chars().find(|c| !is_allowed(*c)) } else { None }
}

/// Whether bytes of a text may be of a character that XML cannot carry.
pub(super) fn may_be_forbidden(bytes: &[u8]) -> bool {
    // Without a branch for each byte, so that many are looked at together. U+FFFE and U+FFFF begin with 0xEF.
    let is_control = |b: u8| u8::from(b < 0x20) & u8::from(b != b'\n') & u8::from(b != b'\t') & u8::from(b != b'\r');
    bytes.iter().fold(0, |found, b| found | is_control(*b) | u8::from(*b == 0xef)) != 0
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// Counts what is handed on.
    #[derive(Default)]
    struct Counting(Vec<u8>, usize);

    impl Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.extend_from_slice(bytes);
            self.1 += 1;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn elements_are_handed_on_together_and_whole() {
        let mut writer = Writer::new(Counting::default()).unwrap();
        writer.start("a").unwrap();
        for _ in 0..10_000 {
            writer.start("b").unwrap();
            writer.attribute("c", "1").unwrap();
            writer.end().unwrap();
        }
        let Counting(bytes, writes) = writer.finish().unwrap();
        assert_eq!(bytes.iter().filter(|b| **b == b'b').count(), 10_000);
        assert!(bytes.ends_with(b"</a>\n"));
        assert!(writes <= bytes.len() / BUFFER_BYTES + 2, "{writes} writes of {} bytes", bytes.len());
    }

    #[test]
    fn what_must_be_escaped_is_and_what_cannot_be_is_refused() {
        let written = |text: &str| {
            let mut writer = Writer::new(Vec::new()).unwrap();
            writer.start("a")?;
            writer.attribute("b", text)?;
            writer.text(text)?;
            writer.finish().map(|bytes| String::from_utf8(bytes).unwrap())
        };
        let all = written("ä \u{ff01} &<>\"'\r\n\t").unwrap();
        assert!(all.contains("b=\"ä \u{ff01} &amp;&lt;&gt;&quot;'&#13;&#10;&#9;\""), "{all}");
        assert!(all.contains(">ä \u{ff01} &amp;&lt;&gt;\"'&#13;\n\t</a>"), "{all}");
        for forbidden in ["\0", "a\u{1f}", "\u{ffff}b"] {
            assert!(written(forbidden).is_err(), "{forbidden:?}");
        }
    }
}
