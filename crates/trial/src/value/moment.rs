//! Dates and times as far as they are known, and durations (ODM 1.3.2 section 2.10, ISO 8601).

use std::cmp::Ordering;

use jiff::civil;

use super::problem::{ValueProblem, ValueProblemCode};

/// A date, a time of day, or both, of which parts may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The year, 1 to 9999.
    pub year: Option<i16>,
    /// The month, 1 to 12.
    pub month: Option<i8>,
    /// The day of the month, 1 to 31.
    pub day: Option<i8>,
    /// The hour, 0 to 23.
    pub hour: Option<i8>,
    /// The minute, 0 to 59.
    pub minute: Option<i8>,
    /// The second, 0 to 59.
    pub second: Option<i8>,
    /// Nanoseconds of the second.
    pub nanosecond: i32,
    /// Minutes east of UTC, where given.
    pub offset: Option<i16>,
    /// Whether it is a time of day without a date.
    pub is_time: bool,
}

/// How much of a moment must be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// All of it; seconds may be left out, as browsers do.
    Full,
    /// Its end may be left out.
    Partial,
    /// Any part may be `-`.
    Incomplete,
}

impl Moment {
    /// The date, where year, month and day are known.
    pub fn date(&self) -> Option<civil::Date> {
        civil::Date::new(self.year?, self.month?, self.day?).ok()
    }

    /// The earliest and the latest moment it can be, in its own offset; `None` where the year is unknown.
    pub fn bounds(&self) -> Option<(civil::DateTime, civil::DateTime)> {
        let year = if self.is_time { 2000 } else { self.year? };
        let first_month = self.month.unwrap_or(1);
        let last_month = self.month.unwrap_or(12);
        let first = civil::Date::new(year, first_month, 1).ok()?;
        let last = civil::Date::new(year, last_month, 1).ok()?;
        let (first_day, last_day) = match self.day {
            Some(day) => (day.min(first.days_in_month()), day.min(last.days_in_month())),
            None if self.is_time => (1, 1),
            None => (1, last.days_in_month()),
        };
        let last_month = if self.is_time { 1 } else { last_month };
        let at = |month, day, hour: i8, minute: i8, second: i8, nano: i32| {
            civil::DateTime::new(year, month, day, hour, minute, second, nano).ok()
        };
        let nano = if self.second.is_some() { self.nanosecond } else { 999_999_999 };
        Some((
            at(
                first_month,
                first_day,
                self.hour.unwrap_or(0),
                self.minute.unwrap_or(0),
                self.second.unwrap_or(0),
                self.nanosecond,
            )?,
            at(
                last_month,
                last_day,
                self.hour.unwrap_or(23),
                self.minute.unwrap_or(59),
                self.second.unwrap_or(59),
                nano,
            )?,
        ))
    }

    /// How it compares with another; `None` where the unknown parts decide. Offsets count where both have one.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if self == other {
            return Some(Ordering::Equal);
        }
        if self.is_time != other.is_time {
            return None;
        }
        let (own, other_bounds) = (self.bounds()?, other.bounds()?);
        let shift = match (self.offset, other.offset) {
            (Some(own), Some(other)) => jiff::Span::new().minutes(i64::from(own) - i64::from(other)),
            _ => jiff::Span::new(),
        };
        let theirs = (other_bounds.0.checked_add(shift).ok()?, other_bounds.1.checked_add(shift).ok()?);
        if own.0 == own.1 && own == theirs {
            Some(Ordering::Equal)
        } else if own.1 < theirs.0 {
            Some(Ordering::Less)
        } else if own.0 > theirs.1 {
            Some(Ordering::Greater)
        } else {
            None
        }
    }

    /// Whether such a day and time exist.
    fn exists(&self) -> bool {
        let day = match (self.year, self.month, self.day) {
            (Some(year), Some(month), Some(day)) => civil::Date::new(year, month, day).is_ok(),
            // 2000 is a leap year: 29 February exists while the year is unknown.
            (None, Some(month), Some(day)) => civil::Date::new(2000, month, day).is_ok(),
            _ => true,
        };
        let within = |part: Option<i8>, most: i8| part.is_none_or(|part| (0..=most).contains(&part));
        day && self.year.is_none_or(|year| year >= 1)
            && self.month.is_none_or(|month| (1..=12).contains(&month))
            && self.day.is_none_or(|day| (1..=31).contains(&day))
            && within(self.hour, 23)
            && within(self.minute, 59)
            && within(self.second, 59)
    }
}

