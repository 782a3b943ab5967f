//! The value of an item: parsed once against its definition, kept exactly as collected.
//!
//! [`ItemValue::parse`] is the only way to make one, so that what the store accepts has been checked against
//! its data type, length and code list (ODM 1.3.2 sections 2.10 and 3.1.1.3.6). Range checks are another
//! matter ([`crate::check`]): a value may fail a soft one and stay.
//!
//! A value has no `Display` and no `Serialize`, and its `Debug` shows nothing of it: what a person may see is
//! decided elsewhere. This module refuses to correct a value: `01` stays `01`.

mod entry;
mod moment;
mod number;
mod problem;
mod typed;

use std::cmp::Ordering;
use std::fmt;

pub use entry::{from_entry, to_entry};
pub use moment::{Duration, Moment};
pub use problem::{ValueProblem, ValueProblemCode};
use rust_decimal::Decimal;
pub use typed::Typed;

use crate::definition::{CodeList, DataType, ItemDef};

/// Bytes of one value: a scanned page in base 64 fits.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;

/// A value of an item that its definition allows.
#[derive(Clone, PartialEq)]
pub struct ItemValue {
    text: String,
    typed: Typed,
}

/// Whether `raw` is a text of this data type, whatever an item's length and code list say of it.
pub fn is_of_type(data_type: DataType, raw: &str) -> bool {
    typed::parse(data_type, raw).is_ok()
}

impl ItemValue {
    /// The value that was collected as `raw` for `item`, whose code list is `code_list` where it has one.
    ///
    /// # Errors
    ///
    /// What is wrong with it and what to type instead. An empty text is [`ValueProblemCode::Empty`]: that there
    /// is no value is not a value.
    pub fn parse(item: &ItemDef, code_list: Option<&CodeList>, raw: &str) -> Result<Self, ValueProblem> {
        problem::check_characters(raw)?;
        if raw.is_empty() {
            return Err(ValueProblem::new(ValueProblemCode::Empty, "Type a value, or leave the item empty."));
        }
        let coded = match code_list {
            Some(list) if list.allows(raw) => true,
            Some(list) => return Err(problem::not_in_code_list(list)),
            None => false,
        };
        match typed::parse(item.data_type, raw) {
            Ok(typed) => {
                if !coded {
                    typed::check_length(item, raw)?;
                }
                Ok(Self { text: raw.to_owned(), typed })
            }
            // A code need not have the item's data type (REDCap: boolean items coded as text).
            Err(_) if coded && item.code_list.is_some() => Ok(Self { text: raw.to_owned(), typed: Typed::Text }),
            Err(problem) => Err(problem),
        }
    }

    /// A check value of a range check, read as the item's data type: neither length nor code list apply.
    pub(crate) fn parse_check_value(data_type: DataType, raw: &str) -> Option<Self> {
        let raw = raw.trim();
        typed::parse(data_type, raw).ok().map(|typed| Self { text: raw.to_owned(), typed })
    }

    /// Exactly what was collected.
    pub fn as_collected(&self) -> &str {
        &self.text
    }

    /// What it means.
    pub fn typed(&self) -> &Typed {
        &self.typed
    }

    /// Its number, for `integer`, `float` and `decimal` items.
    pub fn number(&self) -> Option<Decimal> {
        match self.typed {
            Typed::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Its date, where year, month and day are known.
    pub fn date(&self) -> Option<jiff::civil::Date> {
        match &self.typed {
            Typed::Moment(moment) => moment.date(),
            _ => None,
        }
    }

    /// Its date and time, as far as they are known.
    pub fn moment(&self) -> Option<&Moment> {
        match &self.typed {
            Typed::Moment(moment) => Some(moment),
            _ => None,
        }
    }

    /// Whether it is yes or no.
    pub fn boolean(&self) -> Option<bool> {
        match self.typed {
            Typed::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }

    /// How it compares with another value of the same data type; `None` where that cannot be said (a partial
    /// date that spans the other, two texts of different kinds).
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (&self.typed, &other.typed) {
            (Typed::Text, Typed::Text) => Some(self.text.cmp(&other.text)),
            (own, other) => own.compare(other),
        }
    }
}

impl fmt::Debug for ItemValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemValue(..)")
    }
}

#[cfg(test)]
mod tests;
