//! Days as a form's date field sends them: a thing begins with its first day and goes on through its last, in UTC.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use store::Error;

/// The first instant of a day that was typed into `field`.
pub fn start_of(field: &'static str, day: &str) -> store::Result<Timestamp> {
    let start = parsed(field, day)?.to_zoned(TimeZone::UTC);
    start.map(|start| start.timestamp()).map_err(|_| no_day(field))
}

/// The instant after the last of a day that was typed into `field`.
pub fn end_of(field: &'static str, day: &str) -> store::Result<Timestamp> {
    let after = parsed(field, day)?.tomorrow().and_then(|next| next.to_zoned(TimeZone::UTC));
    after.map(|end| end.timestamp()).map_err(|_| no_day(field))
}

fn parsed(field: &'static str, day: &str) -> store::Result<Date> {
    day.parse().map_err(|_| no_day(field))
}

fn no_day(field: &'static str) -> Error {
    Error::refused(field, "no_date", "type the day as 2027-03-31")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_and_is_held_through() {
        let words = |at: store::Result<Timestamp>| at.map(|at| at.to_string()).ok();
        assert_eq!(words(start_of("from", "2027-03-31")).as_deref(), Some("2027-03-31T00:00:00Z"));
        assert_eq!(words(end_of("until", "2027-03-31")).as_deref(), Some("2027-04-01T00:00:00Z"));
        assert!(end_of("until", "31.3.2027").is_err() && start_of("from", "9999-12-32").is_err());
    }
}
