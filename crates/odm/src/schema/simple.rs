//! The form of attribute values and texts.

use trial::definition::DataType;

/// What a text must look like.
#[derive(Clone, Debug)]
pub(crate) enum SimpleType {
    /// Any text.
    Text,
    /// At least one character.
    NonEmpty,
    /// One of these.
    OneOf(Vec<&'static str>),
    Integer,
    PositiveInteger,
    NonNegativeInteger,
    Decimal,
    Date,
    DateTime,
    Language,
    SasName,
    SasFormat,
    NcName,
    Version2,
    /// A value of this data type; those that may be unknown may be empty.
    Data(DataType),
}

impl SimpleType {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "text" | "value" | "string" | "anyURI" | "fileName" => Self::Text,
            "name" | "oid" | "oidref" | "subjectKey" | "repeatKey" => Self::NonEmpty,
            "integer" => Self::Integer,
            "positiveInteger" => Self::PositiveInteger,
            "nonNegativeInteger" => Self::NonNegativeInteger,
            "decimal" | "float" => Self::Decimal,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "language" => Self::Language,
            "sasName" => Self::SasName,
            "sasFormat" => Self::SasFormat,
            "ID" | "IDREF" => Self::NcName,
            "ODMVersion" => Self::Version2,
            _ => Self::Data(DataType::from_odm(name)?),
        })
    }

    pub(crate) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::NonEmpty => !text.is_empty(),
            Self::OneOf(values) => values.contains(&text),
            Self::Integer => is_integer(text.trim()),
            Self::PositiveInteger => is_positive_integer(text.trim()),
            Self::NonNegativeInteger => is_integer(text.trim()) && !text.trim().starts_with('-'),
            Self::Decimal => is_decimal(text.trim()),
            Self::Date => is_date(text.trim()),
            Self::DateTime => is_datetime(text.trim()),
            Self::Language => is_language(text),
            Self::SasName => is_sas_name(text),
            Self::SasFormat => is_sas_format(text),
            Self::NcName => is_ncname(text.trim()),
            Self::Version2 => text == "2.0" || text.starts_with("2.0.") || text.starts_with("2.0-"),
            Self::Data(data_type) => is_data(*data_type, text),
        }
    }

    /// In words, for a report.
    pub(crate) fn wanted(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::NonEmpty => "at least one character".to_owned(),
            Self::OneOf(values) => format!("one of {}", values.join(", ")),
            Self::Integer => "a whole number".to_owned(),
            Self::PositiveInteger => "a whole number of at least 1".to_owned(),
            Self::NonNegativeInteger => "a whole number of at least 0".to_owned(),
            Self::Decimal => "a decimal number".to_owned(),
            Self::Date => "a date such as 2026-11-21".to_owned(),
            Self::DateTime => "a date and time such as 2026-11-21T14:05:30Z".to_owned(),
            Self::Language => "a language tag such as en or de-CH".to_owned(),
            Self::SasName => "a SAS name: a letter or _ and up to seven letters, digits or _".to_owned(),
            Self::SasFormat => "a SAS format: a letter, _ or $ and up to seven letters, digits, _ or .".to_owned(),
            Self::NcName => "an XML identifier".to_owned(),
            Self::Version2 => "2.0".to_owned(),
            Self::Data(data_type) => format!("a value of type {}", data_type.as_odm()),
        }
    }
}

pub(crate) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

pub(crate) fn is_positive_integer(text: &str) -> bool {
    is_integer(text) && !text.starts_with('-') && text.bytes().any(|b| (b'1'..=b'9').contains(&b))
}

pub(crate) fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    !(whole.is_empty() && part.is_empty()) && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit())
}

/// `xs:date` with a year of four digits.
pub(crate) fn is_date(text: &str) -> bool {
    text.len() >= 10 && trial::value::is_of_type(DataType::Date, text)
}

/// `xs:dateTime` with a year of four digits: unlike an item's value it must have seconds.
pub(crate) fn is_datetime(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.get(16) == Some(&b':') && trial::value::is_of_type(DataType::Datetime, text)
}

pub(crate) fn is_language(text: &str) -> bool {
    text.is_empty()
        || text.split('-').enumerate().all(|(at, part)| {
            let fits = |b: u8| b.is_ascii_alphabetic() || (at > 0 && b.is_ascii_digit());
            (1..=8).contains(&part.len()) && part.bytes().all(fits)
        })
}

pub(crate) fn is_sas_name(text: &str) -> bool {
    is_short_name(text, |b| b.is_ascii_alphabetic() || b == b'_', |b| b.is_ascii_alphanumeric() || b == b'_')
}

pub(crate) fn is_sas_format(text: &str) -> bool {
    is_short_name(
        text,
        |b| b.is_ascii_alphabetic() || b == b'_' || b == b'$',
        |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.',
    )
}

fn is_short_name(text: &str, first: impl Fn(u8) -> bool, other: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    text.len() <= 8 && bytes.next().is_some_and(first) && bytes.all(other)
}

pub(crate) fn is_ncname(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && characters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn is_data(data_type: DataType, text: &str) -> bool {
    use DataType::{
        Datetime, DurationDatetime, IncompleteDate, IncompleteDatetime, IncompleteTime, IntervalDatetime, PartialDate,
        PartialDatetime, PartialTime, Time,
    };
    match data_type {
        // `xs:time` and `xs:dateTime` have seconds.
        Time => text.as_bytes().get(5) == Some(&b':') && trial::value::is_of_type(Time, text),
        Datetime => is_datetime(text),
        PartialDate | PartialTime | PartialDatetime | DurationDatetime | IntervalDatetime | IncompleteDatetime
        | IncompleteDate | IncompleteTime
            if text.is_empty() || text == " " =>
        {
            true
        }
        _ => trial::value::is_of_type(data_type, text.trim()),
    }
}
