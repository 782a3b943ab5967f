//! How an organization made sure who somebody is, before a right to sign is given (21 CFR 11.100 (b)). What is kept is
//! that, when, by whom and in which way it was done; no number of a document, which others could misuse.

use serde::{Deserialize, Serialize};

use crate::limit::{self, TextProblem};

/// A way to make sure who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Seen in person, with an official document.
    InPerson,
    /// Seen by video, with an official document.
    Video,
    /// Confirmed by the personnel office of the employer.
    Employer,
}

impl Way {
    /// Every one, the strongest first.
    pub const ALL: &'static [Way] = &[Way::InPerson, Way::Video, Way::Employer];

    /// Its code in answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Way::InPerson => "in_person",
            Way::Video => "video",
            Way::Employer => "employer",
        }
    }

    /// The way with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Way> {
        Way::ALL.iter().copied().find(|way| way.code() == code)
    }

    /// What was done, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Way::InPerson => "seen in person, with an official document",
            Way::Video => "seen by video, with an official document",
            Way::Employer => "confirmed by the employer’s personnel office",
        }
    }
}

/// Digits in a row that a note may hold: a year has four, the number of a document more.
const DIGITS_MAX: usize = 4;

/// Why a note is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteProblem {
    /// It breaks a limit of every text.
    #[error(transparent)]
    Text(#[from] TextProblem),
    /// It seems to hold the number of a document.
    #[error("leave numbers of documents out: say what was shown, such as “passport”, and nothing of what it says")]
    Number,
}

/// What is said beside the way, where anything is.
///
/// # Errors
/// [`NoteProblem`] says what to leave out.
pub fn note(raw: Option<&str>) -> Result<Option<String>, NoteProblem> {
    let Some(raw) = raw.filter(|raw| !raw.trim().is_empty()) else { return Ok(None) };
    let note = limit::text("note", raw, limit::IDENTITY_NOTE_BYTES_MAX)?;
    let number = note.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits.len() > DIGITS_MAX);
    if number { Err(NoteProblem::Number) } else { Ok(Some(note)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_found_by_its_code() {
        assert!(Way::ALL.iter().all(|way| Way::from_code(way.code()) == Some(*way)));
        assert_eq!(Way::from_code("hearsay"), None);
    }

    #[test]
    fn a_note_is_short_and_holds_no_number_of_a_document() {
        assert_eq!([note(None), note(Some("  "))], [Ok(None), Ok(None)]);
        assert_eq!(note(Some(" passport, 3 March 2026 ")), Ok(Some("passport, 3 March 2026".into())));
        assert_eq!(note(Some("on 2026-03-03")), Ok(Some("on 2026-03-03".into())));
        assert_eq!(note(Some("passport N12345")), Err(NoteProblem::Number));
        let long = "a".repeat(limit::IDENTITY_NOTE_BYTES_MAX + 1);
        assert!(matches!(note(Some(&long)), Err(NoteProblem::Text(TextProblem::TooLong { .. }))));
    }
}
