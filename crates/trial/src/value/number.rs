//! Numbers: integer, float (a decimal in ODM 1.3), double.

use rust_decimal::Decimal;

use super::problem::{ValueProblem, ValueProblemCode};

/// `xs:integer`.
pub(super) fn integer(raw: &str) -> Result<Decimal, ValueProblem> {
    let digits = raw.strip_prefix(['+', '-']).unwrap_or(raw);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ValueProblem::wrong_type("Type a whole number, such as 72."));
    }
    exact(raw)
}

/// `xs:decimal`.
pub(super) fn decimal(raw: &str) -> Result<Decimal, ValueProblem> {
    let digits = raw.strip_prefix(['+', '-']).unwrap_or(raw);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit());
    if !all_digits || (whole.is_empty() && part.is_empty()) {
        return Err(ValueProblem::wrong_type("Type a number with a decimal point, such as 72.5."));
    }
    exact(raw)
}

/// ODM's `double`: a decimal with an exponent after E or D, INF, -INF or NaN.
pub(super) fn double(raw: &str) -> Result<f64, ValueProblem> {
    let wrong = || ValueProblem::wrong_type("Type a number, such as 72.5 or 1.5E+3.");
    match raw {
        "INF" => return Ok(f64::INFINITY),
        "-INF" => return Ok(f64::NEG_INFINITY),
        "NaN" => return Ok(f64::NAN),
        _ => {}
    }
    let (mantissa, exponent) = raw.split_once(['E', 'e', 'D', 'd']).map_or((raw, None), |(m, e)| (m, Some(e)));
    let mantissa_digits = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, part) = mantissa_digits.split_once('.').unwrap_or((mantissa_digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|e| is_digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    if !is_digits(whole) || !is_digits(part) || !exponent_fits {
        return Err(wrong());
    }
    raw.replace(['D', 'd'], "E").parse().map_err(|_| wrong())
}

/// Digits before and after the decimal point, sign and leading zeros not counted among those before.
pub(super) fn digits(raw: &str) -> (usize, usize) {
    let unsigned = raw.strip_prefix(['+', '-']).unwrap_or(raw);
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    (whole.trim_start_matches('0').len().max(usize::from(!whole.is_empty())), part.len())
}

/// The number without rounding. `Decimal` holds 96 bits: 28 digits always fit.
fn exact(raw: &str) -> Result<Decimal, ValueProblem> {
    let plain = raw.strip_prefix('+').unwrap_or(raw);
    let plain = plain.strip_suffix('.').unwrap_or(plain);
    Decimal::from_str_exact(plain)
        .map_err(|_| ValueProblem::new(ValueProblemCode::TooManyDigits, "Type fewer digits: a number may have 28."))
}
