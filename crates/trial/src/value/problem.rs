//! Why a text is not a value of an item, and what to type instead.

use thiserror::Error;

use super::VALUE_BYTES_MAX;
use crate::definition::{CodeList, CodeListContent};

/// Why a text is not a value of an item.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ValueProblem {
    /// What is wrong.
    pub code: ValueProblemCode,
    /// What to type, in words for the person at the form. Never holds the value itself.
    pub message: String,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueProblemCode {
    /// There is nothing.
    Empty,
    /// More bytes or characters than allowed.
    TooLong,
    /// A character that no XML document may hold, so that it could never be exported.
    ControlCharacter,
    /// Not of the item's data type.
    WrongType,
    /// More digits than can be kept exactly, or than the definition allows.
    TooManyDigits,
    /// No such day, month or time of day.
    NoSuchDate,
    /// Not one of the code list.
    NotInCodeList,
}

impl ValueProblemCode {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::ControlCharacter => "control_character",
            Self::WrongType => "wrong_type",
            Self::TooManyDigits => "too_many_digits",
            Self::NoSuchDate => "no_such_date",
            Self::NotInCodeList => "not_in_code_list",
        }
    }
}

impl ValueProblem {
    pub(super) fn new(code: ValueProblemCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn wrong_type(message: &str) -> Self {
        Self::new(ValueProblemCode::WrongType, message)
    }
}

/// Refuses what is too long to keep, and characters that XML 1.0 (section 2.2) cannot carry.
pub(super) fn check_characters(raw: &str) -> Result<(), ValueProblem> {
    if raw.len() > VALUE_BYTES_MAX {
        return Err(ValueProblem::new(
            ValueProblemCode::TooLong,
            format!("Shorten it: a value may have at most {VALUE_BYTES_MAX} bytes."),
        ));
    }
    let forbidden =
        |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if raw.chars().any(forbidden) {
        return Err(ValueProblem::new(
            ValueProblemCode::ControlCharacter,
            "Remove the control characters: type plain text.",
        ));
    }
    Ok(())
}

/// Choices that a message lists before it says how many more there are.
const CHOICES_SHOWN: usize = 8;

pub(super) fn not_in_code_list(list: &CodeList) -> ValueProblem {
    let values: Vec<&str> = match &list.content {
        CodeListContent::Coded(items) => items.iter().map(|item| item.coded_value.as_str()).collect(),
        CodeListContent::Enumerated(items) => items.iter().map(|item| item.coded_value.as_str()).collect(),
        CodeListContent::External(_) => Vec::new(),
    };
    let shown = values.iter().take(CHOICES_SHOWN).copied().collect::<Vec<_>>().join(", ");
    let more = values.len().saturating_sub(CHOICES_SHOWN);
    let more = if more > 0 { format!(" or one of {more} more") } else { String::new() };
    ValueProblem::new(
        ValueProblemCode::NotInCodeList,
        format!("Choose one of the list “{}”: {shown}{more}.", list.name),
    )
}
