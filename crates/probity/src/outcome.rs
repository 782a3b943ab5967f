//! How a command ends, as its exit status says it.

use std::process::ExitCode;

/// What came of a command that ran. That it could not run is an error, and status 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done, or all of it holds: status 0.
    Done,
    /// A check ran, and something does not hold: status 1.
    DoesNotHold,
}

impl Outcome {
    /// The answer of a check.
    pub(crate) fn of(holds: bool) -> Self {
        if holds { Outcome::Done } else { Outcome::DoesNotHold }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => ExitCode::SUCCESS,
            Outcome::DoesNotHold => ExitCode::from(1),
        }
    }
}