pub(super) fn date(raw: &str, precision: Precision) -> Result<Moment, ValueProblem> {
    let says = match precision {
        Precision::Full => "Type a date as year-month-day, such as 2026-11-21.",
        Precision::Partial => "Type a date as far as it is known: 2026, 2026-11 or 2026-11-21.",
        Precision::Incomplete => "Type a date with - for what is not known, such as 2026---21.",
    };
    read(raw, says, |scan, moment| {
        scan.date(moment, precision)?;
        scan.offset(moment)
    })
}

pub(super) fn time(raw: &str, precision: Precision) -> Result<Moment, ValueProblem> {
    let says = match precision {
        Precision::Full => "Type a time of 24 hours, such as 14:05 or 14:05:30.",
        Precision::Partial => "Type a time as far as it is known: 14, 14:05 or 14:05:30.",
        Precision::Incomplete => "Type a time with - for what is not known, such as 14:-:-.",
    };
    read(raw, says, |scan, moment| {
        moment.is_time = true;
        scan.time(moment, precision)?;
        scan.offset(moment)
    })
}

pub(super) fn datetime(raw: &str, precision: Precision) -> Result<Moment, ValueProblem> {
    let says = match precision {
        Precision::Full => "Type a date and time, such as 2026-11-21T14:05.",
        Precision::Partial => "Type a date and time as far as they are known: 2026-11-21T14:05, 2026-11-21 or 2026-11.",
        Precision::Incomplete => "Type a date and time with - for what is not known, such as 2026-11-21T-:-:-.",
    };
    read(raw, says, |scan, moment| {
        scan.date(moment, precision)?;
        if scan.take(b'T') {
            if precision == Precision::Partial && moment.day.is_none() {
                return None;
            }
            scan.time(moment, precision)?;
        } else if precision == Precision::Full {
            return None;
        }
        scan.offset(moment)
    })
}

fn read(
    raw: &str,
    says: &str,
    grammar: impl FnOnce(&mut Scan<'_>, &mut Moment) -> Option<()>,
) -> Result<Moment, ValueProblem> {
    let mut scan = Scan { rest: raw.as_bytes() };
    let mut moment = Moment::default();
    if grammar(&mut scan, &mut moment).is_none() || !scan.rest.is_empty() {
        return Err(ValueProblem::wrong_type(says));
    }
    if !moment.exists() {
        return Err(ValueProblem::new(ValueProblemCode::NoSuchDate, format!("There is no such date or time. {says}")));
    }
    Ok(moment)
}

/// Reads from the front; each step is `None` where the grammar does not fit.
struct Scan<'a> {
    rest: &'a [u8],
}

