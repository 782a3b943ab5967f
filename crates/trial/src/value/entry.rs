//! Partial dates as sites write them, `UN/NOV/2026`, and as ODM writes them, `2026-11`.
//!
//! The day comes first and the month is in letters, so that no one mistakes one for the other; `UN`, `UNK` and
//! `UNKN` stand for a day, month and year that are not known.

use super::problem::{ValueProblem, ValueProblemCode};
use crate::definition::DataType;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// The ODM text of a date typed as day, month in letters and year, with `/`, `-`, `.` or spaces between.
/// Text that already is ODM's, and text for an item that takes no date, comes back as it is.
///
/// # Errors
///
/// Where it is neither, or where a known part follows one that `data_type` needs first (a day without a month
/// fits `incompleteDate`, not `partialDate`). Whether such a day exists is [`super::ItemValue::parse`]'s to say.
pub fn from_entry(data_type: DataType, typed: &str) -> Result<String, ValueProblem> {
    let trimmed = typed.trim();
    let takes_dates = matches!(data_type, DataType::Date | DataType::PartialDate | DataType::IncompleteDate);
    if !takes_dates {
        return Ok(typed.to_owned());
    }
    let parts: Vec<&str> = trimmed.split(['/', '-', '.', ' ']).filter(|part| !part.is_empty()).collect();
    let in_letters = parts.iter().any(|part| part.bytes().any(|b| b.is_ascii_alphabetic()));
    if !in_letters {
        return Ok(trimmed.to_owned());
    }
    let (day, month, year) = match parts.as_slice() {
        [day, month, year] => (day_part(day)?, month_part(month)?, year_part(year)?),
        [month, year] => (None, month_part(month)?, year_part(year)?),
        _ => return Err(unreadable()),
    };
    match (data_type, year, month, day) {
        (_, Some(year), Some(month), Some(day)) => Ok(format!("{year}-{month:02}-{day:02}")),
        (DataType::Date, ..) => {
            Err(ValueProblem::new(ValueProblemCode::WrongType, "Type the whole date, such as 21/NOV/2026."))
        }
        (_, Some(year), Some(month), None) => Ok(format!("{year}-{month:02}")),
        (_, Some(year), None, None) => Ok(year.to_owned()),
        (DataType::IncompleteDate, year, month, day) => {
            let two = |part: Option<u8>| part.map_or_else(|| "-".to_owned(), |part| format!("{part:02}"));
            Ok(format!("{}-{}-{}", year.unwrap_or("-"), two(month), two(day)))
        }
        _ => Err(ValueProblem::new(
            ValueProblemCode::WrongType,
            "Type the year, and the month where the day is known: UN/NOV/2026 or UN/UNK/2026.",
        )),
    }
}

/// The date as sites write it: `21/NOV/2026`, `UN/NOV/2026`, `UN/UNK/2026`. Text that is no date of ODM's comes
/// back as it is.
pub fn to_entry(collected: &str) -> String {
    let Some((year, month, day)) = odm_parts(collected) else {
        return collected.to_owned();
    };
    let month = match month {
        None => "UNK",
        Some(number) => match number.checked_sub(1).and_then(|at| MONTHS.get(usize::from(at))) {
            Some(letters) => letters,
            None => return collected.to_owned(),
        },
    };
    let day = day.map_or_else(|| "UN".to_owned(), |day| format!("{day:02}"));
    format!("{day}/{month}/{}", year.unwrap_or("UNKN"))
}

/// `2026`, `2026-11`, `2026-11-21`, `2026---21`, `--11-21`.
fn odm_parts(text: &str) -> Option<(Option<&str>, Option<u8>, Option<u8>)> {
    let (year, rest) = match text.strip_prefix("--") {
        Some(rest) => (None, Some(rest)),
        None => {
            let (year, rest) = text.split_at_checked(4)?;
            (Some(year).filter(|year| year.bytes().all(|b| b.is_ascii_digit())), Some(rest))
        }
    };
    year.or(text.starts_with("--").then_some(""))?;
    let mut rest = rest?;
    if year.is_some() {
        if rest.is_empty() {
            return Some((year, None, None));
        }
        rest = rest.strip_prefix('-')?;
    }
    let (month, rest) = dash_or_two(rest)?;
    if rest.is_empty() && month.is_some() {
        return Some((year, month, None));
    }
    let (day, rest) = dash_or_two(rest.strip_prefix('-')?)?;
    rest.is_empty().then_some((year, month, day))
}

fn dash_or_two(text: &str) -> Option<(Option<u8>, &str)> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some((None, rest));
    }
    let (digits, rest) = text.split_at_checked(2)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    Some((Some(digits.parse().ok()?), rest))
}

fn day_part(text: &str) -> Result<Option<u8>, ValueProblem> {
    if is_unknown(text) {
        return Ok(None);
    }
    text.parse().ok().filter(|day| (1..=31).contains(day)).map(Some).ok_or_else(unreadable)
}

fn month_part(text: &str) -> Result<Option<u8>, ValueProblem> {
    if is_unknown(text) {
        return Ok(None);
    }
    let at = MONTHS
        .iter()
        .position(|month| text.len() >= 3 && text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(month)));
    at.and_then(|at| u8::try_from(at + 1).ok()).map(Some).ok_or_else(unreadable)
}

fn year_part(text: &str) -> Result<Option<&str>, ValueProblem> {
    if is_unknown(text) {
        return Ok(None);
    }
    let fits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(Some(text)).ok_or_else(unreadable)
}

fn is_unknown(text: &str) -> bool {
    ["UN", "UNK", "UNKN", "UK"].iter().any(|of| text.eq_ignore_ascii_case(of))
}

fn unreadable() -> ValueProblem {
    ValueProblem::new(
        ValueProblemCode::WrongType,
        "Type a date as day/month/year with the month in letters: 21/NOV/2026, or UN/NOV/2026 where the day is not known.",
    )
}
