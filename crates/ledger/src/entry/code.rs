//! The character set, lengths and time format of an entry's strings: all that keeps free text out.

use super::EntryError;

/// The longest role, act, kind or request id.
pub const CODE_BYTES_MAX: usize = 64;

/// The longest actor, target or record key.
pub const KEY_BYTES_MAX: usize = 200;

/// Whether a byte may stand in a code.
pub(super) const fn allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-')
}

/// Checks a code: not empty, not longer than `max`, allowed characters only.
pub(super) fn check(field: &'static str, text: &str, max: usize) -> Result<(), EntryError> {
    let fits = (1..=max).contains(&text.len());
    if fits && text.bytes().all(allowed) { Ok(()) } else { Err(EntryError::Code { field, max }) }
}

/// Checks `2026-11-21T23:05:55.123456Z`: a real day of the Gregorian calendar, no leap second.
pub(super) fn check_time(text: &str) -> Result<(), EntryError> {
    const SHAPE: &[u8; 27] = b"0000-00-00T00:00:00.000000Z";
    let bytes = text.as_bytes();
    let shaped = bytes.len() == SHAPE.len()
        && bytes.iter().zip(SHAPE).all(
            |(byte, shape)| {
                if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape }
            },
        );
    let number = |from: usize, to: usize| {
        bytes
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .fold(0_u32, |n, digit| n * 10 + u32::from(digit.wrapping_sub(b'0')))
    };
    if !shaped {
        return Err(EntryError::Time);
    }
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    let real = (1..=days).contains(&day) && number(11, 13) < 24 && number(14, 16) < 60 && number(17, 19) < 60;
    if real { Ok(()) } else { Err(EntryError::Time) }
}