impl Scan<'_> {
    fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn digits(&mut self, count: usize) -> Option<i16> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        let number = digits
            .iter()
            .try_fold(0i16, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0')))?;
        self.rest = rest;
        Some(number)
    }

    fn two(&mut self) -> Option<i8> {
        self.digits(2).and_then(|number| i8::try_from(number).ok())
    }

    /// A part, or `-` in its place.
    fn two_or_dash(&mut self, precision: Precision) -> Option<Option<i8>> {
        if precision == Precision::Incomplete && self.take(b'-') { Some(None) } else { self.two().map(Some) }
    }

    fn date(&mut self, moment: &mut Moment, precision: Precision) -> Option<()> {
        moment.year = if precision == Precision::Incomplete && self.take(b'-') { None } else { Some(self.digits(4)?) };
        let may_end = precision != Precision::Full && moment.year.is_some();
        if !self.take(b'-') {
            return may_end.then_some(());
        }
        moment.month = self.two_or_dash(precision)?;
        let may_end = may_end && moment.month.is_some();
        if !self.take(b'-') {
            return may_end.then_some(());
        }
        moment.day = self.two_or_dash(precision)?;
        Some(())
    }

    fn time(&mut self, moment: &mut Moment, precision: Precision) -> Option<()> {
        moment.hour = self.two_or_dash(precision)?;
        if !self.take(b':') {
            return (precision != Precision::Full && moment.hour.is_some()).then_some(());
        }
        moment.minute = self.two_or_dash(precision)?;
        if !self.take(b':') {
            return moment.minute.is_some().then_some(());
        }
        moment.second = self.two_or_dash(precision)?;
        if moment.second.is_some() && self.take(b'.') {
            let count = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let (digits, rest) = self.rest.split_at_checked(count).filter(|(digits, _)| !digits.is_empty())?;
            // Digits beyond nanoseconds do not change how moments compare here; the text keeps them.
            let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
            moment.nanosecond = padded.fold(0, |nano, digit| nano * 10 + i32::from(digit - b'0'));
            self.rest = rest;
        }
        Some(())
    }

    fn offset(&mut self, moment: &mut Moment) -> Option<()> {
        if self.rest.is_empty() {
            return Some(());
        }
        if self.take(b'Z') {
            moment.offset = Some(0);
            return Some(());
        }
        let east = match self.rest.first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return None,
        };
        self.rest = self.rest.get(1..)?;
        // An incomplete time may say that its offset is not known.
        if self.rest.is_empty() && east == -1 && moment.minute.is_some() != moment.hour.is_some() {
            return Some(());
        }
        let hours = self.digits(2).filter(|hours| *hours <= 23)?;
        let minutes = self.take(b':').then(|| self.digits(2)).flatten().filter(|minutes| *minutes <= 59)?;
        moment.offset = Some(east * (hours * 60 + minutes));
        Some(())
    }
}

/// A span of time as ISO 8601 writes it (`P1Y2M3DT4H5M6S`, `P2W`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Duration {
    /// Years and months, in months.
    pub months: i64,
    /// Weeks, days, hours, minutes and seconds, in seconds.
    pub seconds: f64,
}

impl Duration {
    pub(super) fn parse(raw: &str) -> Result<Self, ValueProblem> {
        Self::scan(raw).ok_or_else(|| {
            ValueProblem::wrong_type("Type a duration, such as P2W (two weeks), P1Y6M or PT30M (30 minutes).")
        })
    }

    /// How it compares with another; `None` where it depends on how long a month is.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        let months = self.months.cmp(&other.months);
        let seconds = self.seconds.partial_cmp(&other.seconds)?;
        match (months, seconds) {
            (Ordering::Equal, of) | (of, Ordering::Equal) => Some(of),
            (own, other) if own == other => Some(own),
            _ => None,
        }
    }

    fn scan(raw: &str) -> Option<Self> {
        let (sign, rest) = match raw.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, raw.strip_prefix('+').unwrap_or(raw)),
        };
        let rest = rest.strip_prefix('P')?;
        let (days, time) = match rest.split_once('T') {
            Some((days, time)) if !time.is_empty() => (days, Some(time)),
            Some(_) => return None,
            None => (rest, None),
        };
        let mut duration = Self::default();
        let mut parts = 0;
        parts += duration.add(days, &[('Y', 0), ('M', 0), ('W', 604_800), ('D', 86_400)])?;
        if let Some(time) = time {
            parts += duration.add(time, &[('H', 3_600), ('M', 60), ('S', 1)])?;
        }
        duration.months *= sign;
        duration.seconds *= sign as f64;
        (parts > 0).then_some(duration)
    }

    /// Adds parts that must come in the order of `units`, each at most once. A unit of 0 seconds is a calendar one.
    fn add(&mut self, mut text: &str, units: &[(char, u32)]) -> Option<usize> {
        let mut count = 0;
        let mut units = units.iter();
        while !text.is_empty() {
            let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let (number, tail) = text.split_at_checked(end)?;
            let designator = tail.chars().next()?;
            let (_, seconds) = units.find(|(of, _)| *of == designator)?;
            match (*seconds, designator) {
                (0, 'Y') => self.months = number.parse::<i64>().ok().and_then(|years| years.checked_mul(12))?,
                (0, _) => self.months = self.months.checked_add(number.parse().ok()?)?,
                (1, _) => self.seconds += number.parse::<f64>().ok().filter(|_| !number.ends_with('.'))?,
                (seconds, _) => self.seconds += f64::from(number.parse::<u32>().ok()?) * f64::from(seconds),
            }
            text = tail.get(1..)?;
            count += 1;
        }
        Some(count)
    }
}
