//! Limits on what people and programs may send: every text, list and size has one, checked where it is parsed.

/// A person's, site's or organization's name, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// A reason for change, or why a soft check's value is kept, in bytes.
pub const REASON_BYTES_MAX: usize = 2_000;
/// What is said beside the way in which an identity was checked, in bytes.
pub const IDENTITY_NOTE_BYTES_MAX: usize = 200;
/// A subject code, in bytes (ODM `SubjectKey`).
pub const SUBJECT_CODE_BYTES_MAX: usize = 64;
/// An ODM object identifier, in bytes.
pub const OID_BYTES_MAX: usize = 256;
/// One sign-in name, in bytes.
pub const SIGN_IN_BYTES_MAX: usize = 100;
/// A password, in bytes (SP 800-63B-4 3.1.1.2 asks for at least 64 characters).
pub const PASSWORD_BYTES_MAX: usize = 512;
/// Item changes in one save of a form.
pub const CHANGES_MAX: usize = 2_000;
/// Instances of one repeating item group in one form.
pub const REPEATS_MAX: u32 = 10_000;
/// Rows of one page of a list.
pub const PAGE_ROWS_MAX: u32 = 500;
/// Programs and devices that work in one person's name at a time.
pub const CLIENTS_MAX: usize = 20;
/// One item value, in bytes of UTF-8. ODM sets no bound; a longer text belongs in a document.
pub const VALUE_BYTES_MAX: usize = 16_384;

/// A text that breaks its limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextProblem {
    /// Nothing but white space.
    #[error("{what} is empty: type at least one character")]
    Empty {
        /// What the text is.
        what: &'static str,
    },
    /// Longer than allowed.
    #[error("{what} is {bytes} bytes long: shorten it to {max}")]
    TooLong {
        /// What the text is.
        what: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// Control characters, which no printed record could show.
    #[error("{what} holds a control character: type it again without")]
    Control {
        /// What the text is.
        what: &'static str,
    },
}

/// One line or paragraph of human text: trimmed, not empty, within `max` bytes, free of control characters.
///
/// # Errors
/// [`TextProblem`] says which of these does not hold.
pub fn text(what: &'static str, raw: &str, max: usize) -> Result<String, TextProblem> {
    let trimmed = raw.trim();
    if trimmed.is_empty() {
        return Err(TextProblem::Empty { what });
    }
    if trimmed.len() > max {
        return Err(TextProblem::TooLong { what, bytes: trimmed.len(), max });
    }
    if trimmed.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(TextProblem::Control { what });
    }
    Ok(trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_bounded_and_printable() {
        assert_eq!(text("a name", "  Ana Lund ", 20), Ok("Ana Lund".into()));
        assert_eq!(text("a name", " \n ", 20), Err(TextProblem::Empty { what: "a name" }));
        assert_eq!(text("a name", "abc", 2), Err(TextProblem::TooLong { what: "a name", bytes: 3, max: 2 }));
        assert_eq!(text("a name", "a\u{7}b", 9), Err(TextProblem::Control { what: "a name" }));
    }
}
