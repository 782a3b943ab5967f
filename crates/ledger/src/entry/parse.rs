//! Reads an entry: not a JSON parser, but the exact inverse of the writer, which is what makes a second
//! spelling of the same entry impossible.

use std::borrow::Cow;

use super::code::{CODE_BYTES_MAX, KEY_BYTES_MAX, allowed, check_time};
use super::{Change, ENTRY_BYTES_MAX, Entry, EntryError, Manifest, Shown};
use crate::hash::{HASH_BYTES, Hash};

pub(super) fn entry(bytes: &[u8]) -> Result<Entry, EntryError> {
    if bytes.len() > ENTRY_BYTES_MAX {
        return Err(EntryError::TooLong(bytes.len()));
    }
    let mut from = Cursor { bytes, offset: 0 };
    from.expect("{\"v\":1,\"at\":\"")?;
    let at = from.code("a time", KEY_BYTES_MAX)?;
    check_time(&at)?;
    from.expect("\",\"actor\":\"")?;
    let actor = from.code("an actor", KEY_BYTES_MAX)?;
    from.expect("\"")?;
    let client = from.optional(",\"client\":\"", |from| from.quoted(|from| from.code("a client", KEY_BYTES_MAX)))?;
    from.expect(",\"role\":\"")?;
    let role = Cow::Owned(from.code("a role", CODE_BYTES_MAX)?);
    from.expect("\",\"act\":\"")?;
    let act = Cow::Owned(from.code("an act", CODE_BYTES_MAX)?);
    from.expect("\",\"target\":\"")?;
    let target = from.code("a target", KEY_BYTES_MAX)?;
    from.expect("\"")?;
    let request =
        from.optional(",\"request\":\"", |from| from.quoted(|from| from.code("a request id", CODE_BYTES_MAX)))?;
    let body = from.optional(",\"body\":\"", |from| from.quoted(Cursor::hash))?;
    let changes = from.optional(",\"changes\":[", Cursor::changes)?.unwrap_or_default();
    let mut shown = None;
    let mut manifest = None;
    // The three exclude one another, so after changes neither of the others may stand.
    if changes.is_empty() {
        shown =
            from.optional(",\"shown\":{\"count\":", Cursor::counted)?.map(|(count, digest)| Shown { count, digest });
    }
    if changes.is_empty() && shown.is_none() {
        manifest = from
            .optional(",\"manifest\":{\"count\":", Cursor::counted)?
            .map(|(count, digest)| Manifest { count, digest });
    }
    from.expect("}")?;
    from.end()?;
    Ok(Entry { at, actor, client, role, act, target, request, body, changes, shown, manifest })
}

/// One change, all of `bytes`; also the lines of a manifest.
pub(super) fn change(bytes: &[u8]) -> Result<Change, EntryError> {
    let mut from = Cursor { bytes, offset: 0 };
    let change = from.change()?;
    from.end()?;
    Ok(change)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }

    fn wrong<T>(&self, expected: &'static str) -> Result<T, EntryError> {
        Err(EntryError::Malformed { offset: self.offset, expected })
    }

    fn skip(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text.as_bytes());
        self.offset += if found { text.len() } else { 0 };
        found
    }

    fn expect(&mut self, text: &'static str) -> Result<(), EntryError> {
        if self.skip(text) { Ok(()) } else { self.wrong(text) }
    }

    fn end(&self) -> Result<(), EntryError> {
        if self.rest().is_empty() { Ok(()) } else { self.wrong("the end") }
    }

    fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, EntryError>,
    ) -> Result<Option<T>, EntryError> {
        if self.skip(key) { read(self).map(Some) } else { Ok(None) }
    }

    fn quoted<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, EntryError>) -> Result<T, EntryError> {
        let value = read(self)?;
        self.expect("\"")?;
        Ok(value)
    }

    fn code(&mut self, expected: &'static str, max: usize) -> Result<String, EntryError> {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| allowed(**byte)).count();
        let text = rest.get(..length).and_then(|code| str::from_utf8(code).ok()).unwrap_or_default();
        if !(1..=max).contains(&length) {
            return self.wrong(expected);
        }
        self.offset += length;
        Ok(text.to_owned())
    }

    fn hash(&mut self) -> Result<Hash, EntryError> {
        let read = self.rest().get(..2 * HASH_BYTES).and_then(|digits| Hash::from_hex(digits).ok());
        let Some(hash) = read else {
            return self.wrong("64 lower-case hexadecimal digits");
        };
        self.offset += 2 * HASH_BYTES;
        Ok(hash)
    }

    fn number(&mut self) -> Result<u64, EntryError> {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = rest.get(..length).unwrap_or_default();
        let padded = digits.len() > 1 && digits.first() == Some(&b'0');
        let number = str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).filter(|_| !padded);
        let Some(number) = number else {
            return self.wrong("a number without leading zeros");
        };
        self.offset += length;
        Ok(number)
    }

    fn counted(&mut self) -> Result<(u64, Hash), EntryError> {
        let count = self.number()?;
        self.expect(",\"digest\":\"")?;
        let digest = self.hash()?;
        self.expect("\"}")?;
        Ok((count, digest))
    }

    fn changes(&mut self) -> Result<Vec<Change>, EntryError> {
        let mut changes = vec![self.change()?];
        while self.skip(",") {
            changes.push(self.change()?);
        }
        self.expect("]")?;
        Ok(changes)
    }

    fn change(&mut self) -> Result<Change, EntryError> {
        self.expect("{\"kind\":\"")?;
        let kind = Cow::Owned(self.code("a kind", CODE_BYTES_MAX)?);
        self.expect("\",\"key\":\"")?;
        let key = self.code("a key", KEY_BYTES_MAX)?;
        self.expect("\",\"version\":")?;
        let Ok(version) = u32::try_from(self.number()?) else {
            return self.wrong("a version below 2^32");
        };
        self.expect(",\"digest\":\"")?;
        let digest = self.hash()?;
        self.expect("\"}")?;
        Ok(Change { kind, key, version, digest })
    }
}
