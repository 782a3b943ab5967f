//! How things are written on a page: dates as 21 Nov 2026, times with their zone, numbers in groups of three, and
//! addresses whose parts are escaped. The filters that templates use are here too.
//!
//! A clinical value reaches a page through [`filters::shown`] only, from a [`store::Shown`].

use std::fmt::Write as _;

use jiff::Timestamp;
use trial::{access::Exception, gate::Lapse, ids::SubjectId, permission::Permission};

/// The language in which texts of a definition are shown.
pub const LANGUAGE: &str = "en";

/// `21 Nov 2026`
#[must_use]
pub fn day(at: Timestamp) -> String {
    at.strftime("%-d %b %Y").to_string()
}

/// `21 Nov 2026, 10:42 UTC`
#[must_use]
pub fn moment(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// `21 Nov 2026, 10:42:07 UTC`
#[must_use]
pub fn second(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// `10:42:07`
#[must_use]
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// `1,204`
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12.3 kB`
#[must_use]
pub fn bytes(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} bytes"),
        1_000..1_000_000 => format!("{}.{} kB", number / 1_000, number % 1_000 / 100),
        _ => format!("{}.{} MB", number / 1_000_000, number % 1_000_000 / 100_000),
    }
}

/// `2 h 5 min left`, until an instant to come.
#[must_use]
pub fn left(now: Timestamp, until: Timestamp) -> String {
    match until.duration_since(now).as_mins().max(0) {
        0 => "less than a minute left".to_owned(),
        minutes @ 1..60 => format!("{minutes} min left"),
        minutes if minutes % 60 == 0 => format!("{} h left", minutes / 60),
        minutes => format!("{} h {} min left", minutes / 60, minutes % 60),
    }
}

/// `1 form`, `4 forms`
#[must_use]
pub fn counted(number: u64, one: &str) -> String {
    format!("{} {one}{}", count(number), if number == 1 { "" } else { "s" })
}

/// As [`counted`], of a list.
#[must_use]
pub fn many(number: usize, one: &str) -> String {
    counted(number as u64, one)
}

/// A part of an address: `-` stands for an empty one, and everything but plain letters and digits is escaped.
#[must_use]
pub fn part(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.~-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The address of a form, below `/` for its page and below `/api/v1/` for programs.
#[must_use]
pub fn form_path(subject: SubjectId, event: &str, event_repeat: &str, form: &str, form_repeat: &str) -> String {
    format!(
        "subjects/{subject}/visits/{}/{}/forms/{}/{}",
        part(event),
        part(event_repeat),
        part(form),
        part(form_repeat)
    )
}

/// What a permission allows, as a page writes it.
#[must_use]
pub fn sentence(permission: Permission) -> String {
    permission.words().replace('\'', "’")
}

/// Why a role gives nothing for the time being, in a few words.
#[must_use]
pub const fn lapse(lapse: &Lapse) -> &'static str {
    match lapse {
        Lapse::AgreementUnsigned => "rests: an agreement is not signed",
        Lapse::IdentityUnchecked => "rests: the identity is not checked",
        Lapse::TrainingLapsed => "rests: a training is due",
        Lapse::ReviewOverdue => "rests: it was not confirmed",
        Lapse::NotDelegated => "rests: nothing is delegated",
    }
}

/// How somebody came to a role that nobody gave them in the usual way.
#[must_use]
pub const fn exception(exception: &Exception) -> &'static str {
    match exception {
        Exception::Approved => "access approved",
        Exception::Emergency => "emergency",
    }
}

/// Filters of the templates.
pub mod filters {
    use std::fmt::Display;

    use askama::{Values, filters::Safe};
    use jiff::Timestamp;
    use store::Shown;

    /// What a reader may see of a stored value.
    #[askama::filter_fn]
    pub fn shown(value: &Shown, _: &dyn Values) -> askama::Result<String> {
        Ok(value.text().to_owned())
    }

    /// An icon of the sprite. Names are the templates' own.
    #[askama::filter_fn]
    pub fn icon(name: impl Display, _: &dyn Values) -> askama::Result<Safe<String>> {
        Ok(Safe(format!(
            "<svg class=\"icon\" aria-hidden=\"true\"><use href=\"{}#{name}\"></use></svg>",
            crate::pages::assets::icons()
        )))
    }

    /// A QR code, drawn here as SVG: nothing of it was typed by anyone.
    #[askama::filter_fn]
    pub fn picture(svg: &str, _: &dyn Values) -> askama::Result<Safe<String>> {
        Ok(Safe(svg.to_owned()))
    }

    /// `21 Nov 2026`
    #[askama::filter_fn]
    pub fn day(at: &Timestamp, _: &dyn Values) -> askama::Result<Safe<String>> {
        Ok(time(*at, &super::day(*at)))
    }

    /// `21 Nov 2026, 10:42 UTC`
    #[askama::filter_fn]
    pub fn moment(at: &Timestamp, _: &dyn Values) -> askama::Result<Safe<String>> {
        Ok(time(*at, &super::moment(*at)))
    }

    /// `21 Nov 2026, 10:42:07 UTC`
    #[askama::filter_fn]
    pub fn second(at: &Timestamp, _: &dyn Values) -> askama::Result<Safe<String>> {
        Ok(time(*at, &super::second(*at)))
    }

    /// `1,204`
    #[askama::filter_fn]
    pub fn count(number: &u64, _: &dyn Values) -> askama::Result<String> {
        Ok(super::count(*number))
    }

    /// `12.3 kB`
    #[askama::filter_fn]
    pub fn bytes(number: &u64, _: &dyn Values) -> askama::Result<String> {
        Ok(super::bytes(*number))
    }

    /// Digits and letters of a date need no escaping.
    fn time(at: Timestamp, words: &str) -> Safe<String> {
        Safe(format!("<time datetime=\"{at:.0}\">{words}</time>"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_numbers_are_written_one_way() {
        let at = Timestamp::from_second(1_795_257_727).unwrap_or_default();
        assert_eq!(day(at), "21 Nov 2026");
        assert_eq!(second(at), "21 Nov 2026, 10:42:07 UTC");
        for (number, text) in [(0, "0"), (999, "999"), (1_204, "1,204"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
        assert_eq!(bytes(1_234_567), "1.2 MB");
        assert_eq!((counted(1, "form"), counted(4, "form")), ("1 form".into(), "4 forms".into()));
    }

    #[test]
    fn what_is_left_is_told_in_hours_and_minutes() {
        let words = |seconds| left(Timestamp::UNIX_EPOCH, Timestamp::from_second(seconds).unwrap_or_default());
        for (seconds, text) in
            [(-5, "less than a minute left"), (60, "1 min left"), (7_200, "2 h left"), (7_530, "2 h 5 min left")]
        {
            assert_eq!(words(seconds), text);
        }
    }

    #[test]
    fn parts_of_an_address_are_escaped() {
        assert_eq!(part(""), "-");
        assert_eq!(part("SE.WEEK 4/a%"), "SE.WEEK%204%2Fa%25");
    }
}
