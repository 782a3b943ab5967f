//! The one kind of error: a sentence that says what failed, with the end of the server's log where there is one.
//!
//! A test that gets one fails; nobody recovers by its kind, so there are no kinds.

use std::fmt;

/// What this crate's functions return.
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// What went wrong, in words.
pub struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// As [`Display`](fmt::Display), so that the lines of a log stay lines where a test unwraps.
impl fmt::Debug for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl std::error::Error for Failure {}

/// Says what was being done when a lower error arose.
pub(crate) trait While<T> {
    /// Turns the error into a [`Failure`] that begins with `doing`.
    fn while_doing(self, doing: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> While<T> for std::result::Result<T, E> {
    fn while_doing(self, doing: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Failure::new(format!("{doing}: {error}")))
    }
}
