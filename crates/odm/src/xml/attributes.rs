//! The attributes of one tag, found in place: a value is copied only where it holds a reference or a line break.

use std::ops::Range;

/// A tag's text and where its attributes are in it. Reused from tag to tag.
#[derive(Default)]
pub(super) struct Attributes {
    raw: String,
    name_end: usize,
    found: Vec<Attribute>,
    count: usize,
}

#[derive(Default)]
struct Attribute {
    name: Range<usize>,
    value: Range<usize>,
    /// The value after references and line breaks were resolved, where there are any.
    resolved: Option<String>,
}

/// What is wrong with a tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TagFault {
    Malformed(String),
    Entity(String),
    TooMany,
    ValueTooLong,
}

impl Attributes {
    /// Takes a tag's text, the part between `<` and `>` or `/>`.
    pub(super) fn read(&mut self, tag: &str, most: usize, longest: usize) -> Result<(), TagFault> {
        self.raw.clear();
        self.raw.push_str(tag);
        self.count = 0;
        let bytes = tag.as_bytes();
        let mut at = name_end(bytes, 0);
        self.name_end = at;
        loop {
            let start = skip_space(bytes, at);
            if start == bytes.len() {
                return Ok(());
            }
            if start == at {
                return Err(TagFault::Malformed("attributes must have white space between them".to_owned()));
            }
            let name = start..name_end(bytes, start);
            let equals = skip_space(bytes, name.end);
            let quote_at = skip_space(bytes, equals + 1);
            let quote = match (bytes.get(equals), bytes.get(quote_at)) {
                (Some(b'='), Some(quote @ (b'"' | b'\''))) if !name.is_empty() => *quote,
                _ => {
                    let name = tag.get(name).unwrap_or("");
                    return Err(TagFault::Malformed(format!("attribute {name} has no value in quotes")));
                }
            };
            let rest = bytes.get(quote_at + 1..).unwrap_or(&[]);
            let Some(length) = rest.iter().position(|b| *b == quote) else {
                return Err(TagFault::Malformed("an attribute's closing quote is missing".to_owned()));
            };
            let value = quote_at + 1..quote_at + 1 + length;
            at = value.end + 1;
            if length > longest {
                return Err(TagFault::ValueTooLong);
            }
            self.add(name, value, most)?;
        }
    }

    fn add(&mut self, name: Range<usize>, value: Range<usize>, most: usize) -> Result<(), TagFault> {
        if self.count >= most {
            return Err(TagFault::TooMany);
        }
        let name_text = self.raw.get(name.clone()).unwrap_or("");
        if self.iter().any(|(other, _)| other == name_text) {
            return Err(TagFault::Malformed(format!("attribute {name_text} is given twice")));
        }
        let raw = self.raw.get(value.clone()).unwrap_or("");
        let plain = !raw.bytes().any(|b| matches!(b, b'&' | b'<' | b'\n' | b'\t' | b'\r'));
        let resolved = if plain { None } else { Some(resolve(raw)?) };
        let attribute = Attribute { name, value, resolved };
        match self.found.get_mut(self.count) {
            Some(slot) => *slot = attribute,
            None => self.found.push(attribute),
        }
        self.count += 1;
        Ok(())
    }

    /// The tag's text.
    pub(super) fn raw(&self) -> &str {
        &self.raw
    }

    /// The element's name, prefix included.
    pub(super) fn element(&self) -> &str {
        self.raw.get(..self.name_end).unwrap_or("")
    }

    /// Names, prefixes included, and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.found.iter().take(self.count).map(|of| {
            let value = of.resolved.as_deref().unwrap_or_else(|| self.raw.get(of.value.clone()).unwrap_or(""));
            (self.raw.get(of.name.clone()).unwrap_or(""), value)
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or(&[]);
    from + rest.iter().position(|b| !matches!(b, b' ' | b'\n' | b'\t' | b'\r')).unwrap_or(rest.len())
}

fn name_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or(&[]);
    let is_end = |b: &u8| matches!(b, b' ' | b'\n' | b'\t' | b'\r' | b'=' | b'/' | b'"' | b'\'' | b'<');
    from + rest.iter().position(is_end).unwrap_or(rest.len())
}

/// An attribute's value as XML 1.0 section 3.3.3 has it: references resolved, white space made spaces.
fn resolve(raw: &str) -> Result<String, TagFault> {
    let mut value = String::with_capacity(raw.len());
    let mut characters = raw.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '<' => return Err(TagFault::Malformed("an attribute's value holds <".to_owned())),
            // A line break is one space, however it is written.
            '\r' if raw.as_bytes().get(at + 1) == Some(&b'\n') => {}
            '\n' | '\t' | '\r' => value.push(' '),
            '&' => {
                let rest = raw.get(at + 1..).unwrap_or("");
                let name = rest.split_once(';').map(|(name, _)| name);
                let name = name.ok_or_else(|| TagFault::Malformed("an & begins no reference".to_owned()))?;
                value.push(reference(name)?);
                let past = at + 1 + name.len();
                while characters.next().is_some_and(|(at, _)| at < past) {}
            }
            other => value.push(other),
        }
    }
    Ok(value)
}

/// The character that `&name;` stands for.
pub(super) fn reference(name: &str) -> Result<char, TagFault> {
    match name {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => {}
    }
    let Some(number) = name.strip_prefix('#') else {
        return Err(TagFault::Entity(name.chars().take(60).collect()));
    };
    let code = match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    let character = code.ok().and_then(char::from_u32).filter(|c| super::writer::is_allowed(*c));
    character.ok_or_else(|| TagFault::Malformed(format!("&{name}; is no character of XML")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: &str) -> Result<Vec<(String, String)>, TagFault> {
        let mut attributes = Attributes::default();
        attributes.read(tag, 8, 100)?;
        Ok(attributes.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn values_are_found_and_resolved() {
        let found = read("a b='1' c = \"x &lt;&#228;&#xe4;\ny\r\nz&#10;\" ").map_err(|_| ());
        let own = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(found, Ok(vec![own("b", "1"), own("c", "x <ää y z\n")]));
    }

    #[test]
    fn bad_tags_are_refused() {
        for tag in [
            "a b",
            "a b=",
            "a b=1",
            "a b='1",
            "a b='1'c='2'",
            "a b='1' b='2'",
            "a b='<'",
            "a b='&x'",
            "a ='1'",
            "a b='&#0;'",
        ] {
            assert!(matches!(read(tag), Err(TagFault::Malformed(_))), "{tag}");
        }
        assert_eq!(read("a b='&x;'"), Err(TagFault::Entity("x".to_owned())));
        assert_eq!(read("a a='' b='' c='' d='' e='' f='' g='' h='' i=''"), Err(TagFault::TooMany));
        assert_eq!(read(&format!("a b='{}'", "x".repeat(101))), Err(TagFault::ValueTooLong));
    }
}
