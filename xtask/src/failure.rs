//! The one kind of error of this tool: a sentence that says what failed and what to do about it.
//!
//! Nobody recovers from a failed step by its kind, so there are no kinds.

use std::fmt;

/// The result of a step.
pub type Outcome<T = ()> = Result<T, Failure>;

/// What went wrong, in words for the person at the terminal.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure that says `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Says what was being done when a lower error arose.
pub trait While<T> {
    /// Turns the error into a [`Failure`] that begins with `doing`.
    fn while_doing(self, doing: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: fmt::Display> While<T> for Result<T, E> {
    fn while_doing(self, doing: impl fmt::Display) -> Outcome<T> {
        self.map_err(|error| Failure::new(format!("{doing}: {error}")))
    }
}
