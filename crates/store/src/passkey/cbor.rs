//! As much CBOR (RFC 8949) as an authenticator sends: definite lengths, the shortest form of each (CTAP2 canonical), a few
//! levels deep. Anything else is no answer of an authenticator's.

/// Levels that are followed.
const DEPTH_MAX: u8 = 4;
/// Members of one array or map.
const MEMBERS_MAX: u64 = 64;

/// A data item; texts and bytes lie where they came.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Item<'a>>),
    Map(Vec<(Item<'a>, Item<'a>)>),
    Simple(u8),
}

impl<'a> Item<'a> {
    /// The first item of these bytes, and what follows it.
    pub(super) fn first(bytes: &'a [u8]) -> Option<(Item<'a>, &'a [u8])> {
        item(bytes, 0)
    }

    /// A map's value under a number.
    pub(super) fn at(&self, key: i64) -> Option<&Item<'a>> {
        self.found(&Item::Int(key))
    }

    /// A map's value under a text.
    pub(super) fn named(&self, key: &'a str) -> Option<&Item<'a>> {
        self.found(&Item::Text(key))
    }

    fn found(&self, key: &Item<'a>) -> Option<&Item<'a>> {
        match self {
            Item::Map(pairs) => pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn int(&self) -> Option<i64> {
        if let Item::Int(number) = self { Some(*number) } else { None }
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Item::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

fn item(bytes: &[u8], depth: u8) -> Option<(Item<'_>, &[u8])> {
    if depth >= DEPTH_MAX {
        return None;
    }
    let (first, rest) = bytes.split_first()?;
    let (major, (value, rest)) = (first >> 5, argument(first & 0x1f, rest)?);
    let whole = i64::try_from(value).ok();
    Some(match major {
        0 => (Item::Int(whole?), rest),
        1 => (Item::Int((-1_i64).checked_sub(whole?)?), rest),
        2 | 3 => {
            let (text, rest) = rest.split_at_checked(usize::try_from(value).ok()?)?;
            (if major == 2 { Item::Bytes(text) } else { Item::Text(std::str::from_utf8(text).ok()?) }, rest)
        }
        4 | 5 if value > MEMBERS_MAX => return None,
        4 => {
            let (mut members, mut rest) = (Vec::new(), rest);
            for _ in 0..value {
                let (member, after) = item(rest, depth.checked_add(1)?)?;
                members.push(member);
                rest = after;
            }
            (Item::Array(members), rest)
        }
        5 => {
            let (mut pairs, mut rest) = (Vec::new(), rest);
            for _ in 0..value {
                let (key, after) = item(rest, depth.checked_add(1)?)?;
                let (value, after) = item(after, depth.checked_add(1)?)?;
                // Two values under one key: which counts would be the reader's choice.
                if pairs.iter().any(|(known, _)| *known == key) {
                    return None;
                }
                pairs.push((key, value));
                rest = after;
            }
            (Item::Map(pairs), rest)
        }
        7 => (Item::Simple(u8::try_from(value).ok().filter(|simple| (20..=22).contains(simple))?), rest),
        _ => return None,
    })
}

/// The number in or after an item's first byte.
fn argument(short: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    let width = match short {
        0..=23 => return Some((u64::from(short), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(width)?;
    let value = bytes.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    let shorter = [24, 1 << 8, 1 << 16, 1 << 32];
    let least = shorter.get(usize::from(short).checked_sub(24)?)?;
    (value >= *least).then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read_as_rfc_8949_writes_them() {
        // Appendix A.
        for (bytes, item) in [
            (&[0x00][..], Item::Int(0)),
            (&[0x17], Item::Int(23)),
            (&[0x18, 0x18], Item::Int(24)),
            (&[0x19, 0x03, 0xe8], Item::Int(1000)),
            (&[0x20], Item::Int(-1)),
            (&[0x39, 0x01, 0x00], Item::Int(-257)),
            (&[0x44, 1, 2, 3, 4], Item::Bytes(&[1, 2, 3, 4])),
            (&[0x64, b'I', b'E', b'T', b'F'], Item::Text("IETF")),
            (&[0x82, 0x01, 0x20], Item::Array(vec![Item::Int(1), Item::Int(-1)])),
            (&[0xa1, 0x01, 0x02], Item::Map(vec![(Item::Int(1), Item::Int(2))])),
            (&[0xf5], Item::Simple(21)),
        ] {
            assert_eq!(Item::first(bytes), Some((item, &[][..])), "{bytes:x?}");
        }
    }

    #[test]
    fn what_breaks_off_nests_deep_or_could_be_read_in_two_ways_is_none() {
        for bytes in [
            &[][..],
            &[0x18],
            &[0x18, 0x17],
            &[0x19, 0x00, 0xff],
            &[0x1a, 0x00, 0x00, 0xff, 0xff],
            &[0x44, 1, 2, 3],
            &[0x5f, 0x41, 1, 0xff],
            &[0x81, 0x81, 0x81, 0x81, 0x00],
            &[0x98, 0x41],
            &[0xa2, 0x01, 0x02, 0x01, 0x03],
            &[0x62, 0xff, 0xff],
            &[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(Item::first(bytes), None, "{bytes:x?}");
        }
    }
}
