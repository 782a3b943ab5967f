//! What a failure of PostgreSQL means: to the caller, and to the writer who may try again.

use tokio_postgres::{Error as Raw, error::SqlState};

use crate::{backend::Trouble, error::Error};

/// The database did not answer in time, or its connection ended.
pub(super) fn lost() -> (Error, Trouble) {
    let error =
        Error::Busy { message: "the database does not answer just now: try again".into(), retry_after: RETRY_LOST };
    (error, Trouble::Lost)
}

/// Seconds until a caller should try again: what a cluster takes to name another leader, roughly.
const RETRY_LOST: u32 = 5;

pub(super) fn told(error: &Raw) -> (Error, Trouble) {
    let busy = |message: &str, retry_after| Error::Busy { message: message.into(), retry_after };
    let Some(code) = error.code() else {
        // What is neither from the server nor of the connection is ours: a value of another type.
        return if error.is_closed() || is_io(error) { lost() } else { (Error::fault(Cause(error)), Trouble::None) };
    };
    match *code {
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::LOCK_NOT_AVAILABLE => {
            (busy("the database is busy: nothing was stored. Try again", 1), Trouble::Again)
        }
        SqlState::DISK_FULL => {
            (busy("the database's disk is full: nothing was stored. Free some space and try again", 30), Trouble::None)
        }
        SqlState::OUT_OF_MEMORY | SqlState::CONFIGURATION_LIMIT_EXCEEDED | SqlState::INSUFFICIENT_RESOURCES => {
            (busy("the database has no room for this just now: nothing was stored. Try again", 10), Trouble::None)
        }
        SqlState::TOO_MANY_CONNECTIONS => {
            (busy("the database takes no more connections: nothing was stored. Try again", 5), Trouble::Lost)
        }
        SqlState::INSUFFICIENT_PRIVILEGE => (
            busy(
                "this organization can only be read just now: it is being moved, or its right to write was withdrawn",
                60,
            ),
            Trouble::None,
        ),
        // A standby, or a leader that is one no longer.
        SqlState::READ_ONLY_SQL_TRANSACTION => lost(),
        ref code if ["08", "57", "58"].iter().any(|class| code.code().starts_with(class)) => lost(),
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => lost(),
        _ => (Error::fault(Cause(error)), Trouble::None),
    }
}

fn is_io(error: &Raw) -> bool {
    use std::error::Error as _;
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An error with its causes, which the library's own text leaves out.
pub(super) struct Cause<'a>(pub &'a Raw);

impl std::fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::error::Error as _;
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
