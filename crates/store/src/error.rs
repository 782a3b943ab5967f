//! The errors. All but one are expected and the page can explain them; the last is a `Fault`, which names an incident.

use serde::Serialize;
use thiserror::Error;

/// What came of an act or a view that was not done. `web` maps each to one HTTP status.
#[derive(Debug, Clone, Error)]
pub enum Error {
    /// 404. There is no such record, or no grant reaches it: the two look the same.
    #[error("not found")]
    Hidden,
    /// 403. The person is known here but may not do this.
    #[error("your roles here do not include this: ask an administrator for {needs}")]
    Forbidden {
        /// The permission that was missing.
        needs: &'static str,
    },
    /// 403. A role would allow it, but gives nothing until something is done that is due.
    #[error("{}", .0.message())]
    Suspended(trial::gate::Lapse),
    /// 401. Nobody is signed in, or the session has ended.
    #[error("sign in first")]
    SignedOut,
    /// 401. What was asked for needs a factor that was shown just now (RFC 9470).
    #[error(
        "confirm that it is you: show your second factor again, or your password where you have none, then repeat this"
    )]
    StepUp,
    /// 422. The request cannot be done as it stands.
    #[error("{}", refusals_text(.0))]
    Refused(Vec<Refusal>),
    /// 409. Somebody changed the record meanwhile, or the request id was used for something else.
    #[error("{message}")]
    Conflict {
        /// What happened and what to do.
        message: String,
        /// The version that is current now, where there is one.
        current: Option<u64>,
    },
    /// 409. A study would not keep the rules that it is run by: each clause, and what is wrong.
    #[error("{}", refusals_text(.0))]
    RulesBroken(Vec<Refusal>),
    /// 409. Something else has to be so first.
    #[error("{message}")]
    Blocked {
        /// A code for programs.
        code: &'static str,
        /// What stands against it and what to do.
        message: String,
    },
    /// 429. Too many attempts to show who one is have failed.
    #[error("too many attempts failed: wait {retry_after} seconds, then try again")]
    TooFast {
        /// When to try again, in seconds.
        retry_after: u32,
    },
    /// 503. Too much to do just now, or the disk takes no more; nothing was stored.
    #[error("{message}")]
    Busy {
        /// What happened.
        message: String,
        /// When to try again, in seconds.
        retry_after: u32,
    },
    /// 500. Something that cannot be: logged under its incident, told without details.
    #[error("something failed inside Probity; nothing was stored. Tell the operator incident {incident}")]
    Fault {
        /// Under which the log has the cause.
        incident: String,
    },
}

/// One reason why a request was refused, at the field it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The field, or empty where it is the request as a whole.
    pub field: String,
    /// A code for programs.
    pub code: &'static str,
    /// What is wrong and what to do, for people.
    pub message: String,
}

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Refused for one reason.
    #[must_use]
    pub fn refused(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Error::Refused(vec![Refusal { field: field.into(), code, message: message.into() }])
    }

    /// An impossible thing happened: it is logged here, once, with an incident id that the answer carries.
    #[must_use]
    pub fn fault(cause: impl std::fmt::Display) -> Self {
        let mut bytes = [0; 6];
        // Without randomness there is still an incident to report.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        let incident: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        tracing::error!(%incident, %cause, "fault");
        Error::Fault { incident }
    }
}

impl From<trial::roles::RoleProblem> for Error {
    fn from(problem: trial::roles::RoleProblem) -> Self {
        Error::refused(problem.field, problem.code, problem.message)
    }
}

impl From<trial::limit::TextProblem> for Error {
    fn from(problem: trial::limit::TextProblem) -> Self {
        use trial::limit::TextProblem as T;
        let (field, code) = match &problem {
            T::Empty { what } => (*what, "empty"),
            T::TooLong { what, .. } => (*what, "too_long"),
            T::Control { what } => (*what, "control_character"),
        };
        Error::refused(field, code, problem.to_string())
    }
}

fn refusals_text(refusals: &[Refusal]) -> String {
    let mut text = String::new();
    for refusal in refusals {
        if !text.is_empty() {
            text.push_str("; ");
        }
        if !refusal.field.is_empty() {
            text.push_str(&refusal.field);
            text.push_str(": ");
        }
        text.push_str(&refusal.message);
    }
    text
}
