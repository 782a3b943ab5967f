//! Days and times as the forms take them.

use jiff::{Span, civil::Date};

/// So many days later, or earlier.
pub(super) fn after(date: Date, days: i64) -> Date {
    date.checked_add(Span::new().days(days)).unwrap_or(date)
}

/// A date and time: `2026-11-21T09:05:00`.
pub(super) fn at(date: Date, minute_of_day: i64) -> String {
    format!("{date}T{:02}:{:02}:00", minute_of_day / 60 % 24, minute_of_day % 60)
}

/// How much of a date is remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Known {
    /// All of it.
    #[default]
    Day,
    /// Year and month.
    Month,
    /// The year.
    Year,
}

/// A date as far as it is known: `2026-11-21`, `2026-11`, `2026`.
pub(super) fn partial(date: Date, known: Known) -> String {
    match known {
        Known::Day => date.to_string(),
        Known::Month => format!("{:04}-{:02}", date.year(), date.month()),
        Known::Year => format!("{:04}", date.year()),
    }
}
