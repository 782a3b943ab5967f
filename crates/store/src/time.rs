//! Instants as the database and the ledger write them: microseconds since 1970, and RFC 3339 in UTC. The clock
//! itself is an argument: this crate refuses to read one.

use jiff::Timestamp;

/// Where the store gets the time from; the binary gives it the machine's, a test one it can turn.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Microseconds since 1970.
#[must_use]
pub fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The instant that many microseconds after 1970.
#[must_use]
pub fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `2026-11-21T23:05:55.123456Z`, as entries write it.
#[must_use]
pub fn stamp(at: Timestamp) -> String {
    format!("{at:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_has_six_decimals_and_says_utc() {
        assert_eq!(stamp(instant(1_795_302_355_000_001)), "2026-11-21T23:05:55.000001Z");
        assert_eq!(stamp(instant(0)), "1970-01-01T00:00:00.000000Z");
    }
}
