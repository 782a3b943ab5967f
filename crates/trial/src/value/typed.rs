//! What a text means under each data type.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::moment::{self, Duration, Moment, Precision};
use super::number;
use super::problem::{ValueProblem, ValueProblemCode};
use crate::definition::{DataType, ItemDef};

/// What a value means.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    /// Characters and nothing more: text, string, URI, binary.
    Text,
    /// A number, exactly.
    Number(Decimal),
    /// A floating point number.
    Double(f64),
    /// Yes or no.
    Boolean(bool),
    /// A date, a time, or both, as far as they are known.
    Moment(Moment),
    /// A span of time.
    Duration(Duration),
    /// From one moment to another, or for a duration from or up to one.
    Interval(Box<(IntervalEnd, IntervalEnd)>),
}

/// One end of an interval.
#[derive(Clone, Debug, PartialEq)]
pub enum IntervalEnd {
    /// A moment.
    Moment(Moment),
    /// How far from the other end.
    Duration(Duration),
}

impl Typed {
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(own), Self::Number(other)) => Some(own.cmp(other)),
            (Self::Double(own), Self::Double(other)) => own.partial_cmp(other),
            (Self::Boolean(own), Self::Boolean(other)) => Some(own.cmp(other)),
            (Self::Moment(own), Self::Moment(other)) => own.compare(other),
            (Self::Duration(own), Self::Duration(other)) => own.compare(other),
            (Self::Interval(own), Self::Interval(other)) => (own == other).then_some(Ordering::Equal),
            _ => None,
        }
    }
}

pub(super) fn parse(data_type: DataType, raw: &str) -> Result<Typed, ValueProblem> {
    match data_type {
        DataType::Text | DataType::String => Ok(Typed::Text),
        DataType::Integer => number::integer(raw).map(Typed::Number),
        DataType::Float | DataType::Decimal => number::decimal(raw).map(Typed::Number),
        DataType::Double => number::double(raw).map(Typed::Double),
        DataType::Boolean => boolean(raw),
        DataType::HexBinary => hex(raw, usize::MAX),
        DataType::HexFloat => hex(raw, 16),
        DataType::Base64Binary => base64(raw, usize::MAX),
        DataType::Base64Float => base64(raw, 12),
        DataType::Uri => uri(raw),
        DataType::Date => moment::date(raw, Precision::Full).map(Typed::Moment),
        DataType::Time => moment::time(raw, Precision::Full).map(Typed::Moment),
        DataType::Datetime => moment::datetime(raw, Precision::Full).map(Typed::Moment),
        DataType::PartialDate => moment::date(raw, Precision::Partial).map(Typed::Moment),
        DataType::PartialTime => moment::time(raw, Precision::Partial).map(Typed::Moment),
        DataType::PartialDatetime => moment::datetime(raw, Precision::Partial).map(Typed::Moment),
        DataType::IncompleteDate => moment::date(raw, Precision::Incomplete).map(Typed::Moment),
        DataType::IncompleteTime => moment::time(raw, Precision::Incomplete).map(Typed::Moment),
        DataType::IncompleteDatetime => moment::datetime(raw, Precision::Incomplete).map(Typed::Moment),
        DataType::DurationDatetime => Duration::parse(raw).map(Typed::Duration),
        DataType::IntervalDatetime => interval(raw),
    }
}

/// `Length` counts characters of text and digits of numbers; `SignificantDigits` counts digits after the point.
pub(super) fn check_length(item: &ItemDef, raw: &str) -> Result<(), ValueProblem> {
    let Some(length) = item.length.map(|length| length as usize) else {
        return check_significant_digits(item, raw);
    };
    match item.data_type {
        DataType::Text | DataType::String | DataType::Uri if raw.chars().count() > length => Err(ValueProblem::new(
            ValueProblemCode::TooLong,
            format!("Shorten it to {length} character{}.", plural(length)),
        )),
        DataType::Integer | DataType::Float | DataType::Decimal => {
            let (whole, part) = number::digits(raw);
            if whole + part > length {
                let message = format!("Type a number of at most {length} digit{}.", plural(length));
                return Err(ValueProblem::new(ValueProblemCode::TooManyDigits, message));
            }
            check_significant_digits(item, raw)
        }
        _ => Ok(()),
    }
}

fn check_significant_digits(item: &ItemDef, raw: &str) -> Result<(), ValueProblem> {
    match item.significant_digits {
        Some(most) if item.data_type.is_number() && number::digits(raw).1 > most as usize => Err(ValueProblem::new(
            ValueProblemCode::TooManyDigits,
            format!("Type at most {most} digit{} after the decimal point.", plural(most as usize)),
        )),
        _ => Ok(()),
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn boolean(raw: &str) -> Result<Typed, ValueProblem> {
    match raw {
        "true" | "1" => Ok(Typed::Boolean(true)),
        "false" | "0" => Ok(Typed::Boolean(false)),
        _ => Err(ValueProblem::wrong_type("Type true or false.")),
    }
}

fn hex(raw: &str, longest: usize) -> Result<Typed, ValueProblem> {
    let fits = raw.len().is_multiple_of(2) && raw.len() / 2 <= longest && raw.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then_some(Typed::Text)
        .ok_or_else(|| ValueProblem::wrong_type("Type bytes as pairs of the digits 0-9 and A-F."))
}

fn base64(raw: &str, longest: usize) -> Result<Typed, ValueProblem> {
    let wrong = || ValueProblem::wrong_type("Give the bytes in base 64.");
    let symbols: Vec<u8> = raw.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let padding = symbols.iter().rev().take_while(|b| **b == b'=').count();
    let body = symbols.get(..symbols.len() - padding).ok_or_else(wrong)?;
    let is_symbol = |b: &u8| b.is_ascii_alphanumeric() || *b == b'+' || *b == b'/';
    let fits = symbols.len().is_multiple_of(4) && padding <= 2 && body.iter().all(is_symbol);
    if fits && symbols.len() / 4 * 3 - padding <= longest { Ok(Typed::Text) } else { Err(wrong()) }
}

/// `xs:anyURI` takes nearly anything; white space and angle brackets are never part of a URI.
fn uri(raw: &str) -> Result<Typed, ValueProblem> {
    if raw.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | '"')) {
        return Err(ValueProblem::wrong_type("Type an address without spaces, such as https://example.org/a."));
    }
    Ok(Typed::Text)
}

fn interval(raw: &str) -> Result<Typed, ValueProblem> {
    let wrong =
        || ValueProblem::wrong_type("Type two dates, or a date and a duration, with / between: 2026-11-01/P3D.");
    let (from, to) = raw.split_once('/').ok_or_else(wrong)?;
    let end = |text: &str| {
        if text.trim_start_matches(['+', '-']).starts_with('P') {
            Duration::parse(text).map(IntervalEnd::Duration)
        } else {
            moment::datetime(text, Precision::Partial).map(IntervalEnd::Moment)
        }
    };
    match (end(from)?, end(to)?) {
        (IntervalEnd::Duration(_), IntervalEnd::Duration(_)) => Err(wrong()),
        ends => Ok(Typed::Interval(Box::new(ends))),
    }
}
